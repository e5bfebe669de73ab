"""What is heard of a server's answers."""

from __future__ import annotations

import json

import pytest

from videoqa.analyser.model.exchange import Prices
from videoqa.analyser.model.hearing import Listener, apart, reply_of
from videoqa.analyser.model.wire import Garbled


def answer(content: object, finish: str | None = "stop", **message: object) -> dict[str, object]:
    return {"choices": [{"message": {"content": content} | message, "finish_reason": finish}]}


def heard(pieces: list[str], *, thinks: bool, finish: str = "stop") -> str:
    listener = Listener(thinks=thinks)
    events: list[dict[str, object]] = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    events.append({"choices": [{"delta": {}, "finish_reason": finish}]})
    return "".join(map(listener.hears, events)) + listener.end()[0]


def test_tokens_and_their_price_are_taken_from_the_answer() -> None:
    told = {"prompt_tokens": 2000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 1500}}

    usage = reply_of(answer("a") | {"usage": told}, Prices(into=2.0, out=10.0), 1.5).usage

    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (2000, 1500, 100)
    assert usage.cost == pytest.approx(0.005)
    assert usage.seconds == 1.5


def test_a_server_that_tells_no_usage_costs_nothing_known() -> None:
    assert reply_of(answer("a") | {"usage": None}, Prices(1, 1), 1.0).usage.prompt_tokens == 0


def test_a_cut_reply_is_not_finished() -> None:
    assert not reply_of(answer('{"events": [', "length"), Prices(), 0.0).finished


@pytest.mark.parametrize("finish", [None, "abort", "content_filter", "error"])
def test_a_reply_that_ended_in_no_proper_way_is_none(finish: str | None) -> None:
    with pytest.raises(Garbled):
        reply_of(answer("{}", finish), Prices(), 0.0)


@pytest.mark.parametrize("wrong", [{}, {"choices": []}, {"choices": [3]}, {"choices": [{"finish_reason": "stop"}]}])
def test_an_answer_without_a_reply_is_garbled(wrong: dict[str, object]) -> None:
    with pytest.raises(Garbled):
        reply_of(wrong, Prices(), 0.0)


def test_a_reply_that_is_null_is_empty() -> None:
    assert reply_of(answer(None), Prices(), 0.0).text == ""


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_thinking_that_the_server_tells_apart_is_no_part_of_the_reply(field: str) -> None:
    reply = reply_of(answer("{}", **{field: "well,"}), Prices(), 0.0)

    assert (reply.text, reply.thinking) == ("{}", "well,")


@pytest.mark.parametrize(
    ("text", "thinking", "reply"),
    [
        ("plain", "", "plain"),
        ("<think>so</think>\n\nyes", "so", "yes"),
        ("so it is</think>yes", "so it is", "yes"),
        ("<think>never ends", "never ends", ""),
    ],
)
def test_thinking_is_taken_apart_from_the_reply(text: str, thinking: str, reply: str) -> None:
    assert apart(text) == (thinking, reply)


@pytest.mark.parametrize(
    ("text", "thinks", "spoken"),
    [
        ("A man walks.", False, "A man walks."),
        ("<think>hm</think>\nA man walks.", False, "A man walks."),
        ("hm, hm</think>\n\nA man walks.", True, "A man walks."),
        ("A man walks.", True, "A man walks."),
        ("<th is no mark", False, "<th is no mark"),
        ("<think>and nothing else", True, ""),
    ],
)
@pytest.mark.parametrize("length", [1, 3, 100])
def test_a_stream_says_what_the_whole_reply_would(text: str, thinks: bool, spoken: str, length: int) -> None:
    pieces = [text[start : start + length] for start in range(0, len(text), length)]

    assert heard(pieces, thinks=thinks) == spoken


def test_an_instruct_model_is_heard_from_its_first_word() -> None:
    assert Listener(thinks=False).hears({"choices": [{"delta": {"content": "A "}}]}) == "A "


def test_text_behind_told_apart_thinking_is_heard_at_once() -> None:
    listener = Listener(thinks=True)

    listener.hears({"choices": [{"delta": {"reasoning": "hm"}}]})

    assert listener.hears({"choices": [{"delta": {"content": "Yes"}}]}) == "Yes"


def test_a_stream_that_never_said_why_it_ended_was_broken_off() -> None:
    listener = Listener(thinks=False)
    listener.hears(json.loads('{"choices": [{"delta": {"content": "A man"}, "finish_reason": null}]}'))

    with pytest.raises(Garbled):
        listener.end()


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ({"prompt_tokens": 0, "prompt_tokens_details": {"cached_tokens": 512}}, (0, 0, 0)),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": -5}, "completion_tokens": -1}, (10, 0, 0)),
        ({"prompt_tokens": 10**30, "completion_tokens": 10**400}, (2**31 - 1, 0, 2**31 - 1)),
        ({"prompt_tokens": True, "completion_tokens": "7"}, (0, 0, 0)),
    ],
)
def test_counts_that_cannot_be_are_not_believed(told: dict[str, object], believed: tuple[int, int, int]) -> None:
    usage = reply_of(answer("a") | {"usage": told}, Prices(into=2.0, out=10.0), 1.5).usage

    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == believed


@pytest.mark.parametrize("finish", [[], {"stop": 1}])
def test_an_end_that_is_no_word_is_no_proper_one(finish: object) -> None:
    with pytest.raises(Garbled):
        reply_of({"choices": [{"message": {"content": "a"}, "finish_reason": finish}]}, Prices(), 0.0)
