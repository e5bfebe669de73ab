"""A video above the cap that released settings allow, taken whole: minutes of work and gigabytes, so only on demand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.vllm.clips import Plain, every
from tests.vllm.engine import Engine
from videoqa.analyser.budget import tokens_of_pair
from videoqa.analyser.model.counting import PromptCounter
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.model.exchange import Ask, Clip
from videoqa.analyser.model.server import ModelServer
from videoqa.analyser.model.wire import Timeouts
from videoqa.errors import TooLongForModel

pytestmark = pytest.mark.timeout(3600)
SIZE = (1024, 1024)
NATIVE_CONTEXT = 262_144
VIDEO_TOKENS = 137_216


@pytest.fixture
def large(engines: Callable[..., Engine], request: pytest.FixtureRequest) -> ModelServer:
    if not request.config.getoption("--soak"):
        pytest.skip("takes minutes and 8 GB; `make soak` runs it")
    # Without a cache: it would keep the video's three gigabytes. Without profiling: that takes them twice.
    flags = ("--mm-processor-cache-gb", "0", "--skip-mm-profiling")
    engine = engines(*flags, context=NATIVE_CONTEXT, video_tokens=VIDEO_TOKENS).wait()
    patient = Timeouts(read=1800.0, total=1800.0)
    return ModelServer(engine.url, timeouts=patient, retries=Retries(attempts=1, hurried=1))


def test_a_group_above_131072_vision_tokens_passes_where_the_cap_was_raised(large: ModelServer) -> None:
    ask = _ask(132)
    assert 132 * tokens_of_pair(SIZE) > 131_072
    assert large.ask(ask).usage.prompt_tokens == PromptCounter(large).ask(ask)
    with pytest.raises(TooLongForModel):
        large.ask(_ask(VIDEO_TOKENS // tokens_of_pair(SIZE) + 1))


def _ask(pairs: int) -> Ask:
    times = every(1.0, 2 * pairs)
    return Ask("", "?", Clip(tuple(zip(times[::2], times[1::2], strict=True)), Plain(SIZE).jpeg, SIZE), max_tokens=1)
