"""Decides which event an observation belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from videoqa.events import Chapter, Event, Observation, Source
from videoqa.media import Cue, FrameGroup, Span
from videoqa.ports import Analysis, TimelineChange
from videoqa.timeline import matching
from videoqa.timeline.board import Board, patience
from videoqa.timeline.chapters import chapters


class EventTimeline:
    """Implements the port ``Timeline``: one event stays one event, wherever group borders fall.

    An observation goes on with an open event of its source where their identities are equal, or, where it has none,
    their labels, and where it begins before the event ends or within the source's patience after it. Text on slides is
    compared line by line, since two readings of the same slide differ in a letter here and there. What a model saw is
    compared by its words and by the frames that two groups share; see ``matching``.
    """

    def advance(
        self,
        analysis: Analysis,
        group: FrameGroup,
        observations: Sequence[Observation] | None,
        open_events: Sequence[Event],
        earlier: Sequence[Event],
        *,
        unread: Sequence[Span] = (),
    ) -> TimelineChange:
        if observations is None:
            # Nobody knows what went on there, so that nothing is the same before and behind it.
            return TimelineChange(closed=tuple(open_events))
        before, following = _planned(analysis, group.number - 1), _planned(analysis, group.number + 1)
        board = Board(
            analysis,
            group,
            unread,
            max(planned.span.end for planned in analysis.groups),
            earlier,
            {event.id: event for event in open_events},
        )
        by_words = [seen for seen in observations if seen.source is Source.MODEL and not seen.identity]
        for observation in sorted(observations, key=lambda seen: (seen.frames[0], seen.source)):
            if observation.source is Source.SLIDE:
                board.write(observation)
            elif observation not in by_words:
                board.put(observation)
        board.match(by_words, matching.Border.between(before, group))
        opened, updated, closed = [], [], []
        for event in board.events.values():
            if following is None or event.span.end + patience(event.source) < _border(event, group, following):
                closed.append(event)
            elif event.id in board.begun:
                opened.append(event)
            else:
                updated.append(event)
        return TimelineChange(tuple(opened), tuple(updated), tuple(closed))

    def chapters(self, length: timedelta, events: Sequence[Event], cues: Sequence[Cue]) -> tuple[Chapter, ...]:
        return chapters(length, events, cues)


def _border(event: Event, group: FrameGroup, following: FrameGroup) -> timedelta:
    """Up to where the next group may go on with ``event``: what it sees by words may be in the frames it shares."""
    return following.span.start if event.source is Source.MODEL else group.span.end


def _planned(analysis: Analysis, number: int) -> FrameGroup | None:
    place = number - analysis.groups[0].number
    return analysis.groups[place] if 0 <= place < len(analysis.groups) else None
