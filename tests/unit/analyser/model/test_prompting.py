from __future__ import annotations

from pathlib import Path

import pytest

from videoqa.analyser.model.prompting import LANGUAGES, Prompts, Task
from videoqa.errors import BadPrompt


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_task_has_a_prompt_in_every_language(language: str) -> None:
    prompts = Prompts.load(language)
    assert all(prompts.texts[task] for task in Task)
    assert "#" not in "".join(text[0] for text in prompts.texts.values())


def test_a_paragraph_with_nothing_to_say_is_left_out() -> None:
    prompts = Prompts.load()
    bare = prompts.text(Task.ANALYSE, cues="", before="", wanted="")
    told = prompts.text(Task.ANALYSE, cues="", before="", wanted="<wanted>\nforklifts\n</wanted>")
    assert bare.startswith("Your task:")
    assert told.endswith(bare)
    assert "forklifts" in told
    assert "$" not in told


def test_a_value_with_a_placeholder_in_it_is_not_filled() -> None:
    told = Prompts.load().text(Task.ANALYSE, cues="$wanted ${before} $$", before="", wanted="forklifts")
    assert "$wanted ${before} $$" in told


def test_a_file_of_ones_own_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "repair.txt").write_text("# mine\nAgain, please: $problem\n", encoding="utf-8")
    own, packaged = Prompts.load("en", tmp_path), Prompts.load("en")
    assert own.text(Task.REPAIR, problem="it is empty") == "Again, please: it is empty"
    assert own.texts[Task.ANALYSE] == packaged.texts[Task.ANALYSE]
    assert own.digest != packaged.digest


def test_a_file_for_one_language_goes_before_one_for_all(tmp_path: Path) -> None:
    (tmp_path / "zh").mkdir()
    (tmp_path / "repair.txt").write_text("Again: $problem", encoding="utf-8")
    (tmp_path / "zh" / "repair.txt").write_text("再来：$problem", encoding="utf-8")
    assert Prompts.load("zh", tmp_path).text(Task.REPAIR, problem="空") == "再来：空"
    assert Prompts.load("en", tmp_path).text(Task.REPAIR, problem="empty") == "Again: empty"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("# only a comment", "empty"),
        ("Answer.", "lacks \\$problem"),
        ("$problem $secret", "nothing stands for \\$secret"),
        ("$problem costs 5$", "names nothing"),
        ("$problem" * 3_000, "longer"),
    ],
)
def test_a_prompt_that_cannot_be_filled_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "repair.txt").write_text(text, encoding="utf-8")
    with pytest.raises(BadPrompt, match=problem):
        Prompts.load("en", tmp_path)


def test_a_prompt_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "repair.txt").write_bytes(b"\xff\xfe\x00$problem")
    with pytest.raises(BadPrompt, match=r"repair\.txt"):
        Prompts.load("en", tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadPrompt, match="no such folder"):
        Prompts.load("en", tmp_path / "none")


def test_the_digest_tells_languages_apart_and_is_the_same_each_time() -> None:
    assert Prompts.load("en").digest == Prompts.load("en").digest
    assert Prompts.load("en").digest != Prompts.load("zh").digest
