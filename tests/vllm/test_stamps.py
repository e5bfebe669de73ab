"""The stamps that the model reads in its prompt are the true times of the frames below them."""

from __future__ import annotations

import json
import random
import re
from datetime import timedelta

import pytest

from tests.vllm.clips import WITHIN, clip, every
from tests.vllm.engine import Engine
from videoqa.analyser.budget import tokens_of_pair
from videoqa.analyser.model.exchange import Ask, Clip
from videoqa.analyser.model.form import Form
from videoqa.analyser.model.server import ModelServer

PAIR = re.compile(r"<(\d+\.\d) seconds><\|vision_start\|>((?:<\|video_pad\|>)+)<\|vision_end\|>")
ROUNDING = 0.05 + 0.001  # a stamp has one decimal, a time reaches the server in milliseconds


def _irregular(seed: int) -> list[timedelta]:
    chance = random.Random(seed)
    return sorted({timedelta(seconds=60, microseconds=chance.randrange(90_000_000)) for _ in range(60)})


def _variable() -> list[timedelta]:
    """A phone's film: 29.97 frames a second, then 24 and some lost, microseconds kept."""
    quick = [timedelta(microseconds=round(number * 1_001_000_000 / 30_000)) for number in range(20)]
    slow = [quick[-1] + timedelta(microseconds=round((number + 1) * 1_000_000 / 24)) for number in range(20)]
    return quick + [pts for number, pts in enumerate(slow) if number % 5]


GROUPS = {
    "one a second": every(1.0, 20),
    "an odd number": every(0.5, 7),
    "one frame": every(1.0, 1, start=12.34),
    "irregular": _irregular(1),
    "variable frame rate": _variable(),
    "an hour's gap": every(1.0, 5) + every(1.0, 5, start=3_605.25),
    "a gap behind every frame": every(61.7, 9),
    "just no gap": every(2.0, 6),
    "a day later": every(0.4, 11, start=86_395.0),
    "two in a millisecond": [timedelta(microseconds=1_000_100), timedelta(microseconds=1_000_400)],
}


@pytest.mark.parametrize("name", GROUPS)
def test_stamps_in_the_prompt_are_the_times_of_their_frames(engine: Engine, server: ModelServer, name: str) -> None:
    shown = clip(GROUPS[name])
    stamps = _in_prompt(engine, server, shown)
    assert stamps == list(server.stamps(shown))
    for stamp, (first, second) in zip(stamps, shown.pairs, strict=True):
        assert stamp == pytest.approx((first + second).total_seconds() / 2, abs=ROUNDING)
        assert abs(stamp - first.total_seconds()) <= WITHIN.total_seconds() / 2 + ROUNDING, "nothing was there then"


def test_stamps_are_foreseen_to_the_digit_for_any_times(engine: Engine, server: ModelServer) -> None:
    for seed in range(8):
        chance = random.Random(seed)
        times = {timedelta(microseconds=chance.randrange(10 ** chance.randint(5, 11))) for _ in range(150)}
        shown = clip(times, size=(32, 32))
        assert _in_prompt(engine, server, shown) == list(server.stamps(shown))


def _in_prompt(engine: Engine, server: ModelServer, shown: Clip) -> list[float]:
    """What stands over the pairs in the prompt as the engine was given it, decoded from the prompt's own tokens."""
    body = json.loads(Form(Ask("", "?", shown, max_tokens=1), server.capabilities()).written())
    answered = engine.complete(body | {"return_token_ids": True})
    assert answered.status_code == 200, answered.text[:500]
    found = PAIR.findall(engine.text_of(answered.json()["prompt_token_ids"]))
    assert {len(pads) // len("<|video_pad|>") for _, pads in found} == {tokens_of_pair(shown.size)}
    return [float(stamp) for stamp, _ in found]
