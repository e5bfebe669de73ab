"""What a file is, by one pass over its packets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ingest.clock import Clock, microseconds
from ingest.limits import Limits
from ingest.messages import Working
from ingest.pyav import Footage, Line
from videoqa.errors import EmptyFootage
from videoqa.media import ZERO, Cue, Span
from videoqa.ports import MediaFacts, VideoFacts

_MICROSECOND = timedelta(microseconds=1)
_LONGEST_CUE = timedelta(seconds=60)
_TOLERATED = timedelta(seconds=1)
_TOLERATED_SHARE = 0.05


def probe(footage: Footage, limits: Limits) -> Iterator[MediaFacts | Working]:
    """The facts at the end; signs of life before.

    Raises:
        EmptyFootage: there is neither picture nor sound nor text in it.
    """
    clocks: dict[int, Clock] = {}
    lines: list[Line] = []
    begin: int | None = None
    end, seen_video, seen_sound, too_many = 0, False, False, False
    for piece in footage.pieces():
        yield Working()
        if isinstance(piece, Line):
            too_many = len(lines) >= limits.max_frames
            if not too_many:
                lines.append(piece)
            continue
        if piece.stream not in clocks:
            clocks[piece.stream] = Clock(piece.time_base, footage.zero)
        if piece.hidden:
            continue
        time = clocks[piece.stream].at(piece.stamp, piece.order, piece.duration)
        begin = time if begin is None else min(begin, time)
        end = max(end, time + microseconds(piece.duration, piece.time_base))
        seen_video = seen_video or piece.is_video
        seen_sound = seen_sound or not piece.is_video
    if end <= 0 and not lines:
        raise EmptyFootage(problem="no packet in it has a time")
    length = end * _MICROSECOND or max(line.end for line in lines)
    size = footage.first_size() if seen_video else None
    video = VideoFacts(*size, footage.codec) if size is not None else None
    problems = list(_false_claims(footage.claimed, length, (begin or 0) * _MICROSECOND))
    leaps = any(clock.leaps for clock in clocks.values())
    if leaps:
        problems.append("its time stamps leap; what follows a leap is put directly behind what was before")
    if footage.video is not None and video is None:
        problems.append("no picture of it decodes")
    if footage.broken:
        problems.append(f"it is damaged or cut off after {length}")
    if too_many:
        problems.append(f"only its first {limits.max_frames} lines of text are kept")
    cues = tuple(_cues(lines, length))
    yield MediaFacts(length, video, footage.created_at, footage.claimed, cues, tuple(problems), seen_sound, leaps)


def _false_claims(claimed: timedelta | None, length: timedelta, start: timedelta) -> Iterator[str]:
    """``start`` is that of the first packet: some containers claim what lies behind it."""
    tolerated = max(_TOLERATED, length * _TOLERATED_SHARE)
    if claimed is not None and not -tolerated <= length - claimed <= start + tolerated:
        yield f"it claims to last {claimed}, but holds {length}"


def _cues(lines: list[Line], length: timedelta) -> Iterator[Cue]:
    """The lines as cues: one without an end lasts until the next of its track, at most a minute."""
    lines.sort(key=lambda line: (line.start, line.track))
    following: dict[str, timedelta] = {}
    ends: list[timedelta] = []
    for line in reversed(lines):
        until = min(line.start + _LONGEST_CUE, following.get(line.track, line.start + _LONGEST_CUE))
        ends.append(line.end if line.end > line.start else until)
        following[line.track] = line.start
    told: set[tuple[timedelta, str]] = set()
    for line, until in zip(lines, reversed(ends), strict=True):
        start, end = max(line.start, ZERO), min(until, length)
        # The same track is often there twice, for players that know only one kind.
        if start < end and (start, line.text) not in told:
            told.add((start, line.text))
            yield Cue(Span(start, end), line.text, line.language, line.track)
