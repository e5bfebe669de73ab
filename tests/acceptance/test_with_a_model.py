"""The commands of a user who has a model: a scripted one, that says what its frames let it say."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.beginnings import beginnings
from tests.acceptance.product import SAMPLES, Videoqa
from tests.scripted_model import Failed, Request, Said, ScriptedModel

KILLS, SOAK_KILLS = 10, 60
OUTAGES, SOAK_OUTAGES = 3, 20


def van_everywhere(request: Request) -> Said:
    """Sees a van from the first to the last frame of whatever it is shown; confirms all it is asked."""
    properties = (request.schema or {}).get("properties", {})
    first, last = (request.stamps[0], request.stamps[-1]) if request.stamps else (0.0, 0.0)
    if "events" in properties:
        seen = {"label": "white van", "description": "A white van stands in the yard.", "first": first, "last": last}
        return Said({"events": [{**seen, "certainty": 0.9}], "summary": "A van stands."}, prompt_tokens=1000)
    if "verdict" in properties:
        counted = {"count": 1} if "count" in properties else {}
        told = "A white van stands in the yard."
        return Said({"verdict": "yes", "first": first, "last": last, "sentence": told, "certainty": 0.9, **counted})
    return Said("A white van stands in the yard [1].")


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(van_everywhere) as server:
        yield server


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The sample of a yard; in the short form its beginning."""
    soak = request.config.getoption("--soak")
    return (SAMPLES if soak else beginnings(tmp_path_factory.mktemp("footage") / "samples")) / "yard.mp4"


@pytest.fixture(scope="module")
def by_signals(yard: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a recording that signals have made searchable."""
    product = Videoqa(tmp_path_factory.mktemp("signals") / "data")
    ran = product("index", yard)
    assert ran.code == 0, ran.err
    return product.data


@pytest.fixture
def copy(by_signals: Path, tmp_path: Path) -> Callable[[str], Videoqa]:
    """Makes the product over a recording that is searchable already: only the model's look is left to do."""
    return lambda name: Videoqa(Path(shutil.copytree(by_signals, tmp_path / name)))


@pytest.fixture
def videoqa(copy: Callable[[str], Videoqa]) -> Videoqa:
    return copy("data")


@pytest.fixture
def quickly(model: ScriptedModel, request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of a model, its footage cut into a dozen groups or so, frames small."""
    seconds = "20" if request.config.getoption("--soak") else "8"
    return {"VIDEOQA_MODEL_URL": model.url, "VIDEOQA_GROUP_SECONDS": seconds, "VIDEOQA_MODEL_LONG_SIDE": "224"}


def by_model(product: Videoqa) -> list[dict[str, Any]]:
    events = product("show", "yard", "--json").json["events"]
    return [event for event in events if event["seen_by"] != "signals"]


def test_what_the_model_saw_stands_beside_the_signals(
    videoqa: Videoqa, yard: Path, model: ScriptedModel, quickly: dict[str, str]
) -> None:
    ran = videoqa("index", yard, "--prompt", "vans", **quickly)
    assert ran.code == 0, ran.err
    assert "seen     yard.mp4 by scripted" in ran.out
    details = videoqa("show", "yard", "--json").json
    assert {event["seen_by"] for event in details["events"]} == {"signals", "scripted"}
    assert details["model"]["prompt"] == "vans"
    assert details["model"]["usage"]["prompt_tokens"] == 1000 * len(model.shown)
    assert all("vans" in request.prompt for request in model.shown)
    found = videoqa("search", "white van", "--json").json["moments"]
    assert found[0]["sources"][0] == "model"


def test_a_question_is_answered_by_looking_again(videoqa: Videoqa, yard: Path, quickly: dict[str, str]) -> None:
    assert videoqa("index", yard, **quickly).code == 0
    ran = videoqa("ask", "when does the white van arrive", **quickly)
    assert ran.code == 0, ran.err
    assert "[1]" in ran.out
    assert "Looked at again by scripted" in ran.out
    answer = videoqa("ask", "when does the white van arrive", "--json", **quickly).json
    assert answer["given_by"] == "scripted"
    assert answer["citations"]


def test_what_is_known_is_not_asked_again(
    videoqa: Videoqa, yard: Path, model: ScriptedModel, quickly: dict[str, str]
) -> None:
    assert videoqa("index", yard, **quickly).code == 0
    asked = len(model.shown)
    assert videoqa("index", yard, **quickly).code == 0
    assert len(model.shown) == asked
    assert videoqa("index", yard, "--again", **quickly).code == 0
    assert len(model.shown) == 2 * asked


def test_without_the_model_there_is_an_answer_that_says_so(
    videoqa: Videoqa, yard: Path, model: ScriptedModel, quickly: dict[str, str]
) -> None:
    model.stop()
    patience = {"VIDEOQA_MODEL_PATIENCE": "1"}
    ran = videoqa("index", yard, **quickly, **patience)
    assert ran.code == 0, ran.err
    assert "known    yard.mp4" in ran.out
    assert "waiting  yard.mp4" in ran.out
    ran = videoqa("ask", "when does something move", **quickly)
    assert ran.code == 0, ran.err
    assert "without the model" in ran.out
    assert "Traceback" not in ran.err
    model.start()
    ran = videoqa("index", yard, **quickly)
    assert ran.code == 0, ran.err
    assert by_model(videoqa)


def test_failed_looks_are_told_and_tried_again_at_the_next_run(
    videoqa: Videoqa, yard: Path, model: ScriptedModel, quickly: dict[str, str]
) -> None:
    spoilt: set[float] = set()

    def first_is_cut(request: Request) -> Said:
        if not spoilt:
            spoilt.update(request.stamps)
        if spoilt & set(request.stamps):
            return Said('{"events": [', finish="length")
        return van_everywhere(request)

    model.script = first_is_cut
    ran = videoqa("index", yard, **quickly)
    assert ran.code == 0, ran.err
    assert "could not be analysed" in ran.out
    states = {item["state"] for item in videoqa("coverage", "yard", "--by", "model", "--json").json["spans"]}
    assert "failed" in states
    model.script = van_everywhere
    before = len(model.shown)
    assert videoqa("index", yard, **quickly).code == 0
    assert 1 <= len(model.shown) - before <= 2
    assert not videoqa("show", "yard", "--json").json["model"]["failures"]


def test_a_dense_caption_and_a_summary_are_written(videoqa: Videoqa, yard: Path, quickly: dict[str, str]) -> None:
    assert videoqa("index", yard, **quickly).code == 0
    ran = videoqa("describe", "yard", "--from", "1:00", "--to", "1:10", **quickly)
    assert ran.code == 0, ran.err
    assert "A white van stands in the yard" in ran.out
    ran = videoqa("summary", "yard", **quickly)
    assert ran.code == 0, ran.err
    assert "A white van stands in the yard" in ran.out


@pytest.mark.parametrize("command", [("describe", "yard"), ("summary", "yard")])
def test_what_needs_a_model_says_so_without_one(videoqa: Videoqa, command: tuple[str, ...]) -> None:
    ran = videoqa(*command)
    assert ran.code == 2, ran.out
    assert "videoqa model serve" in ran.err


def test_a_run_killed_again_and_again_asks_of_every_group_and_keeps_each_look_once(
    yard: Path,
    copy: Callable[[str], Videoqa],
    model: ScriptedModel,
    quickly: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    soak = request.config.getoption("--soak")
    kills = SOAK_KILLS if soak else KILLS
    # As shares of what an undisturbed run takes: a run that is killed early leaves more to the next ones.
    earliest, latest = (0.4, 1.3) if soak else (0.3, 0.9)
    chance = random.Random(2026)

    def slowly(asked: Request) -> Said:
        time.sleep(chance.uniform(0.05, 0.4))
        return van_everywhere(asked)

    undisturbed = copy("undisturbed")
    begun = time.monotonic()
    assert undisturbed("index", yard, **quickly).code == 0
    took = time.monotonic() - begun
    expected, model.script = kept(undisturbed), slowly
    done = rounds = 0
    while done < kills:
        rounds += 1
        product = copy(f"round-{rounds}")
        while done < kills and not ended_within(product, yard, chance.uniform(earliest, latest) * took, quickly):
            done += 1
        assert product("index", yard, **quickly).code == 0
        assert kept(product) == expected
        assert not any((product.data / "spool").iterdir())
    print(f"\n{done} kills with a model at work, in {rounds} rounds")


def test_a_model_that_goes_and_comes_back_is_waited_for(
    yard: Path,
    copy: Callable[[str], Videoqa],
    model: ScriptedModel,
    quickly: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    outages = SOAK_OUTAGES if request.config.getoption("--soak") else OUTAGES
    chance = random.Random(7)

    def slowly(asked: Request) -> Said | Failed:
        time.sleep(chance.uniform(0.05, 0.3))
        return Failed(500, "EngineCore encountered an issue") if chance.random() < 0.1 else van_everywhere(asked)

    undisturbed = copy("undisturbed")
    assert undisturbed("index", yard, **quickly).code == 0
    expected, model.script = kept(undisturbed), slowly
    for number in range(outages):
        product = copy(f"outage-{number}")
        asked = len(model.shown)
        process = product.start("index", yard, **quickly)
        wait_until(lambda asked=asked: len(model.shown) > asked + chance.randrange(3))
        model.stop()
        time.sleep(chance.uniform(0.5, 3.0))
        model.start()
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, (out, err)
        assert kept(product) == expected
    print(f"\n{outages} outages of the model")


def kept(product: Videoqa) -> tuple[list[tuple[Any, ...]], Counter[int]]:
    """The model's events, and how often each of its groups is recorded."""
    events = [(event["start"], event["end"], event["label"], tuple(event["frames"])) for event in by_model(product)]
    with contextlib.closing(sqlite3.connect(product.data / "videoqa.sqlite")) as database:
        numbers = database.execute(
            "SELECT group_number FROM observations JOIN analyses ON analyses.id = analysis_id WHERE kind = 'model'"
        ).fetchall()
    return events, Counter(number for (number,) in numbers)


def ended_within(product: Videoqa, yard: Path, seconds: float, environment: dict[str, str]) -> bool:
    """True where the command came to its end; otherwise it is killed."""
    process = product.start("index", yard, **environment)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False
    return True


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    gone = threading.Event()
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        gone.wait(0.02)
