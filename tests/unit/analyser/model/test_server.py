"""The client against a server that is scripted: what it sends, tries again, tells, and never tells."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import cv2
import numpy as np
import pytest

from tests.scripted_model import (
    Failed,
    Raw,
    Reply,
    Request,
    Reset,
    Said,
    ScriptedModel,
    Stalled,
    StreamDone,
    StreamFailed,
)
from videoqa.analyser.model.breaker import Breaker
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.model.exchange import Ask, Clip, Prices, Priority
from videoqa.analyser.model.server import ModelServer
from videoqa.analyser.model.wire import Timeouts
from videoqa.errors import BadReply, ModelRefused, ModelUnreachable, TooLongForModel, UnfitModel

QUICK = Retries(first=0.01, longest=0.05)
HASTY = Timeouts(connect=1.0, read=0.3, total=0.6, brief=1.0)
ASK = Ask("You watch.", "What happens?")
ASIDE = replace(ASK, priority=Priority.INTERACTIVE)
KEY = "sk-very-secret"
DIED = "EngineCore encountered an issue. See stack trace for the root cause."


def frame(pts: timedelta) -> bytes:
    return cv2.imencode(".jpg", np.full((32, 64, 3), int(pts.total_seconds()), np.uint8))[1].tobytes()


CLIP = Clip(tuple((timedelta(seconds=n), timedelta(seconds=n + 1)) for n in (0, 2)), frame, (64, 32))


@contextmanager
def client(
    scripted: ScriptedModel, *, retries: Retries = QUICK, timeouts: Timeouts | None = None, pause: float = 0.2
) -> Iterator[ModelServer]:
    server = ModelServer(
        scripted.url, key=scripted.key, retries=retries, timeouts=timeouts, breaker=Breaker(3, pause, 1.0)
    )
    try:
        yield server
    finally:
        server.close()


def said(*script: Reply, ask: Ask = ASK, timeouts: Timeouts | None = None) -> tuple[object, list[Request]]:
    """What a client makes of ``script``: the reply or the error, and the requests that arrived."""
    with ScriptedModel(script) as scripted, client(scripted, timeouts=timeouts) as server:
        try:
            return server.ask(ask), scripted.requests
        except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
            return error, scripted.requests


def test_a_reply_comes_with_what_it_cost() -> None:
    with ScriptedModel([Said("A dog.", prompt_tokens=1000, cached=900, completion_tokens=50)]) as scripted:
        server = ModelServer(scripted.url, prices=Prices(into=1.0, out=2.0))
        reply = server.ask(ASK)
        server.close()

    assert (reply.text, reply.finished) == ("A dog.", True)
    assert (reply.usage.prompt_tokens, reply.usage.cached_tokens, reply.usage.completion_tokens) == (1000, 900, 50)
    assert reply.usage.cost == pytest.approx(0.0011)
    assert reply.usage.seconds > 0


@pytest.mark.parametrize(
    "trouble",
    [
        Reset(),
        Reset(after_bytes=20),
        Failed(429, "slow down"),
        Failed(503, "queue full"),
        Failed(500, DIED),
        Failed(502, plain=True),
    ],
)
def test_what_may_pass_is_tried_again(trouble: Reply) -> None:
    reply, requests = said(trouble, trouble, Said("A dog."))

    assert getattr(reply, "text", reply) == "A dog."
    assert len(requests) == 3


@pytest.mark.parametrize("status", [400, 403, 413, 422])
def test_a_request_that_is_wrong_is_made_once(status: int) -> None:
    error, requests = said(Failed(status, "bad frames"), Said("A dog."))

    assert isinstance(error, ModelRefused)
    assert len(requests) == 1


def test_a_request_that_the_server_dies_of_is_made_three_times_and_then_refused() -> None:
    deadly = replace(ASK, text="What kills you?")

    def dies(request: Request) -> Reply:
        return Reset() if "kills" in request.prompt else Said("A dog.")

    with ScriptedModel(dies) as scripted, client(scripted, retries=Retries(attempts=1)) as server:
        for _ in range(2):
            with pytest.raises(ModelUnreachable):
                server.ask(deadly)
            assert server.ask(ASK).text == "A dog."
        with pytest.raises(ModelRefused, match="died of it 3 times"):
            server.ask(deadly)


def test_an_engine_that_dies_with_its_server_up_counts_as_well() -> None:
    with ScriptedModel([Failed(500, DIED)], healthy=False) as scripted, client(scripted) as server:
        kinds = [type(_raised(server)) for _ in range(3)]

    assert kinds == [ModelUnreachable, ModelUnreachable, ModelRefused]


def test_a_request_that_is_answered_in_the_end_was_not_what_the_server_died_of() -> None:
    script = [Reset(), Reset(), Said("A dog."), Reset(), Reset(), Said("A dog.")]
    with ScriptedModel(script) as scripted, client(scripted, retries=Retries(attempts=1)) as server:
        kinds = [type(_raised(server)) for _ in script]

    assert kinds == [ModelUnreachable, ModelUnreachable, type(None)] * 2


def test_a_server_that_is_not_there_is_waited_for_however_long() -> None:
    scripted = ScriptedModel([Said("A dog.")]).start()
    with client(scripted, pause=0.01) as server:
        server.ask(ASK)
        scripted.stop()
        kinds = {type(_raised(server)) for _ in range(12)}

    assert kinds == {ModelUnreachable}


def test_a_busy_server_that_stays_so_counts_as_unreachable() -> None:
    error, requests = said(Failed(503, "queue full"))

    assert isinstance(error, ModelUnreachable)
    assert len(requests) == QUICK.attempts


def test_what_somebody_waits_for_is_tried_less_often() -> None:
    error, requests = said(Failed(503, "queue full"), ask=ASIDE)

    assert isinstance(error, ModelUnreachable)
    assert len(requests) == QUICK.hurried


def test_a_request_that_fails_by_itself_on_a_sound_server_is_refused_not_waited_for() -> None:
    error, requests = said(Failed(500, "no such shape"))

    assert isinstance(error, ModelRefused)
    assert len(requests) == QUICK.attempts


def test_a_request_that_fails_on_a_dying_server_is_waited_for() -> None:
    with (
        ScriptedModel([Failed(500, DIED)], healthy=False) as scripted,
        client(scripted) as server,
        pytest.raises(ModelUnreachable, match="EngineCore"),
    ):
        server.ask(ASK)


def test_the_pause_that_the_server_asks_for_is_kept() -> None:
    _, (first, second) = said(Failed(429, "slow down", (("Retry-After", "1"),)), Said("A dog."))

    assert second.at - first.at >= 1.0


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
        "The decoder prompt (length 9) is longer than the maximum model length of 8.",
        "The multimodal item exceeds the pre-allocated encoder cache size 131072.",
    ],
)
def test_a_prompt_beyond_the_context_is_told_apart(message: str) -> None:
    error, _ = said(Failed(400, message))

    assert isinstance(error, TooLongForModel)


def test_a_server_that_never_replies_is_not_waited_for_for_ever() -> None:
    began = time.monotonic()
    error, requests = said(Stalled(), timeouts=HASTY)

    assert isinstance(error, ModelRefused)
    assert "no answer in" in str(error)
    assert len(requests) == 1
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b"{}", b'{"choices": [{}]}', b'{"choices": null}', b"\xff\xfe"])
def test_what_is_no_reply_is_told(raw: bytes) -> None:
    error, requests = said(Raw(raw))

    assert isinstance(error, BadReply)
    assert len(requests) == 1


def test_an_error_told_with_a_status_of_200_is_an_error() -> None:
    error, _ = said(Raw(b'{"error": {"message": "no provider", "code": 400}}'))

    assert isinstance(error, ModelRefused)


def test_long_messages_are_cut() -> None:
    error, _ = said(Failed(400, "[" + "0.0, " * 100_000 + "]"))

    assert len(str(error)) < 700


def test_a_cut_reply_is_unfinished() -> None:
    reply, _ = said(Said('{"events": [', finish="length"))

    assert getattr(reply, "finished", None) is False


def test_thinking_is_kept_apart() -> None:
    reply, _ = said(Said("{}", thinking="let me see"))

    assert (getattr(reply, "text", ""), getattr(reply, "thinking", "")) == ("{}", "let me see")


def test_a_stream_is_given_as_it_is_written() -> None:
    with ScriptedModel([Said("A man walks in.")]) as scripted, client(scripted) as server:
        pieces = list(server.stream(ASIDE))

    assert "".join(pieces) == "A man walks in."
    assert len(pieces) > 1


def test_a_stream_that_fails_before_its_first_word_is_begun_again() -> None:
    with ScriptedModel([StreamFailed(said=""), Reset(), Said("A man.")]) as scripted, client(scripted) as server:
        assert "".join(server.stream(ASK)) == "A man."


@pytest.mark.parametrize(
    ("trouble", "kind"), [(StreamFailed(), ModelRefused), (StreamDone(), BadReply), (Said("A man", "length"), BadReply)]
)
def test_a_stream_that_does_not_come_to_its_end_is_told(trouble: Reply, kind: type[Exception]) -> None:
    heard: list[str] = []
    with ScriptedModel([trouble]) as scripted, client(scripted) as server, pytest.raises(kind):
        heard.extend(server.stream(ASIDE))

    assert "".join(heard).strip() in {"", "A man"}
    assert len(scripted.requests) == 1


def test_a_stream_that_falls_silent_is_ended() -> None:
    with (
        ScriptedModel([Stalled()]) as scripted,
        client(scripted, timeouts=HASTY) as server,
        pytest.raises(ModelRefused, match="no answer"),
    ):
        list(server.stream(ASIDE))


def test_closing_a_stream_hangs_up() -> None:
    hung_up = threading.Event()
    with (
        ScriptedModel([Said()]) as scripted,
        client(scripted) as server,
        socket.create_server(("127.0.0.1", 0)) as door,
    ):
        server.capabilities()
        thread = threading.Thread(target=_begin_a_stream_and_wait, args=(door, hung_up), daemon=True)
        thread.start()
        server._wire.url = f"http://127.0.0.1:{door.getsockname()[1]}"
        stream = server.stream(ASIDE)
        assert next(stream) == "A man "
        assert not hung_up.is_set()

        stream.close()  # type: ignore[attr-defined]

        assert hung_up.wait(3)
        thread.join()


def test_closing_the_client_ends_what_waits_in_another_thread() -> None:
    errors: list[Exception] = []

    def wait(server: ModelServer) -> None:
        try:
            server.ask(ASK)
        except ModelUnreachable as error:
            errors.append(error)

    with ScriptedModel([Stalled()]) as scripted, client(scripted) as server:
        thread = threading.Thread(target=wait, args=(server,), daemon=True)
        thread.start()
        assert _soon(lambda: len(scripted.requests) == 1)
        server.close()
        thread.join(3)

        assert not thread.is_alive()
    assert errors


def test_nobody_listening_is_told_with_the_url() -> None:
    with ScriptedModel() as scripted:
        url = scripted.url

    with pytest.raises(ModelUnreachable, match=url):
        ModelServer(url).ask(ASK)


def test_after_repeated_failures_the_server_is_left_alone_and_then_found_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    scripted = ScriptedModel([Said("A dog.")]).start()
    with client(scripted, pause=1.0) as server:
        server.ask(ASK)
        scripted.stop()
        with pytest.raises(ModelUnreachable):
            server.ask(ASK)
        assert "again in" in caplog.text
        caplog.clear()
        with pytest.raises(ModelUnreachable):
            server.ask(ASK)
        assert "again in" not in caplog.text
        scripted.start()

        assert _soon(lambda: _replies(server))
    scripted.stop()


def test_after_an_outage_the_server_is_probed_anew() -> None:
    scripted = ScriptedModel([Said("A dog.")]).start()
    with client(scripted) as server:
        assert server.capabilities().request_kwargs
        scripted.stop()
        with pytest.raises(ModelUnreachable):
            server.ask(ASK)
        scripted.kwargs, scripted.context = False, 4096
        scripted.start()
        assert _soon(lambda: _replies(server))
        found = server.capabilities()
    scripted.stop()

    assert not found.request_kwargs
    assert found.context == 4096


def test_a_server_that_serves_another_model_now_is_found_out() -> None:
    with ScriptedModel([Said("A dog.")], model="old") as scripted, client(scripted) as server:
        server.ask(ASK)
        scripted.model = "new"
        with pytest.raises(UnfitModel):
            server.ask(ASK)

        assert server.ask(ASK).text == "A dog."
        assert server.capabilities().model == "new"


def test_while_one_call_tries_a_server_that_was_away_others_do_not_wait_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    server = ModelServer(f"http://127.0.0.1:{port}/v1", breaker=Breaker(1, pause=0.05), timeouts=HASTY)
    with pytest.raises(ModelUnreachable):
        server.ask(ASK)
    with socket.create_server(("127.0.0.1", port)):
        assert _soon(lambda: server._breaker._clock() > (server._breaker._open_until or 0))
        trial = threading.Thread(target=_replies, args=(server,), daemon=True)
        trial.start()
        assert _soon(server._probing.locked)
        began = time.monotonic()
        with pytest.raises(ModelUnreachable):
            server.ask(ASK)

        assert time.monotonic() - began < 0.5 * HASTY.brief
        trial.join()


def test_the_server_is_probed_once() -> None:
    with ScriptedModel([Said("A dog.")]) as scripted, client(scripted) as server:
        server.ask(ASK)
        probes = len(scripted.probes)
        server.ask(ASK)
        server.capabilities()

        assert [request.path for request in scripted.probes[probes:]] in ([], ["/metrics"])


def test_a_second_question_over_the_same_frames_does_not_send_them_again() -> None:
    with ScriptedModel([Said("A dog.")]) as scripted, client(scripted) as server:
        server.ask(replace(ASK, clip=CLIP))
        server.ask(replace(ASK, clip=CLIP, text="And then?"))
        first, second = (request.parts[0] for request in scripted.requests)

    assert first["video_url"]["url"].startswith("data:video/jpeg;base64,")
    assert second == {"type": "video_url", "video_url": None, "uuid": first["uuid"]}


@dataclass
class Forgetful:
    """A server whose media cache holds nothing."""

    misses: int = 0
    replied: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Reply:
        with self.lock:
            if request.parts[0].get("video_url"):
                self.replied += 1
                return Said("A dog.")
            self.misses += 1
            return Failed(400, "Cache miss for video at index 0 but data is not provided.")


def test_frames_that_the_server_evicted_are_sent_again() -> None:
    forgetful = Forgetful()
    with ScriptedModel(forgetful) as scripted, client(scripted) as server:
        replies = [server.ask(replace(ASK, clip=CLIP)).text for _ in range(2)]

    assert replies == ["A dog.", "A dog."]
    assert (forgetful.misses, forgetful.replied) == (1, 2)


def test_a_server_without_a_media_cache_is_not_asked_for_it_for_ever() -> None:
    forgetful = Forgetful()
    with ScriptedModel(forgetful) as scripted, client(scripted) as server:
        for _ in range(10):
            server.ask(replace(ASK, clip=CLIP))

    assert (forgetful.misses, forgetful.replied) == (3, 10)


@pytest.mark.parametrize("kwargs", [True, False], ids=["video", "images"])
def test_the_stamps_told_are_those_the_model_is_shown(kwargs: bool) -> None:
    with ScriptedModel([Said("A dog.")], kwargs=kwargs) as scripted, client(scripted) as server:
        server.ask(replace(ASK, clip=CLIP))
        told = server.stamps(CLIP)

    assert list(told) == scripted.shown[0].stamps == [0.5, 2.5]


def test_tokens_are_counted_by_the_server_and_remembered() -> None:
    with ScriptedModel() as scripted, client(scripted) as server:
        counts = [server.tokens("a dog") for _ in range(3)]
        asked = [request for request in scripted.probes if request.body.get("prompt") == "a dog"]

    assert counts == [5, 5, 5]
    assert len(asked) == 1


def test_where_the_server_does_not_count_a_bound_is_taken() -> None:
    with ScriptedModel(tokenizer=False) as scripted, client(scripted) as server:
        assert not server.capabilities().tokenizer
        assert server.tokens("A dog barks at 10.") >= 6


def test_the_key_is_sent_and_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script = [Failed(503, f"busy, {KEY}"), Failed(400, f"Incorrect key {KEY}")]
    with ScriptedModel(script, key=KEY) as scripted, client(scripted) as server:
        shown = repr(server) + repr(vars(server)) + repr(server.status())
        with pytest.raises(ModelRefused) as refused:
            server.ask(ASK)

    assert scripted.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in shown + str(refused.value) + repr(refused.value.fields) + caplog.text


def test_a_password_in_the_url_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedModel() as scripted:
        url = scripted.url.replace("://", f"://me:{KEY}@")
        server = ModelServer(url)
        shown = repr(server) + server.url + repr(server.status())

    with pytest.raises(ModelUnreachable) as error:
        server.ask(ASK)
    assert KEY not in shown + str(error.value) + caplog.text


def test_a_wrong_key_is_told_as_refused() -> None:
    with ScriptedModel(key=KEY) as scripted, pytest.raises(ModelRefused, match="Unauthorized"):
        ModelServer(scripted.url, key="wrong").ask(ASK)


def test_a_wrong_key_is_told_with_the_setting_that_mends_it() -> None:
    with ScriptedModel(key=KEY) as scripted, pytest.raises(ModelRefused, match="set VIDEOQA_MODEL_KEY"):
        ModelServer(scripted.url, key="wrong").ask(ASK)


def test_a_key_that_is_withdrawn_under_way_is_waited_for() -> None:
    with ScriptedModel([Said("A dog.")], key=KEY) as scripted, client(scripted, pause=0.01) as server:
        server.ask(ASK)
        scripted.key = "another"
        kinds = {type(_raised(server)) for _ in range(5)}
        scripted.key = KEY

        assert kinds == {ModelUnreachable}
        assert _soon(lambda: _replies(server))


def test_batch_requests_keep_to_their_lanes() -> None:
    with ScriptedModel([Said("A dog.", after=0.05)]) as scripted, client(scripted) as server:
        server.capabilities()
        width = server.concurrency
        threads = [threading.Thread(target=server.ask, args=(ASK,)) for _ in range(3 * width)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(scripted.requests) == 3 * width
    assert width <= scripted.most_at_once < 3 * width


def test_the_status_tells_what_the_server_tells() -> None:
    metrics = 'vllm:num_requests_running{engine="0"} 3.0\nvllm:num_requests_waiting{engine="0"} 1.0\n'
    with ScriptedModel(metrics=metrics, model="qwen", context=8192) as scripted:
        status = ModelServer(scripted.url).status()
        missing = ModelServer(scripted.url, "llama").status()

    assert (status.up, status.model, status.context, status.running, status.waiting) == (True, "qwen", 8192, 3, 1)
    assert status.prefix_hits is None
    assert "llama" in missing.problem


def test_the_status_of_a_server_that_is_down_says_why() -> None:
    with ScriptedModel() as scripted:
        url = scripted.url

    status = ModelServer(url).status()

    assert not status.up
    assert "refused" in status.problem.lower()


def test_a_page_that_is_no_model_server_is_told() -> None:
    with ScriptedModel() as scripted, pytest.raises(UnfitModel, match="does not end in /v1"):
        ModelServer(scripted.url.removesuffix("/v1") + "/nothing").ask(ASK)


@pytest.mark.parametrize(
    "listed",
    [
        b'{"data": 5}',
        b'{"data": "abc"}',
        b'{"data": [3, {"id": 4}, {"id": []}]}',
        b'{"data": [{"id": "m", "parent": [], "max_model_len": true}]}',
        b'{"data": [{"id": "m", "max_model_len": 1' + b"0" * 400 + b"}]}",
        b"[" * 200_000,
        b'{"data": ' * 200_000,
        b'{"error": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"\xff\xfe\x00",
        b"9" * 10_000,
        b"",
    ],
)
@pytest.mark.parametrize("status", [b"200 OK", b"500 Broken"])
def test_the_status_survives_whatever_a_server_says(status: bytes, listed: bytes) -> None:
    head = b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(listed)

    with always(head + listed) as url:
        ModelServer(url).status()


def test_json_that_is_nested_too_deeply_is_no_outage() -> None:
    error, requests = said(Raw(b"[" * 200_000))

    assert isinstance(error, BadReply)
    assert len(requests) == 1


def test_an_answer_that_does_not_end_is_given_up() -> None:
    error, requests = said(Raw(b" " * (17 * 2**20)))

    assert isinstance(error, BadReply)
    assert "longer than" in str(error)
    assert len(requests) == 1


def test_a_line_of_a_stream_that_does_not_end_is_given_up() -> None:
    with (
        ScriptedModel([Raw(b"data: " + b"a" * 2**21, "text/event-stream")]) as scripted,
        client(scripted) as server,
        pytest.raises(BadReply, match="longer than"),
    ):
        list(server.stream(ASK))


@contextmanager
def always(answer: bytes) -> Iterator[str]:
    """The URL of a server that answers every request with ``answer``."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    connection, _ = door.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/v1"
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)


def _raised(server: ModelServer) -> Exception | None:
    try:
        server.ask(ASK)
    except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
        return error
    return None


def _begin_a_stream_and_wait(door: socket.socket, hung_up: threading.Event) -> None:
    connection, _ = door.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            b'data: {"choices": [{"delta": {"content": "A man "}}]}\n\n'
        )
        while connection.recv(65536):
            continue
        hung_up.set()


def _replies(server: ModelServer) -> bool:
    try:
        return bool(server.ask(ASK).text)
    except ModelUnreachable:
        return False


def _soon(met: Callable[[], bool], within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if met():
            return True
        time.sleep(0.02)
    return False
