"""Who a request comes from, and what that one may do."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.testclient import TestClient

from api.app import create_app
from api.service import Limits, Service
from tests.service import URL, a_service, client_of
from videoqa.access import Role, Scope
from videoqa.media import ZERO, Recording, RecordingState

TAGGED = Scope(tags=frozenset({"gate"}))


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


@lru_cache(maxsize=2)
def application(service: Service) -> FastAPI:
    return create_app(service)


def ask(service: Service, path: str, key: str = "", method: str = "GET", **more: Any) -> httpx2.Response:
    return ask_all(service, [(method, path, key)], **more)[0]


def ask_all(service: Service, asked: list[tuple[str, str, str]], **more: Any) -> list[httpx2.Response]:
    """The answers of one application, asked in turn."""

    async def answers() -> list[httpx2.Response]:
        found = []
        for method, path, key in asked:
            async with client_of(service, key, application(service)) as client:
                found.append(await client.request(method, path, **more))
        return found

    return anyio.run(answers)


def a_key(service: Service, role: Role = Role.VIEWER, scope: Scope = Scope(), name: str = "one") -> str:  # noqa: B008  frozen
    return service.keys.create(name, role, scope)[1]


def test_whoever_is_at_this_machine_needs_no_key_where_there_is_none(service: Service) -> None:
    answer = ask(service, "/v1/recordings/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-recording")


def test_from_the_first_key_on_everybody_needs_one(service: Service) -> None:
    async def asked() -> None:
        async with client_of(service) as client:
            assert (await client.get("/v1/recordings")).status_code == 200
            made = (await client.post("/v1/keys", json={"name": "me", "role": "admin"})).json()
            assert (await client.get("/v1/recordings")).status_code == 401
            client.headers["Authorization"] = f"Bearer {made['secret']}"
            assert (await client.get("/v1/recordings")).status_code == 200

    anyio.run(asked)


def test_revoking_the_last_key_opens_nothing(service: Service) -> None:
    secret = a_key(service, Role.ADMIN)
    service.keys.revoke("one")
    assert ask(service, "/v1/recordings").status_code == 401
    assert ask(service, "/v1/recordings", secret).status_code == 401


def test_a_key_is_needed_where_others_reach_the_service(service: Service) -> None:
    assert ask(replace(service, keys_needed=True), "/v1/recordings").status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic {secret}", "{secret}", "Bearer {secret}x", "Bearer \xff\x00"],
)
def test_what_is_no_key_in_force_is_refused(service: Service, header: str) -> None:
    sent = header.format(secret=a_key(service)).encode("latin-1")
    answer = ask(service, "/v1/recordings", headers={"Authorization": sent})
    assert (answer.status_code, answer.json()["code"]) == (401, "key-needed")


def test_the_word_bearer_is_read_whatever_its_case(service: Service) -> None:
    assert ask(service, "/v1/recordings", headers={"Authorization": f"bEARER {a_key(service)}"}).status_code == 200


def test_wrong_keys_from_one_address_are_soon_too_many_and_keep_no_right_one_out(service: Service) -> None:
    service = replace(service, limits=Limits(wrong_keys="3/minute"))
    known, fresh = a_key(service), a_key(service, name="two")
    wrong = [("GET", "/v1/recordings", "wrong")] * 3
    asked = [("GET", "/v1/recordings", known), *wrong, ("GET", "/v1/recordings", "wrong")]
    told = ask_all(service, [*asked, ("GET", "/v1/recordings", fresh), ("GET", "/v1/recordings", known)])
    assert [answer.status_code for answer in told] == [200, 401, 401, 401, 429, 200, 200]
    assert told[4].json()["code"] == "too-many-wrong-keys"
    assert 0 < int(told[4].headers["retry-after"]) <= 60


def test_wrong_keys_that_come_at_once_are_bounded_and_so_are_their_lines_in_the_log(service: Service) -> None:
    service = replace(service, limits=Limits(wrong_keys="3/minute"))
    a_key(service)
    told = list[int]()

    async def flood() -> None:
        async with client_of(service, "wrong") as client, anyio.create_task_group() as tasks:

            async def one() -> None:
                told.append((await client.get("/v1/recordings")).status_code)

            for _ in range(30):
                tasks.start_soon(one)

    anyio.run(flood)
    assert sorted(told) == [401] * 3 + [429] * 27
    assert len(service.audit.deeds(None, 100)) == 3


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host"])
def test_who_comes_through_a_proxy_is_not_at_this_machine(service: Service, header: str) -> None:
    for method, path in (("GET", "/v1/recordings"), ("POST", "/v1/keys")):
        answer = ask(service, path, method=method, headers={header: "10.0.0.7"})
        assert (answer.status_code, answer.json()["code"]) == (401, "key-needed-behind-proxy")
        assert "proxy" in answer.json()["detail"]
    assert ask(service, "/v1/recordings", a_key(service), headers={header: "10.0.0.7"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_where_no_key_is_needed_no_body_is_read(service: Service, method: str) -> None:
    read = list[bytes]()

    async def body() -> AsyncIterator[bytes]:
        read.append(b"[")
        yield b"["

    for path in ("/health/live", "/docs", "/"):
        answer = ask(service, path, method=method, content=body(), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (405, "wrong-method")
        assert "GET" in answer.headers["allow"]
    assert not read


def test_a_made_up_path_is_written_down_cut(service: Service) -> None:
    ask(service, "/v1/" + "x" * 5000, method="DELETE")
    (deed,) = service.audit.deeds(None, 10)
    assert deed.action.startswith("DELETE /v1/xxx")
    assert len(deed.action) <= 200


def test_a_limited_admin_sees_and_makes_keys_within_its_reach_alone(service: Service) -> None:
    secret = a_key(service, Role.ADMIN, TAGGED, "limited")
    a_key(service, Role.VIEWER, Scope(), "all")
    a_key(service, Role.VIEWER, Scope(cameras=frozenset({"gate"})), "camera")
    seen = ask(service, "/v1/keys", secret).json()["items"]
    assert [key["name"] for key in seen] == ["limited"]
    for wanted in ({}, {"tags": ["gate", "yard"]}, {"cameras": ["gate"]}, {"tags": ["gate"], "cameras": ["gate"]}):
        answer = ask(service, "/v1/keys", secret, "POST", json={"name": "new", "role": "viewer", **wanted})
        assert (answer.status_code, answer.json()["code"]) == (403, "key-out-of-reach")
    made = ask(service, "/v1/keys", secret, "POST", json={"name": "new", "role": "admin", "tags": ["gate"]})
    assert made.status_code == 201
    assert service.keys.holder(made.json()["secret"]) is not None
    others = {key.name: key.id for key in service.keys.keys()}  # noqa: SIM118  a port's method
    for name, outcome in (("all", 404), ("camera", 404), ("new", 204), ("new", 404)):
        assert ask(service, f"/v1/keys/{others[name]}", secret, "DELETE").status_code == outcome
    assert ask(service, "/v1/keys/all", secret, "DELETE").status_code == 404


def test_a_key_is_revoked_by_its_id_whatever_others_are_called(service: Service) -> None:
    secret = a_key(service, Role.ADMIN)
    victim, _ = service.keys.create("victim", Role.VIEWER, Scope())
    service.keys.create(victim.id, Role.VIEWER, Scope())
    assert ask(service, f"/v1/keys/{victim.id}", secret, "DELETE").status_code == 204
    assert {key.name for key in service.keys.keys() if key.revoked_at} == {"victim"}  # noqa: SIM118


def test_a_secret_is_shown_once_and_a_name_taken_once(service: Service) -> None:
    body = {"name": " gate ", "role": "operator", "tags": ["a", "b"]}
    made = ask(service, "/v1/keys", method="POST", json=body).json()
    admin = a_key(service, Role.ADMIN)
    listed = ask(service, "/v1/keys", admin)
    assert made["secret"] not in listed.text
    assert listed.json()["items"][0] == made["key"]
    assert (made["key"]["name"], made["key"]["tags"], made["key"]["revoked_at"]) == ("gate", ["a", "b"], None)
    again = ask(service, "/v1/keys", admin, "POST", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "name-taken")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, "foreign-host"),
        ({"Host": "127.0.0.1.evil.example:8080"}, "foreign-host"),
        ({"Host": "192.168.1.7:8080"}, "foreign-host"),
        ({"Host": "[::1"}, "foreign-host"),
        ({"Origin": "https://evil.example"}, "foreign-origin"),
        ({"Origin": "null"}, "foreign-origin"),
        ({"Origin": "http://127.0.0.1:3000"}, "foreign-origin"),
        ({"Sec-Fetch-Site": "cross-site"}, "foreign-origin"),
        ({"Sec-Fetch-Site": "same-site"}, "foreign-origin"),
    ],
)
def test_a_page_cannot_drive_a_service_that_asks_for_no_key(
    service: Service, headers: Mapping[str, str], code: str
) -> None:
    for method, path in (("GET", "/v1/recordings"), ("POST", "/v1/keys"), ("DELETE", "/v1/recordings/x")):
        answer = ask(service, path, method=method, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    # Who shows a key is no page: a browser adds none by itself.
    secret = a_key(service)
    assert ask(service, "/v1/recordings", secret, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:8080"},
        {"Host": "[::1]:8080"},
        {"Host": "127.0.0.2"},
        {"Host": "localhost:8080", "Origin": "http://localhost:8080"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_whoever_is_at_this_machine_is_let_in_by_any_of_its_names(service: Service, headers: Mapping[str, str]) -> None:
    assert ask(service, "/v1/recordings", headers=headers).status_code == 200


def test_other_sites_pages_are_let_in_where_they_are_named(service: Service) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "PATCH"}
    assert "access-control-allow-origin" not in ask(service, "/v1/recordings", method="OPTIONS", headers=asked).headers
    named = replace(service, limits=Limits(origins=("https://app.example",)))
    allowed = ask(named, "/v1/recordings", method="OPTIONS", headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in allowed.headers
    assert ask(named, "/v1/recordings", headers={"Origin": "https://app.example"}).status_code == 200
    other = ask(named, "/v1/recordings", headers={"Origin": "https://other.example"})
    assert other.status_code == 403
    assert "access-control-allow-origin" not in other.headers


def test_what_was_changed_and_by_whom_is_written_down(service: Service) -> None:
    admin = a_key(service, Role.ADMIN, name="admin")
    viewer = a_key(service, Role.VIEWER, name="viewer")
    now = datetime.now(UTC)
    service.archive.add(
        Recording("yard", "yard.mp4", "/yard.mp4", "d", ZERO, RecordingState.QUEUED, added_at=now, tags=("t",))
    )
    made = ask(service, "/v1/keys", admin, "POST", json={"name": "new", "role": "viewer"}).json()
    ask(service, "/v1/recordings/yard", viewer, "PATCH", json={"title": "x"})
    ask(service, "/v1/recordings/yard", admin, "PATCH", json={"title": "x"})
    ask(service, "/v1/recordings/yard", "vqa_wrong_one", "DELETE")
    ask(service, "/v1/recordings", viewer)
    ask(service, "/v1/search", viewer, "POST", json={"q": "x"})
    log = ask(service, "/v1/audit", admin)
    told = [(deed["key_name"], deed["action"], deed["subject"], deed["outcome"]) for deed in log.json()["items"]]
    assert told == [
        ("", "wrong key", "", 401),
        ("admin", "PATCH /v1/recordings/{recording_id}", "yard", 200),
        ("viewer", "PATCH /v1/recordings/{recording_id}", "yard", 403),
        ("admin", "POST /v1/keys", made["key"]["id"], 201),
    ]
    assert {deed["address"] for deed in log.json()["items"]} == {"127.0.0.1"}
    assert all(deed["request_id"] for deed in log.json()["items"])
    for secret in (admin, viewer, made["secret"], "vqa_wrong_one"):
        assert secret not in log.text


def test_what_was_refused_or_broke_is_written_down_as_what_it_was(service: Service) -> None:
    ask(service, "/v1/keys", method="POST", content=b"NaN", headers={"Content-Type": "application/json"})
    ask(service, "/v1/keys", method="POST", content=b"x" * 2**21, headers={"Content-Type": "application/json"})
    ask(service, "/v1/keys/nothing", method="DELETE")
    told = [(deed["action"], deed["subject"], deed["outcome"]) for deed in ask(service, "/v1/audit").json()["items"]]
    assert told == [
        ("DELETE /v1/keys/{key_id}", "nothing", 404),
        ("POST /v1/keys", "", 413),
        ("POST /v1/keys", "", 400),
    ]


@pytest.mark.parametrize(("origin", "passes"), [("http://127.0.0.1:8080", True), ("https://evil.example", False)])
def test_a_web_socket_passes_the_same_gate(service: Service, origin: str, passes: bool) -> None:
    app = create_app(service)

    @app.websocket("/v1/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.state.caller.name)
        await socket.close()

    client = TestClient(app, base_url=URL)
    with contextlib.ExitStack() as stack:
        if not passes:
            stack.enter_context(pytest.raises(WebSocketDisconnect))
        with client.websocket_connect("/v1/socket", headers={"Host": "127.0.0.1:8080", "Origin": origin}) as line:
            assert line.receive_text() == "local"
    a_key(service)
    with pytest.raises(WebSocketDisconnect), TestClient(create_app(service)).websocket_connect("/v1/socket"):
        pass


def test_the_audit_log_comes_in_parts_and_a_limited_admin_sees_its_keys_deeds(service: Service) -> None:
    admin, limited = a_key(service, Role.ADMIN, name="a"), a_key(service, Role.ADMIN, TAGGED, "l")
    for number in range(5):
        for secret in (admin, limited):
            ask(service, "/v1/keys", secret, "POST", json={"name": f"{secret}{number}"[-60:], "role": "no"})
    seen, after = list[str](), None
    while True:
        page = ask(service, "/v1/audit", admin, params={"limit": 3} | ({"after": after} if after else {})).json()
        seen += [deed["key_name"] for deed in page["items"]]
        if (after := page["next"]) is None:
            break
    assert seen == ["l", "a"] * 5
    assert [deed["key_name"] for deed in ask(service, "/v1/audit", limited).json()["items"]] == ["l"] * 5
    part = ask(service, "/v1/audit", limited, params={"limit": 2}).json()
    assert (len(part["items"]), bool(part["next"])) == (2, True)
