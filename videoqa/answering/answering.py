"""Asks the archive: from a question in plain words to moments with the words that bear them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

from videoqa import tracing
from videoqa.answering import movement
from videoqa.answering.calibration import FOUND
from videoqa.answering.evidence import Evidence
from videoqa.answering.lookup import SIGNALS, Lookup, Spans, spans_of
from videoqa.answering.question import Question
from videoqa.answers import Answer, Citation, Moment, WallClock
from videoqa.events import Source
from videoqa.media import UNHEARD, Recording, Span
from videoqa.ports import Archive, Lexicon, Search


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
        self.lookup = Lookup(search, archive, lexicon, zone, now)
        """What it stands on, and whoever proposes moments to look at again."""

    @tracing.span("ask")
    def ask(
        self,
        question: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 5,
        *,
        among: frozenset[str] | None = None,
    ) -> Answer:
        """What the recordings with the ids ``recordings`` (None: all) say to ``question`` inside ``between``.

        ``among`` are the ids of the recordings that there are for whoever asks, None where these are all: nothing of
        the others has a say in the answer.

        Raises:
            BadQuestion: it is empty or too long.
        """
        asked = self.lookup.asked(recordings, among)
        read_as = self.lookup.read(question, asked)
        spans = spans_of(read_as, asked, between)
        found = self._movement(read_as, asked, spans, limit)
        told = None
        if found is not None:
            moments, told = found
        else:
            moments = self.lookup.evidence(read_as, asked, spans, limit, among=among).moments
        coverage = self.lookup.archive.total_coverage([recording.id for recording in asked])
        if not moments or moments[0].score < FOUND:
            return Answer(question, False, None, (), (), coverage, notes=unheard(asked))
        best = moments[0]
        sentence = best.text if told is None else told
        return Answer(question, True, sentence, moments, (Citation(sentence, best),), coverage, notes=unheard(asked))

    @tracing.span("search")
    def search(
        self,
        words: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 10,
        *,
        among: frozenset[str] | None = None,
        sources: frozenset[Source] | None = None,
    ) -> tuple[Moment, ...]:
        """The ``limit`` moments nearest to ``words``, the best first, without a verdict.

        ``among`` as in ``ask``; ``sources`` are what they are taken from, None for whatever there is.

        Raises:
            BadQuestion: they are none or too many.
        """
        asked = self.lookup.asked(recordings, among)
        read_as = self.lookup.read(words, asked)
        spans = spans_of(read_as, asked, between)
        return self.lookup.evidence(read_as, asked, spans, limit, among=among, sources=sources).moments

    def evidence(self, question: str, recordings: Sequence[str] | None = None, limit: int = 5) -> Evidence:
        """The moments with the figures their scores are made of, for calibration."""
        asked = self.lookup.asked(recordings)
        read_as = self.lookup.read(question, asked)
        return self.lookup.evidence(read_as, asked, spans_of(read_as, asked, None), limit)

    def _movement(
        self, question: Question, asked: Sequence[Recording], spans: Spans, limit: int
    ) -> tuple[tuple[Moment, ...], str] | None:
        """What motion says to ``question``; None where it is not about motion, or where something else was seen."""
        share = movement.share(question, self.lookup.lexicon)
        if not question.quiet and share < movement.ENOUGH:
            return None
        proposed = self.lookup.candidates(question, asked)
        told_in_words = any(candidate.passage.source not in SIGNALS for candidate in proposed)
        if told_in_words and share < 1:
            return None
        moments = self.lookup.moved(question, asked, spans, proposed)
        if not moments:
            # Where only motion was seen, its passages would answer "on the left" with what moved on the right.
            return None if told_in_words else ((), "")
        ranked = movement.ranked(moments, question.place)[:limit]
        return ranked, movement.told(question, ranked)


def unheard(asked: Sequence[Recording]) -> tuple[str, ...]:
    """A note where nobody listened to what is said in some of ``asked``: it would be looked for in vain."""
    number = sum(any(problem.startswith(UNHEARD) for problem in recording.problems) for recording in asked)
    return (f"What is said in {number} of {len(asked)} recordings was not transcribed.",) if number else ()
