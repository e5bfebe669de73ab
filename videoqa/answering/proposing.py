"""Proposes the moments that are worth a close look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from videoqa.answering import movement, proposals
from videoqa.answering.lookup import FEW, Lookup, Spans, of_day, spans_of, told
from videoqa.answering.proposals import Proposals
from videoqa.answering.question import WHATEVER, Place, Question
from videoqa.answering.window import inside
from videoqa.answers import Moment, WallClock
from videoqa.media import Recording, Span


class Proposing:
    """Proposes moments from all that is indexed: what was said, what a model saw, what moved."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def propose(
        self,
        question: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 5,
        *,
        within: Mapping[str, Span] | None = None,
        among: frozenset[str] | None = None,
    ) -> Proposals:
        """At most ``limit`` moments worth a close look, the likeliest first, however unlikely that is.

        ``within`` has for a recording's id the span where it is to be looked for, in those only; what the question says
        of order is settled by it.

        Raises:
            BadQuestion: it is empty or too long.
        """
        asked = self._lookup.asked(recordings, among)
        read_as = self._lookup.read(question, told(asked), of_day=of_day(asked))
        spans = spans_of(read_as, asked, between)
        place = read_as.place
        if within is not None:
            place = place or (Place.LAST if read_as.before else Place.FIRST)
            read_as = replace(read_as, content=read_as.plain, after="", before="", place=place)
            asked = tuple(recording for recording in asked if recording.id in within)
            spans = {item.id: inside(spans[item.id], (within[item.id],)) for item in asked}
        moments = proposals.whole(asked, spans, limit) or self._likely(read_as, asked, spans, limit, among)
        return Proposals(read_as, asked, spans, moments)

    def _likely(
        self,
        question: Question,
        asked: Sequence[Recording],
        spans: Spans,
        limit: int,
        among: frozenset[str] | None,
    ) -> tuple[Moment, ...]:
        moved: list[Moment] = []
        if question.quiet or movement.share(question, self._lookup.lexicon) >= movement.ENOUGH:
            moved = self._lookup.moved(question, asked, spans)
        said = (
            ()
            if question.quiet and moved
            else self._lookup.evidence(question, asked, spans, limit, among=among).moments
        )
        likeliest = (
            (*said, *moved) if question.place is None else (*movement.ranked(moved, question.place, asked), *said)
        )
        if question.place is None:
            likeliest = tuple(sorted(likeliest, key=lambda moment: -moment.score))
        ranked = proposals.distinct(likeliest, limit)
        few = (
            asked if len(asked) <= FEW else [item for item in asked if item.id in {one.recording_id for one in ranked}]
        )
        others = () if question.quiet else self._seen(few, spans, question.place)
        # A question that only says what it comes after asks for whatever was seen then.
        bare = not self._lookup.lexicon.words(WHATEVER.sub(" ", question.plain)) and question.place is not None
        found = proposals.distinct((*others, *ranked) if bare else (*ranked, *others), limit)
        return found or proposals.scan(asked, spans, limit)

    def _seen(self, asked: Sequence[Recording], spans: Spans, place: Place | None) -> tuple[Moment, ...]:
        each = (proposals.of_events(one, self._lookup.archive.events(one.id), spans[one.id], place) for one in asked)
        return tuple(chain.from_iterable(each))
