"""What the user types, and what comes back, on the samples that the product ships."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.product import SAMPLES, VIDEOQA, Videoqa

SHAPES = re.compile(r'^\d\d:\d\d:\d\d-\d\d:\d\d:\d\d  \S.*  ".+"  \([a-z ,]+\)$', re.MULTILINE)


def test_a_question_comes_back_as_the_second_to_play(samples: Videoqa) -> None:
    ran = samples("ask", "When does she compare the chain rule with gear wheels?")
    assert ran.code == 0
    assert SHAPES.search(ran.out), ran.out
    best = samples("ask", "When does she compare the chain rule with gear wheels?", "--json").json["moments"][0]
    assert best["recording"]["title"] == "lecture.mp4"
    assert best["start"] < 106.28
    assert best["end"] > 90.73


def test_the_answer_is_one_document_of_the_published_shape(samples: Videoqa) -> None:
    document = samples("ask", "chain rule", "--json").json
    looked_again = {"citations", "rejected", "given_by", "notes", "usage"}
    assert set(document) == {"found", "answer", "moments", "coverage"} | looked_again
    assert document["given_by"] == "index"
    assert document["found"] is True
    assert set(document["coverage"]) == {"length", "analysed", "static", "gap", "dropped", "failed"}
    for moment in document["moments"]:
        assert set(moment) == {"recording", "camera", "start", "end", "happened_at", "text", "score", "sources"}
        assert set(moment["recording"]) == {"id", "title"}
        assert 0 <= moment["start"] < moment["end"]
        assert 0 <= moment["score"] <= 1
        assert moment["sources"]


def test_what_nothing_bears_out_is_not_found_and_says_how_much_was_looked_at(samples: Videoqa) -> None:
    ran = samples("ask", "how do I bake sourdough bread")
    assert ran.code == 1
    assert "Nothing found" in ran.out
    assert "Looked at" in ran.out
    document = samples("ask", "how do I bake sourdough bread", "--json").json
    assert document["found"] is False
    assert document["answer"] is None
    assert document["coverage"]["length"] > 0


def test_a_chinese_slide_is_found_in_chinese(samples: Videoqa) -> None:
    ran = samples("ask", "梯度下降", "--json")
    assert ran.code == 0
    assert ran.json["moments"][0]["recording"]["title"] == "lecture.mp4"


def test_a_question_stays_in_the_recording_it_is_put_to(samples: Videoqa) -> None:
    for name in ("yard", "yard.mp4"):
        document = samples("search", "chain rule", "--in", name, "--json").json
        assert {moment["recording"]["title"] for moment in document["moments"]} <= {"yard.mp4"}


def test_a_question_stays_between_its_times(samples: Videoqa) -> None:
    document = samples("search", "gradient", "--between", "02:00", "03:00", "--json").json
    assert document["moments"]
    assert all(moment["start"] < 180 and moment["end"] > 120 for moment in document["moments"])


def test_search_ranks_and_keeps_to_its_limit(samples: Videoqa) -> None:
    moments = samples("search", "gradient", "--limit", "2", "--json").json["moments"]
    assert 1 <= len(moments) <= 2
    scores = [moment["score"] for moment in moments]
    assert scores == sorted(scores, reverse=True)


def test_what_moves_in_the_yard_is_found_and_what_is_still_is_said_to_be_static(samples: Videoqa) -> None:
    details = samples("show", "yard", "--json").json
    motion = [event for event in details["events"] if event["source"] == "motion"]
    for start, end in ((62, 93), (150, 158)):
        assert any(event["start"] < end and event["end"] > start for event in motion), (start, end, motion)
    assert details["coverage"]["static"] > 0.4 * details["coverage"]["length"]


def test_the_list_names_every_recording(samples: Videoqa) -> None:
    ran = samples("list")
    assert ran.code == 0
    assert all(name in ran.out for name in ("lecture.mp4", "yard.mp4", "indexed"))


def test_coverage_adds_up_to_the_length(samples: Videoqa) -> None:
    document = samples("coverage", "lecture", "--json").json
    parts = document["coverage"]
    assert sum(value for name, value in parts.items() if name != "length") == pytest.approx(parts["length"])
    assert document["spans"][0]["start"] == 0
    assert document["spans"][-1]["end"] == parts["length"]


def test_a_plan_for_a_model_keeps_to_its_context(samples: Videoqa) -> None:
    groups = samples("show", "lecture", "--plan", "--json", VIDEOQA_CONTEXT="32768").json
    assert all(group["tokens"] <= 32768 for group in groups)
    assert len(groups) >= len(samples("show", "lecture", "--plan", "--json").json) >= 1


@pytest.mark.parametrize("form", ["vtt", "srt", "chapters", "json", "csv"])
def test_every_export_writes_something_of_its_kind(samples: Videoqa, form: str) -> None:
    ran = samples("export", "lecture", "--format", form)
    assert ran.code == 0
    assert {"vtt": "WEBVTT", "srt": " --> ", "chapters": "WEBVTT", "json": '"chapters"', "csv": "start,end"}[
        form
    ] in ran.out


def test_the_doctor_says_what_signals_cannot_do(samples: Videoqa) -> None:
    ran = samples("doctor")
    assert ran.code == 0, ran.out
    assert "cannot name objects, people or actions" in ran.out


def test_the_doctor_says_what_holds_decoders_and_cameras_back(samples: Videoqa) -> None:
    told = samples("doctor").out.splitlines()
    for name in ("confinement", "confinement of cameras"):
        (line,) = (each for each in told if f" {name}: " in each)
        assert "nothing written" in line


def test_indexing_again_recognises_the_files(samples: Videoqa, tmp_path: Path) -> None:
    copy = tmp_path / "copy of it.mp4"
    copy.write_bytes((SAMPLES / "yard.mp4").read_bytes())
    ran = samples("index", SAMPLES / "yard.mp4", copy)
    assert ran.code == 0
    assert ran.out.count("known") == 2
    assert len(samples("list", "--json").json) == 2


def test_what_is_published_is_measured_on_the_users_own_truth(samples: Videoqa, tmp_path: Path) -> None:
    ran = samples("eval", SAMPLES / "lecture.truth.jsonl")
    assert ran.code == 0, ran.err
    assert "hit@1" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask",),
        ("ask", "x", "--in", "no such recording"),
        ("ask", "x", "--between", "ten", "20:00"),
        ("ask", "x", "--between", "20:00", "10:00"),
        ("ask", "x", "--between", "9" * 20, "1" + "0" * 20),
        ("index", "--title", "one", SAMPLES / "yard.mp4", SAMPLES / "lecture.mp4"),
        ("show", "no such recording"),
        ("export", "lecture", "--format", "docx"),
        ("search", "x", "--limit", "0"),
        ("juggle",),
        ("ask", ""),
        ("eval", "no-such-file.jsonl"),
    ],
)
def test_misuse_ends_with_two_and_a_sentence(samples: Videoqa, arguments: tuple[str | Path, ...]) -> None:
    ran = samples(*arguments)
    assert ran.code == 2, (ran.out, ran.err)
    assert ran.err.strip()
    assert "Traceback" not in ran.err


def test_an_unexpected_error_ends_with_three_and_no_traceback(videoqa: Videoqa) -> None:
    videoqa.data.parent.joinpath("data").write_text("a file where the folder belongs")
    ran = videoqa("list")
    assert ran.code == 3, ran.err
    assert "Traceback" not in ran.err


def test_removing_forgets_the_recording_and_leaves_its_file(videoqa: Videoqa, tmp_path: Path) -> None:
    file = tmp_path / "short.mp4"
    file.write_bytes((SAMPLES / "yard.mp4").read_bytes())
    assert videoqa("index", file).code == 0
    assert videoqa("remove", "short").code == 0
    assert videoqa("list", "--json").json == []
    assert videoqa("search", "motion").out == "Nothing found.\n"
    assert file.exists()
    assert videoqa("index", file).out.startswith("indexed")


@pytest.mark.parametrize("redirection", ["| true", ">&-", "<&- >&- 2>&-", "2>&-"])
def test_nobody_has_to_read_what_is_printed(samples: Videoqa, redirection: str) -> None:
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'"$0" list {redirection}', VIDEOQA],
        env=os.environ | {"VIDEOQA_DATA_DIR": str(samples.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_terminal_without_chinese_letters_is_no_reason_to_fail(samples: Videoqa) -> None:
    ran = samples("ask", "梯度下降", PYTHONIOENCODING="ascii")
    assert ran.code == 0, ran.err
    assert "\\u68af" in ran.out


def test_what_is_not_indexed_is_not_exported(videoqa: Videoqa, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    assert videoqa("index", tmp_path / "empty.mp4").code == 3
    assert videoqa("export", "empty").code == 2


def test_indexing_ends_as_interrupted_where_nobody_reads_on(videoqa: Videoqa, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.mp4").write_bytes(b"")
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", '"$0" index "$1" "$2" 2>&1 | true', VIDEOQA, tmp_path, SAMPLES / "yard.mp4"],
        env=os.environ | {"VIDEOQA_DATA_DIR": str(videoqa.data)},
        check=False,
    )
    assert ran.returncode == 130


def test_embeddings_that_cannot_be_had_are_warned_of(samples: Videoqa) -> None:
    ran = samples("doctor", VIDEOQA_EMBEDDER="/no such folder")
    assert ran.code == 0
    assert "in place of what was asked for" in ran.out
    assert "videoqa: VIDEOQA_EMBEDDER cannot be had" in ran.err
