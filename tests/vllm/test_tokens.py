"""What a request costs is known before it is sent, to the token that the server counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.vllm.clips import WITHIN, Plain, clip, every
from tests.vllm.engine import CONTEXT, VIDEO_TOKENS
from videoqa.analyser.budget import Budget, tokens_of_pair
from videoqa.analyser.model.analyser import ModelAnalyser
from videoqa.analyser.model.counting import PromptCounter
from videoqa.analyser.model.exchange import Ask, Clip
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import BadReply, TooLongForModel
from videoqa.media import Sampling
from videoqa.ports import Brief, Usage

SIZES = (
    *((32, 32), (64, 32), (32, 96), (96, 96), (128, 64), (160, 96)),
    *((224, 224), (256, 448), (448, 256), (640, 352), (768, 448), (1280, 704)),
)
FRAMES = (1, 2, 3, 8)
LATE = (0.0, 8.4, 97.0, 998.0, 9_997.3, 86_399.0)


def test_the_prompt_is_exact_to_the_token_for_every_size_and_number_of_frames(server: ModelServer) -> None:
    asks = {
        (size, frames): Ask("You watch.", "What is to be seen?", clip(every(1.0, frames), size), max_tokens=1)
        for size in SIZES
        for frames in FRAMES
    }
    assert len(asks) >= 30
    assert _counted(server, asks) == _reported(server, asks)


def test_the_prompt_is_exact_for_times_of_every_length(server: ModelServer) -> None:
    asks = {late: Ask("", "?", clip(every(0.7, 9, start=late)), max_tokens=1) for late in LATE}
    assert _counted(server, asks) == _reported(server, asks)


def test_the_prompt_is_exact_for_words_of_every_kind(server: ModelServer) -> None:
    shown = clip(every(1.0, 2))
    asks = {
        text: Ask("看录像。", text, shown, history=(("{", "Again: " + text),), max_tokens=1)
        for text in ("", "who?", "谁把包放下了？", "🎒👩‍🚒", "a\n\nb\tc  d", "<12.5 seconds>", "e\u0301 é", "x" * 3000)
    }
    assert _counted(server, asks) == _reported(server, asks)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_fullest_group_that_is_planned_is_taken(server: ModelServer, language: str) -> None:
    size = (448, 256)
    times = every(1.0, 300)
    budget = Budget(longest_edge=VIDEO_TOKENS * 2048)
    analyser = ModelAnalyser(
        server, Prompts.load(language), Sampling(timedelta(seconds=1), 448), budget=budget, group_seconds=0
    )
    fullest = analyser.plan(times, (), size, timedelta(seconds=300))[0]
    assert analyser.budget.holds(fullest.times, (), size)
    assert not analyser.budget.holds(times[: len(fullest.times) + 1], (), size), "there was room for more"
    try:
        usage = analyser.analyse(fullest, Plain(size), Brief(prompt="forklifts", before="A van came. " * 60)).usage
    except BadReply as error:  # what a random model says of so many stamps need not be usable
        usage = error.fields["usage"]
    assert isinstance(usage, Usage)
    assert usage.prompt_tokens > tokens_of_pair(size) * len(fullest.times) // 2


def test_a_video_that_fills_the_server_to_the_last_token_is_taken_and_a_larger_one_is_not(server: ModelServer) -> None:
    size = (1024, 1024)
    full = VIDEO_TOKENS // tokens_of_pair(size)
    ask = Ask("", "?", Clip(_held(full), Plain(size).jpeg, size), max_tokens=1)
    assert server.ask(ask).usage.prompt_tokens > VIDEO_TOKENS
    with pytest.raises(TooLongForModel, match="VIDEOQA_CONTEXT"):
        server.ask(replace(ask, clip=Clip(_held(full + 1), Plain(size).jpeg, size)))


def test_a_prompt_longer_than_the_context_is_told_apart_from_other_refusals(server: ModelServer) -> None:
    with pytest.raises(TooLongForModel):
        server.ask(Ask("", "word " * (CONTEXT // 5 + 1), max_tokens=1))


def test_a_reply_that_has_less_room_than_it_was_allowed_is_cut_and_never_finished(server: ModelServer) -> None:
    words = "word " * ((CONTEXT - 300) // 5)
    reply = server.ask(Ask("", words, max_tokens=1024))
    assert not reply.finished
    assert reply.usage.prompt_tokens + reply.usage.completion_tokens == CONTEXT


def _held(count: int) -> tuple[tuple[timedelta, timedelta], ...]:
    """Pairs of one frame each."""
    return tuple((time, time) for time in every(2 * WITHIN.total_seconds(), count))


def _counted(server: ModelServer, asks: dict[object, Ask]) -> dict[object, int]:
    counter = PromptCounter(server)
    return {name: counter.ask(ask) for name, ask in asks.items()}


def _reported(server: ModelServer, asks: dict[object, Ask]) -> dict[object, int]:
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(server.ask, asks.values()))
    return {name: reply.usage.prompt_tokens for name, reply in zip(asks, replies, strict=True)}
