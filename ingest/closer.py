"""Takes the frames of a short stretch of open footage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ingest.development import End, Lost, Outcomes, Taken, develop
from ingest.messages import Working
from ingest.plain import MICROSECOND
from ingest.plan import Gap
from ingest.pyav import Footage
from ingest.pyav.pixels import Scaler
from ingest.request import Stretch
from ingest.sampling import size_of
from videoqa.media import Frame
from videoqa.ports import Sampled


def frames_of(footage: Footage, stretch: Stretch) -> Iterator[Sampled | Working]:
    """The frames of ``stretch`` in the order of their pts; none where there is no picture."""
    start, end = stretch.span.start // MICROSECOND, stretch.span.end // MICROSECOND
    packets = footage.packets_near(start, leaps=stretch.leaps)
    scaler = Scaler()
    size: tuple[int, int] | None = None
    for taken in _within(develop(footage, stretch.sampling, start, packets), start, end):
        if taken is None:
            yield Working()
            continue
        if size is None:
            size = size_of(*footage.size_as_shown(taken.picture), stretch.sampling)
        pts: timedelta = taken.time * MICROSECOND
        yield Sampled(pts, Frame(pts, scaler.picture(taken.picture, size)))


def _within(outcomes: Outcomes, start: int, end: int) -> Iterator[Taken | None]:
    """What is taken from ``start`` to ``end``; where nothing is, what was taken last before, if it still stands."""
    on_show: Taken | None = None
    found = False
    last, gaps = -1, list[Gap]()
    for outcome in outcomes:
        match outcome:
            case None:
                yield None
            case Gap():
                gaps.append(outcome)
            case Taken(time) if time >= end:
                break
            case Taken(time) if time < start:
                on_show = outcome
            case Taken(time) if time > last:
                last, found = time, True
                yield outcome
            case Taken():
                pass
            case End(time):
                on_show = on_show if start < time else None
            case Lost():
                # What does not decode took its place.
                on_show = None
    stands = on_show is not None and not any(on_show.time < gap.end and gap.start <= start for gap in gaps)
    if stands and not found:
        yield on_show
