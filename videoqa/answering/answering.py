"""Asks the archive: from a question in plain words to moments with the words that bear them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from itertools import chain
from typing import TypeAlias

from videoqa.answering import movement, proposals
from videoqa.answering.calibration import FOUND
from videoqa.answering.evidence import Evidence, evidence
from videoqa.answering.proposals import Proposals
from videoqa.answering.question import Place, Question, read
from videoqa.answering.scripts import main_script, speaks
from videoqa.answering.window import inside, spans_in
from videoqa.answers import Answer, Citation, Filter, Moment, WallClock
from videoqa.errors import BadQuestion
from videoqa.events import Source
from videoqa.media import ZERO, Coverage, Recording, Span
from videoqa.ports import Archive, Candidate, Lexicon, Search

FEW = 3
"""So many recordings are searched whole where they fit."""
CANDIDATES_OF_FEW = 600
CANDIDATES = 200
MANY = 50
"""Of more recordings than these, only those whose motion search proposes are looked at for it."""
LONGEST_QUESTION = 2000
"""Characters of a question."""
_SIGNALS = frozenset({Source.MOTION, Source.SHOT})

Spans: TypeAlias = Mapping[str, tuple[Span, ...]]
"""By the id of each recording asked, the parts of it that are asked about."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Answering:
    """Answers questions from what is indexed. ``zone`` is where a user's days begin and end."""

    def __init__(
        self,
        search: Search,
        archive: Archive,
        lexicon: Lexicon,
        zone: tzinfo,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._search = search
        self._archive = archive
        self._lexicon = lexicon
        self._zone = zone
        self._now = now

    def ask(
        self,
        question: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 5,
    ) -> Answer:
        """What the recordings with the ids ``recordings`` (None: all) say to ``question`` inside ``between``.

        Raises:
            BadQuestion: it is empty or too long.
        """
        asked = self._asked(recordings)
        read_as = self._read(question, asked)
        spans = _spans(read_as, asked, between)
        found = self._movement(read_as, asked, spans, limit)
        told = None
        if found is not None:
            moments, told = found
        else:
            moments = self._evidence(read_as, asked, spans, limit).moments
        coverage = self._archive.total_coverage([recording.id for recording in asked])
        if not moments or moments[0].score < FOUND:
            return Answer(question, False, None, (), (), coverage)
        best = moments[0]
        sentence = best.text if told is None else told
        return Answer(question, True, sentence, moments, (Citation(sentence, best),), coverage)

    def search(
        self,
        words: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 10,
    ) -> tuple[Moment, ...]:
        """The ``limit`` moments nearest to ``words``, the best first, without a verdict.

        Raises:
            BadQuestion: they are none or too many.
        """
        asked = self._asked(recordings)
        read_as = self._read(words, asked)
        return self._evidence(read_as, asked, _spans(read_as, asked, between), limit).moments

    def propose(
        self,
        question: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 5,
        within: Mapping[str, Span] | None = None,
    ) -> Proposals:
        """At most ``limit`` moments worth a close look, the likeliest first, however unlikely that is.

        ``within`` has for a recording's id the span where it is to be looked for, in those only; what the question says
        of order is settled by it.

        Raises:
            BadQuestion: it is empty or too long.
        """
        asked = self._asked(recordings)
        read_as = self._read(question, asked)
        spans = _spans(read_as, asked, between)
        place = read_as.place
        if within is not None:
            place = place or (Place.LAST if read_as.before else Place.FIRST)
            read_as = replace(read_as, content=read_as.plain, after="", before="", place=place)
            asked = tuple(recording for recording in asked if recording.id in within)
            spans = {item.id: inside(spans[item.id], (within[item.id],)) for item in asked}
        moments = proposals.whole(asked, spans, limit) or self._likely(read_as, asked, spans, limit)
        return Proposals(read_as, asked, spans, moments)

    def _likely(self, question: Question, asked: Sequence[Recording], spans: Spans, limit: int) -> tuple[Moment, ...]:
        moved: list[Moment] = []
        if question.quiet or movement.share(question, self._lexicon) >= movement.ENOUGH:
            moved = self._moved(question, asked, spans)
        told = () if question.quiet and moved else self._evidence(question, asked, spans, limit).moments
        likeliest = (*told, *moved) if question.place is None else (*movement.ranked(moved, question.place), *told)
        if question.place is None:
            likeliest = tuple(sorted(likeliest, key=lambda moment: -moment.score))
        ranked = proposals.distinct(likeliest, limit)
        few = (
            asked if len(asked) <= FEW else [item for item in asked if item.id in {one.recording_id for one in ranked}]
        )
        others = () if question.quiet else self._seen(few, spans, question.place)
        # A question that only says what it comes after asks for whatever was seen then.
        bare = not self._lexicon.words(question.plain) and question.place is not None
        found = proposals.distinct((*others, *ranked) if bare else (*ranked, *others), limit)
        return found or proposals.scan(asked, spans, limit)

    def _seen(self, asked: Sequence[Recording], spans: Spans, place: Place | None) -> tuple[Moment, ...]:
        each = (proposals.of_events(one, self._archive.events(one.id), spans[one.id], place) for one in asked)
        return tuple(chain.from_iterable(each))

    def evidence(self, question: str, recordings: Sequence[str] | None = None, limit: int = 5) -> Evidence:
        """The moments with the figures their scores are made of, for calibration."""
        asked = self._asked(recordings)
        read_as = self._read(question, asked)
        return self._evidence(read_as, asked, _spans(read_as, asked, None), limit)

    def _asked(self, recordings: Sequence[str] | None) -> tuple[Recording, ...]:
        known = self._archive.recordings()
        return known if recordings is None else tuple(item for item in known if item.id in frozenset(recordings))

    def _read(self, text: str, asked: Sequence[Recording]) -> Question:
        text = text.encode("utf-8", "ignore").decode()  # half a surrogate pair is no text
        if not text.strip():
            raise BadQuestion(problem="the question is empty")
        if len(text) > LONGEST_QUESTION:
            raise BadQuestion(problem=f"the question is longer than {LONGEST_QUESTION} characters")
        clocks = any(recording.started_at is not None for recording in asked)
        question = read(text, self._now(), self._zone, clocks=clocks)
        if not self._lexicon.words(question.content) and not question.quiet:
            return replace(question, content=text)
        return question

    def _evidence(self, question: Question, asked: Sequence[Recording], spans: Spans, limit: int) -> Evidence:
        ids = frozenset(recording_id for recording_id, parts in spans.items() if parts)
        everything = len(ids) == len(self._archive.recordings())
        most = CANDIDATES_OF_FEW if len(ids) <= FEW else max(CANDIDATES, 4 * limit)
        where = Filter(recordings=None if everything else ids, between=_hull(spans.values(), asked))
        proposed = self._search.candidates(question.content, where, most) if ids else ()
        script = main_script(question.content)
        clipped = [part for candidate in proposed for part in _clipped(candidate, spans)]
        speaking = [candidate for candidate in clipped if speaks(candidate.passage.text, script)]
        elsewhere = () if everything else self._elsewhere(question, frozenset(item.id for item in asked))
        elsewhere = tuple(other for other in elsewhere if speaks(other.passage.text, script))
        return evidence(question, speaking or clipped, elsewhere, self._lexicon, limit, whole=len(proposed) < most)

    def _elsewhere(self, question: Question, asked: frozenset[str]) -> tuple[Candidate, ...]:
        found = self._search.candidates(question.content, Filter(), CANDIDATES)
        return tuple(candidate for candidate in found if candidate.passage.recording_id not in asked)

    def _movement(
        self, question: Question, asked: Sequence[Recording], spans: Spans, limit: int
    ) -> tuple[tuple[Moment, ...], str] | None:
        """What motion says to ``question``; None where it is not about motion, or where something else was seen."""
        share = movement.share(question, self._lexicon)
        if not question.quiet and share < movement.ENOUGH:
            return None
        proposed = self._candidates(question, asked)
        told_in_words = any(candidate.passage.source not in _SIGNALS for candidate in proposed)
        if told_in_words and share < 1:
            return None
        moments = self._moved(question, asked, spans, proposed)
        if not moments:
            # Where only motion was seen, its passages would answer "on the left" with what moved on the right.
            return None if told_in_words else ((), "")
        ranked = movement.ranked(moments, question.place)[:limit]
        return ranked, movement.told(question, ranked)

    def _moved(
        self, question: Question, asked: Sequence[Recording], spans: Spans, proposed: Sequence[Candidate] = ()
    ) -> list[Moment]:
        """What motion says to ``question``; of many recordings, in those that ``proposed`` are from."""
        moments: list[Moment] = []
        proposed = proposed or (self._candidates(question, asked) if len(asked) > MANY else ())
        moving = {candidate.passage.recording_id for candidate in proposed if candidate.passage.source in _SIGNALS}
        for recording in asked:
            if recording.id not in moving and len(asked) > MANY:
                continue
            inside_of = spans[recording.id]
            events = [event for event in self._archive.events(recording.id) if event.source is Source.MOTION]
            if question.quiet:
                coverage = self._archive.coverage(recording.id) or Coverage(recording.length)
                moments += movement.quiet(recording, inside_of, events, coverage)
            else:
                moments += movement.seen(question, recording, inside_of, events, self._lexicon)
        return moments

    def _candidates(self, question: Question, asked: Sequence[Recording]) -> tuple[Candidate, ...]:
        ids = frozenset(recording.id for recording in asked)
        return self._search.candidates(question.content, Filter(recordings=ids), CANDIDATES) if ids else ()


def _spans(question: Question, asked: Sequence[Recording], between: Span | WallClock | None) -> Spans:
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
