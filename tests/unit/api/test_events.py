"""Events of many recordings over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.service import Service
from tests.service import URL, a_service
from videoqa.access import Role, Scope
from videoqa.events import Event, Source
from videoqa.media import ZERO, Coverage, Recording, RecordingState, Sampling, Span
from videoqa.ports import Look, RecordedLook, TimelineChange

NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def add(service: Service, name: str, began: datetime, starts: Sequence[float], tag: str) -> None:
    """A recording of an hour with a van at each of ``starts``."""
    archive = service.archive
    made = Recording(name, f"{name}.mp4", f"/{name}", name, HOUR, RecordingState.QUEUED, began, tags=(tag,))
    archive.add(made)
    analysis = archive.begin(name, "test", Sampling(), HOUR, ())
    archive.set_plan(analysis, [ZERO], [])
    events = [_van(name, timedelta(seconds=start)) for start in starts]
    archive.record(analysis, 0, RecordedLook(Look()), TimelineChange(closed=tuple(events)))
    archive.finish(analysis, Coverage(HOUR), (), ())


def _van(name: str, start: timedelta) -> Event:
    source = Source.MODEL if start else Source.MOTION
    return Event(f"{name}-{start}", name, Span(start, start + HOUR / 60), "Van", "a van", source, (start,))


@pytest.fixture
def service(tmp_path: Path) -> Service:
    made = a_service(tmp_path)
    add(made, "gate", NOON, [0, 600, 1200], "gate")
    add(made, "yard", NOON + HOUR, [0, 60], "yard")
    return made


def listed(service: Service, key: str = "", **wanted: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    response = TestClient(create_app(service), base_url=URL).get("/v1/events", params=wanted, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def ids(page: Any) -> list[str]:
    return [item["id"] for item in page["items"]]


def test_events_are_listed_the_youngest_first_with_where_they_can_be_played(service: Service) -> None:
    page = listed(service)
    assert [item["happened_at"][11:16] for item in page["items"]] == ["13:01", "13:00", "12:20", "12:10", "12:00"]
    assert page["items"][0]["recording"] == {"id": "yard", "title": "yard.mp4"}
    assert page["items"][0]["clip"] == "/v1/recordings/yard/clip?from=60.000&to=120.000"


def test_pages_follow_one_another_without_a_gap_and_end(service: Service) -> None:
    whole, seen, after = ids(listed(service)), list[str](), None
    for _ in range(3):
        page = listed(service, limit=2, **({"after": after} if after else {}))
        seen += ids(page)
        after = page["next"]
    assert seen == whole
    assert after is None


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"recording": "gate"}, 3),
        ({"recording": ["gate.mp4", "yard"]}, 5),
        ({"label": "VAN"}, 5),
        ({"label": "cat"}, 0),
        ({"source": "motion"}, 2),
        ({"from": "2026-05-09T12:10:00Z", "to": "2026-05-09T13:00:00Z"}, 2),
    ],
)
def test_events_are_filtered(service: Service, wanted: dict[str, Any], count: int) -> None:
    assert len(listed(service, **wanted)["items"]) == count


def test_a_key_sees_the_events_of_what_it_reaches(service: Service) -> None:
    _, secret = service.keys.create("gate", Role.VIEWER, Scope(frozenset({"gate"})))
    assert {item["recording"]["id"] for item in listed(service, secret)["items"]} == {"gate"}


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%%%", "MTIz", "é", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OSB4"])
def test_a_cursor_of_somebodys_own_making_is_refused(service: Service, cursor: str) -> None:
    client = TestClient(create_app(service), base_url=URL)
    response = client.get("/v1/events", params={"after": cursor})
    assert (response.status_code, response.json()["code"]) == (422, "bad-cursor")
