"""A recording from the command to its events, through a real engine, which dies in the middle of it."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import SAMPLES, Videoqa
from tests.vllm.engine import NAME, Engine
from tests.vllm.seats import seat_taken
from videoqa.analyser.model.server import ModelServer

pytestmark = pytest.mark.timeout(900)
YARD = SAMPLES / "yard.mp4"
QUICKLY = {"VIDEOQA_GROUP_SECONDS": "12", "VIDEOQA_MODEL_LONG_SIDE": "224", "VIDEOQA_MODEL_PATIENCE": "600"}
TOKENS = "vllm:prompt_tokens_total"
SEEN = re.compile(rf"seen     yard\.mp4 by {NAME}: (\d+) looks, (\d+) tokens in")


@pytest.fixture(scope="module")
def by_signals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of the yard as signals alone have made it searchable."""
    product = Videoqa(tmp_path_factory.mktemp("signals") / "data")
    ran = product("index", YARD)
    assert ran.code == 0, ran.err
    return product.data


@pytest.fixture
def copy(by_signals: Path, tmp_path: Path) -> Callable[[str], Videoqa]:
    """Makes the product over data in which only the model's look is left to do."""
    return lambda name: Videoqa(Path(shutil.copytree(by_signals, tmp_path / name)))


def test_a_recording_is_seen_by_the_model_beside_the_signals(engine: Engine, copy: Callable[[str], Videoqa]) -> None:
    product = copy("data")
    events, recorded = _indexed(product, engine)
    assert recorded > 1
    assert events
    assert {event["seen_by"] for event in product("show", "yard", "--json").json["events"]} == {"signals", NAME}
    told = product("show", "yard", "--json").json["model"]
    assert told["failures"] == []
    assert told["usage"]["prompt_tokens"] > 0
    assert told["coverage"]["failed"] == 0
    assert told["coverage"]["analysed"] + told["coverage"]["static"] == pytest.approx(told["coverage"]["length"])


def test_an_engine_killed_in_the_middle_of_a_recording_costs_nothing_and_doubles_nothing(
    wary: Engine, copy: Callable[[str], Videoqa]
) -> None:
    before = wary.metric(TOKENS)
    expected, looks = _indexed(copy("undisturbed"), wary)
    undisturbed = wary.metric(TOKENS) - before

    product = copy("killed")
    model = ModelServer(wary.url)
    model.capabilities()
    with product.start("index", YARD, VIDEOQA_MODEL_URL=wary.url, **QUICKLY) as process:
        _wait_until(lambda: _recorded(product) >= looks // 4)
        # However quick the engine is: what goes first takes its one seat, so that no look is answered any more.
        with seat_taken(model):
            wary.kill_core()
        assert wary.ended()
        kept = _recorded(product)
        assert kept < looks, "it was killed in the middle"
        assert process.poll() is None, "the command waits for the model"
        assert product("ask", "when does something move").code == 0, "what signals found is there all the while"
        wary.start().wait()
        out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    told = SEEN.search(out)
    assert told is not None, out
    assert int(told[1]) == looks == _recorded(product)
    assert _events(product) == expected
    # Since it started anew.
    assert wary.metric(TOKENS) < undisturbed, "what was kept before is not asked again"


def _indexed(product: Videoqa, engine: Engine) -> tuple[list[dict[str, Any]], int]:
    """The model's events of the yard, and the number of looks."""
    ran = product("index", YARD, VIDEOQA_MODEL_URL=engine.url, timeout=600, **QUICKLY)
    assert ran.code == 0, ran.err
    told = SEEN.search(ran.out)
    assert told is not None, ran.out
    assert int(told[1]) == _recorded(product)
    return _events(product), int(told[1])


def _events(product: Videoqa) -> list[dict[str, Any]]:
    events = product("show", "yard", "--json").json["events"]
    return [{**event, "id": None} for event in events if event["seen_by"] == NAME]


def _recorded(product: Videoqa) -> int:
    """How many groups the model's look at a recording is recorded of."""
    file = product.data / "videoqa.sqlite"
    if not file.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        try:
            numbers = database.execute("SELECT sum(next_group) FROM analyses WHERE kind = 'model'").fetchone()
        except sqlite3.OperationalError:  # its tables are not made yet
            return 0
    return numbers[0] or 0


def _wait_until(holds: Callable[[], bool], seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
