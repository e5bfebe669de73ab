"""How exact the answers are, against a truth file of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from videoqa.answers import Answer
from videoqa.catalogue import resolve
from videoqa.errors import BadTruth, Misuse
from videoqa.evaluation.scoring import Given, Judged, Report, judge, report
from videoqa.evaluation.truth import Happened, read
from videoqa.media import Recording
from videoqa.ports import Archive

SECOND = timedelta(seconds=1)


class Answers(Protocol):
    """What answers questions."""

    def ask(self, question: str, recordings: Sequence[str] | None = None) -> Answer: ...


def evaluate(truth: Path, answers: Answers, archive: Archive) -> Report:
    """Asks every question of ``truth`` and looks for every event of it.

    Raises:
        BadTruth: a line is no such row, or names a recording there is not.
    """
    recordings = archive.recordings()
    judged: list[Judged] = []
    seen: list[bool] = []
    for number, row in read(truth):
        try:
            recording = None if row.recording is None else resolve(row.recording, recordings)
        except Misuse as error:
            raise BadTruth(path=truth, line=number, problem=error) from error
        if isinstance(row, Happened):
            assert recording is not None
            seen.append(_was_seen(row, recording, archive))
            continue
        answer = answers.ask(row.question, None if recording is None else [recording.id])
        given = [
            Given(moment.span.start / SECOND, moment.span.end / SECOND, moment.recording_id)
            for moment in answer.moments
            if answer.found
        ]
        judged.append(judge(row, given, None if recording is None else recording.id))
    return report(judged, seen)


def _was_seen(row: Happened, recording: Recording, archive: Archive) -> bool:
    """Whether an event of the recording overlaps the true one and, where a label is asked for, tells of it."""
    label = row.label.casefold()
    return any(
        event.span.start / SECOND < row.span[1]
        and row.span[0] < event.span.end / SECOND
        and label in f"{event.source} {event.label} {event.description}".casefold()
        for event in archive.events(recording.id)
    )
