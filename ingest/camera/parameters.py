"""Tells when a camera begins to send pictures of another size or kind.

Sources: ITU-T H.264, 7.4.1 (types of NAL units), ITU-T H.265, 7.4.2.2, ITU-T T.81, B.2.2 (frame header of a JPEG).
"""

from __future__ import annotations

from collections.abc import Iterator

_H264_SPS, _H264_SLICES = 7, range(1, 6)
_HEVC_SPS, _HEVC_SLICES = 33, range(32)
_FRAMES = (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2")
# Those of the frame header that tell the size.
_HEADER_BYTES = 9


class Parameters:
    """Remembers what the keyframes of one stream said of their size and kind.

    Args:
        extradata: what the container says of the stream as a whole: it tells how NAL units are divided.
    """

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._codec = codec
        self._length_size = _length_size(codec, extradata)
        self._known: tuple[bytes, ...] | None = None

    def changed(self, keyframe: object) -> bool:
        """True where ``keyframe`` (anything with a buffer) says something else than the first one that said it."""
        told = tuple(self._told(bytes(keyframe)))  # type: ignore[call-overload]
        if not told:
            return False
        if self._known is None:
            self._known = told
        return self._known != told

    def _told(self, picture: bytes) -> Iterator[bytes]:
        if self._codec == "mjpeg":
            found = min((at for frame in _FRAMES if (at := picture.find(frame)) >= 0), default=-1)
            if found >= 0:
                yield picture[found : found + _HEADER_BYTES]
            return
        for unit in self._units(picture):
            kind = unit[0] & 31 if self._codec == "h264" else unit[0] >> 1 & 63
            if kind in (_H264_SLICES if self._codec == "h264" else _HEVC_SLICES):
                return
            if kind == (_H264_SPS if self._codec == "h264" else _HEVC_SPS):
                yield unit

    def _units(self, picture: bytes) -> Iterator[bytes]:
        at = 0
        if self._length_size:
            while at + self._length_size < len(picture):
                begin = at + self._length_size
                at = begin + int.from_bytes(picture[at:begin], "big")
                if at > begin:
                    yield picture[begin:at]
            return
        begin = picture.find(b"\0\0\1")
        while begin >= 0:
            end = picture.find(b"\0\0\1", begin + 3, begin + 2**16)
            unit = picture[begin + 3 : end if end >= 0 else begin + 2**16].rstrip(b"\0")
            if unit:
                yield unit
            begin = end


def _length_size(codec: str, extradata: bytes | None) -> int:
    """How many bytes tell the length of a unit; 0 where units have start codes (ISO/IEC 14496-15, 5.3.3.1, 8.3.3.1)."""
    at = {"h264": 4, "hevc": 21}.get(codec)
    if at is None or not extradata or len(extradata) <= at or extradata[0] != 1:
        return 0
    return (extradata[at] & 3) + 1
