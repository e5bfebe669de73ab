"""The feed over a WebSocket and as server-sent events: who is let in, by what, and what a client can say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from api.alert_feed import SOCKET, feed, socket
from api.schemas.alerts import SUBPROTOCOL
from api.service import Limits, Service
from tests.alerts import a_camera, begun
from tests.service import URL, a_service, app_of
from videoqa.access import Role, Scope
from videoqa.alerts import Severity

HOST = {"Host": "127.0.0.1:8080"}


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path, limits=Limits(origins=("https://page.example",), wrong_keys="3/minute"))


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(app_of(service), base_url=URL, headers=HOST) as client:
        yield client


@contextmanager
def opened(client: TestClient, query: str = "", **headers: str) -> Iterator[WebSocketTestSession]:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    with client.websocket_connect(SOCKET + query, subprotocols=[SUBPROTOCOL], headers=told) as line:
        yield line


def closed(line: WebSocketTestSession) -> tuple[list[dict[str, Any]], int, str]:
    """What is said until it is closed, the code, and the reason."""
    said = []
    while True:
        try:
            said.append(line.receive_json())
        except WebSocketDisconnect as end:
            return said, end.code, end.reason


def a_key(service: Service, scope: Scope = Scope(), name: str = "one") -> str:  # noqa: B008  frozen
    return service.keys.create(name, Role.VIEWER, scope)[1]


def test_the_subprotocol_is_agreed_on(client: TestClient) -> None:
    with opened(client) as line:
        assert line.accepted_subprotocol == SUBPROTOCOL


def test_what_is_kept_comes_first(client: TestClient, service: Service) -> None:
    service.alerts.write([begun(1), begun(2), begun(3)])
    with opened(client, "?after_seq=1") as line:
        assert [line.receive_json()["seq"] for _ in range(2)] == [2, 3]
        service.alerts.write([begun(4)])
        assert line.receive_json()["seq"] == 4


@pytest.mark.parametrize("by", ["header", "cookie", "message"])
def test_a_key_opens_it(by: str, client: TestClient, service: Service) -> None:
    key = a_key(service)
    service.alerts.write([begun(1)])
    sent = {"header": {"Authorization": f"Bearer {key}"}, "cookie": {"Cookie": f"videoqa_key={key}"}, "message": {}}
    with opened(client, "?after_seq=0", **sent[by]) as line:
        if by == "message":
            line.send_json({"type": "auth", "key": key})
        assert line.receive_json()["seq"] == 1


@pytest.mark.parametrize(
    "first",
    [{"type": "auth", "key": "vqa_wrong"}, {"type": "filter"}, {"type": "auth"}, ["auth"]],
    ids=["wrong", "another", "none", "no object"],
)
def test_a_first_message_without_a_key_in_force_ends_it(first: Any, client: TestClient, service: Service) -> None:
    a_key(service)
    service.alerts.write([begun(1)])
    with opened(client, "?after_seq=0") as line:
        line.send_json(first)
        said, code, reason = closed(line)
        assert [(each["type"], each["code"]) for each in said] == [("error", "key-needed")]
        assert (code, reason) == (1008, "key-needed")


def test_a_key_has_to_come_in_time(client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "AUTH_SECONDS", 0.05)
    a_key(service)
    with opened(client) as line:
        said, code, _ = closed(line)
        assert (said[0]["code"], code) == ("key-needed", 1008)


def test_who_tries_key_after_key_is_told_to_stop_and_is_written_down(client: TestClient, service: Service) -> None:
    a_key(service)
    told = []
    for _ in range(5):
        with opened(client) as line:
            line.send_json({"type": "auth", "key": "vqa_guess"})
            told.append(closed(line)[1:])
    assert told == [(1008, "key-needed")] * 3 + [(1013, "too-many-wrong-keys")] * 2
    assert [deed.action for deed in service.audit.deeds()] == ["wrong key"] * 3


@pytest.mark.parametrize("name", ["key", "token", "access_token", "authorization"])
def test_a_key_in_the_query_opens_nothing(name: str, client: TestClient, service: Service) -> None:
    key = a_key(service)
    service.alerts.write([begun(1)])
    with opened(client, f"?after_seq=0&{name}={key}") as line:
        line.send_json({"type": "auth", "key": key})
        said, code, _ = closed(line)
        assert [each["code"] for each in said] == ["malformed-request"]
        assert key not in said[0]["detail"]
        assert code == 1008


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 403),
        ("http://127.0.0.1:8081", 403),
        ("null", 403),
        ("http://127.0.0.1:8080", 0),
        ("https://127.0.0.1:8080", 0),
        ("https://page.example", 0),
    ],
)
@pytest.mark.parametrize("with_key", [True, False])
def test_pages_of_other_sites_are_kept_out(
    origin: str, status: int, with_key: bool, client: TestClient, service: Service
) -> None:
    key = a_key(service) if with_key else ""
    if not with_key and origin == "https://127.0.0.1:8080":
        status = 403  # nobody speaks TLS to this machine alone
    headers = {"Origin": origin} | ({"Authorization": f"Bearer {key}"} if key else {})
    if status:
        with pytest.raises(WebSocketDenialResponse) as refused, opened(client, **headers):
            pass
        assert refused.value.status_code == status
        assert refused.value.json()["code"] == "foreign-origin"
    else:
        with opened(client, **headers):
            pass


def test_a_cookie_is_no_key_to_pages_of_other_origins_nor_to_what_changes_anything(
    client: TestClient, service: Service
) -> None:
    key = service.keys.create("admin", Role.ADMIN, Scope())[1]
    cookie = {"Cookie": f"videoqa_key={key}"}
    assert client.get("/v1/recordings", headers=cookie).status_code == 200
    assert client.get("/v1/recordings", headers=cookie | {"Sec-Fetch-Site": "same-origin"}).status_code == 200
    for foreign in ({"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://a.example"}):
        assert client.get("/v1/recordings", headers=cookie | foreign).status_code == 401
    assert client.post("/v1/keys", headers=cookie, json={"name": "x", "role": "admin"}).status_code == 401
    with opened(client, Origin="https://page.example", **cookie) as line:
        line.send_json({"type": "filter"})
        assert closed(line)[1] == 1008


def test_a_session_keeps_the_key_as_a_cookie_that_no_script_reads(client: TestClient, service: Service) -> None:
    key = a_key(service)
    answer = client.post("/v1/session", headers={"Authorization": f"Bearer {key}"})
    set_cookie = answer.headers["set-cookie"]
    assert answer.status_code == 204
    assert all(part in set_cookie for part in (f"videoqa_key={key}", "HttpOnly", "SameSite=strict", "Path=/v1"))
    assert "Secure" not in set_cookie
    behind_tls = {"Authorization": f"Bearer {key}", "X-Forwarded-Proto": "https"}
    assert "Secure" in client.post("/v1/session", headers=behind_tls).headers["set-cookie"]
    ended = client.delete("/v1/session", headers={"Authorization": f"Bearer {key}"})
    assert 'videoqa_key=""' in ended.headers["set-cookie"]
    client.cookies.clear()
    cookie = {"Cookie": f"videoqa_key={key}"}
    assert client.delete("/v1/session", headers=cookie | {"Sec-Fetch-Site": "cross-site"}).status_code == 401
    left = client.delete("/v1/session", headers=cookie)
    assert (left.status_code, left.headers["set-cookie"]) == (204, ended.headers["set-cookie"])


def test_a_wrong_key_in_the_header_is_answered_as_everywhere(client: TestClient, service: Service) -> None:
    a_key(service)
    with pytest.raises(WebSocketDenialResponse) as refused, opened(client, Authorization="Bearer vqa_wrong"):
        pass
    assert refused.value.status_code == 401
    assert refused.value.json()["code"] == "key-needed"


def test_a_filter_is_answered_and_kept_to(client: TestClient, service: Service) -> None:
    service.setting_up.cameras.add(a_camera("gate"))
    with opened(client, "?after_seq=0") as line:
        line.send_json({"type": "filter", "camera": ["gate"], "severity": ["low"]})
        assert line.receive_json() == {"type": "filtered", "camera": ["gate"], "rule": [], "severity": ["low"]}
        service.alerts.write([begun(1), begun(2, severity=Severity.LOW), begun(3, camera="door")])
        assert line.receive_json()["seq"] == 2
        line.send_json({"type": "filter"})
        assert line.receive_json()["type"] == "filtered"
        service.alerts.write([begun(4, camera="door")])
        assert line.receive_json()["seq"] == 4


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("{", "malformed-request"),
        ('{"type": "filter", "severity": ["huge"]}', "malformed-request"),
        ('{"type": "filter", "colour": ["red"]}', "malformed-request"),
        ('{"type": "filter", "camera": ["nowhere"]}', "unknown-camera"),
        ('{"type": "filter", "rule": ["none"]}', "unknown-rule"),
    ],
)
def test_what_cannot_be_understood_is_said_and_nothing_else_changes(
    said: str, code: str, client: TestClient, service: Service
) -> None:
    with opened(client) as line:
        line.send_text(said)
        answer = line.receive_json()
        assert (answer["type"], answer["code"]) == ("error", code)
        service.alerts.write([begun(1)])
        assert line.receive_json()["seq"] == 1


def test_cameras_of_others_are_not_there_to_filter_by(client: TestClient, service: Service) -> None:
    service.setting_up.cameras.add(a_camera("theirs", "b"))
    key = a_key(service, Scope(tags=frozenset({"a"})))
    with opened(client, "?camera=theirs", Authorization=f"Bearer {key}") as line:
        said, code, _ = closed(line)
        assert ([each["code"] for each in said], code) == (["unknown-camera"], 1008)


def test_revoking_a_key_closes_what_it_opened(client: TestClient, service: Service) -> None:
    key = a_key(service)
    with opened(client, Authorization=f"Bearer {key}") as line:
        service.keys.revoke("one")
        said, code, reason = closed(line)
        assert ([each["code"] for each in said], code, reason) == (["key-needed"], 1008, "key-needed")


def test_who_asks_too_often_is_told_to_come_back_later(tmp_path: Path) -> None:
    service = a_service(tmp_path, limits=Limits(requests="5/minute"))
    with TestClient(app_of(service), base_url=URL, headers=HOST) as client, opened(client) as line:
        for _ in range(6):
            line.send_json({"type": "filter"})
        _, code, reason = closed(line)
        assert (code, reason) == (1013, "too-many-requests")


def test_there_are_as_many_as_there_may_be(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_FOLLOWERS", 0)
    with opened(client) as line:
        said, code, reason = closed(line)
        assert (said[0]["code"], code, reason) == ("too-many-followers", 1013, "too-many-followers")


def test_of_events_there_are_as_many_followers_too_and_the_status_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_FOLLOWERS", 1)
    for _ in range(3):
        assert client.get("/v1/alerts/stream?follow=false").status_code == 200
    monkeypatch.setattr(feed, "MOST_FOLLOWERS", 0)
    answer = client.get("/v1/alerts/stream?follow=false")
    assert (answer.status_code, answer.json()["code"]) == (503, "too-many-followers")
    assert int(answer.headers["Retry-After"]) > 0


def test_who_goes_before_the_first_event_is_no_follower_any_more(service: Service) -> None:
    app = app_of(service)
    path = "/v1/alerts/stream"
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
    }
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 9)}
    scope |= {"headers": [(b"host", b"127.0.0.1:8080")], "server": ("127.0.0.1", 8080), "app": app}

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        pass

    async def play() -> None:
        await app(scope, receive, send)
        assert not app.state.feed._following
        await app.state.feed.close()

    asyncio.run(play())


def test_events_say_the_same_and_go_on_behind_the_last_one(client: TestClient, service: Service) -> None:
    service.alerts.write([begun(1), begun(2), begun(3, severity=Severity.LOW)])
    path = "/v1/alerts/stream?follow=false"
    whole = _events(client.get(f"{path}&after_seq=0").text)
    assert [(each["event"], each["id"]) for each in whole] == [
        ("alert.new", "1"),
        ("alert.new", "2"),
        ("alert.new", "3"),
    ]
    with opened(client, "?after_seq=0") as line:
        assert [json.loads(each["data"]) for each in whole] == [line.receive_json() for _ in range(3)]
    later = client.get(f"{path}&after_seq=0", headers={"Last-Event-ID": "2"})
    assert [each["id"] for each in _events(later.text)] == ["3"]
    assert [each["id"] for each in _events(client.get(f"{path}&after_seq=0&severity=low").text)] == ["3"]
    assert not _events(client.get(path).text)
    assert client.get(f"{path}&camera=nowhere").json()["code"] == "unknown-camera"


def _events(text: str) -> list[dict[str, str]]:
    blocks = (block for block in text.split("\n\n") if block and not block.startswith(":"))
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
