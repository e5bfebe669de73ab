"""Takes frames out of open footage as a plan wants them."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterator
from datetime import timedelta

from ingest.gating import LUMA_LONG_SIDE, Gate
from ingest.plan import Coded, Decode, Gap, Plan, Settle, Step
from ingest.pyav import Footage, Packet, VideoFrame, VideoStream
from ingest.wire import Working
from videoqa.errors import EmptyFootage
from videoqa.media import Frame, Sampling, Span
from videoqa.ports import Checkpoint, Sampled, Unread

_MICROSECOND = timedelta(microseconds=1)
# With what a keyframe interval adds, less than a minute; what the gate has learnt goes with it, a megabyte or two.
_CHECKPOINT_EVERY = 30_000_000
_MOST_WAITING = 16


def size_of(width: int, height: int, sampling: Sampling) -> tuple[int, int]:
    """Width and height of the sampled pictures of footage of ``width`` by ``height`` pixels."""
    scale = min(1.0, sampling.long_side / max(width, height))
    largest = sampling.long_side // sampling.multiple

    def fit(side: int) -> int:
        return sampling.multiple * max(1, min(largest, round(side * scale / sampling.multiple)))

    return fit(width), fit(height)


def survey(
    footage: Footage, sampling: Sampling, *, gated: bool, since: Checkpoint | None = None
) -> Iterator[Sampled | Unread | Working]:
    """Frames of ``footage`` in the order of their pts, from the keyframe of ``since`` on.

    Raises:
        EmptyFootage: there is no picture in it, or none that decodes.
    """
    return _Survey(footage, sampling, gated, since).run()


class _Survey:
    def __init__(self, footage: Footage, sampling: Sampling, gated: bool, since: Checkpoint | None) -> None:
        self._footage = footage
        self._sampling = sampling
        self._size: tuple[int, int] | None = None
        self._gate = Gate(sampling.period, since.gate if since else b"") if gated else None
        self._since = since.pts // _MICROSECOND if since else 0
        self._period = sampling.period // _MICROSECOND
        self._plan: Plan[Packet[VideoStream]] = Plan(
            self._period, keyframes_only=sampling.keyframes_only and not footage.counted, whole=footage.counted
        )
        self._waiting: list[Coded[Packet[VideoStream]]] = []
        self._arrived: dict[int, VideoFrame] = {}
        self._broken = False
        self._spoilt: set[int] = set()
        self._gaps: deque[Gap] = deque()
        self._lost_from: int | None = None
        self._end = 0
        self._last = -1
        self._checkpoint = -_CHECKPOINT_EVERY
        self._taken = 0

    def run(self) -> Iterator[Sampled | Unread | Working]:
        for coded in self._footage.packets(self._since):
            self._end = max(self._end, coded.time + coded.duration)
            for step in self._plan.feed(coded):
                yield from self._do(step)
            yield Working()
        for step in self._plan.finish():
            yield from self._do(step)
        yield from self._unread_until(self._end)
        if self._taken == 0 and self._since == 0:
            raise EmptyFootage(problem="no picture of it decodes")

    def _do(self, step: Step[Packet[VideoStream]]) -> Iterator[Sampled | Unread | Working]:
        match step:
            case Decode(coded):
                yield from self._decode(coded)
            case Settle():
                self._collect(self._footage.settle())
                yield from self._deliver(0)
                self._broken = False
                self._spoilt.clear()
            case Gap():
                self._gaps.append(step)

    def _decode(self, coded: Coded[Packet[VideoStream]]) -> Iterator[Sampled | Unread]:
        # What is decoded after a damaged picture may rest on it, up to the next keyframe.
        if coded.packet.is_keyframe:
            self._broken = False
        pictures, sound = self._footage.decode(coded)
        self._broken = self._broken or not sound
        if coded.wanted:
            insort(self._waiting, coded, key=lambda one: one.time)
            if self._broken:
                self._spoilt.add(coded.time)
        self._collect(pictures)
        yield from self._deliver(_MOST_WAITING)

    def _collect(self, pictures: list[tuple[int, VideoFrame]]) -> None:
        wanted = {coded.time for coded in self._waiting}
        for time, picture in pictures:
            if picture.is_corrupt:
                self._broken = True
                self._spoilt.add(time)
            if time in wanted:
                self._arrived[time] = picture

    def _deliver(self, most_waiting: int) -> Iterator[Sampled | Unread]:
        """Gives what has arrived in order; what has not, when more than ``most_waiting`` wait for it, is lost."""
        while self._waiting:
            coded = self._waiting[0]
            picture = self._arrived.pop(coded.time, None)
            spoilt = coded.time in self._spoilt
            if picture is None and not spoilt and len(self._arrived) <= most_waiting and most_waiting:
                return
            self._waiting.pop(0)
            if picture is None or spoilt:
                self._lost_from = coded.time if self._lost_from is None else self._lost_from
            elif coded.time > self._last:
                yield from self._unread_until(coded.time)
                yield self._sampled(coded, picture)

    def _unread_until(self, end: int) -> Iterator[Unread]:
        while self._gaps and self._gaps[0].end <= end:
            gap = self._gaps.popleft()
            yield from self._lost_until(gap.start)
            yield Unread(Span(gap.start * _MICROSECOND, gap.end * _MICROSECOND), gap.reason, failed=False)
        yield from self._lost_until(end)

    def _lost_until(self, end: int) -> Iterator[Unread]:
        if self._lost_from is not None and self._lost_from < end:
            span = Span(self._lost_from * _MICROSECOND, end * _MICROSECOND)
            yield Unread(span, "it is damaged there and does not decode", failed=True)
        self._lost_from = None

    def _sampled(self, coded: Coded[Packet[VideoStream]], picture: VideoFrame) -> Sampled:
        self._last = coded.time
        self._taken += 1
        pts = coded.time * _MICROSECOND
        checkpoint = None
        if coded.key and not self._footage.leaps and coded.time - self._checkpoint >= _CHECKPOINT_EVERY:
            self._checkpoint = coded.time
            checkpoint = Checkpoint(pts, self._gate.learnt() if self._gate else b"")
        if self._gate is not None and not self._gate.admits(self._footage.luma(picture, LUMA_LONG_SIDE), pts):
            return Sampled(pts, None, checkpoint)
        if self._size is None:
            self._size = size_of(*self._footage.size_as_shown(picture), self._sampling)
        return Sampled(pts, Frame(pts, self._footage.picture(picture, self._size)), checkpoint)
