"""The tools over a real archive, without a process or a socket between."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.types import CallToolResult, ImageContent, TextContent

from api.app import create_app
from api.auth import LOCAL
from api.service import Service
from tests.live import an_alert, new
from tests.service import URL, a_service
from tests.talks import GARDEN, MUSIC, add_talk
from videoqa.access import Role, Scope
from videoqa.alerting.setting_up import CameraWishes
from videoqa.cameras import CameraState, CameraStatus, StreamUrl
from videoqa.client import AsyncClient
from videoqa.mcp.tools import create_server
from videoqa.media import Picture

NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
MOWER = "when does he repair the lawn mower engine"


class Assistant:
    """What calls the tools of a service."""

    def __init__(self, service: Service, clips: Path, key: str = "") -> None:
        self._service, self._clips, self._key = service, clips, key

    def __call__(self, tool: str, **arguments: Any) -> CallToolResult:
        async def called(client: Client) -> CallToolResult:
            result: CallToolResult = await client.call_tool(tool, arguments)
            return result

        return asyncio.run(self._talk(called))

    async def _talk(self, calls: Callable[[Client], Awaitable[CallToolResult]]) -> CallToolResult:
        app = create_app(self._service)
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            AsyncClient(URL, self._key, transport=transport, retries=0) as service,
            Client(create_server(service, self._clips, "1")) as client,
        ):
            return await calls(client)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    service = a_service(tmp_path)
    add_talk(service.archive, "Garden.mp4", GARDEN, tags=["green"], started_at=NOON)
    music = add_talk(service.archive, "Music.mp4", MUSIC, tags=["sound"])
    (tmp_path / "music.mp4").write_bytes(b"notes")
    service.archive.describe(
        music.id, length=music.length, started_at=music.started_at, source=str(tmp_path / "music.mp4")
    )
    return service


@pytest.fixture
def call(service: Service, tmp_path: Path) -> Assistant:
    return Assistant(service, tmp_path / "clips")


def text(result: CallToolResult) -> str:
    return " ".join(content.text for content in result.content if isinstance(content, TextContent))


def test_an_answer_names_its_recording_and_time(call: Assistant) -> None:
    told = call("ask", question=MOWER).structured_content
    assert told
    assert told["found"]
    first = told["moments"][0]
    assert first["title"] == "Garden.mp4"
    assert first["at"].startswith("00:")
    assert first["happened_at"].startswith("2026-05-09T12:")


def test_only_what_happened_in_a_stretch_of_the_wall_clock_is_looked_at(call: Assistant) -> None:
    later = "2026-05-10T00:00:00Z"
    assert call("search", words="engine", since=later).structured_content == {"moments": []}
    found = call("search", words="engine", until=later).structured_content
    assert found
    assert {moment["title"] for moment in found["moments"]} == {"Garden.mp4"}


def test_lists_say_that_there_is_more(call: Assistant) -> None:
    told = call("list_recordings", limit=1).structured_content
    assert told
    assert (len(told["recordings"]), told["more"]) == (1, True)
    told = call("list_recordings", tag="sound").structured_content
    assert told
    assert ([each["title"] for each in told["recordings"]], told["more"]) == (["Music.mp4"], False)


def test_a_picture_is_shown_and_a_clip_is_put_where_clips_go(call: Assistant, tmp_path: Path) -> None:
    told = call("list_recordings", tag="sound").structured_content
    assert told
    recording_id = told["recordings"][0]["id"]
    (shown,) = call("thumbnail", recording_id=recording_id, at=1.0).content
    assert isinstance(shown, ImageContent)
    assert base64.b64decode(shown.data)[:2] == b"\xff\xd8"
    cut = call("clip", recording_id=recording_id, start=1, end=3).structured_content
    assert cut
    assert Path(cut["path"]).parent == tmp_path / "clips"
    assert Path(cut["path"]).read_bytes() == b"notes"
    assert (cut["start"], cut["end"]) == (0.0, 3.0)


def test_a_key_reaches_through_the_tools_what_it_reaches_elsewhere(service: Service, tmp_path: Path) -> None:
    secret = service.keys.create("player", Role.VIEWER, Scope(frozenset({"sound"})))[1]
    call = Assistant(service, tmp_path, secret)
    told = call("list_recordings").structured_content
    assert told
    assert [each["title"] for each in told["recordings"]] == ["Music.mp4"]
    assert not (call("ask", question=MOWER).structured_content or {})["found"]
    refused = Assistant(service, tmp_path, "wrong")("list_recordings")
    assert refused.is_error
    assert "key" in text(refused)
    assert "wrong" not in text(refused)


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("clip", {"recording_id": "nothing", "start": 1, "end": 2}, "No recording is called nothing"),
        ("clip", {"recording_id": "..", "start": 1, "end": 2}, "no id"),
        ("list_events", {"recording_id": "nothing"}, "unknown-recording"),
        ("search", {"words": "x", "since": "2026-05-09T12:00:00"}, "time zone"),
        ("ask", {"question": ""}, "malformed-request"),
        ("ask", {}, "question"),
        ("list_recordings", {"limit": 0}, "limit"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_tool_with_what_to_do(
    tool: str, arguments: dict[str, Any], told: str, call: Assistant
) -> None:
    result = call(tool, **arguments)
    assert result.is_error
    assert told in text(result)


def test_cameras_and_their_alerts_are_told(call: Assistant, service: Service) -> None:
    url = StreamUrl("rtsp://guard:sesame@127.0.0.1:9/stream")
    service.setting_up.add_camera(CameraWishes("gate-1", url), LOCAL)
    taken = replace(an_alert(1), recording="r", frames=(timedelta(seconds=4),))
    service.alerts.write([CameraStatus("gate-1", CameraState.OFFLINE, NOON, "nobody answers"), new(taken)])
    (camera,) = call("list_cameras").structured_content["cameras"]
    assert (camera["name"], camera["state"], camera["problem"]) == ("gate-1", "offline", "nobody answers")
    told = call("list_alerts", camera="gate-1", severity="high").structured_content
    (alert,) = told["alerts"]
    assert (alert["description"], alert["recording_id"], alert["at"]) == ("person 1 on the fence", "r", 4.0)
    assert call("list_alerts", severity="low").structured_content["alerts"] == []
    assert "shown no picture yet" in text(call("camera_now", camera="gate-1"))
    service.snapshots.keep("gate-1", Picture(4, 4, bytes(48)), NOON)  # type: ignore[attr-defined]  the adapter's own
    (picture,) = call("camera_now", camera="gate-1").content
    assert isinstance(picture, ImageContent)
    assert base64.b64decode(picture.data).startswith(b"\xff\xd8")
