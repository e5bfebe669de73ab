"""Several questions over one moment cost its pictures once, and what the server forgot is sent again."""

from __future__ import annotations

from tests.vllm.clips import clip, every
from tests.vllm.engine import Engine
from videoqa.analyser.model.exchange import Ask
from videoqa.analyser.model.server import ModelServer

QUESTIONS = 8
SIZE = (448, 256)


def test_later_questions_over_a_moment_take_most_of_their_prompt_from_the_cache(server: ModelServer) -> None:
    moment = clip(every(0.5, 16, start=30.0), SIZE, shade=1)
    asks = [Ask("You watch.", f"Did a van come? ({number})", moment, max_tokens=4) for number in range(QUESTIONS)]
    usages = [server.ask(ask).usage for ask in asks]
    later = usages[1:]
    assert sum(usage.cached_tokens for usage in later) >= 0.8 * sum(usage.prompt_tokens for usage in later)


def test_frames_that_the_server_has_are_not_sent_again_and_those_it_forgot_are(
    engine: Engine, server: ModelServer
) -> None:
    moment = clip(every(1.0, 4), SIZE, shade=2)

    def sent(question: str) -> int:
        before = engine.metric("http_request_size_bytes_sum")
        server.ask(Ask("", question, moment, max_tokens=1))
        return round(engine.metric("http_request_size_bytes_sum") - before)

    pictures = sum(len(moment.jpegs(pts)) for pair in moment.pairs for pts in pair)
    first, second = sent("one?"), sent("two?")
    assert first > pictures > second
    _forget(server)
    third, fourth = sent("three?"), sent("four?")
    assert third > pictures > fourth, "a missed cache is answered with the frames, and remembered anew"


def _forget(server: ModelServer) -> None:
    """Shows the server more than its media cache holds."""
    for shade in range(3, 11):
        server.ask(Ask("", "?", clip(every(1.0, 32), SIZE, shade), max_tokens=1))
