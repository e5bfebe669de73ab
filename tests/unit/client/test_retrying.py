from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.unit.client.service import Either, Scripted, problem
from videoqa.client import BadReply, KeyNeeded, NotFound, ProblemError, ServiceFailed, TooManyRequests, Unreachable

RECORDING: dict[str, Any] = {
    "id": "a1",
    "title": "gate",
    "source": None,
    "digest": "d",
    "length": 12.5,
    "state": "indexed",
    "started_at": "2026-11-21T09:00:00Z",
    "problems": [],
    "prompt": "",
    "tags": ["gate"],
    "camera": "",
    "added_at": "2026-11-21T10:00:00Z",
    "owner": None,
    "kept": True,
    "size": 99,
}


@pytest.fixture(params=[False, True], ids=["blocking", "awaiting"])
def awaiting(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_what_is_away_for_a_moment_is_asked_again(awaiting: bool) -> None:
    script = Scripted(
        httpx2.ConnectError("refused"),
        problem(503, "storage-error"),
        httpx2.ReadError("reset"),
        httpx2.Response(200, json=RECORDING),
    )
    found = Either(script, awaiting=awaiting).recording("a1")
    assert found.length == 12.5
    assert found.started_at.utcoffset().total_seconds() == 0
    assert len(script.heard) == 4


def test_what_may_have_been_heard_is_not_sent_twice(awaiting: bool) -> None:
    script = Scripted(httpx2.ReadError("reset"))
    with pytest.raises(Unreachable) as told:
        Either(script, awaiting=awaiting).change("a1", title="x")
    assert told.value.sent
    assert len(script.heard) == 1


def test_what_cannot_have_been_heard_is_sent_again(awaiting: bool) -> None:
    script = Scripted(httpx2.ConnectError("refused"), problem(429, "quota-spent"), httpx2.Response(200, json=RECORDING))
    assert Either(script, awaiting=awaiting).change("a1", title="x").id == "a1"
    assert [request.method for request in script.heard] == ["PATCH"] * 3


def test_trying_comes_to_an_end(awaiting: bool) -> None:
    script = Scripted(problem(503, "model-unreachable", "The model is away."))
    with pytest.raises(ServiceFailed, match=r"The model is away. \[model-unreachable\] \(request r1\)"):
        Either(script, awaiting=awaiting, retries=3).recording("a1")
    assert len(script.heard) == 4


def test_the_service_says_how_long_to_wait(awaiting: bool) -> None:
    script = Scripted(problem(429, "quota-spent", **{"Retry-After": "1"}), httpx2.Response(200, json=RECORDING))
    begun = time.monotonic()
    Either(script, awaiting=awaiting).recording("a1")
    assert time.monotonic() - begun >= 1


def test_nobody_is_made_to_wait_for_hours(awaiting: bool) -> None:
    script = Scripted(problem(429, "quota-spent", **{"Retry-After": "86400"}))
    with pytest.raises(TooManyRequests) as told:
        Either(script, awaiting=awaiting).recording("a1")
    assert told.value.retry_after == 86400
    assert len(script.heard) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(401, "key-needed", KeyNeeded), (404, "unknown-recording", NotFound)]
)
def test_what_is_refused_is_not_asked_again(status: int, code: str, kind: type[ProblemError], awaiting: bool) -> None:
    script = Scripted(problem(status, code))
    with pytest.raises(kind) as told:
        Either(script, awaiting=awaiting).recording("a1")
    assert (told.value.code, told.value.status, told.value.request_id) == (code, status, "r1")
    assert len(script.heard) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx2.Response(200, text="<html>Sign in</html>"),
        lambda: httpx2.Response(200, json={"id": "a1"}),
        lambda: httpx2.Response(200, json=RECORDING | {"length": "NaN and then some"}),
        lambda: httpx2.Response(302, headers={"Location": "https://elsewhere.example/"}),
    ],
)
def test_what_does_not_answer_as_videoqa_does_is_told_so(answer: Callable[[], httpx2.Response], awaiting: bool) -> None:
    with pytest.raises(BadReply):
        Either(Scripted(answer()), awaiting=awaiting).recording("a1")


def test_a_page_of_a_proxy_is_a_problem_by_its_status(awaiting: bool) -> None:
    script = Scripted(httpx2.Response(502, text="<html>Bad gateway</html>"))
    with pytest.raises(ServiceFailed, match="502"):
        Either(script, awaiting=awaiting, retries=0).recording("a1")


def test_what_a_later_service_tells_besides_is_passed_over(awaiting: bool) -> None:
    script = Scripted(httpx2.Response(200, json=RECORDING | {"mood": "grim", "state": "pondered"}))
    assert Either(script, awaiting=awaiting).recording("a1").state == "pondered"


def test_pages_are_asked_for_as_they_are_needed(awaiting: bool) -> None:
    script = Scripted(
        httpx2.Response(200, json={"items": [RECORDING], "next": "a1"}),
        httpx2.Response(200, json={"items": [RECORDING | {"id": "a2"}], "next": None}),
    )
    found = Either(script, awaiting=awaiting).recordings(tag="gate & yard")
    assert [recording.id for recording in found] == ["a1", "a2"]
    assert [dict(request.url.params) for request in script.heard] == [
        {"tag": "gate & yard"},
        {"tag": "gate & yard", "after": "a1"},
    ]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_what_would_lead_to_another_path_is_no_id(name: str, awaiting: bool) -> None:
    script = Scripted(httpx2.Response(204))
    with pytest.raises(ValueError, match="no id"):
        Either(script, awaiting=awaiting).remove(name)
    assert not script.heard


def test_an_id_of_any_characters_stays_one_part_of_the_path(awaiting: bool) -> None:
    script = Scripted(problem(404, "unknown-recording"))
    with pytest.raises(NotFound):
        Either(script, awaiting=awaiting).recording("../keys?x=1#y")
    assert script.heard[0].url.raw_path == b"/v1/recordings/..%2Fkeys%3Fx%3D1%23y"
