"""Pictures and sound encoded for any browser: H.264 no larger than it has to be, and AAC."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame

from ingest.clock import MICROSECONDS
from ingest.pyav.footage import Footage

LONGEST_SIDE = 960
_BASE = Fraction(1, 90_000)
_OPTIONS = {"preset": "veryfast", "crf": "26", "bf": "0", "threads": "1"}
_RATE = 48_000
_AAC_BITS = 128_000


class PictureEncoder:
    """Pictures of ``footage`` into a stream of ``container``. Times are microseconds from the clip's beginning."""

    def __init__(self, container: OutputContainer, footage: Footage) -> None:
        assert footage.video is not None
        context = footage.video.codec_context
        self._size = _even(context.width, context.height)
        self._stream = container.add_stream("libx264", rate=30, options=dict(_OPTIONS))
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = _BASE
        self._stream.codec_context.gop_size = 60
        self._turned = False
        self._last: VideoFrame | None = None

    def encode(self, picture: VideoFrame, time: int) -> list[Packet[Any]]:
        if not self._turned:
            self._turned = True
            if picture.rotation:
                self._stream.set_display_rotation(picture.rotation)
        frame = picture.reformat(*self._size, "yuv420p", interpolation="AREA")
        frame.pts, frame.time_base, frame.pict_type = time * 9 // 100, _BASE, 0
        self._last = frame
        return self._stream.encode(frame)

    def end(self, last: int, end: int) -> list[Packet[Any]]:
        """What is still held; the picture at ``last`` stands until ``end``."""
        packets = self._stream.encode(None) if self._last is not None else []
        for packet in packets[-1:]:
            packet.duration = max(packet.duration or 0, (end - last) * 9 // 100)
        return packets


class SoundEncoder:
    """Sound into a stream of ``container``."""

    def __init__(self, container: OutputContainer) -> None:
        self._stream = container.add_stream("aac", rate=_RATE, layout="stereo")
        self._stream.bit_rate = _AAC_BITS

    def encode(self, frame: AudioFrame, time: int) -> list[Packet[Any]]:
        frame.pts, frame.time_base = time * frame.sample_rate // MICROSECONDS, Fraction(1, frame.sample_rate)
        return self._stream.encode(frame)

    def end(self) -> list[Packet[Any]]:
        return self._stream.encode(None)


def _even(width: int, height: int) -> tuple[int, int]:
    """The size scaled down to ``LONGEST_SIDE``, both sides even as H.264 wants them."""
    scale = min(1.0, LONGEST_SIDE / max(width, height, 1))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
