"""A server that takes no request's word on how media is read, has one seat, and a short queue."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.vllm.clips import clip, every
from tests.vllm.engine import QUEUE, Engine
from tests.vllm.seats import seat_taken
from videoqa.analyser.model.counting import PromptCounter
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.model.exchange import Ask, Priority, Reply
from videoqa.analyser.model.form import Form
from videoqa.analyser.model.reply import analysis_schema, read_analysis
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import ModelError, ModelUnreachable

LONG = Ask("", "Say much.", max_tokens=4_000)
PATIENT = Retries(attempts=400, hurried=400, first=0.2, longest=0.5)


@pytest.fixture
def model(wary: Engine) -> ModelServer:
    return ModelServer(wary.url, retries=PATIENT)


def test_a_server_that_does_not_trust_requests_is_found_out_and_remembered(model: ModelServer) -> None:
    can = model.capabilities()
    assert not can.request_kwargs
    assert can.video
    assert can.priority
    assert can.tokenizer
    assert not can.thinking
    assert model.capabilities() is can


@pytest.mark.parametrize("size", [(32, 32), (96, 64), (256, 256), (448, 256), (640, 352)])
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_interleaved_images_cost_what_was_counted(model: ModelServer, size: tuple[int, int], frames: int) -> None:
    ask = Ask("You watch.", "What?", clip([*every(1.0, frames), *every(1.0, 2, start=99.4)], size), max_tokens=1)
    assert model.ask(ask).usage.prompt_tokens == PromptCounter(model).ask(ask)


def test_every_image_stands_behind_the_stamp_of_its_pair(wary: Engine, model: ModelServer) -> None:
    shown = clip([*every(1.0, 3), *every(0.04, 2, start=61.7)])
    body = json.loads(Form(Ask("", "?", shown, max_tokens=1), model.capabilities()).written())
    answered = wary.complete(body | {"return_token_ids": True}).json()
    prompt = re.sub(r"(<\|image_pad\|>)+", "I", wary.text_of(answered["prompt_token_ids"]))
    image = "<|vision_start|>I<|vision_end|>"
    assert f"<0.5 seconds>{image}{image}<2.0 seconds>{image}<61.7 seconds>{image}{image}?" in prompt


def test_a_reply_over_images_is_in_form(model: ModelServer) -> None:
    shown = clip(every(1.0, 6))
    reply = model.ask(Ask("", "What?", shown, analysis_schema(model.stamps(shown)), max_tokens=2_048))
    assert reply.finished
    assert read_analysis(reply.text)


def test_a_full_queue_sends_requests_away_and_each_is_answered_once_there_is_room(
    wary: Engine, model: ModelServer
) -> None:
    ask = Ask("", "Say little.", max_tokens=8, priority=Priority.INTERACTIVE)
    body = json.loads(Form(ask, model.capabilities()).written())
    with ThreadPoolExecutor(3 * QUEUE) as pool:
        with seat_taken(model):
            bare = [pool.submit(wary.complete, body) for _ in range(2 * QUEUE)]
            until(lambda: any(sent.done() and sent.result().status_code == 503 for sent in bare))
            patient = [pool.submit(model.ask, ask) for _ in range(QUEUE)]
            assert not any(waited.done() for waited in patient)
        assert {sent.result().status_code for sent in bare} == {200, 503}
        assert all(waited.result().text for waited in patient)


def test_what_somebody_waits_for_goes_before_what_nobody_does(wary: Engine, model: ModelServer) -> None:
    model.capabilities()
    ended: list[Priority] = []

    def ask(priority: Priority) -> None:
        # So much that no thread of this process is late enough to be told after one that came behind it.
        model.ask(Ask("", "Say much.", max_tokens=1_000, priority=priority))
        ended.append(priority)

    came = [Priority.BATCH, Priority.BATCH, Priority.INTERACTIVE, Priority.LIVE]
    with ThreadPoolExecutor(len(came)) as pool, seat_taken(model):
        # An idle engine does not tell anew who waits: what the test before left there would count.
        until(lambda: wary.metric("vllm:num_requests_waiting") == 0)
        for queued, priority in enumerate(came, 1):
            pool.submit(ask, priority)
            until(lambda queued=queued: wary.metric("vllm:num_requests_waiting") >= queued)
    assert ended == sorted(came)


def test_an_engine_that_is_killed_loses_no_request_and_is_asked_again_when_it_is_back(wary: Engine) -> None:
    model = ModelServer(wary.url)
    asks = [Ask("", f"Say much ({number}).", max_tokens=4_000) for number in range(3)]
    model.capabilities()
    with ThreadPoolExecutor(len(asks) + 1) as pool:
        streamed = pool.submit(_streamed, model)
        first = [pool.submit(_outcome, model, ask) for ask in asks]
        until(lambda: wary.metric("vllm:num_requests_waiting") >= len(asks))
        wary.kill_core()
        outcomes = [done.result(timeout=90) for done in first]
        cut = streamed.result(timeout=90)
    assert isinstance(cut, ModelUnreachable), "a stream that broke off is not a whole one"
    assert all(isinstance(outcome, ModelUnreachable) for outcome in outcomes), outcomes
    assert wary.ended()
    assert not model.status().up
    with pytest.raises(ModelUnreachable):
        model.capabilities()
    wary.start().wait()
    shorter = [replace(ask, max_tokens=100) for ask in asks]
    assert _patiently(model, shorter[0]).text
    assert all(model.ask(ask).text for ask in shorter[1:])


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _outcome(model: ModelServer, ask: Ask) -> Reply | ModelError:
    try:
        return model.ask(ask)
    except ModelError as error:
        return error


def _streamed(model: ModelServer) -> ModelError | None:
    try:
        for _ in model.stream(LONG):
            pass
    except ModelError as error:
        return error
    return None


def _patiently(model: ModelServer, ask: Ask, within: float = 60.0) -> Reply:
    """A client that leaves a failed server alone for a while asks again by itself."""
    deadline = time.monotonic() + within
    while True:
        try:
            return model.ask(ask)
        except ModelUnreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
