"""Replies of a real engine under our schemas: whole and in form, or cut and known for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.vllm.clips import Plain, clip, every
from videoqa.analyser.budget import Budget
from videoqa.analyser.model.analyser import ModelAnalyser
from videoqa.analyser.model.asking import asked
from videoqa.analyser.model.exchange import Ask
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.reply import analysis_schema, finding_schema, read_analysis, read_finding
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import BadReply, UnfitModel
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports import Brief

SECOND = timedelta(seconds=1)
PROMPTS = Prompts.load("en")


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("frames", [1, 6, 300])
def test_a_reply_is_in_form_and_cites_stamps_that_were_shown(
    server: ModelServer, frames: int, temperature: float
) -> None:
    shown = clip(every(1.0, frames, start=100.0), size=(32, 32))
    stamps = server.stamps(shown)
    ask = Ask("", "What?", shown, analysis_schema(stamps), max_tokens=8_192, temperature=temperature)
    reply = server.ask(ask)
    assert reply.finished
    said = read_analysis(reply.text)
    if frames <= 128:
        assert {stamp for event in said.events for stamp in (event.first, event.last)} <= set(stamps)


@pytest.mark.parametrize("counting", [False, True])
def test_an_answer_to_a_question_is_in_form(server: ModelServer, counting: bool) -> None:
    shown = clip(every(1.0, 4))
    schema = finding_schema(server.stamps(shown), counting=counting)
    reply = server.ask(Ask("", "Did a van come?", shown, schema, max_tokens=2_048))
    assert reply.finished
    assert 0 <= read_finding(reply.text, counting=counting).certainty <= 1


def test_what_is_seen_of_a_group_are_frames_of_that_group(server: ModelServer) -> None:
    analyser = ModelAnalyser(server, PROMPTS, Sampling(SECOND, 448), budget=Budget(context=16_384))
    times = tuple(every(1.0, 9, start=7.25))
    group = FrameGroup(0, Span(times[0], times[-1] + SECOND), times)
    look = analyser.analyse(group, Plain((64, 64)), Brief())
    assert look.observations, "the tiny model always reports one event"
    for seen in look.observations:
        assert set(seen.frames) <= set(times)
        assert seen.lasts_until is None or seen.lasts_until in times
    assert look.usage is not None
    assert look.usage.prompt_tokens > 0
    assert look.usage.completion_tokens > 0


def test_a_cut_reply_is_a_failed_look_after_one_repair(server: ModelServer) -> None:
    shown = clip(every(1.0, 4))
    ask = Ask("", "What?", shown, analysis_schema(server.stamps(shown)), max_tokens=12)
    assert not server.ask(ask).finished
    with pytest.raises(BadReply, match="cut") as told:
        asked(server, ask, read_analysis, PROMPTS)
    assert told.value.fields["usage"].completion_tokens == 24, "it is asked twice, and both are paid for"


def test_a_stream_says_the_same_as_a_reply(server: ModelServer) -> None:
    shown = clip(every(1.0, 4))
    ask = Ask("", "What?", shown, analysis_schema(server.stamps(shown)), max_tokens=2_048)
    pieces = list(server.stream(ask))
    assert len(pieces) > 3
    assert read_analysis("".join(pieces)) == read_analysis(server.ask(ask).text)


def test_a_stream_that_is_cut_says_so_in_the_end(server: ModelServer) -> None:
    heard: list[str] = []
    with pytest.raises(BadReply):
        heard.extend(server.stream(Ask("", "What?", max_tokens=5)))
    assert heard


def test_a_name_that_is_not_served_is_told_with_those_that_are(server: ModelServer) -> None:
    with pytest.raises(UnfitModel, match="tiny"):
        ModelServer(server.url, "forklifts-lora").capabilities()
