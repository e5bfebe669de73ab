"""Takes a picture now and then out of a live stream, and decodes no more than that needs."""

from __future__ import annotations

from typing import Any

from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame

from ingest.clock import microseconds
from ingest.pyav.decoder import out_of_memory
from ingest.pyav.live import Live

# A keyframe is worth taking from this share of a period on.
_CLOSEST = 0.9
_HELD = 600


class Looks:
    """Looks at the pictures of ``live`` once in ``period`` microseconds, as far as they come.

    What lies between two looks is held, and decoded when the later one is due: a keyframe that comes before makes it
    needless.
    """

    def __init__(self, live: Live, period: int, *, keyframes_only: bool) -> None:
        self._context = live.video.codec_context
        self._period = period
        self._keyframes_only = keyframes_only or live.codec == "mjpeg"
        self._held: list[Packet[Any]] = []
        self._waiting = False
        self._due: int | None = None

    def take(self, packet: Packet[Any], time: int, *, key: bool) -> VideoFrame | None:
        """The picture to look at, once ``packet`` has come, which is shown at ``time`` on a clock that never leaps."""
        if key:
            if self._held:
                # The tail of what was before is not needed any more.
                self._held.clear()
                self._context.flush_buffers()
            self._waiting = False
        elif self._keyframes_only:
            return None
        self._held.append(packet)
        due = self._due is None or time >= self._due - (self._period * (1 - _CLOSEST) if key else 0)
        if not (due or self._waiting) and len(self._held) < _HELD:
            return None
        picture = self._decoded(wanted=due or self._waiting)
        if not due and not self._waiting:
            return None
        self._waiting = picture is None
        if picture is not None:
            on_time = self._due is not None and time - self._due < self._period
            self._due = (self._due or 0) + self._period if on_time else time + self._period
        return picture

    def forget(self) -> None:
        """Lets go of what came so far: what comes now begins with a keyframe."""
        self._held.clear()
        self._context.flush_buffers()

    def _decoded(self, *, wanted: bool) -> VideoFrame | None:
        packets, self._held = self._held, []
        found: VideoFrame | None = None
        for number, packet in enumerate(packets, 1):
            last = wanted and number == len(packets)
            self._context.skip_frame = "DEFAULT" if last else "NONREF"
            for frame in self._decode(packet):
                found = frame
            if last and found is None and self._keyframes_only:
                for frame in self._decode(None):
                    found = frame
                self._context.flush_buffers()
        return found if wanted else None

    def _decode(self, packet: Packet[Any] | None) -> list[VideoFrame]:
        try:
            frames = self._context.decode(packet)
        except FFmpegError as error:
            if (memory := out_of_memory(error)) is not None:
                raise memory from error
            return []
        return [frame for frame in frames if frame.pts is not None and not frame.is_corrupt]


def time_of(frame: VideoFrame) -> int:
    """When it is shown, in microseconds."""
    assert frame.pts is not None
    assert frame.time_base is not None
    return microseconds(frame.pts, frame.time_base)
