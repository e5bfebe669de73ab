"""What the client asks for is what the service's OpenAPI document offers: routes, parameters, bodies; all of them."""

from __future__ import annotations

import io
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import compile_path

from api.app import create_app
from tests.service import a_service
from videoqa.client import (
    alerts,
    asking,
    books,
    cameras,
    downloads,
    footage,
    pins,
    rules,
    subtitles,
    uploads,
    webhooks,
    work,
)
from videoqa.client.flows import Call, Given, Open, Options, Send, Work

Json = dict[str, Any]
DAY = timedelta(days=1)
NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
SAID: Json = {"title": "Gate", "started_at": NOON, "prompt": "cars", "tags": ["gate"]}
WHERE: Json = {"recordings": ["a1"], "between": (NOON, NOON), "limit": 5}
FLOWS: dict[str, Generator[Any, Any, Any]] = {
    "recordings": footage.recordings(
        title="a", tag="b", camera="c", state="indexed", owner="k", started_from=NOON, started_before=NOON
    ),
    "recording": footage.recording("a1"),
    "change": footage.change("a1", **SAID),
    "remove": footage.remove("a1"),
    "recording_events": footage.recording_events("a1", start=1, end=2, label="x"),
    "chapters": footage.chapters("a1"),
    "coverage": footage.coverage("a1"),
    "upload": uploads.upload(io.BytesIO(b"footage"), priority=1, **SAID),
    "upload_url": uploads.upload_url("https://example.com/a.mp4", priority=1, **SAID),
    "upload_offset": uploads._offset("u1", 7),
    "upload_part": (part for part in [Send(uploads._patch("u1", 0, b"footage"))]),
    "upload_end": uploads._become("u1"),
    "ask": asking.ask("what?", **WHERE),
    "come_back": asking.come_back("t1"),
    "search": asking.search("what", sources=["slide"], **WHERE),
    "content": downloads.content("a1", "a.mp4"),
    "clip": downloads.clip("a1", "a.mp4", start=1, end=2),
    "thumbnail": downloads.thumbnail("a1", "a.jpg", seconds=1, width=99),
    "captions": downloads.captions("a1", "a.vtt"),
    "subtitles": subtitles.subtitles("a1"),
    "put_subtitles": subtitles.put_subtitles("a1", io.BytesIO(b"words"), name="talk.srt"),
    "subtitle_file": downloads.subtitle_file("a1", "talk.srt", "talk.srt"),
    "remove_subtitles": subtitles.remove_subtitles("a1", "talk.srt"),
    "cameras": cameras.cameras(),
    "camera": cameras.camera("gate-1"),
    "add_camera": cameras.add_camera("gate-1", "rtsp://127.0.0.1/a", keep=DAY, tags=["gate"]),
    "change_camera": cameras.change_camera("gate-1", url="rtsp://127.0.0.1/a", keep=DAY, tags=["gate"], enabled=True),
    "remove_camera": cameras.remove_camera("gate-1"),
    "snapshot": cameras.snapshot("gate-1", "a.jpg"),
    "timeline": cameras.timeline("gate-1", since=NOON, until=NOON),
    "rules": rules.rules(),
    "rule": rules.rule("r1"),
    "add_rule": rules.add_rule(
        "a person", cameras=["gate-1"], schedule=rules.Schedule(start=NOON.time(), end=NOON.time())
    ),
    "change_rule": rules.change_rule("r1", enabled=True, severity="low", cooldown=DAY),
    "try_rule": rules.try_rule("r1", cameras=["gate-1"], last=DAY),
    "remove_rule": rules.remove_rule("r1"),
    "alerts": alerts.alerts(cameras=["gate-1"], rules=["r1"], severities=["low"], since=NOON, until=NOON),
    "alert": alerts.alert("a1"),
    "acknowledge": alerts.acknowledge("a1"),
    "comment": alerts.comment("a1", "seen to"),
    "false_alarm": alerts.false_alarm("a1"),
    "pins": pins.pins("a1"),
    "pin": pins.pin("a1", start=1, end=2, note="kept"),
    "unpin": pins.unpin("a1", "p1"),
    "webhooks": webhooks.webhooks(),
    "webhook": webhooks.webhook("w1"),
    "add_webhook": webhooks.add_webhook("https://example.com/", cameras=["gate-1"], severities=["high"], after_seq=0),
    "switch_webhook": webhooks.switch_webhook("w1", enabled=False),
    "remove_webhook": webhooks.remove_webhook("w1"),
    "jobs": work.jobs(states=["running"]),
    "job": work.job("j1"),
    "cancel": work.cancel("j1"),
    "retry": work.retry("j1"),
    "progress": work.progress("a1"),
    "events": books.events(recordings=["a1"], label="x", source="motion", since=NOON, until=NOON),
    "feedback": books.feedback("t1", right=True, note="yes"),
    "judged": books.judged(right=True),
    "usage": books.usage(),
    "keys": books.keys(),
    "create_key": books.create_key("gate", role="viewer", tags=["a"], cameras=["b"]),
    "revoke_key": books.revoke_key("k1"),
    "deeds": books.deeds(),
}
OTHERWISE = {
    "GET /v1/models": "for clients of OpenAI's",
    "POST /v1/chat/completions": "for clients of OpenAI's",
    "GET /v1/search": "POST does the same",
    "HEAD /v1/recordings/{recording_id}/content": "a download sees the same headers",
    "HEAD /v1/recordings/{recording_id}/clip": "a download sees the same headers",
    "GET /v1/alerts/stream": "the client listens at the socket",
    "GET /v1/cameras/{camera_id}/mjpeg": "for browsers and recorders",
    "POST /v1/session": "for browsers",
    "DELETE /v1/session": "for browsers",
    "OPTIONS /v1/uploads": "the client knows what is spoken",
    "POST /v1/uploads/{upload_id}": "for lines that let no PATCH through",
    "DELETE /v1/uploads/{upload_id}": "what is not gone on with expires",
}


@pytest.fixture(scope="module")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> Json:
    document: Json = create_app(a_service(tmp_path_factory.mktemp("service"))).openapi()
    return document


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Call]:
    folder = tmp_path_factory.mktemp("notes")
    return {name: first_call(flow, folder) for name, flow in FLOWS.items()}


@pytest.mark.parametrize("name", FLOWS)
def test_what_is_asked_for_is_offered(name: str, calls: dict[str, Call], openapi: Json) -> None:
    call = calls[name]
    route = route_of(call, openapi)
    assert route, f"{call.method} {call.path} is no route"
    operation = openapi["paths"][route.partition(" ")[2]][call.method.lower()]
    offered = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    assert {asked for asked, value in call.query.items() if value is not None} <= offered
    if call.json is not None:
        assert isinstance(call.json, dict)
        content = operation["requestBody"]["content"]["application/json"]["schema"]
        schema = openapi["components"]["schemas"][content["$ref"].rpartition("/")[2]] if "$ref" in content else content
        assert set(call.json) <= set(schema["properties"])
        assert set(schema.get("required", ())) <= set(call.json)


def test_whatever_is_offered_can_be_asked_for(calls: dict[str, Call], openapi: Json) -> None:
    offered = {
        f"{method.upper()} {path}"
        for path, operations in openapi["paths"].items()
        for method in operations
        if path.startswith("/v1/")
    }
    assert offered - {route_of(call, openapi) for call in calls.values()} <= set(OTHERWISE)


def first_call(flow: Generator[Any, Any, Any], folder: Path) -> Call:
    """The first request of ``flow``."""
    effect = next(flow)
    while not isinstance(effect, Send | Open):
        match effect:
            case Given():
                effect = flow.send(Options(url="http://127.0.0.1:8080", folder=folder))
            case Work(work):
                effect = flow.send(work())
            case _:
                raise AssertionError(f"{effect} comes before the first request")
    return effect.call


def route_of(call: Call, openapi: Json) -> str:
    """The route of ``call`` as the document writes it; those without parameters go first."""
    for path in sorted(openapi["paths"], key=lambda path: path.count("{")):
        if compile_path(path)[0].match(call.path) and call.method.lower() in openapi["paths"][path]:
            return f"{call.method} {path}"
    return ""
