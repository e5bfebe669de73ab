"""A second server for while the first does not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.scripted_model import Failed, Reset, Said, ScriptedModel, StreamFailed
from videoqa.analyser.model.breaker import Breaker
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.model.exchange import Ask, Priority
from videoqa.analyser.model.fallback import FallbackServer
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import ModelRefused, ModelUnreachable, TooLongForModel

ASK = Ask("You watch.", "What happens?")


@pytest.fixture
def first() -> Iterator[ScriptedModel]:
    with ScriptedModel([Said("the first")], model="large") as server:
        yield server


@pytest.fixture
def second() -> Iterator[ScriptedModel]:
    with ScriptedModel([Said("the second")], model="small") as server:
        yield server


@pytest.fixture
def either(first: ScriptedModel, second: ScriptedModel) -> Iterator[FallbackServer]:
    retries = Retries(first=0.01)
    model = FallbackServer(
        ModelServer(first.url, retries=retries, breaker=Breaker(pause=0.2)), ModelServer(second.url, retries=retries)
    )
    yield model
    model.close()


def test_the_first_is_asked_while_it_answers(either: FallbackServer, second: ScriptedModel) -> None:
    assert either.ask(ASK).text == "the first"
    assert either.status().model == "large"
    assert not second.requests


def test_the_second_takes_over_and_the_first_comes_back(either: FallbackServer, first: ScriptedModel) -> None:
    either.ask(ASK)
    first.stop()

    assert either.ask(ASK).text == "the second"
    assert either.capabilities().model == "small"
    assert either.status().model == "small"
    assert "".join(either.stream(ASK)) == "the second"

    first.start()
    deadline = time.monotonic() + 5
    while either.ask(ASK).text != "the first":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_request_that_the_first_refuses_is_not_put_to_the_second(
    either: FallbackServer, first: ScriptedModel, second: ScriptedModel
) -> None:
    first.script = [Failed(400, "bad frames")]

    with pytest.raises(ModelRefused):
        either.ask(ASK)
    assert not second.requests


def test_a_stream_that_has_begun_is_not_begun_again_by_another(
    either: FallbackServer, first: ScriptedModel, second: ScriptedModel
) -> None:
    first.script, first.healthy = [StreamFailed(said="A man ")], False
    heard: list[str] = []

    with pytest.raises(ModelUnreachable):
        heard.extend(either.stream(ASK))
    assert "".join(heard) == "A man "
    assert not second.requests


def test_a_stream_that_never_began_is_the_seconds(either: FallbackServer, first: ScriptedModel) -> None:
    first.script = [Reset()]

    assert "".join(either.stream(ASK)) == "the second"


def test_with_both_down_the_first_is_told(either: FallbackServer, first: ScriptedModel, second: ScriptedModel) -> None:
    first.stop()
    second.stop()

    with pytest.raises(ModelUnreachable, match=first.url):
        either.ask(ASK)
    first.start()
    second.start()


def test_work_that_is_too_long_for_the_second_waits_for_the_first(
    either: FallbackServer, first: ScriptedModel, second: ScriptedModel
) -> None:
    first.script, second.script = [Reset()], [Failed(400, "This model's maximum context length is 4096 tokens.")]

    with pytest.raises(ModelUnreachable, match=first.url):
        either.ask(ASK)
    with pytest.raises(TooLongForModel):
        either.ask(replace(ASK, priority=Priority.INTERACTIVE))
