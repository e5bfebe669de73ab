"""The corpus of bad replies, said by a real server to the model's analyser: none may pass for "nothing happened"."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import bad_replies
from tests.scripted_model import Failed, Raw, Reply, ScriptedModel
from tests.vllm.clips import Plain, every
from videoqa.analyser.model.analyser import ModelAnalyser
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.model.exchange import Ask
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.analyser.model.wire import Timeouts
from videoqa.errors import BadReply, ModelError, ModelRefused, ModelUnreachable
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports import Brief, Look

SECOND = timedelta(seconds=1)
TIMES = tuple(every(1.0, 4))  # shown as 0.5 and 2.5 seconds
GROUP = FrameGroup(0, Span(TIMES[0], TIMES[-1] + SECOND), TIMES)
GOOD = bad_replies.GOOD


def analysed(server: ScriptedModel) -> Look:
    model = ModelServer(server.url, timeouts=Timeouts(connect=1, total=1, read=1), retries=Retries(2, 2, 0.01, 0.02))
    analyser = ModelAnalyser(model, Prompts.load("en"), Sampling(SECOND, 448))
    return analyser.analyse(GROUP, Plain((64, 64)), Brief())


def test_a_good_reply_is_a_look() -> None:
    with ScriptedModel([GOOD]) as server:
        assert [seen.frames for seen in analysed(server).observations] == [TIMES]
        assert len(server.requests) == 1


@pytest.mark.parametrize("name", bad_replies.UNREADABLE)
def test_an_unreadable_reply_is_a_failed_look_after_one_repair(name: str) -> None:
    with ScriptedModel([bad_replies.UNREADABLE[name]]) as server:
        with pytest.raises(BadReply):
            analysed(server)
        assert len(server.requests) == 2


@pytest.mark.parametrize("name", bad_replies.UNREADABLE)
def test_an_unreadable_reply_that_is_repaired_is_a_look(name: str) -> None:
    with ScriptedModel([bad_replies.UNREADABLE[name], GOOD]) as server:
        assert len(analysed(server).observations) == 1


@pytest.mark.parametrize("name", bad_replies.WRAPPED)
def test_a_wrapped_reply_is_read_or_refused_and_never_taken_for_nothing(name: str) -> None:
    with ScriptedModel([bad_replies.WRAPPED[name]]) as server:
        try:
            assert analysed(server).observations
        except BadReply:
            assert len(server.requests) == 2


@pytest.mark.parametrize("name", bad_replies.UNCITED)
def test_times_that_were_not_shown_are_no_observation(name: str) -> None:
    with ScriptedModel([bad_replies.UNCITED[name]]) as server:
        try:
            look = analysed(server)
        except BadReply:
            return
        assert all(set(seen.frames) <= set(TIMES) for seen in look.observations)


@pytest.mark.parametrize("name", bad_replies.REFUSED)
def test_what_is_refused_is_not_asked_again(name: str) -> None:
    with ScriptedModel([bad_replies.REFUSED[name]]) as server:
        with pytest.raises(ModelError) as told:
            analysed(server)
        assert not isinstance(told.value, ModelUnreachable)
        assert len(str(told.value)) < 1_000, "a message of the server may hold whole pictures"
        assert len(server.requests) == 1


def test_a_key_that_is_no_longer_taken_is_waited_for() -> None:
    with ScriptedModel([bad_replies.BARRED]) as server:
        with pytest.raises(ModelUnreachable, match="VIDEOQA_MODEL_KEY"):
            analysed(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [*bad_replies.BUSY.values(), *bad_replies.BROKEN.values()], ids=repr)
def test_what_may_pass_is_asked_again_and_then_waited_for(reply: Reply) -> None:
    with ScriptedModel([reply]) as server, pytest.raises(ModelError) as told:
        analysed(server)
    transient = reply not in (bad_replies.BUSY["500"], bad_replies.BROKEN["a stall"])
    assert isinstance(told.value, ModelUnreachable) or (not transient and isinstance(told.value, ModelRefused))


@pytest.mark.parametrize("name", [*bad_replies.BUSY, "reset", "reset in the middle of a body"])
def test_what_passes_is_a_look(name: str) -> None:
    reply = (bad_replies.BUSY | bad_replies.BROKEN)[name]
    with ScriptedModel([reply, GOOD]) as server:
        assert analysed(server).observations


@pytest.mark.parametrize("name", bad_replies.NO_PROTOCOL)
def test_what_is_no_protocol_is_a_failed_look(name: str) -> None:
    with ScriptedModel([bad_replies.NO_PROTOCOL[name]]) as server, pytest.raises(ModelError):
        analysed(server)


@pytest.mark.parametrize("name", bad_replies.STREAMS)
def test_a_stream_that_breaks_off_never_ends_as_if_it_were_whole(name: str) -> None:
    with ScriptedModel([bad_replies.STREAMS[name]]) as server:
        model = ModelServer(server.url, timeouts=Timeouts(connect=1, total=1, read=1), retries=Retries(1, 1))
        with pytest.raises(ModelError):
            list(model.stream(Ask("", "Who came?")))


def test_a_proxy_without_words_is_told_by_its_status() -> None:
    with ScriptedModel([Failed(502, plain=True)]) as server, pytest.raises(ModelUnreachable):
        analysed(server)


def test_an_error_under_a_good_status_is_no_empty_reply() -> None:
    with ScriptedModel([Raw(b'{"error": {"message": "no", "code": 500}}')]) as server, pytest.raises(ModelError):
        analysed(server)
