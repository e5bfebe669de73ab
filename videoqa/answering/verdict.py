"""What close looks come to: which moments are confirmed, how many were counted, what stays open. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from videoqa.answering.calibration import FOUND
from videoqa.answering.happening import in_order
from videoqa.answering.looking import Glance, unseen
from videoqa.answering.proposals import same
from videoqa.answering.question import Place
from videoqa.answers import Citation, Moment
from videoqa.errors import ModelUnreachable
from videoqa.events import Source
from videoqa.media import Recording, Span
from videoqa.ports import Finding
from videoqa.times import clock_span

TOGETHER = timedelta(seconds=1)
"""What goes on at the border of two looks was cut there by the looks."""
UNAIDED = "This is given without the model, which does not answer."
CUT_OFF = "The model stopped answering; not all that the index proposes was looked at."


def confirmed(glances: Iterable[Glance]) -> list[tuple[Moment, Finding]]:
    """The moments that ``glances`` bore out, with their findings: the surest first, then the earliest, the longest."""
    found = [
        (_grounded(glance.proposed, glance.finding, glance.finding.span), glance.finding)
        for glance in glances
        if glance.finding is not None and glance.finding.span is not None
    ]
    return sorted(found, key=lambda pair: (-pair[0].score, pair[0].span.start, -pair[0].span.length))


def distinct(
    found: Iterable[tuple[Moment, Finding]], place: Place | None, asked: Sequence[Recording] = (), *, counting: bool
) -> list[tuple[Moment, Finding]]:
    """Of moments in ``found`` that are one, the first; in order of time where ``place`` asks for an end of that.

    Where things are counted, moments that meet are one, so that nothing is counted twice.
    """
    kept: list[tuple[Moment, Finding]] = []
    for moment, finding in found:
        if not any(_meet(moment, other) if counting else same(moment, other) for other, _ in kept):
            kept.append((moment, finding))
    if place is not None:
        key = in_order([moment for moment, _ in kept], asked)
        kept.sort(key=lambda pair: key(pair[0]), reverse=place is Place.LAST)
    return kept


def count(finding: Finding) -> int:
    """How many ``finding`` shows; what was confirmed without a number is one."""
    return 1 if finding.count is None else finding.count


def rejections(glances: Iterable[Glance]) -> tuple[Citation, ...]:
    """Why each moment that was rejected was."""
    return tuple(rejection(one) for one in glances if one.finding is not None and one.finding.span is None)


def rejection(glance: Glance) -> Citation:
    sentence = "" if glance.finding is None else glance.finding.sentence
    return Citation(sentence or "That is not to be seen there.", glance.proposed)


def unlooked(glances: Iterable[Glance]) -> tuple[Moment, ...]:
    """The moments that could not be looked at, the likeliest first."""
    found = (glance.proposed for glance in glances if glance.problem is not None)
    return tuple(sorted(found, key=lambda moment: -moment.score))


def behind(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """``moments``, which were not looked at, with scores that put them behind every confirmed one."""
    return tuple(replace(moment, score=FOUND * moment.score) for moment in moments)


def nothing_seen(rejected: Sequence[Citation]) -> str:
    """That nothing was confirmed, and where."""
    places = dict.fromkeys(f"{clock_span(one.moment.span)} of {one.moment.title}" for one in rejected)
    return f"Not seen in what was looked at: {'; '.join(places) or 'nothing was worth a look'}."


def notes(glances: Sequence[Glance]) -> tuple[str, ...]:
    """What could not be looked at, in sentences."""
    problems = [glance for glance in glances if glance.problem is not None]
    single = [unseen(glance) for glance in problems if not isinstance(glance.problem, ModelUnreachable)]
    if len(single) < len(problems):
        # Every moment of a model that is away would say the same.
        single.append(UNAIDED if len(problems) == len(glances) else CUT_OFF)
    return tuple(dict.fromkeys(single))


def _grounded(proposed: Moment, finding: Finding, span: Span) -> Moment:
    """``proposed`` narrowed to ``span``; its score is never below that of an answer."""
    score = FOUND + (1 - FOUND) * min(max(finding.confidence, 0.0), 1.0)
    sources = (Source.MODEL, *(source for source in proposed.sources if source is not Source.MODEL))
    text = finding.sentence or proposed.text
    return Moment(proposed.recording_id, proposed.title, span, text, score, sources)


def _meet(moment: Moment, other: Moment) -> bool:
    return moment.recording_id == other.recording_id and moment.span.touches(other.span, TOGETHER)
