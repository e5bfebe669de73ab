"""Looks things up in the index: what a question asks, which passages speak of it, what moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TypeAlias

from videoqa.answering import movement
from videoqa.answering.evidence import Evidence, evidence
from videoqa.answering.question import Question, read
from videoqa.answering.scripts import main_script, speaks
from videoqa.answering.window import spans_in
from videoqa.answers import Filter, Moment, WallClock
from videoqa.errors import BadQuestion
from videoqa.events import Source
from videoqa.media import ZERO, Coverage, Recording, Span
from videoqa.ports import Archive, Candidate, Lexicon, RecordingFilter, Search

FEW = 3
"""So many recordings are searched whole where they fit."""
CANDIDATES_OF_FEW = 600
CANDIDATES = 200
MANY = 50
"""Of more recordings than these, only those whose motion search proposes are looked at for it."""
READ_BY_ID = 5000
"""So many recordings are read by their ids, as of a camera in a month; of more, all are, and the others left out."""
LONGEST_QUESTION = 2000
"""Characters of a question."""
SIGNALS = frozenset({Source.MOTION, Source.SHOT})

_STAYS_CROWDED = 10.0
"""Seconds for which many recordings are taken to be many still; were they few, the answers would be the same."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)

Spans: TypeAlias = Mapping[str, tuple[Span, ...]]
"""By the id of each recording asked, the parts of it that are asked about."""


class Lookup:
    """What answers are made from. ``zone`` is where a user's days begin and end, ``now`` the present, aware."""

    def __init__(
        self, search: Search, archive: Archive, lexicon: Lexicon, zone: tzinfo, now: Callable[[], datetime]
    ) -> None:
        self.archive = archive
        self.lexicon = lexicon
        self._search = search
        self.zone = zone
        self._now = now
        self._crowded_until = 0.0

    def asked(self, recordings: Sequence[str] | None, among: frozenset[str] | None = None) -> tuple[Recording, ...]:
        """The recordings with the ids ``recordings`` (None: all) of those ``among`` the ids there are for the asker."""
        if recordings is None:
            wanted = among
        else:
            wanted = frozenset(recordings) if among is None else frozenset(recordings) & among
        if wanted is not None and len(wanted) <= READ_BY_ID:
            found = self.archive.page(RecordingFilter(ids=wanted), limit=max(len(wanted), 1))
            return tuple(sorted(found, key=lambda recording: (recording.title, recording.id)))
        return tuple(item for item in self.archive.recordings() if wanted is None or item.id in wanted)

    def many(self, among: frozenset[str] | None = None) -> bool:
        """True where there are so many recordings ``among`` these ids (None: all) that no question reads them all."""
        if among is not None:
            return len(among) > MANY
        if time.monotonic() >= self._crowded_until:
            if len(self.archive.page(RecordingFilter(), limit=MANY + 1)) <= MANY:
                return False
            self._crowded_until = time.monotonic() + _STAYS_CROWDED
        return True

    def clocked(self, among: frozenset[str] | None = None) -> bool:
        """True where the wall clock of some recording ``among`` these ids (None: all) is known."""
        known = RecordingFilter(started_from=_EARLIEST)
        if among is None:
            return bool(self.archive.page(known, limit=1))
        return not among.isdisjoint(self.archive.ids(known))

    def read(self, text: str, clocks: Callable[[], bool], *, of_day: bool = False) -> Question:
        """What ``text`` asks of recordings; ``clocks`` says whether the wall clock of any of these is known, ``of_day``
        that 22:00 is a time of day.

        Raises:
            BadQuestion: it is empty or too long.
        """
        text = text.encode("utf-8", "ignore").decode()  # half a surrogate pair is no text
        if not text.strip():
            raise BadQuestion(problem="the question is empty")
        if len(text) > LONGEST_QUESTION:
            raise BadQuestion(problem=f"the question is longer than {LONGEST_QUESTION} characters")
        now = self._now()
        question = read(text, now, self.zone, clocks=False)
        timed = read(text, now, self.zone, clocks=True, of_day=of_day)
        if timed != question and clocks():
            question = timed
        if not self.lexicon.words(question.content) and not question.quiet:
            # "Did anyone come after nine" is about motion, and would be about nine.
            return question if movement.share(question, self.lexicon) else replace(question, content=text)
        return question

    def evidence(
        self,
        question: Question,
        asked: Sequence[Recording],
        spans: Spans,
        limit: int,
        *,
        among: frozenset[str] | None = None,
        sources: frozenset[Source] | None = None,
    ) -> Evidence:
        """The ``limit`` best moments of ``spans`` by what passages say, and what their scores are made of."""
        ids = frozenset(recording_id for recording_id, parts in spans.items() if parts)
        there = len(self.archive.ids(RecordingFilter())) if among is None else len(among)
        everything = len(ids) == there
        most = CANDIDATES_OF_FEW if len(ids) <= FEW else max(CANDIDATES, 4 * limit)
        where = Filter(None if everything and among is None else ids, _hull(spans.values(), asked), sources)
        proposed = self._search.candidates(question.content, where, most) if ids else ()
        clipped = [part for candidate in proposed for part in _clipped(candidate, spans)]
        elsewhere = () if everything else self._elsewhere(question, frozenset(item.id for item in asked), among)
        return self._evidence(question, clipped, elsewhere, limit, whole=len(proposed) < most)

    def anywhere(
        self,
        question: Question,
        limit: int,
        among: frozenset[str] | None = None,
        sources: frozenset[Source] | None = None,
    ) -> Evidence:
        """As ``evidence``, in ``many`` recordings of which a question that is not ``timed`` asks the whole."""
        most = max(CANDIDATES, 4 * limit)
        proposed = self._search.candidates(question.content, Filter(among, sources=sources), most)
        return self._evidence(question, proposed, (), limit, whole=len(proposed) < most)

    def _evidence(
        self,
        question: Question,
        proposed: Sequence[Candidate],
        elsewhere: Sequence[Candidate],
        limit: int,
        *,
        whole: bool,
    ) -> Evidence:
        """Passages in another script than the question's say nothing to it, where there are others."""
        script = main_script(question.content)
        speaking = [candidate for candidate in proposed if speaks(candidate.passage.text, script)]
        elsewhere = tuple(other for other in elsewhere if speaks(other.passage.text, script))
        return evidence(question, speaking or proposed, elsewhere, self.lexicon, limit, whole=whole)

    def candidates(self, question: Question, asked: Sequence[Recording]) -> tuple[Candidate, ...]:
        """What search proposes for ``question`` in all of ``asked``."""
        ids = frozenset(recording.id for recording in asked)
        return self.proposed(question, ids) if ids else ()

    def proposed(self, question: Question, ids: frozenset[str] | None) -> tuple[Candidate, ...]:
        """What search proposes for ``question`` in the recordings with these ids, None: in all there are."""
        return self._search.candidates(question.content, Filter(recordings=ids), CANDIDATES)

    def moved(
        self, question: Question, asked: Sequence[Recording], spans: Spans, proposed: Sequence[Candidate] = ()
    ) -> list[Moment]:
        """What motion says to ``question``; of many recordings, in those that ``proposed`` are from."""
        moments: list[Moment] = []
        proposed = proposed or (self.candidates(question, asked) if len(asked) > MANY else ())
        moving = {candidate.passage.recording_id for candidate in proposed if candidate.passage.source in SIGNALS}
        for recording in asked:
            if recording.id not in moving and len(asked) > MANY:
                continue
            parts, every = spans[recording.id], self.archive.events(recording.id)
            events = [event for event in every if event.source is Source.MOTION]
            if question.quiet:
                coverage = self.archive.coverage(recording.id) or Coverage(recording.length)
                moments += movement.quiet(recording, parts, events, coverage)
            else:
                found = movement.seen(question, recording, parts, events, self.lexicon)
                moments += movement.named(found, [event for event in every if event.source is Source.MODEL])
        return moments

    def _elsewhere(
        self, question: Question, asked: frozenset[str], among: frozenset[str] | None
    ) -> tuple[Candidate, ...]:
        found = self._search.candidates(question.content, Filter(among), CANDIDATES)
        return tuple(candidate for candidate in found if candidate.passage.recording_id not in asked)


def told(asked: Sequence[Recording]) -> Callable[[], bool]:
    """Says whether the wall clock of any of ``asked`` is known."""
    return lambda: any(recording.started_at is not None for recording in asked)


def of_day(asked: Sequence[Recording]) -> bool:
    """True where a time as 22:00 is one of the day: of cameras nobody knows when a recording began."""
    return bool(asked) and all(recording.camera and recording.started_at for recording in asked)


def spans_of(question: Question, asked: Sequence[Recording], between: Span | WallClock | None) -> Spans:
    """The parts of ``asked`` that ``question`` asks about inside ``between``."""
    return {recording.id: spans_in(question, recording, between) for recording in asked}


def _clipped(candidate: Candidate, spans: Spans) -> list[Candidate]:
    passage = candidate.passage
    parts = (passage.span.intersection(span) for span in spans.get(passage.recording_id, ()))
    return [replace(candidate, passage=replace(passage, span=part)) for part in parts if part is not None]


def _hull(spans: Iterable[tuple[Span, ...]], asked: Sequence[Recording]) -> Span | None:
    """The shortest span that holds all ``spans``; None where that leaves nothing out."""
    every = [span for parts in spans for span in parts]
    if not every:
        return None
    hull = Span(min(span.start for span in every), max(span.end for span in every))
    return None if hull.start == ZERO and hull.end >= max(item.length for item in asked) else hull
