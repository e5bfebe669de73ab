"""Cameras, rules, alerts and pins over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import FastAPI

from api.service import Service
from indexer.cameras import SqlCameras
from tests.service import a_service, app_of, client_of
from videoqa.access import Role, Scope
from videoqa.alerting.closing import begin_rules
from videoqa.alerts import Alert, AlertState, NoticeKind, Severity, Verdict
from videoqa.cameras import CameraState, CameraStatus, Gap
from videoqa.media import ZERO, Coverage, CoverageState, CoveredSpan, Picture, Recording, RecordingState, Span
from videoqa.ports import AlertChange, Snapshot

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
URL = "rtsp://admin:open-sesame@10.0.0.7:554/stream?token=hush"
GREY = Picture(4, 4, bytes([128]) * 48)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(service) as client:
        yield client


async def added(client: httpx2.AsyncClient, name: str = "gate-1", **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/cameras", json={"name": name, "url": URL, **more})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def a_recording(service: Service, began: datetime, length: timedelta = 10 * MINUTE, **more: Any) -> Recording:
    number = f"{round(began.timestamp()):016x}"
    recording = Recording(
        id=number,
        title=f"gate {number}",
        source=f"/nowhere/{number}.mp4",
        digest=f"live:{number}",
        length=length,
        state=RecordingState.INDEXED,
        started_at=began,
        camera="gate-1",
    )
    return service.archive.add(replace(recording, **more))


def an_alert(service: Service, began: datetime, number: int = 1, **more: Any) -> Alert:
    alert = Alert(
        id=f"{number:016x}",
        rule="r1",
        camera="gate-1",
        event=f"e{number}",
        state=AlertState.OPEN,
        start=began,
        end=None,
        severity=Severity.HIGH,
        label="fence",
        description="a person on the fence",
        confidence=0.9,
        verdict=Verdict.CONFIRMED,
        recording="",
        offset=ZERO,
    )
    service.alerts.write([AlertChange(NoticeKind.ALERT_NEW, replace(alert, **more))])
    found = service.alerts.alert(alert.id)
    assert found is not None
    return found


async def test_a_password_is_taken_and_never_shown(client: httpx2.AsyncClient, service: Service) -> None:
    document = await added(client, keep=7 * 86400)
    told = [
        await client.get("/v1/cameras"),
        await client.get("/v1/cameras/gate-1"),
        await client.patch("/v1/cameras/gate-1", json={"enabled": False}),
        await client.post("/v1/cameras", json={"name": "gate-1", "url": URL}),
        await client.post("/v1/cameras", json={"name": "b", "url": f"gopher://{URL}"}),
        await client.post("/v1/cameras", json={"name": "b", "url": [URL]}),
        await client.get("/v1/audit"),
    ]
    for text in (str(document), *(answer.text for answer in told)):
        assert "open-sesame" not in text
        assert "hush" not in text
    assert document["url"] == "rtsp://10.0.0.7:554/stream?***"
    assert document["keep"] == 7 * 86400
    kept = service.setting_up.cameras.camera("gate-1")
    assert kept is not None
    assert kept.url.text == URL


async def test_what_is_left_out_of_a_change_stays(client: httpx2.AsyncClient, service: Service) -> None:
    await added(client, keep=86400, period=2, tags=["yard"])
    changed = (await client.patch("/v1/cameras/gate-1", json={"name": "gate"})).json()
    assert (changed["id"], changed["name"], changed["keep"], changed["period"]) == ("gate-1", "gate", 86400, 2)
    for_ever = (await client.patch("/v1/cameras/gate", json={"keep": None})).json()
    assert for_ever["keep"] is None
    assert for_ever["tags"] == ["yard"]
    kept = service.setting_up.cameras.camera("gate")
    assert kept is not None
    assert kept.url.text == URL


async def test_a_camera_tells_how_it_is(client: httpx2.AsyncClient, service: Service) -> None:
    assert (await added(client))["status"] is None
    service.alerts.write([CameraStatus("gate-1", CameraState.OFFLINE, NOON, "nobody answers")])
    (listed,) = (await client.get("/v1/cameras")).json()["items"]
    assert listed["status"]["state"] == "offline"
    assert listed["status"]["problem"] == "nobody answers"
    assert (await client.delete("/v1/cameras/gate-1")).status_code == 204
    assert (await client.get("/v1/cameras/gate-1")).json()["code"] == "unknown-camera"


async def test_a_snapshot_is_sent_once(client: httpx2.AsyncClient, service: Service) -> None:
    await added(client)
    none = await client.get("/v1/cameras/gate-1/snapshot")
    assert (none.status_code, none.json()["code"]) == (409, "no-picture")
    service.snapshots.keep("gate-1", GREY, NOON)  # type: ignore[attr-defined]  the adapter's own
    shown = await client.get("/v1/cameras/gate-1/snapshot")
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.content.startswith(b"\xff\xd8")
    assert shown.headers["last-modified"] == "Sat, 09 May 2026 12:00:00 GMT"
    known = {"If-None-Match": shown.headers["etag"]}
    assert (await client.get("/v1/cameras/gate-1/snapshot", headers=known)).status_code == 304
    service.snapshots.keep("gate-1", GREY, NOON + MINUTE)  # type: ignore[attr-defined]
    assert (await client.get("/v1/cameras/gate-1/snapshot", headers=known)).status_code == 200


async def test_each_new_picture_is_shown(service: Service) -> None:
    app = app_of(service)
    async with client_of(service, app=app) as client:
        await added(client)
        service.snapshots.keep("gate-1", GREY, NOON)  # type: ignore[attr-defined]
        shown: list[httpx2.Response] = []

        async def show() -> None:
            shown.append(await client.get("/v1/cameras/gate-1/mjpeg", params={"count": 2}))

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(show)
                later = NOON
                while not shown:
                    later += MINUTE
                    service.snapshots.keep("gate-1", GREY, later)  # type: ignore[attr-defined]
                    await anyio.sleep(0.05)
    (answer,) = shown
    boundary = answer.headers["content-type"].partition("boundary=")[2]
    parts = answer.content.split(f"--{boundary}\r\n".encode())
    assert [part.partition(b"\r\n\r\n")[2][:2] for part in parts[1:-1]] == [b"\xff\xd8"] * 2
    # The boundary behind a picture is what has a browser show it.
    assert parts[-1] == b""


async def test_a_picture_is_read_once_for_all_who_are_shown_the_camera(service: Service) -> None:
    read: list[str] = []

    class Watched(type(service.snapshots)):  # type: ignore[misc]
        def latest(self, camera_id: str) -> Snapshot | None:
            read.append(camera_id)
            return super().latest(camera_id)  # type: ignore[no-any-return]

    service.snapshots.__class__ = Watched
    app = app_of(service)
    async with client_of(service, app=app) as client:
        await added(client)
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(lambda: client.get("/v1/cameras/gate-1/mjpeg", params={"count": 1}))
                while app.state.meter._streams.total() < 5:
                    await anyio.sleep(0.01)
                service.snapshots.keep("gate-1", GREY, NOON)  # type: ignore[attr-defined]
    assert read == ["gate-1"]


async def test_pictures_are_shown_no_longer_once_the_camera_is_out_of_reach(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.motion_jpeg._CHECK_SECONDS", 0.1)
    _, secret = service.keys.create("guard", Role.VIEWER, Scope(tags=frozenset({"a"})))
    _, admin = service.keys.create("admin", Role.ADMIN, Scope())
    app = app_of(service)
    async with client_of(service, admin, app) as client, client_of(service, secret, app) as guard:
        await added(client, tags=["a"])
        camera = service.setting_up.cameras.camera("gate-1")
        assert camera is not None
        await _shown_until(app, guard, lambda: service.setting_up.cameras.change(replace(camera, tags=("b",))))


async def test_pictures_are_shown_no_longer_once_the_camera_is_removed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.motion_jpeg._CHECK_SECONDS", 0.1)
    app = app_of(service)
    async with client_of(service, app=app) as client:
        await added(client)
        await _shown_until(app, client, lambda: service.setting_up.cameras.remove("gate-1"))


async def test_so_many_moving_pictures_are_shown_to_one_reader(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.meter.MOST_STREAMS", 1)
    app = app_of(service)
    async with client_of(service, app=app) as client:
        await added(client)
        path = "/v1/cameras/gate-1/mjpeg"
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: client.get(path, params={"count": 1}))
                while not app.state.meter._streams:
                    await anyio.sleep(0.01)
                refused = await client.get(path)
                assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
                service.snapshots.keep("gate-1", GREY, NOON)  # type: ignore[attr-defined]
            assert (await client.get(path, params={"count": 1})).status_code == 200


async def _shown_until(app: FastAPI, client: httpx2.AsyncClient, happens: Callable[[], object]) -> None:
    """Returns once the pictures, which go on changing, are no longer shown because of what ``happens``."""
    ended: list[httpx2.Response] = []

    async def show() -> None:
        ended.append(await client.get("/v1/cameras/gate-1/mjpeg"))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(show)
            while not app.state.meter._streams:
                await anyio.sleep(0.01)
            happens()
            later = NOON
            while not ended:
                later += MINUTE
                app.state.service.snapshots.keep("gate-1", GREY, later)
                await anyio.sleep(0.05)
    assert ended[0].status_code == 200


async def test_a_time_line_has_footage_holes_and_alerts(client: httpx2.AsyncClient, service: Service) -> None:
    await added(client)
    before = a_recording(service, NOON - 5 * MINUTE)
    a_recording(service, NOON - 20 * MINUTE)
    under_way = a_recording(service, NOON + 20 * MINUTE, ZERO, state=RecordingState.RECORDING)
    a_recording(service, NOON + MINUTE, camera="other")
    service.alerts.write([Gap("gate-1", NOON + 5 * MINUTE, NOON + 20 * MINUTE, "nobody answers")])
    alert = an_alert(service, NOON + MINUTE, recording=before.id, offset=6 * MINUTE)
    an_alert(service, NOON - MINUTE, 2)
    span = {"from": NOON.isoformat(), "to": (NOON + 30 * MINUTE).isoformat()}
    told = (await client.get("/v1/cameras/gate-1/timeline", params=span)).json()
    assert [each["recording"] for each in told["recordings"]] == [before.id, under_way.id]
    assert [each["end"] for each in told["recordings"]] == ["2026-05-09T12:05:00Z", None]
    assert [each["cause"] for each in told["gaps"]] == ["nobody answers"]
    assert told["not_looked_at"] == []
    assert [each["id"] for each in told["alerts"]] == [alert.id]
    assert told["alerts"][0]["clip_url"] == f"/v1/recordings/{before.id}/clip?from=357.000&to=365.000"
    backwards = {"from": span["to"], "to": span["from"]}
    assert (await client.get("/v1/cameras/gate-1/timeline", params=backwards)).json()["code"] == "empty-stretch"


async def test_a_time_line_and_coverage_tell_what_nobody_could_judge(
    client: httpx2.AsyncClient, service: Service
) -> None:
    await added(client)
    recording = a_recording(service, NOON)
    wishes = {"condition": {"kind": "described", "text": "a person climbs"}, "name": "fence", "cameras": ["gate-1"]}
    rule = (await client.post("/v1/rules", json=wishes)).json()["id"]
    missed = CoveredSpan(Span(MINUTE, 2 * MINUTE), CoverageState.DROPPED, cause=f"<{rule}>: no model to look with")
    rules = begin_rules(service.archive, recording.id, 3 * MINUTE)
    service.archive.finish(rules, Coverage(3 * MINUTE, (missed,)), (), ())
    span = {"from": NOON.isoformat(), "to": (NOON + 30 * MINUTE).isoformat()}
    told = (await client.get("/v1/cameras/gate-1/timeline", params=span)).json()
    assert told["not_looked_at"] == [
        {"start": "2026-05-09T12:01:00Z", "end": "2026-05-09T12:02:00Z", "cause": "fence: no model to look with"}
    ]
    (by_rules,) = (await client.get(f"/v1/recordings/{recording.id}/coverage", params={"kind": "rules"})).json()[
        "items"
    ]
    assert [(each["state"], each["cause"]) for each in by_rules["spans"]] == [
        ("dropped", "fence: no model to look with")
    ]
    assert by_rules["coverage"]["analysed"] == 0


async def test_a_time_line_tells_what_nobody_can_look_for_in_the_recording_under_way(
    client: httpx2.AsyncClient, service: Service
) -> None:
    await added(client)
    wishes = {"condition": {"kind": "described", "text": "a person climbs"}, "cameras": ["gate-1"]}
    (await client.post("/v1/rules", json={**wishes, "name": "fence"})).raise_for_status()
    began = datetime.now(UTC) + MINUTE
    span = {"from": began.isoformat(), "to": (began + 30 * MINUTE).isoformat()}

    async def told(recording: Recording) -> list[dict[str, str]]:
        last = began + 3 * MINUTE
        service.alerts.write(
            [CameraStatus("gate-1", CameraState.ONLINE, began, last_frame_at=last, recording=recording.id)]
        )
        missed: list[dict[str, str]] = (await client.get("/v1/cameras/gate-1/timeline", params=span)).json()[
            "not_looked_at"
        ]
        return missed

    (missed,) = await told(a_recording(service, began, ZERO, state=RecordingState.RECORDING))
    assert missed["cause"] == "fence: no model to look with"
    assert datetime.fromisoformat(missed["start"]) == began
    assert datetime.fromisoformat(missed["end"]) == began + 3 * MINUTE
    assert await told(a_recording(service, began + MINUTE)) == []


async def test_whoever_reaches_one_camera_learns_no_names_of_rules_about_others(service: Service) -> None:
    _, secret = service.keys.create("guard", Role.VIEWER, Scope(cameras=frozenset({"gate-1"})))
    _, admin = service.keys.create("admin", Role.ADMIN, Scope())
    app = app_of(service)
    async with client_of(service, admin, app) as client, client_of(service, secret, app) as guard:
        for name in ("gate-1", "vault-2"):
            await added(client, name)
        rules = []
        for cameras in (["gate-1"], ["gate-1", "vault-2"]):
            wishes = {"condition": {"kind": "text", "text": "badge"}, "name": "-".join(cameras), "cameras": cameras}
            rules.append((await client.post("/v1/rules", json=wishes)).json()["id"])
        recording = a_recording(service, NOON)
        cause = "; ".join(f"<{rule}>: cannot be read" for rule in rules)
        missed = CoveredSpan(Span(MINUTE, 2 * MINUTE), CoverageState.DROPPED, cause=cause)
        begun = begin_rules(service.archive, recording.id, 3 * MINUTE)
        service.archive.finish(begun, Coverage(3 * MINUTE, (missed,)), (), ())
        span = {"from": NOON.isoformat(), "to": (NOON + 30 * MINUTE).isoformat()}
        for caller, told in (
            (client, "gate-1-vault-2: cannot be read; gate-1: cannot be read"),
            (guard, "a rule: cannot be read; gate-1: cannot be read"),
        ):
            (line,) = (await caller.get("/v1/cameras/gate-1/timeline", params=span)).json()["not_looked_at"]
            (by_rules,) = (await caller.get(f"/v1/recordings/{recording.id}/coverage")).json()["items"]
            assert (line["cause"], by_rules["spans"][0]["cause"]) == (told, told)


async def test_a_time_line_that_is_too_much_begins_later(
    client: httpx2.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cameras._MOST", 2)
    await added(client)
    began = [NOON + number * 10 * MINUTE for number in range(4)]
    for moment in began:
        a_recording(service, moment, added_at=moment)
    span = {"from": NOON.isoformat(), "to": (NOON + 60 * MINUTE).isoformat()}
    told = (await client.get("/v1/cameras/gate-1/timeline", params=span)).json()
    assert len(told["recordings"]) == 2
    assert datetime.fromisoformat(told["start"]) == began[2]
    rest = (await client.get("/v1/cameras/gate-1/timeline", params={**span, "to": told["start"]})).json()
    assert [datetime.fromisoformat(each["start"]) for each in rest["recordings"]] == began[:2]


async def test_a_time_line_with_too_much_that_nobody_looked_at_begins_later(
    client: httpx2.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cameras._MOST", 2)
    await added(client)
    recording = a_recording(service, NOON)
    spans = [Span(at * MINUTE, (at + 0.5) * MINUTE) for at in range(5)]
    missed = tuple(CoveredSpan(span, CoverageState.DROPPED, cause="late") for span in spans)
    rules = begin_rules(service.archive, recording.id, 10 * MINUTE)
    service.archive.finish(rules, Coverage(10 * MINUTE, missed), (), ())
    span = {"from": NOON.isoformat(), "to": (NOON + 30 * MINUTE).isoformat()}
    told = (await client.get("/v1/cameras/gate-1/timeline", params=span)).json()
    unseen = [datetime.fromisoformat(each["start"]) for each in told["not_looked_at"]]
    assert unseen == [NOON + 3 * MINUTE, NOON + 4 * MINUTE]
    assert datetime.fromisoformat(told["start"]) == unseen[0]
    rest = (await client.get("/v1/cameras/gate-1/timeline", params={**span, "to": told["start"]})).json()
    assert [datetime.fromisoformat(each["start"]) for each in rest["not_looked_at"]] == [
        NOON + MINUTE,
        NOON + 2 * MINUTE,
    ]


async def test_a_time_line_with_too_many_holes_begins_later(
    client: httpx2.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cameras._MOST", 2)
    await added(client)
    began = [NOON + number * 10 * MINUTE for number in range(4)]
    service.alerts.write([Gap("gate-1", moment, moment + MINUTE, "nobody answers") for moment in began])
    a_recording(service, NOON + MINUTE, 5 * MINUTE)
    span = {"from": NOON.isoformat(), "to": (NOON + 60 * MINUTE).isoformat()}
    told = (await client.get("/v1/cameras/gate-1/timeline", params=span)).json()
    assert [datetime.fromisoformat(each["start"]) for each in told["gaps"]] == began[2:]
    assert datetime.fromisoformat(told["start"]) == began[2]
    assert told["recordings"] == []
    rest = (await client.get("/v1/cameras/gate-1/timeline", params={**span, "to": told["start"]})).json()
    assert [datetime.fromisoformat(each["start"]) for each in rest["gaps"]] == began[:2]
    assert len(rest["recordings"]) == 1


async def test_a_rule_is_added_changed_and_removed(client: httpx2.AsyncClient) -> None:
    await added(client)
    wanted = {
        "condition": {"kind": "described", "text": "a person climbs the fence"},
        "cameras": ["gate-1"],
        "schedule": {"start": "22:00", "end": "06:00", "zone": "Europe/Berlin"},
        "cooldown": 300,
        "severity": "high",
    }
    answer = await client.post("/v1/rules", json=wanted)
    assert answer.status_code == 201, answer.text
    rule = answer.json()
    assert answer.headers["location"] == f"/v1/rules/{rule['id']}"
    assert rule["name"] == "a person climbs the fence"
    assert "model" in rule["needs"]
    assert (await client.post(f"/v1/rules/{rule['id']}/try", json={})).json()["code"] == "no-model"
    path = f"/v1/rules/{rule['id']}"
    changed = (await client.patch(path, json={"schedule": None, "condition": {"kind": "motion"}})).json()
    assert (changed["schedule"], changed["needs"], changed["cooldown"]) == (None, None, 300)
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).json()["code"] == "unknown-rule"


async def test_a_rule_without_footage_gives_nothing(client: httpx2.AsyncClient) -> None:
    await added(client)
    rule = (await client.post("/v1/rules", json={"condition": {"kind": "motion"}})).json()
    tried = await client.post(f"/v1/rules/{rule['id']}/try", json={"cameras": ["gate-1"]})
    assert (tried.status_code, tried.json()["alerts"], tried.json()["footage"]) == (200, [], 0)
    streamed = await client.post(f"/v1/rules/{rule['id']}/try", json={"stream": True})
    assert "event: final" in streamed.text


async def test_a_rule_is_tried_on_a_month_at_most(client: httpx2.AsyncClient) -> None:
    await added(client)
    rule = (await client.post("/v1/rules", json={"condition": {"kind": "motion"}})).json()
    now = datetime.now(UTC)
    stretches = [
        ({"since": (now - timedelta(days=30)).isoformat()}, 200),
        ({"since": (now - timedelta(days=32)).isoformat()}, 422),
        ({"since": (now + timedelta(days=1)).isoformat()}, 422),
        ({"since": "2000-01-01T00:00:00Z", "until": "2000-01-31T00:00:00Z"}, 200),
        ({"since": "2000-01-01T00:00:00Z", "until": "2000-02-03T00:00:00Z"}, 422),
        ({"until": "0001-01-01T00:00:00Z", "last": 60}, 422),
    ]
    for wanted, status in stretches:
        answer = await client.post(f"/v1/rules/{rule['id']}/try", json=wanted)
        assert answer.status_code == status, (wanted, answer.text)


async def test_alerts_are_listed_by_what_they_are_about(client: httpx2.AsyncClient, service: Service) -> None:
    await added(client)
    for number in range(5):
        severity = Severity.LOW if number % 2 else Severity.HIGH
        an_alert(service, NOON + number * MINUTE, number + 1, severity=severity)
    first = (await client.get("/v1/alerts", params={"limit": 2})).json()
    second = (await client.get("/v1/alerts", params={"limit": 2, "after": first["next"]})).json()
    ids = [each["id"] for each in first["items"] + second["items"]]
    assert ids == [f"{number:016x}" for number in (5, 4, 3, 2)]
    low = (await client.get("/v1/alerts", params={"severity": "low", "camera": "gate-1", "rule": "r1"})).json()
    assert [each["severity"] for each in low["items"]] == ["low", "low"]
    assert (await client.get("/v1/alerts", params={"camera": "other"})).json()["items"] == []
    assert (await client.get("/v1/alerts", params={"after": "0" * 16})).json()["code"] == "bad-cursor"


async def test_what_people_say_of_an_alert_is_kept_and_told(client: httpx2.AsyncClient, service: Service) -> None:
    await added(client)
    alert = an_alert(service, NOON)
    seq = service.alerts.last_seq()
    path = f"/v1/alerts/{alert.id}"
    assert (await client.post(f"{path}/ack")).json()["acknowledged_by"] == "local"
    assert (await client.post(f"{path}/comment", json={"text": " a cat "})).json()["remarks"][0]["text"] == "a cat"
    assert (await client.post(f"{path}/false-alarm", json={})).json()["false_alarm"] is True
    assert (await client.post(f"{path}/false-alarm", json={"false_alarm": False})).json()["false_alarm"] is False
    assert (await client.post(f"{path}/comment", json={"text": " "})).status_code == 422
    assert [notice.kind for notice in service.alerts.notices(seq)] == [NoticeKind.ALERT_UPDATE] * 4
    shown = (await client.get(path)).json()
    assert (shown["acknowledged_by"], shown["recording"], shown["clip_url"]) == ("local", None, None)


async def test_a_moment_is_pinned_and_let_go(client: httpx2.AsyncClient, service: Service) -> None:
    recording = a_recording(service, NOON)
    path = f"/v1/recordings/{recording.id}/pins"
    pin = (await client.post(path, json={"start": 1, "end": 2.5, "note": "the van"})).json()
    assert (pin["author"], pin["note"], pin["end"]) == ("local", "the van", 2.5)
    assert (await client.get(path)).json()["items"] == [pin]
    assert (await client.post(path, json={"start": 2, "end": 2})).status_code == 422
    assert (await client.post(path, json={"start": 601, "end": 602})).json()["code"] == "outside-recording"
    assert (await client.delete(f"{path}/{pin['id']}")).status_code == 204
    assert (await client.delete(f"{path}/{pin['id']}")).json()["code"] == "unknown-pin"


async def test_a_key_for_a_camera_reaches_its_alerts_and_no_others(service: Service) -> None:
    _, secret = service.keys.create("guard", Role.OPERATOR, Scope(cameras=frozenset({"gate-1"})))
    _, admin = service.keys.create("admin", Role.ADMIN, Scope())
    app = app_of(service)
    async with client_of(service, admin, app) as client, client_of(service, secret, app) as guard:
        await added(client)
        await added(client, "vault")
        ours, theirs = an_alert(service, NOON), an_alert(service, NOON, 2, camera="vault")
        for cameras in (["gate-1"], ["gate-1", "vault"], []):
            await client.post("/v1/rules", json={"condition": {"kind": "motion"}, "cameras": cameras})
        assert [each["id"] for each in (await guard.get("/v1/cameras")).json()["items"]] == ["gate-1"]
        assert [each["id"] for each in (await guard.get("/v1/alerts")).json()["items"]] == [ours.id]
        assert [each["cameras"] for each in (await guard.get("/v1/rules")).json()["items"]] == [["gate-1"]]
        assert (await guard.post(f"/v1/alerts/{theirs.id}/ack")).status_code == 404
        assert (await guard.get("/v1/alerts", params={"after": theirs.id})).json()["code"] == "bad-cursor"
        own = (await guard.post("/v1/rules", json={"condition": {"kind": "motion"}, "name": "mine"})).json()
        assert (await guard.get(f"/v1/rules/{own['id']}")).status_code == 200
        # What is left of a camera that was removed goes by its id.
        service.setting_up.cameras.remove("gate-1")
        assert [each["id"] for each in (await guard.get("/v1/alerts")).json()["items"]] == [ours.id]


async def test_a_key_for_a_new_camera_reaches_no_alert_of_an_old_one_of_its_name(service: Service) -> None:
    _, secret = service.keys.create("guard", Role.OPERATOR, Scope(tags=frozenset({"ours"})))
    _, admin = service.keys.create("admin", Role.ADMIN, Scope())
    app = app_of(service)
    async with client_of(service, admin, app) as client, client_of(service, secret, app) as guard:
        await added(client)
        old = an_alert(service, NOON)
        rule = (await client.post("/v1/rules", json={"condition": {"kind": "motion"}, "cameras": ["gate-1"]})).json()
        service.setting_up.cameras.remove("gate-1")
        new = await added(client, tags=["ours"])
        assert new["id"] != "gate-1"
        assert (await guard.get(f"/v1/alerts/{old.id}")).status_code == 404
        for name, found in (("gate-1", []), ("id:gate-1", [old.id])):
            listed = (await client.get("/v1/alerts", params={"camera": name})).json()["items"]
            assert [each["id"] for each in listed] == found
        path = f"/v1/rules/{rule['id']}"
        assert (await client.patch(path, json={"severity": "low"})).json()["cameras"] == ["gate-1"]
        assert (await client.patch(path, json={"cameras": ["gate-1"]})).json()["cameras"] == [new["id"]]


async def test_rules_are_listed_with_one_look_at_the_cameras(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = service.keys.create("guard", Role.OPERATOR, Scope(cameras=frozenset({"gate-1", "yard"})))
    _, admin = service.keys.create("admin", Role.ADMIN, Scope())
    app = app_of(service)
    async with client_of(service, admin, app) as client, client_of(service, secret, app) as guard:
        for name in ("gate-1", "yard"):
            await added(client, name)
        for _ in range(3):
            await client.post("/v1/rules", json={"condition": {"kind": "motion"}, "cameras": ["gate-1", "yard"]})
        read: list[str] = []
        each, every = SqlCameras.camera, SqlCameras.cameras
        monkeypatch.setattr(SqlCameras, "camera", lambda self, name: (read.append(name), each(self, name))[1])
        monkeypatch.setattr(SqlCameras, "cameras", lambda self: (read.append("all"), every(self))[1])
        assert len((await guard.get("/v1/rules")).json()["items"]) == 3
    assert read == ["all"]
