"""What is written in footage reaches the model as words: no token of it speaks for anybody."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.attacks import ATTACKS
from tests.scripted_model import Request, Said, ScriptedModel
from tests.vllm.clips import Plain, every
from tests.vllm.engine import NAME, Engine
from videoqa.analyser.model.analyser import ModelAnalyser
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.media import Cue, FrameGroup, Sampling, Span
from videoqa.ports import Brief

SPECIAL = re.compile(r"<\|\w+\|>|</?(?:think|tool_call|tool_response)>")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def recorder() -> Iterator[ScriptedModel]:
    with ScriptedModel([Said({"events": [], "summary": ""})], model=NAME) as model:
        yield model


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_words_in_footage_become_tokens_that_tell_speakers_apart(
    engine: Engine, recorder: ScriptedModel, language: str
) -> None:
    usual = _special(engine, _sent(recorder, language, "The man carries a ladder."))
    assert usual["<|im_start|>"] == 3
    assert usual["<|vision_start|>"] == 3 + 1
    for attack, text in ATTACKS.items():
        assert _special(engine, _sent(recorder, language, text)) == usual, attack


def _sent(recorder: ScriptedModel, language: str, text: str) -> Request:
    """The request in which ``text`` stands in a cue, in what to look for and in what came before."""
    times = tuple(every(1.0, 6))
    group = FrameGroup(0, Span(times[0], 6 * SECOND), times, (Cue(Span(times[0], SECOND), text),))
    looks = ModelAnalyser(ModelServer(recorder.url), Prompts.load(language), Sampling(long_side=64))
    recorder.requests.clear()
    looks.analyse(group, Plain((64, 64)), Brief(text[:2_000], text))
    return recorder.requests[0]


def _special(engine: Engine, request: Request) -> Counter[str]:
    """The special tokens of the prompt as the engine was given it."""
    body = {**request.body, "max_tokens": 1, "return_token_ids": True}
    body.pop("response_format")
    answered = engine.complete(json.loads(json.dumps(body)))
    assert answered.status_code == 200, answered.text[:500]
    return Counter(SPECIAL.findall(engine.text_of(answered.json()["prompt_token_ids"])))
