"""What a file is, by its first bytes; its name is what somebody called it, and nothing to go by."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import quote

HEAD = 512
"""How many of the first bytes tell."""
_LONGEST_NAME = 150
_EBML = b"\x1a\x45\xdf\xa3"
_OLD_MOVIE = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_SYNC = 0x47


@dataclass(frozen=True, slots=True)
class Kind:
    """A media type, and how names of such files end; ``media`` where a browser may show it in its place."""

    media_type: str
    suffix: str
    media: bool = True


UNKNOWN = Kind("application/octet-stream", "", media=False)
JPEG = Kind("image/jpeg", ".jpg")
MP4 = Kind("video/mp4", ".mp4")


def sniffed(head: bytes) -> Kind:
    """The kind of the file that begins with ``head``."""
    box = head[4:8]
    if box == b"ftyp":
        return _by_brand(head[8:12])
    if box in _OLD_MOVIE:
        return Kind("video/quicktime", ".mov")
    if head.startswith(_EBML):
        return Kind("video/webm", ".webm") if b"webm" in head[:64] else Kind("video/x-matroska", ".mkv")
    if head.startswith(b"RIFF"):
        return Kind("video/x-msvideo", ".avi") if head[8:12] == b"AVI " else UNKNOWN
    for first, packet in ((0, 188), (4, 192)):
        if all(place < len(head) and head[place] == _SYNC for place in (first, first + packet)):
            return Kind("video/mp2t", ".ts")
    return UNKNOWN


def disposition(title: str, kind: Kind, *, download: bool = False) -> str:
    """The value of Content-Disposition (RFC 6266) for a file called ``title``: a plain name, and the true one."""
    name = _name(title, kind)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w. ()-]", "_", plain).strip(" .") or "recording"
    how = "inline" if kind.media and not download else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _name(title: str, kind: Kind) -> str:
    """``title`` as a file may be called on any system; nothing in it that is not seen."""
    seen = "".join(char if unicodedata.category(char)[0] not in "CZ" else " " for char in title)
    name = re.sub(r'[<>:"/\\|?*\s]+', " ", seen).strip(" .")[:_LONGEST_NAME].strip(" .") or "recording"
    return name if PurePath(name).suffix.lower() == kind.suffix or not kind.suffix else name + kind.suffix


def _by_brand(brand: bytes) -> Kind:
    if brand == b"qt  ":
        return Kind("video/quicktime", ".mov")
    if brand.startswith(b"M4A"):
        return Kind("audio/mp4", ".m4a")
    if brand.startswith((b"3gp", b"3g2")):
        return Kind("video/3gpp" if brand[2:3] == b"p" else "video/3gpp2", ".3gp" if brand[2:3] == b"p" else ".3g2")
    return MP4
