"""Real transcripts and hard questions, on the real index."""

import json
from pathlib import Path

import pytest

from bench.lectures import archive
from tests.needs import dev_data
from videoqa.answering.answering import Answering
from videoqa.evaluation.evaluating import SECOND
from videoqa.evaluation.scoring import Given, Judged, judge, report
from videoqa.evaluation.truth import Asked, read


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Answering:
    found, _ = archive(tmp_path_factory.mktemp("lectures"), dev_data("lectures"))
    return found


@pytest.fixture(scope="module")
def questions() -> list[Asked]:
    """The answerable questions that are asked in their transcript's language."""
    path = dev_data("lectures/when.jsonl")
    rows = {row["id"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
    every = [row for _, row in read(path) if isinstance(row, Asked) and row.answerable]
    return [asked for asked in every if _language(rows[asked.id]["transcript"]) == rows[asked.id]["lang"]]


def judged(answering: Answering, asked: Asked) -> Judged:
    assert asked.recording is not None
    moments = answering.search(asked.question, [asked.recording], limit=5)
    given = [Given(item.span.start / SECOND, item.span.end / SECOND, item.recording_id) for item in moments]
    return judge(asked, given, asked.recording)


def test_hard_questions_are_found_in_a_known_lecture(answering: Answering, questions: list[Asked]) -> None:
    found = report([judged(answering, asked) for asked in questions], [])
    assert found.hit is not None
    assert found.r1 is not None
    assert found.hit[1] >= 0.62
    assert found.hit[5] >= 0.86
    assert found.r1[0.5] >= 0.25


def test_no_moment_lies_outside_its_lecture(answering: Answering, questions: list[Asked]) -> None:
    for asked in questions[::6]:
        for moment in answering.search(asked.question, limit=20):
            coverage = answering.ask("anything", [moment.recording_id]).coverage
            assert moment.span.end <= coverage.length


def test_what_no_lecture_speaks_of_is_not_found(answering: Answering) -> None:
    assert not answering.ask("how long do I bake sourdough bread in a dutch oven").found


def _language(transcript: str) -> str:
    parts = Path(transcript).name.split(".")
    return parts[1] if len(parts) == 3 else "en"
