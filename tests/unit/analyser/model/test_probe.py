"""What is found of servers of different kinds."""

from __future__ import annotations

import pytest

from tests import scripted_model
from tests.scripted_model import ScriptedModel
from videoqa.analyser.model.exchange import Capabilities
from videoqa.analyser.model.probe import UNTOLD_CONTEXT, probe
from videoqa.analyser.model.wire import Timeouts, Wire
from videoqa.errors import UnfitModel


def found(wanted: str = "", **server: object) -> Capabilities:
    with ScriptedModel(**server) as scripted:  # type: ignore[arg-type]
        wire = Wire(scripted.url, scripted.key, Timeouts())
        try:
            return probe(wire, wanted)
        finally:
            wire.close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is not to come between a client and this very machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")


def test_a_vllm_that_trusts_its_clients_does_everything() -> None:
    assert found(model="qwen", context=8192) == Capabilities("qwen", 8192, True, True, True, True, False)


def test_one_that_does_not_trust_them_gets_images() -> None:
    can = found(kwargs=False)

    assert not can.request_kwargs
    assert can.video


def test_one_that_passes_over_how_a_video_is_to_be_read_gets_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripted_model, "_least_tokens", lambda _: 50)

    can = found()

    assert not can.request_kwargs
    assert can.video


def test_one_that_takes_no_videos_gets_images() -> None:
    can = found(video=False)

    assert not can.request_kwargs
    assert not can.video


def test_one_that_refuses_priorities_gets_none() -> None:
    assert not found(priority=False).priority


def test_one_without_a_tokenizer_is_not_asked_to_count() -> None:
    assert not found(tokenizer=False).tokenizer


def test_a_template_that_opens_a_thought_is_a_thinking_models() -> None:
    assert found(thinking=True).thinking


def test_a_model_may_say_by_its_name_that_it_thinks() -> None:
    assert found(model="Qwen/Qwen3-VL-8B-Thinking", tokenizer=False).thinking


def test_an_untold_context_is_the_least_there_is() -> None:
    assert found(context=None).context == UNTOLD_CONTEXT


def test_the_model_asked_for_is_taken_among_several() -> None:
    assert found("second", models=("first", "second")).model == "second"
    assert found(models=("first", "second")).model == "first"


def test_a_model_that_is_not_served_is_told_with_those_that_are() -> None:
    with pytest.raises(UnfitModel, match="it serves first, second"):
        found("third", models=("first", "second"))
