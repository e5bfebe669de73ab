"""Packets in, pictures and their times out."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterator

import av.logging
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.plan import Coded

# An order to forget a picture that was never decoded, because nothing wanted rests on it.
_HARMLESS = "mmco: unref short failure"

Timed = list[tuple[int, VideoFrame]]


class Decoder:
    """One decoder of one stream; one thread at a time.

    Args:
        counted: pictures take the times of the packets in turn, in the order they are shown.
    """

    def __init__(self, context: VideoCodecContext, *, counted: bool) -> None:
        self._context = context
        self._counted = counted
        self._in_order: deque[int] = deque()
        self._times: dict[int, int] = {}

    def decode(self, coded: Coded[Packet[VideoStream]]) -> tuple[Timed, bool]:
        """The pictures that ``coded`` completes, with their times in microseconds, and whether it was sound.

        Raises:
            MemoryError: there is not enough of it.
        """
        if self._counted:
            self._in_order.append(coded.time)
        elif coded.packet.pts is not None:
            self._times[coded.packet.pts] = coded.time
        self._context.skip_frame = "DEFAULT" if coded.wanted or self._counted else "NONREF"
        with av.logging.Capture(local=True) as complaints:
            try:
                frames = self._context.decode(coded.packet)
            except FFmpegError as error:
                if (memory := out_of_memory(error)) is not None:
                    raise memory from error
                return [], False
        damaged = coded.packet.is_corrupt or any(_HARMLESS not in said for _, _, said in complaints)
        return list(self._timed(frames)), not damaged

    def settle(self) -> Timed:
        """The pictures still held; afterwards everything is forgotten."""
        self._context.skip_frame = "DEFAULT"
        try:
            frames = self._context.decode(None)
        except FFmpegError as error:
            if (memory := out_of_memory(error)) is not None:
                raise memory from error
            frames = []
        self._context.flush_buffers()
        timed = list(self._timed(frames))
        self._in_order.clear()
        self._times.clear()
        return timed

    def _timed(self, frames: list[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        for frame in frames:
            if self._counted:
                time = self._in_order.popleft() if self._in_order else None
            else:
                time = None if frame.pts is None else self._times.pop(frame.pts, None)
            if time is not None:
                yield time, frame


def out_of_memory(error: FFmpegError) -> MemoryError | None:
    return MemoryError() if error.errno == errno.ENOMEM else None
