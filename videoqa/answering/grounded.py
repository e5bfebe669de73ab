"""Answers that a model has checked: the index proposes moments, close looks confirm, narrow or reject them."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from videoqa import tracing
from videoqa.answering import telling, verdict
from videoqa.answering.answering import Answering
from videoqa.answering.calibration import FOUND
from videoqa.answering.census import over, part_in
from videoqa.answering.looking import CloseLooks, Glance, unseen
from videoqa.answering.negation import asks_whether_not, turned
from videoqa.answering.order import Order, place_of
from videoqa.answering.proposals import Proposals
from videoqa.answering.proposing import Proposing
from videoqa.answering.question import counts
from videoqa.answering.telling import Sentence
from videoqa.answering.window import stretch_of
from videoqa.answers import (
    Answer,
    AnswerPart,
    Citation,
    Confirmed,
    Moment,
    Proposed,
    Rejected,
    Told,
    Unconfirmed,
    WallClock,
)
from videoqa.errors import ModelError, ModelUnreachable
from videoqa.events import Source, Usage
from videoqa.media import ZERO, CoverageState, Recording, Span
from videoqa.ports import AnalysisKind, Archive, Closeups, Finding, Grounder
from videoqa.times import SECOND, clock, clock_span

MOMENTS = 4
"""So many moments are looked at for an answer."""
COUNTED = 12
"""So many where they are counted: each may hold one more."""
UNCONFIRMED = "This is what the index says; no closer look confirmed it."
MORE = f"There may be more: only the {COUNTED} likeliest moments were looked at."
NOT_SEEN = "The model has not looked at {} of this; what it would have found there is missing from the index."
_LOOKED_AT = (CoverageState.ANALYSED, CoverageState.STATIC, CoverageState.GAP)
_SAID = frozenset({Source.SUBTITLE, Source.SPEECH, Source.SLIDE})


class GroundedAnswering:
    """Answers questions with moments that a model has looked at again, at most ``at_once`` of them side by side."""

    def __init__(
        self, answering: Answering, archive: Archive, closeups: Closeups, grounder: Grounder, at_once: int = MOMENTS
    ) -> None:
        self._answering = answering
        self._proposing = Proposing(answering.lookup)
        self._archive = archive
        self._grounder = grounder
        self._looks = CloseLooks(archive, closeups, grounder, at_once)

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
        """As ``Answering.ask``, looked at again. Where the model does not answer, what the index says, with a note.

        Raises:
            BadQuestion: it is empty or too long.
        """
        parts = self.ask_stream(question, recordings, between, limit, among=among, cameras=cameras)
        return next(part for part in parts if isinstance(part, Answer))

    def ask_stream(
        self,
        question: str,
        recordings: Sequence[str] | None = None,
        between: Span | WallClock | None = None,
        limit: int = 5,
        *,
        among: frozenset[str] | None = None,
        cameras: Collection[str] = (),
    ) -> Iterator[AnswerPart]:
        """The answer as it comes into being, in the end the ``Answer``. Closing the iterator ends the looks.

        Raises:
            BadQuestion: it is empty or too long.
        """
        positive = turned(question) if asks_whether_not(question) else question
        asked = _Asked(question, positive, recordings, between, limit, among, cameras)
        return self._traced(asked, self._propose(asked, positive, None))

    def _traced(self, asked: _Asked, proposals: Proposals) -> Iterator[AnswerPart]:
        with tracing.span("ask a model", current=False):
            yield from self._parts(asked, proposals)

    def _parts(self, asked: _Asked, proposals: Proposals) -> Iterator[AnswerPart]:
        try:
            # A server that is away is noticed before any footage is decoded for it.
            seen_by, _ = self._grounder.seen_by, self._grounder.most_frames
        except ModelError as error:
            away = isinstance(error, ModelUnreachable)
            yield from self._unaided(asked, (verdict.UNAIDED if away else f"This is given without the model: {error}",))
            return
        question, wanted = proposals.question, asked.positive
        order = yield from self._order(asked, proposals)
        if order.within is not None:
            proposals, wanted = self._propose(asked, wanted, order.within), question.plain
        first = proposals.moments[:1]
        counting = question.counting and not any(_SAID.intersection(moment.sources[:1]) for moment in first)
        moments = proposals.moments[: COUNTED if counting else MOMENTS]
        glances = yield from self._look(wanted, moments, proposals, counting=counting)
        every = (*order.glances, *glances)
        if not any(glance.finding for glance in every):
            spent = sum((glance.usage for glance in every), Usage())
            yield from self._unaided(asked, verdict.notes(every), spent)
            return
        found = verdict.distinct(verdict.confirmed(glances), place_of(question), proposals.asked, counting=counting)
        more = (MORE,) if counting and len(moments) == COUNTED else ()
        stretch = stretch_of(question, asked.between)
        count = self._answering.census.of(proposals.asked, stretch, asked.cameras)
        draft = Answer(
            question=asked.question,
            found=bool(found),
            text=None,
            moments=(),
            citations=(),
            coverage=count.coverage,
            given_by=seen_by,
            notes=(*verdict.notes(every), *order.notes, *more, *self._unseen(proposals.asked, stretch), *count.notes),
            rejected=verdict.rejections(glances),
            usage=sum((glance.usage for glance in every), Usage()),
        )
        unlooked = verdict.unlooked(glances)
        if not found:
            yield from _not_confirmed(draft, unlooked, verdict.rejections(every))
            return
        if not counting:
            ids = {moment.recording_id for moment, _ in found[: asked.limit]}
            found = [*found[: asked.limit], *(pair for pair in order.anchors if pair[0].recording_id in ids)]
        written = _counted(asked.question, found) if counting else self._composed(asked.question, found)
        yield from _told(draft, [moment for moment, _ in found], verdict.behind(unlooked), written)

    def _propose(self, asked: _Asked, question: str, within: Mapping[str, Span] | None) -> Proposals:
        most = COUNTED if counts(question) else MOMENTS
        return self._proposing.propose(
            question, asked.recordings, asked.between, most, within=within, among=asked.among
        )

    def _order(self, asked: _Asked, proposals: Proposals) -> Generator[AnswerPart, None, Order]:
        """Looks for what the question says that its moments come after or before."""
        order = Order()
        for clause, follows in ((proposals.question.after, True), (proposals.question.before, False)):
            if clause:
                likely = self._propose(asked, clause, order.within)
                glances = yield from self._look(clause, likely.moments[:MOMENTS], likely, counting=False)
                order = order.narrowed(clause, glances, proposals.asked, follows=follows)
        return order

    def _look(
        self, question: str, moments: Sequence[Moment], proposals: Proposals, *, counting: bool
    ) -> Generator[AnswerPart, None, tuple[Glance, ...]]:
        for moment in moments:
            yield Proposed(moment)
        recordings = {recording.id: recording for recording in proposals.asked}
        glances: list[Glance] = []
        for glance in self._looks.look(question, moments, recordings, proposals.spans, counting=counting):
            glances.append(glance)
            yield _part(glance)
        return tuple(glances)

    def _composed(self, question: str, found: Sequence[tuple[Moment, Finding]]) -> Iterator[Sentence]:
        """What was found in the model's words as far as these cite it, or else as it was found."""
        moments = [moment for moment, _ in found]
        cited: set[int] = set()
        whole = False
        if len(found) > 1:
            placed = [(f"{moment.title}, {clock_span(moment.span)}", finding) for moment, finding in found]
            try:
                for sentence in telling.checked(self._grounder.compose(question, placed), moments):
                    cited.update(sentence.cites)
                    yield sentence
                whole = bool(cited)
            except ModelError:
                # What was found stands, and is told below, whatever becomes of the wording.
                whole = False
        for number, moment in enumerate(moments, 1):
            if not whole and number not in cited:
                yield from telling.own(number, moment.text)

    def _unseen(self, asked: Sequence[Recording], stretch: WallClock | None) -> tuple[str, ...]:
        """How much of ``asked`` the model that indexes has not looked at: its look failed, or is still to come."""
        whole = [recording for recording in over(asked) if part_in(recording, stretch) is not None]
        coverage = self._answering.census.coverage(whole, stretch, AnalysisKind.MODEL)
        missing = coverage.length - sum(map(coverage.total, _LOOKED_AT), ZERO)
        # Where a recording ends is known to about a second.
        return (NOT_SEEN.format(clock(missing)),) if missing > len(whole) * SECOND else ()

    def _unaided(self, asked: _Asked, notes: tuple[str, ...], spent: Usage | None = None) -> Iterator[AnswerPart]:
        answer = self._answering.ask(
            asked.question, asked.recordings, asked.between, asked.limit, among=asked.among, cameras=asked.cameras
        )
        if answer.text is not None:
            yield Told(answer.text)
        yield replace(answer, notes=(*notes, *answer.notes), usage=spent or Usage())


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as it was put. ``positive`` asks whether what it denies did happen; else it is the same."""

    question: str
    positive: str
    recordings: Sequence[str] | None
    between: Span | WallClock | None
    limit: int
    among: frozenset[str] | None
    cameras: Collection[str]


def _part(glance: Glance) -> AnswerPart:
    if glance.problem is not None:
        return Unconfirmed(glance.proposed, unseen(glance))
    for moment, _ in verdict.confirmed([glance]):
        return Confirmed(glance.proposed, Citation(moment.text, moment))
    return Rejected(verdict.rejection(glance))


def _counted(question: str, found: Sequence[tuple[Moment, Finding]]) -> Iterator[Sentence]:
    yield telling.total(question, [verdict.count(finding) for _, finding in found])
    for number, (moment, _) in enumerate(found, 1):
        yield from telling.own(number, moment.text)


def _told(
    draft: Answer, moments: Sequence[Moment], unlooked: Sequence[Moment], written: Iterator[Sentence]
) -> Iterator[AnswerPart]:
    sentences: list[Sentence] = []
    for sentence in written:
        sentences.append(sentence)
        yield Told(sentence.text)
    citations = (Citation(one.text, moments[number - 1]) for one in sentences for number in one.cites)
    text = " ".join(sentence.text for sentence in sentences)
    yield replace(draft, text=text, moments=(*moments, *unlooked), citations=tuple(citations))


def _not_confirmed(draft: Answer, unlooked: Sequence[Moment], rejected: Sequence[Citation]) -> Iterator[AnswerPart]:
    """What is left where nothing was confirmed: what the index is sure of and could not be looked at, or nothing."""
    if unlooked and unlooked[0].score >= FOUND:
        best = unlooked[0]
        yield Told(best.text)
        notes = (UNCONFIRMED, *draft.notes)
        citations = (Citation(best.text, best),)
        yield replace(
            draft,
            found=True,
            text=best.text,
            moments=tuple(unlooked),
            citations=citations,
            given_by="index",
            notes=notes,
        )
        return
    notes = (verdict.nothing_seen(rejected), *draft.notes)
    yield replace(draft, moments=verdict.behind(unlooked), rejected=tuple(rejected), notes=notes)
