"""What a question says its moments come after or before, once that has been looked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from videoqa.answering.looking import Glance
from videoqa.answering.question import Place, Question
from videoqa.answering.verdict import confirmed
from videoqa.answers import Moment
from videoqa.media import ZERO, Recording, Span
from videoqa.ports import Finding


@dataclass(frozen=True, slots=True)
class Order:
    """``within`` has the spans, by the recordings' ids, in which moments can lie; None where they can everywhere.

    ``anchors`` are the moments that set them, with what was found there; ``glances`` is all that was looked at.
    """

    within: Mapping[str, Span] | None = None
    anchors: tuple[tuple[Moment, Finding], ...] = ()
    glances: tuple[Glance, ...] = ()
    notes: tuple[str, ...] = ()

    def narrowed(self, clause: str, glances: Sequence[Glance], asked: Sequence[Recording], *, follows: bool) -> Order:
        """With what ``glances`` found of ``clause``: in each recording the moment that is surest, or else the earliest.

        What was asked for comes after that where it ``follows``, otherwise before it.
        """
        found: dict[str, tuple[Moment, Finding]] = {}
        for moment, finding in confirmed(glances):
            found.setdefault(moment.recording_id, (moment, finding))
        within: dict[str, Span] = {}
        for recording in asked:
            if recording.id in found:
                anchor = found[recording.id][0].span
                start, end = (anchor.end, recording.length) if follows else (ZERO, anchor.start)
                known = None if self.within is None else self.within.get(recording.id)
                part = Span(start, end) if start < end else None
                part = part if part is None or known is None else part.intersection(known)
                if part is not None:
                    within[recording.id] = part
        note = () if found else (f"Nothing that was looked at shows “{clause}”, which the question names.",)
        return Order(within, (*self.anchors, *found.values()), (*self.glances, *glances), (*self.notes, *note))


def place_of(question: Question) -> Place | None:
    """Which of several moments comes first: of those after something the next one, of those before it the last."""
    if question.place is not None:
        return question.place
    return Place.FIRST if question.after else Place.LAST if question.before else None
