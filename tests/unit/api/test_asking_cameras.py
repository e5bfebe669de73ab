"""Questions about what cameras recorded, asked by the cameras' names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.service import Service
from tests.service import URL, a_service
from tests.talks import GARDEN, MUSIC, add_talk
from videoqa.access import Role, Scope
from videoqa.cameras import Camera, Gap, StreamUrl
from videoqa.media import Recording

NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
MOWER = "when does he repair the lawn mower engine"
VIOLIN = "how many strings has a violin"


@dataclass
class Yard:
    """A camera for each of two tenants, both renamed since, with a recording each, and one that nothing filmed."""

    service: Service
    client: TestClient
    gate: Recording
    hall: Recording
    keys: dict[str, str]

    def call(self, method: str, path: str, who: str = "admin", **more: Any) -> Any:
        return self.client.request(method, path, headers={"Authorization": f"Bearer {self.keys[who]}"}, **more)

    def ask(self, question: str, who: str = "admin", **more: Any) -> Any:
        return self.call("POST", "/v1/ask", who, json={"question": question, **more})

    def found(self, who: str = "admin", **params: Any) -> set[str]:
        reply = self.call("GET", "/v1/search", who, params={"q": "violin engine", "limit": 50, **params}).json()
        return {moment["recording"]["id"] for moment in reply["moments"]}


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    service = a_service(tmp_path)
    cameras = service.setting_up.cameras
    for camera_id, name, tag in (
        ("gate-1", "front gate", "green"),
        ("gate-2", "hall", "sound"),
        ("new", "new", "green"),
    ):
        cameras.add(Camera(camera_id, name, StreamUrl("rtsp://10.0.0.7/"), NOON, tags=(tag,)))
    gate = add_talk(service.archive, "gate-1 12:00", GARDEN, tags=["green"], started_at=NOON, camera="gate-1")
    later = NOON + timedelta(hours=4)
    hall = add_talk(service.archive, "gate-2 16:00", MUSIC, tags=["sound"], started_at=later, camera="gate-2")
    add_talk(service.archive, "brought.mp4", MUSIC, tags=["green"])
    scopes = {"green": Scope(frozenset({"green"})), "by camera": Scope(cameras=frozenset({"gate-1"})), "admin": Scope()}
    keys = {
        name: service.keys.create(name, Role.ADMIN if scope.everything else Role.VIEWER, scope)[1]
        for name, scope in scopes.items()
    }
    with TestClient(create_app(service), base_url=URL) as client:
        yield Yard(service, client, gate, hall, keys)


@pytest.mark.parametrize("name", ["front gate", "gate-1"])
def test_what_a_camera_recorded_is_asked_by_its_name_or_id(name: str, yard: Yard) -> None:
    answer = yard.ask(MOWER, cameras=[name]).json()
    assert answer["found"]
    assert answer["coverage"]["length"] == 300.0
    cited = answer["citations"][0]["moment"]
    assert cited["camera"] == {"id": "gate-1", "name": "front gate"}
    assert (cited["start"], cited["happened_at"]) == (120.0, "2026-05-09T12:02:00Z")
    assert not yard.ask(VIOLIN, cameras=[name]).json()["found"]
    assert yard.found(camera=name) == {yard.gate.id}
    body = {"q": "violin engine", "cameras": [name], "recordings": [yard.hall.id], "limit": 50}
    both = yard.call("POST", "/v1/search", json=body).json()["moments"]
    assert {moment["recording"]["id"] for moment in both} == {yard.gate.id, yard.hall.id}


def test_of_a_camera_only_what_reaches_into_the_time_is_asked(yard: Yard) -> None:
    day = ["2026-05-09T15:00:00Z", "2026-05-09T23:00:00Z"]
    assert yard.ask(MOWER, cameras=["gate-1"], between=day).json()["coverage"]["length"] == 0.0
    assert yard.found(camera="hall", **{"from": day[0]}) == {yard.hall.id}
    assert yard.found(camera="hall", to=day[0]) == set()


def hours(start: int, end: int) -> list[str]:
    return [(NOON.replace(hour=0) + timedelta(hours=hour)).isoformat() for hour in (start, end)]


def test_that_a_camera_has_no_footage_of_the_time_is_told_with_its_cause(yard: Yard) -> None:
    lost = Gap("gate-1", NOON + timedelta(minutes=5), NOON + timedelta(hours=5), "nobody answers")
    yard.service.alerts.write([lost])
    nothing = yard.ask(MOWER, cameras=["gate-1"], between=hours(13, 16)).json()
    told = "front gate has no footage from 2026-05-09 13:00:00 to 16:00:00: nobody answers."
    assert (nothing["found"], nothing["notes"]) == (False, [told])
    coverage = nothing["coverage"]
    assert (coverage["length"], coverage["analysed"], coverage["gap"]) == (3 * 3600.0, 0.0, 3 * 3600.0)
    some = yard.ask(MOWER, cameras=["front gate"], between=hours(12, 16)).json()
    assert some["found"]
    assert some["notes"] == ["front gate has no footage from 2026-05-09 12:05:00 to 16:00:00: nobody answers."]
    assert (some["coverage"]["analysed"], some["coverage"]["gap"]) == (300.0, 3 * 3600.0 + 55 * 60)
    for who, notes in (("green", [told]), ("by camera", [told])):
        assert yard.ask(MOWER, who, between=hours(13, 16)).json()["notes"][:1] == notes
    assert yard.ask(MOWER, recordings=["brought"], between=hours(13, 16)).json()["notes"] == []


def test_the_gaps_of_a_camera_out_of_reach_are_not_told(yard: Yard) -> None:
    yard.service.alerts.write([Gap("gate-2", NOON, NOON + timedelta(hours=4), "nobody answers")])
    answer = yard.ask(MOWER, "by camera", between=hours(12, 16)).json()
    assert answer["notes"] == []
    assert answer["coverage"]["gap"] == 0.0


@pytest.mark.parametrize("who", ["green", "by camera"])
@pytest.mark.parametrize("name", ["hall", "gate-2"])
def test_a_camera_out_of_reach_is_as_if_it_were_not(who: str, name: str, yard: Yard) -> None:
    unknown = yard.ask(VIOLIN, who, cameras=["nothing"])
    others = yard.ask(VIOLIN, who, cameras=[name])
    assert others.status_code == unknown.status_code == 404
    assert others.json()["code"] == unknown.json()["code"] == "unknown-camera"
    assert others.json()["detail"] == unknown.json()["detail"].replace("nothing", name)
    for method, path, more in (
        ("GET", "/v1/search", {"params": {"q": "violin", "camera": name}}),
        ("POST", "/v1/search", {"json": {"q": "violin", "cameras": [name]}}),
        ("GET", "/v1/events", {"params": {"camera": name}}),
    ):
        assert yard.call(method, path, who, **more).status_code == 404
    assert yard.found(who, camera="front gate") == {yard.gate.id}


def test_a_camera_that_recorded_nothing_yet_answers_nothing(yard: Yard) -> None:
    answer = yard.ask(MOWER, cameras=["new"]).json()
    assert (answer["found"], answer["coverage"]["length"]) == (False, 0.0)
    assert yard.call("GET", "/v1/events", params={"camera": "new"}).json()["items"] == []


def test_a_camera_that_was_removed_is_asked_by_its_id(yard: Yard) -> None:
    yard.service.setting_up.cameras.remove("gate-1")
    moment = yard.ask(MOWER, "green", cameras=["gate-1"]).json()["moments"][0]
    assert moment["camera"] == {"id": "gate-1", "name": "gate-1"}
    assert yard.ask(MOWER, cameras=["front gate"]).status_code == 404


def test_a_camera_that_was_removed_is_asked_by_its_id_where_another_bears_that_name_now(yard: Yard) -> None:
    cameras = yard.service.setting_up.cameras
    old = cameras.with_id("gate-1")
    assert old is not None
    cameras.remove("gate-1")
    cameras.add(replace(old, id="gate-1-5f0c9a3e", name="gate-1"))
    assert yard.ask(MOWER, cameras=["gate-1"]).json()["found"] is False
    moment = yard.ask(MOWER, cameras=["id:gate-1"]).json()["moments"][0]
    assert moment["camera"] == {"id": "gate-1", "name": "gate-1"}


def test_a_camera_is_called_by_its_id_where_the_key_reaches_its_recording_alone(yard: Yard) -> None:
    cameras = yard.service.setting_up.cameras
    camera = cameras.camera("gate-1")
    assert camera is not None
    cameras.change(replace(camera, tags=("elsewhere",)))
    assert yard.ask(MOWER, "green").json()["moments"][0]["camera"] == {"id": "gate-1", "name": "gate-1"}
    assert yard.ask(MOWER, "by camera").json()["moments"][0]["camera"]["name"] == "front gate"


def test_what_nobody_filmed_has_no_camera(yard: Yard) -> None:
    assert yard.ask(VIOLIN, recordings=["brought"]).json()["moments"][0]["camera"] is None
