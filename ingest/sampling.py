"""Takes frames out of open footage as a plan wants them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.development import End, Lost, Outcomes, Taken
from ingest.messages import Working
from ingest.plan import Gap
from ingest.pyav import Footage
from ingest.pyav.pixels import Scaler
from videoqa.errors import EmptyFootage
from videoqa.media import Frame, Sampling, Span
from videoqa.ports import Checkpoint, Sampled, Unread

if TYPE_CHECKING:
    from ingest.gate.gatekeeper import Gatekeeper

_MICROSECOND = timedelta(microseconds=1)
# With what a keyframe interval adds, less than a minute; what the gate has learnt goes with it, a megabyte or two.
_CHECKPOINT_EVERY = 30_000_000


def size_of(width: int, height: int, sampling: Sampling) -> tuple[int, int]:
    """Width and height of the sampled pictures of footage of ``width`` by ``height`` pixels."""
    scale = min(1.0, sampling.long_side / max(width, height))
    largest = sampling.long_side // sampling.multiple

    def fit(side: int) -> int:
        return sampling.multiple * max(1, min(largest, round(side * scale / sampling.multiple)))

    return fit(width), fit(height)


def survey(
    footage: Footage,
    sampling: Sampling,
    outcomes: Outcomes,
    gatekeeper: Gatekeeper | None,
    since: Checkpoint | None = None,
) -> Iterator[Sampled | Unread | Working]:
    """Frames of ``footage`` in the order of their pts, as a decoder gives them; all, without a gatekeeper.

    Raises:
        EmptyFootage: there is no picture in it, or none that decodes.
    """
    return _Survey(footage, sampling, outcomes, gatekeeper, since).run()


class _Survey:
    def __init__(
        self,
        footage: Footage,
        sampling: Sampling,
        outcomes: Outcomes,
        gatekeeper: Gatekeeper | None,
        since: Checkpoint | None,
    ) -> None:
        self._outcomes = outcomes
        self._footage = footage
        self._sampling = sampling
        self._scaler = Scaler()
        self._size: tuple[int, int] | None = None
        self._gatekeeper = gatekeeper
        self._resumed = since is not None
        self._gaps: deque[Gap] = deque()
        self._lost_from: int | None = None
        self._end = 0
        self._last = -1
        self._checkpoint = -_CHECKPOINT_EVERY
        self._taken = 0

    def run(self) -> Iterator[Sampled | Unread | Working]:
        for outcome in self._outcomes:
            match outcome:
                case None:
                    yield Working()
                case Gap():
                    self._gaps.append(outcome)
                case End(time):
                    self._end = time
                case Lost(time):
                    self._lost_from = time if self._lost_from is None else self._lost_from
                case Taken(time) if time > self._last:
                    yield from self._unread_until(time)
                    yield self._sampled(outcome)
        yield from self._unread_until(self._end)
        if self._taken == 0 and not self._resumed:
            raise EmptyFootage(problem="no picture of it decodes")

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

    def _sampled(self, taken: Taken) -> Sampled:
        self._last = taken.time
        self._taken += 1
        pts = taken.time * _MICROSECOND
        checkpoint = None
        if taken.key and not self._footage.leaps and taken.time - self._checkpoint >= _CHECKPOINT_EVERY:
            self._checkpoint = taken.time
            checkpoint = Checkpoint(pts, self._gatekeeper.learnt() if self._gatekeeper else b"")
        if self._gatekeeper is not None and not self._gatekeeper.admits(taken.picture, pts):
            return Sampled(pts, None, checkpoint)
        if self._size is None:
            self._size = size_of(*self._footage.size_as_shown(taken.picture), self._sampling)
        return Sampled(pts, Frame(pts, self._scaler.picture(taken.picture, self._size)), checkpoint)
