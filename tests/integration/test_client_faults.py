"""The client against a service that breaks off, comes back, lies, and is another program altogether."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile_service import Heard, HostileService, answer, stream
from tests.unit.client.test_retrying import RECORDING
from videoqa.client import Answer, AsyncClient, BadReply, Citation, Client, ServiceFailed, Token, Unreachable

MOMENT = {
    "recording": {"id": "a1", "title": "gate"},
    "camera": None,
    "start": 1.0,
    "end": 2.0,
    "text": "a van",
    "score": 0.5,
    "sources": ["model"],
    "happened_at": None,
    "content": "/v1/recordings/a1/content#t=1,2",
    "thumbnail": "/v1/recordings/a1/thumbnail?at=1.5",
    "clip": "/v1/recordings/a1/clip?from=1&to=2",
}
CITATION = {"sentence": "A van stops.", "moment": MOMENT}
USAGE = {"prompt_tokens": 0, "cached_tokens": 0, "completion_tokens": 0, "seconds": 0.0, "cost": 0.0, "uncited": 0}
COVERAGE = {"length": 9.0, "analysed": 9.0, "static": 0.0, "gap": 0.0, "dropped": 0.0, "failed": 0.0}
FINAL = {
    "id": "t1",
    "question": "what stops?",
    "found": True,
    "answer": "A van stops. [1]",
    "moments": [MOMENT],
    "citations": [CITATION],
    "rejected": [],
    "coverage": COVERAGE,
    "given_by": "index",
    "notes": [],
    "usage": USAGE,
}


def event(name: str, number: str, body: object) -> str:
    return f"event: {name}\nid: {number}\ndata: {json.dumps(body)}\n\n"


TASK = event("task", "1", {"task_id": "t1"})
TOKEN = event("token", "2", {"text": "A van stops. [1]"})
CITED = event("citation", "3", CITATION)
END = event("final", "end", FINAL)


@pytest.fixture(params=["blocking", "awaiting"])
def do(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Calls an operation of either client, and waits for all of it."""

    def blocking(url: str, name: str, *args: Any, **kwargs: Any) -> Any:
        with Client(url, pause=0.0, patience=5.0) as client:
            result = getattr(client, name)(*args, **kwargs)
            return list(result) if isinstance(result, Iterator) else result

    async def awaiting(url: str, name: str, *args: Any, **kwargs: Any) -> Any:
        async with AsyncClient(url, pause=0.0, patience=5.0) as client:
            result = getattr(client, name)(*args, **kwargs)
            return [item async for item in result] if isinstance(result, AsyncIterator) else await result

    return blocking if request.param == "blocking" else lambda *args, **kwargs: asyncio.run(awaiting(*args, **kwargs))


def test_a_body_that_breaks_off_is_asked_for_again(do: Callable[..., Any]) -> None:
    whole = answer(200, RECORDING)
    with HostileService(whole[:-40], b"", b"HTTP/1.1 2", whole) as service:
        assert do(service.url, "recording", "a1").title == "gate"
        assert len(service.heard) == 4


def test_a_service_that_comes_back_is_waited_for_as_long_as_it_says(do: Callable[..., Any]) -> None:
    away = answer(503, {"code": "storage-error", "detail": "Locked.", "status": 503}, Retry_After="1")
    with HostileService(away, answer(200, RECORDING)) as service:
        begun = time.monotonic()
        assert do(service.url, "recording", "a1").id == "a1"
        assert time.monotonic() - begun >= 1


def test_an_answer_that_breaks_off_is_gone_on_with_and_not_asked_for_twice(do: Callable[..., Any]) -> None:
    with HostileService(stream(TASK + TOKEN + CITED[:30]), b"", stream(CITED), stream(END)) as service:
        parts = do(service.url, "ask_stream", "what stops?")
    assert [type(part).__name__ for part in parts] == ["Task", "Token", "Citation", "Answer"]
    assert parts[1] == Token(text="A van stops. [1]")
    assert isinstance(parts[2], Citation)
    assert isinstance(parts[3], Answer)
    assert [(heard.method, heard.path, heard.headers.get("last-event-id")) for heard in service.heard] == [
        ("POST", "/v1/ask", None),
        ("GET", "/v1/ask/t1", "2"),
        ("GET", "/v1/ask/t1", "2"),
        ("GET", "/v1/ask/t1", "3"),
    ]


def test_the_whole_answer_outlives_its_connections_too(do: Callable[..., Any]) -> None:
    with HostileService(stream(TASK), stream(TOKEN), stream(END)) as service:
        assert do(service.url, "ask", "what stops?").answer == "A van stops. [1]"


def test_a_question_that_was_perhaps_heard_is_not_asked_twice(do: Callable[..., Any]) -> None:
    with HostileService(b"") as service, pytest.raises(Unreachable):
        do(service.url, "ask", "what stops?")
    assert len(service.heard) == 1


def test_what_a_stream_tells_of_a_problem_is_raised(do: Callable[..., Any]) -> None:
    problem = event("problem", "end", {"status": 503, "code": "model-unreachable", "detail": "The model is away."})
    with HostileService(stream(TASK + problem)) as service, pytest.raises(ServiceFailed, match="The model is away"):
        do(service.url, "ask", "what stops?")


def test_events_that_are_not_known_here_are_passed_over(do: Callable[..., Any]) -> None:
    odd = ": still here\n\nretry: 5\n\n" + event("mood", "2", {"grim": True}) + "data\n\n"
    with HostileService(stream(TASK + odd + END)) as service:
        assert len(do(service.url, "ask_stream", "what stops?")) == 2


@pytest.mark.parametrize(
    "lie",
    [
        stream(TASK + "event: token\ndata: {not json\n\n"),
        stream(TASK + event("problem", "2", ["not a problem"])),
        stream(TASK + event("final", "end", {"id": "t1"})),
        answer(200, FINAL, Content_Type="application/json"),
        answer(200, b"<html>Welcome to the wireless network</html>", Content_Type="text/html"),
    ],
)
def test_a_stream_that_is_none_is_told_so(lie: bytes, do: Callable[..., Any]) -> None:
    with HostileService(lie) as service, pytest.raises(BadReply):
        do(service.url, "ask", "what stops?")


def test_a_silent_service_is_given_up(do: Callable[..., Any]) -> None:
    def silent(heard: Heard) -> bytes:
        time.sleep(1.5)
        return b""

    with HostileService(silent) as service, pytest.raises(Unreachable, match="ReadTimeout"):
        Client(service.url, patience=0.3, retries=0).recording("a1")


CONTENT = bytes(range(256)) * 12_000


def ranged(heard: Heard, break_at: int | None = None, etag: str = '"e1"', content: bytes = CONTENT) -> bytes:
    """Serves a range of ``content`` as it should be, and breaks off after so many bytes."""
    wanted = heard.headers.get("range", "")
    begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and heard.headers["if-range"] == etag else 0
    told = {"ETag": etag, "Accept_Ranges": "bytes"}
    if begin:
        told["Content_Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
    whole = answer(206 if begin else 200, content[begin:], **told)
    return whole if break_at is None else whole[: -len(content) + begin + break_at]


def test_a_download_that_breaks_off_is_gone_on_with(do: Callable[..., Any], tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with HostileService(lambda heard: ranged(heard, 1_500_000), lambda heard: ranged(heard, 40_000), ranged) as service:
        path = do(
            service.url, "content", "a1", tmp_path / "got.mp4", on_progress=lambda done, of: told.append((done, of))
        )
    assert path.read_bytes() == CONTENT
    assert len(service.heard) == 3
    assert all("range" in heard.headers for heard in service.heard[1:])
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [each.name for each in tmp_path.iterdir()] == ["got.mp4"]


def test_a_download_goes_on_in_another_process(do: Callable[..., Any], tmp_path: Path) -> None:
    with HostileService(lambda heard: ranged(heard, 2_000_000), b"") as service, pytest.raises(Unreachable):
        do(service.url, "content", "a1", tmp_path / "got.mp4")
    assert not (tmp_path / "got.mp4").exists()
    with HostileService(ranged) as service:
        assert do(service.url, "content", "a1", tmp_path / "got.mp4").read_bytes() == CONTENT
    assert int(service.heard[-1].headers["range"].removeprefix("bytes=").rstrip("-")) >= 2**20


def test_content_that_became_another_is_fetched_anew(do: Callable[..., Any], tmp_path: Path) -> None:
    other = CONTENT[::-1]
    with HostileService(
        lambda heard: ranged(heard, 1_500_000), lambda heard: ranged(heard, etag='"e2"', content=other)
    ) as service:
        assert do(service.url, "content", "a1", tmp_path / "got.mp4").read_bytes() == other
    assert [each.name for each in tmp_path.iterdir()] == ["got.mp4"]


def test_another_stretch_than_was_asked_for_is_not_taken(do: Callable[..., Any], tmp_path: Path) -> None:
    wrong = answer(206, CONTENT[7:], ETag='"e1"', Content_Range=f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}")
    with HostileService(lambda heard: ranged(heard, 1_500_000), wrong) as service, pytest.raises(BadReply):
        do(service.url, "content", "a1", tmp_path / "got.mp4")
    assert not (tmp_path / "got.mp4").exists()


def test_a_service_that_knows_no_ranges_is_asked_for_the_whole(do: Callable[..., Any], tmp_path: Path) -> None:
    whole = answer(200, CONTENT, ETag='"e1"')
    with HostileService(whole[:-1000], answer(416), whole) as service:
        assert do(service.url, "content", "a1", tmp_path / "got.mp4").read_bytes() == CONTENT
