"""Killed at any moment, the next run goes on: nothing double, nothing lost, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.beginnings import beginnings
from tests.acceptance.product import SAMPLES, Videoqa
from tests.acceptance.service import until

KILLS, SOAK_KILLS = 10, 60


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The samples; in the short form their beginnings."""
    soak = request.config.getoption("--soak")
    return SAMPLES if soak else beginnings(tmp_path_factory.mktemp("footage") / "samples")


@pytest.fixture(scope="module")
def reference(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed run finds, and how long it takes."""
    product = Videoqa(tmp_path_factory.mktemp("reference") / "data")
    begun = time.monotonic()
    assert product("index", footage).code == 0
    return {"found": found(product), "took": time.monotonic() - begun}


def found(product: Videoqa) -> dict[str, Any]:
    """Everything that an index says of its recordings, but for the ids it makes up."""
    told = {}
    for recording in product("list", "--json").json:
        details = product("show", recording["id"], "--json").json
        for event in details["events"]:
            event.pop("id")
            event["revisits"] = event["revisits"] is not None
        details["recording"] = {key: details["recording"][key] for key in ("title", "length", "state", "problems")}
        told[recording["title"]] = details
    with contextlib.closing(sqlite3.connect(product.data / "videoqa.sqlite")) as database:
        told["searchable"] = database.execute("SELECT count(*) FROM passages").fetchone()[0]
    return told


def test_a_run_killed_again_and_again_finds_what_an_undisturbed_one_does(
    footage: Path, reference: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills = SOAK_KILLS if request.config.getoption("--soak") else KILLS
    chance = random.Random(2026)
    done = rounds = 0
    while done < kills:
        rounds += 1
        product = Videoqa(tmp_path / f"round-{rounds}")
        while done < kills:
            process = product.start("index", footage)
            try:
                process.wait(timeout=chance.uniform(0.2, reference["took"] * 0.6))
                break
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                done += 1
        ran = product("index", footage)
        assert ran.code == 0, ran.err
        assert found(product) == reference["found"]
        assert not any((product.data / "spool").iterdir())
        shutil.rmtree(product.data)
    print(f"\n{done} kills in {rounds} rounds")


def test_no_child_outlives_a_killed_run(footage: Path, tmp_path: Path) -> None:
    product = Videoqa(tmp_path / "data")
    process = product.start("index", footage)
    deadline = time.monotonic() + 60
    while not (children := children_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    while living(children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not living(children)


def test_an_interrupted_run_says_how_to_go_on(footage: Path, tmp_path: Path) -> None:
    product = Videoqa(tmp_path / "data")
    process = product.start("index", footage)
    until(lambda: surveys(product))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, (out, err)
    assert "goes on from here" in err
    assert "Traceback" not in err
    assert product("index", footage).code == 0


def test_two_runs_at_once_index_everything_once(footage: Path, tmp_path: Path) -> None:
    product = Videoqa(tmp_path / "data")
    runs = [product.start("index", footage) for _ in range(2)]
    ended = [run.communicate(timeout=240) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ended
    assert sorted(item["title"] for item in product("list", "--json").json) == ["lecture.mp4", "yard.mp4"]


def test_a_run_takes_over_from_one_that_is_killed(footage: Path, tmp_path: Path, reference: dict[str, Any]) -> None:
    product = Videoqa(tmp_path / "data")
    first = product.start("index", footage)
    until(lambda: surveys(product))
    second = product.start("index", footage)
    until(lambda: has_open(second.pid, product.data))
    assert first.poll() is None, "it is still at work"
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    out, err = second.communicate(timeout=240)
    assert second.returncode == 0, (out, err)
    assert found(product) == reference["found"]


def surveys(product: Videoqa) -> bool:
    """True when it has begun to keep frames."""
    return any((product.data / "spool").glob("*/log"))


def has_open(process: int, folder: Path) -> bool:
    """True when ``process`` has a file in ``folder`` open."""
    with contextlib.suppress(OSError):
        return any(each.readlink().is_relative_to(folder) for each in Path(f"/proc/{process}/fd").iterdir())
    return False


def children_of(parent: int) -> set[int]:
    """The processes that ``parent`` began and that live."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            found.update(map(int, (task / "children").read_text().split()))
    return found


def living(processes: set[int]) -> set[int]:
    return {process for process in processes if Path(f"/proc/{process}/cmdline").exists()}
