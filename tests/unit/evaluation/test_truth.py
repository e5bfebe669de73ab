import json
from pathlib import Path

import pytest

from videoqa.errors import BadTruth
from videoqa.evaluation.truth import TOLERANCE, Asked, Happened, read


def rows(folder: Path, *lines: object) -> list[Asked | Happened]:
    path = folder / "truth.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return [row for _, row in read(path)]


def test_a_plain_question_is_read(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, {"id": 1, "recording": "a.mp4", "question": "when?", "spans": [[1, 2.5]]})
    assert row == Asked("1", "when?", "a.mp4", ((1, 2.5),), (), True, TOLERANCE)


def test_a_lecture_and_a_clip_with_its_events_are_read(tmp_path: Path) -> None:
    lecture = {"id": "a", "lecture": "L", "question": "q", "answers": [[0, 1]], "also_acceptable": [[5, 6]]}
    events = [{"id": "b", "q": "r", "spans": [[2, 3]]}, {"id": "c", "q": "s", "spans": [], "answerable": False}]
    clip = {"id": "v", "file": "footage/x.mp4", "hit_tol_s": 1, "events": events}
    first, second, third = rows(tmp_path, lecture, clip)
    assert isinstance(first, Asked)
    assert isinstance(second, Asked)
    assert isinstance(third, Asked)
    assert (first.recording, first.acceptable) == ("L", ((5, 6),))
    assert (second.recording, second.tolerance) == ("x.mp4", 1)
    assert not third.answerable


def test_an_event_to_be_seen_is_read(tmp_path: Path) -> None:
    assert rows(tmp_path, {"recording": "a", "label": "motion", "span": [1, 2]}) == [Happened("a", "motion", (1, 2))]


def test_a_byte_order_mark_and_empty_lines_are_no_rows(tmp_path: Path) -> None:
    assert len(rows(tmp_path, "\ufeff" + json.dumps({"recording": "a", "span": [1, 2]}), "", "  ")) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "Expecting"),
        ("[1]", "JSON object"),
        ({"id": 1, "recording": "a"}, "no question"),
        ({"id": 1, "recording": "a", "question": "q", "spans": [[2, 1]]}, "no span"),
        ({"id": 1, "recording": "a", "question": "q", "spans": [[1]]}, "no span"),
        ({"id": 1, "recording": "a", "question": "q", "spans": [["1", "2"]]}, "no span"),
        ('{"id": 1, "recording": "a", "question": "q", "spans": [[NaN, 2]]}', "no span"),
        ({"id": 1, "recording": "a", "question": "q", "spans": "1-2"}, "no list"),
        ({"id": 1, "recording": "a", "question": "q", "answerable": True}, "no spans"),
        ({"id": 1, "question": "q", "spans": [[1, 2]]}, "names no recording"),
        ({"label": "motion", "span": [1, 2]}, "'recording' is missing"),
        ({"file": "a", "events": {}}, "no list"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, line: object, problem: str) -> None:
    good = {"id": 0, "recording": "a", "question": "q", "spans": [[1, 2]]}
    with pytest.raises(BadTruth, match=f"line 2: .*{problem}"):
        rows(tmp_path, good, line)


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    row = {"id": 0, "recording": "a", "question": "q", "spans": [[1, 2]]}
    with pytest.raises(BadTruth, match="twice"):
        rows(tmp_path, row, row)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTruth):
        list(read(tmp_path / "none.jsonl"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadTruth):
        list(read(tmp_path / "bytes"))
