"""Reads HLS playlists (RFC 8216): what of them a camera's stream needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.camera.feed import CannotOpen
from videoqa.cameras import CameraState

_ATTRIBUTE = re.compile(r'(?<![A-Z0-9-])([A-Z0-9-]{1,64})=("[^"\r\n]*"|[^",\s]+)')
# A stream that keeps hours has fewer. They are read again and again, in the process that all cameras share.
_MOST_LINES = 20_000
_MOST_SEGMENTS = 5_000


@dataclass(frozen=True, slots=True)
class Segment:
    """``number`` is that of the media sequence; ``head`` what precedes fragments of MP4, empty for MPEG-TS."""

    number: int
    address: str
    seconds: float
    head: str = ""
    apart: bool = False
    """Its time stamps do not go on from those before."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """Segments, or else ``best``: the address of the playlist of the best of several streams."""

    segments: tuple[Segment, ...] = ()
    target: float = 6.0
    ended: bool = False
    best: str = ""


def read(text: str) -> Playlist:
    """
    Raises:
        CannotOpen: it is no playlist, or one of what is not read here.
    """
    told = text.split("\n", _MOST_LINES)
    if len(told) > _MOST_LINES:
        raise CannotOpen(CameraState.BAD_CODEC, "its HLS playlist is longer than any")
    lines = [line for each in told if (line := each.strip())]
    if not lines or lines[0].lstrip("\ufeff") != "#EXTM3U":
        raise CannotOpen(CameraState.BAD_CODEC, "what it sends is no HLS playlist")
    if any(line.startswith("#EXT-X-STREAM-INF:") for line in lines):
        return Playlist(best=_best(lines))
    try:
        return _media(lines)
    except ValueError as error:
        raise CannotOpen(CameraState.BAD_CODEC, "its HLS playlist has no numbers where they belong") from error


def _best(lines: list[str]) -> str:
    streams = list[tuple[int, str]]()
    rate: int | None = None
    for line in lines:
        if line.startswith("#EXT-X-STREAM-INF:"):
            told = _attributes(line).get("BANDWIDTH", "0")
            rate = int(told) if told.isdecimal() and len(told) < 16 else 0
        elif not line.startswith("#") and rate is not None:
            streams.append((rate, line))
            rate = None
    if not streams:
        raise CannotOpen(CameraState.BAD_CODEC, "its HLS playlist names no stream")
    return max(streams)[1]


def _media(lines: list[str]) -> Playlist:
    segments, ended, target = list[Segment](), False, 6.0
    number, seconds, head, apart = 0, 0.0, "", False
    for line in lines:
        if not line.startswith("#"):
            if len(segments) == _MOST_SEGMENTS:
                raise CannotOpen(CameraState.BAD_CODEC, "its HLS playlist is longer than any")
            segments.append(Segment(number, line, seconds, head, apart))
            number, apart = number + 1, False
            continue
        tag, _, value = line.partition(":")
        match tag:
            case "#EXT-X-MEDIA-SEQUENCE":
                number = int(value)
            case "#EXT-X-TARGETDURATION":
                target = min(max(0.2, float(value)), 60.0)
            case "#EXTINF":
                seconds = float(value.partition(",")[0])
            case "#EXT-X-DISCONTINUITY":
                apart = True
            case "#EXT-X-MAP":
                head = _attributes(value).get("URI", "")
            case "#EXT-X-KEY" if _attributes(value).get("METHOD") != "NONE":
                raise CannotOpen(CameraState.BAD_CODEC, "its HLS stream is encrypted")
            case "#EXT-X-BYTERANGE":
                raise CannotOpen(CameraState.BAD_CODEC, "its HLS stream comes in byte ranges, which are not read")
            case "#EXT-X-ENDLIST":
                ended = True
    return Playlist(tuple(segments), target, ended)


def _attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}
