"""Tells from the bytes of an H.264 picture whether decoding may begin with it.

Sources: ITU-T H.264, 7.3.1 (NAL unit syntax), 7.4.1 (types), D.1.8 (recovery point), ISO/IEC 14496-15, 5.3.3.1 (avcC).
"""

from __future__ import annotations

from collections.abc import Iterator

_SLICE, _IDR, _SEI = 1, 5, 6
_RECOVERY_POINT = 6
_LONGEST_SEI = 4096


class H264:
    """Reads the pictures of one stream.

    Args:
        extradata: what the container says of the stream as a whole; with an avcC the units have a length in front,
            else a start code.
    """

    def __init__(self, extradata: bytes | None) -> None:
        self._length_size = (extradata[4] & 3) + 1 if extradata and len(extradata) > 6 and extradata[0] == 1 else 0

    def is_idr(self, picture: bytes) -> bool:
        """True where the picture is free of all earlier ones and so is all that is decoded after it."""
        return any(kind == _IDR for kind, _ in self._units(picture))

    def stands_alone(self, picture: bytes) -> bool:
        """True where the picture and all that is shown after it are right when decoding begins with it.

        An IDR picture, or one that recovers at once. Others that containers call keyframes begin a gradual refresh:
        what follows them only becomes right over many pictures.
        """
        for kind, payload in self._units(picture):
            if kind == _IDR:
                return True
            if kind == _SEI and _recovers_at_once(payload):
                return True
        return False

    def _units(self, picture: bytes) -> Iterator[tuple[int, bytes]]:
        """Type and the first bytes of each NAL unit, up to the first slice."""
        for start in self._starts(picture):
            if start >= len(picture):
                return
            kind = picture[start] & 31
            yield kind, picture[start + 1 : start + _LONGEST_SEI] if kind == _SEI else b""
            if _SLICE <= kind <= _IDR:
                return

    def _starts(self, picture: bytes) -> Iterator[int]:
        at = 0
        if self._length_size:
            while at + self._length_size < len(picture):
                yield at + self._length_size
                at += self._length_size + int.from_bytes(picture[at : at + self._length_size], "big")
            return
        while (found := picture.find(b"\0\0\1", at)) >= 0:
            at = found + 3
            yield at


def _recovers_at_once(payload: bytes) -> bool:
    """True where the SEI messages in ``payload`` hold a recovery point that is reached after no picture."""
    payload = payload.replace(b"\0\0\3", b"\0\0")
    at = 0
    while at + 2 < len(payload) and payload[at] != 0x80:
        kind, at = _varying(payload, at)
        size, at = _varying(payload, at)
        if kind == _RECOVERY_POINT:
            # recovery_frame_cnt is an Exp-Golomb number: a leading 1 bit is zero.
            return at < len(payload) and payload[at] >= 0x80
        at += size
    return False


def _varying(payload: bytes, at: int) -> tuple[int, int]:
    """A number in the 255-escaped form of SEI headers, and where what follows it begins."""
    value = 0
    while at < len(payload) and payload[at] == 255:
        value, at = value + 255, at + 1
    return (value + payload[at], at + 1) if at < len(payload) else (value, at)
