"""Asks the archive: from a question in plain words to moments with the words that bear them out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, tzinfo

from videoqa import tracing
from videoqa.answering import movement
from videoqa.answering.calibration import FOUND
from videoqa.answering.census import Census, Count
from videoqa.answering.evidence import Evidence
from videoqa.answering.gaps import Gaps
from videoqa.answering.lookup import SIGNALS, Lookup, Spans, of_day, spans_of, told
from videoqa.answering.question import Question
from videoqa.answering.window import stretch_of
from videoqa.answers import Answer, Citation, Moment, WallClock
from videoqa.events import Source
from videoqa.media import Recording, Span
from videoqa.ports import Archive, Cameras, Lexicon, Search


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
        *,
        cameras: Cameras | None = None,
    ) -> None:
        self.lookup = Lookup(search, archive, lexicon, zone, now)
        """What it stands on, and whoever proposes moments to look at again."""
        self.census = Census(archive, None if cameras is None else Gaps(cameras, zone, now))
        """What is told with each answer of all that was asked."""

    @tracing.span("ask")
    def ask(
        self,
        question: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 5,
        *,
        among: frozenset[str] | None = None,
        cameras: Collection[str] = (),
    ) -> Answer:
        """What the recordings with the ids ``recordings`` (None: all) say to ``question`` inside ``between``; of a
        stretch of the wall clock, what the ``cameras`` with these ids have no footage of is told too.

        ``among`` are the ids of the recordings that there are for whoever asks, None where these are all: nothing of
        the others has a say in the answer.

        Raises:
            BadQuestion: it is empty or too long.
        """
        if recordings is None and between is None and self.lookup.many(among):
            read_as = self.lookup.read(question, lambda: self.lookup.clocked(among))
            if not read_as.timed:
                return self._anywhere(question, read_as, limit, among)
        asked = self.lookup.asked(recordings, among)
        read_as = self.lookup.read(question, told(asked), of_day=of_day(asked))
        spans = spans_of(read_as, asked, between)
        motion = self._movement(read_as, asked, spans, limit)
        moments = motion[0] if motion else self.lookup.evidence(read_as, asked, spans, limit, among=among).moments
        return _answer(
            question, moments, motion and motion[1], self.census.of(asked, stretch_of(read_as, between), cameras)
        )

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
        if recordings is None and between is None and self.lookup.many(among):
            read_as = self.lookup.read(words, lambda: self.lookup.clocked(among))
            if not read_as.timed:
                return self.lookup.anywhere(read_as, limit, among, sources).moments
        asked = self.lookup.asked(recordings, among)
        read_as = self.lookup.read(words, told(asked), of_day=of_day(asked))
        spans = spans_of(read_as, asked, between)
        return self.lookup.evidence(read_as, asked, spans, limit, among=among, sources=sources).moments

    def evidence(self, question: str, recordings: Sequence[str] | None = None, limit: int = 5) -> Evidence:
        """The moments with the figures their scores are made of, for calibration."""
        asked = self.lookup.asked(recordings)
        read_as = self.lookup.read(question, told(asked), of_day=of_day(asked))
        return self.lookup.evidence(read_as, asked, spans_of(read_as, asked, None), limit)

    def _anywhere(self, question: str, read_as: Question, limit: int, among: frozenset[str] | None) -> Answer:
        """What many recordings say; of these only those that search proposes are read."""
        motion = None
        if self._about_motion(read_as):
            proposed = self.lookup.proposed(read_as, among)
            asked = self.lookup.asked(tuple({candidate.passage.recording_id for candidate in proposed}), among)
            motion = self._movement(read_as, asked, spans_of(read_as, asked, None), limit)
        moments = motion[0] if motion else self.lookup.anywhere(read_as, limit, among).moments
        return _answer(question, moments, motion and motion[1], self.census.among(among))

    def _about_motion(self, question: Question) -> bool:
        return question.quiet or movement.share(question, self.lookup.lexicon) >= movement.ENOUGH

    def _movement(
        self, question: Question, asked: Sequence[Recording], spans: Spans, limit: int
    ) -> tuple[tuple[Moment, ...], str] | None:
        """What motion says to ``question``; None where it is not about motion, or where something else was seen."""
        share = movement.share(question, self.lookup.lexicon)
        if not self._about_motion(question):
            return None
        proposed = self.lookup.candidates(question, asked)
        told_in_words = any(candidate.passage.source not in SIGNALS for candidate in proposed)
        if told_in_words and share < 1:
            return None
        moments = self.lookup.moved(question, asked, spans, proposed)
        if not moments:
            # Where only motion was seen, its passages would answer "on the left" with what moved on the right.
            return None if told_in_words else ((), "")
        ranked = movement.ranked(moments, question.place, asked)[:limit]
        return ranked, movement.told(question, ranked, asked, self.lookup.zone)


def _answer(question: str, moments: Sequence[Moment], told: str | None, count: Count) -> Answer:
    """The answer that ``moments`` bear out, in the words ``told`` or else those of the best of them."""
    if not moments or moments[0].score < FOUND:
        return Answer(question, False, None, (), (), count.coverage, notes=count.notes)
    best = moments[0]
    sentence = best.text if told is None else told
    cited = (Citation(sentence, best),)
    return Answer(question, True, sentence, tuple(moments), cited, count.coverage, notes=count.notes)
