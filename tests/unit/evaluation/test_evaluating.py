import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from videoqa.answers import Answer, Moment
from videoqa.errors import BadTruth
from videoqa.evaluation.evaluating import evaluate
from videoqa.events import Event, Source
from videoqa.media import Coverage, Recording, RecordingState, Sampling, Span
from videoqa.ports import Look, RecordedLook, TimelineChange
from videoqa.testing.archive import MemoryArchive


def seconds(start: float, end: float) -> Span:
    return Span(timedelta(seconds=start), timedelta(seconds=end))


class Parrot:
    """Answers every question with the first ten seconds of what is asked, but one it knows nothing of."""

    def ask(self, question: str, recordings: Sequence[str] | None = None) -> Answer:
        coverage = Coverage(timedelta(seconds=60))
        if "nothing" in question:
            return Answer(question, False, None, (), (), coverage)
        recording = recordings[0] if recordings else "?"
        moment = Moment(recording, "title", seconds(0, 10), "said", 0.9, (Source.SUBTITLE,))
        return Answer(question, True, "said", (moment,), (), coverage)


@pytest.fixture
def archive() -> MemoryArchive:
    kept = MemoryArchive()
    length = timedelta(seconds=60)
    made = kept.add(Recording("gate", "gate.mp4", "/gate.mp4", "d", length, RecordingState.INDEXED))
    analysis = kept.begin(made.id, "test", Sampling(), length, ())
    kept.set_plan(analysis, [timedelta(0)], [])
    event = Event(
        "e", made.id, seconds(20, 30), "motion", "motion on the left", Source.MOTION, (timedelta(seconds=20),)
    )
    kept.record(analysis, 0, RecordedLook(Look()), TimelineChange(closed=(event,)))
    kept.finish(analysis, Coverage(length), (), ())
    return kept


def truth(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "truth.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_questions_and_events_of_a_truth_file_are_counted(tmp_path: Path, archive: MemoryArchive) -> None:
    path = truth(
        tmp_path,
        {"id": 1, "recording": "gate", "question": "when", "spans": [[0, 10]]},
        {"id": 2, "recording": "gate.mp4", "question": "when else", "spans": [[40, 50]]},
        {"id": 3, "recording": "gate", "question": "when nothing", "spans": [[0, 10]]},
        {"id": 4, "question": "nothing at all", "answerable": False},
        {"recording": "gate", "label": "motion", "span": [25, 26]},
        {"recording": "gate", "label": "fire", "span": [25, 26]},
        {"recording": "gate", "span": [31, 40]},
    )
    found = evaluate(path, Parrot(), archive)
    assert (found.questions, found.answerable, found.events) == (4, 3, 3)
    assert found.hit is not None
    assert found.hit[1] == pytest.approx(1 / 3)
    assert (found.abstained_rightly, found.abstained_wrongly) == (1, pytest.approx(1 / 3))
    assert (found.time_error_median, found.event_recall) == (20, pytest.approx(1 / 3))


def test_a_recording_there_is_not_is_named_with_its_line(tmp_path: Path, archive: MemoryArchive) -> None:
    path = truth(tmp_path, {"id": 1, "recording": "garden", "question": "when", "spans": [[0, 10]]})
    with pytest.raises(BadTruth, match="line 1: No recording is called garden"):
        evaluate(path, Parrot(), archive)
