"""Recordings over HTTP: listed, shown, changed, removed, and what was found in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.auth import LOCAL, caller_of
from api.service import Service
from tests.service import URL, a_service
from videoqa.access import Caller, Role, Scope
from videoqa.events import Chapter, Event, Source
from videoqa.media import (
    ZERO,
    Coverage,
    CoverageState,
    CoveredSpan,
    Cue,
    FrameGroup,
    Recording,
    RecordingState,
    Sampling,
    Span,
)
from videoqa.ports import AnalysisKind, IndexRequest, JobState, Look, RecordedLook, TimelineChange

GATE = Scope(tags=frozenset({"gate"}))
NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def a_caller(role: Role = Role.ADMIN, scope: Scope = Scope(), key_id: str = "k") -> Caller:  # noqa: B008  frozen
    return Caller(key_id, "one", role, scope)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


@pytest.fixture
def as_(service: Service) -> Callable[..., TestClient]:
    """A client for a caller who has shown a key."""

    def client(caller: Caller = LOCAL) -> TestClient:
        app = create_app(service)
        app.dependency_overrides[caller_of] = lambda: caller
        return TestClient(app, base_url=URL)

    return client


def add(service: Service, name: str, **fields: Any) -> Recording:
    known: dict[str, Any] = {
        "id": name,
        "title": f"{name}.mp4",
        "source": f"/footage/{name}.mp4",
        "digest": name * 8,
        "length": s(60),
        "state": RecordingState.QUEUED,
        "added_at": NOON,
    }
    return service.archive.add(Recording(**(known | fields)))


def test_a_list_comes_in_parts_the_youngest_first(service: Service, as_: Callable[..., TestClient]) -> None:
    for number in range(5):
        add(service, f"r{number}", added_at=NOON + s(number))
    seen, after, parts = [], None, 0
    while True:
        page = as_().get("/v1/recordings", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [item["id"] for item in page["items"]]
        parts += 1
        after = page["next"]
        if after is None:
            break
    assert seen == ["r4", "r3", "r2", "r1", "r0"]
    assert parts == 3


def test_a_place_that_is_gone_is_told_and_not_begun_anew(as_: Callable[..., TestClient]) -> None:
    answer = as_().get("/v1/recordings", params={"after": "nowhere"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


def test_a_list_is_narrowed(service: Service, as_: Callable[..., TestClient]) -> None:
    add(service, "yard", tags=("gate", "night"), camera="gate-1", started_at=NOON)
    add(service, "Lecture", state=RecordingState.INDEXED, owner="k", started_at=NOON + s(3600))

    def ids(**params: str) -> list[str]:
        answer = as_().get("/v1/recordings", params=params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert ids(title="LECT") == ["Lecture"]
    assert ids(tag="night") == ["yard"]
    assert ids(camera="gate-1") == ["yard"]
    assert ids(state="indexed") == ["Lecture"]
    assert ids(owner="k") == ["Lecture"]
    assert ids(started_from="2026-05-09T14:30:00+02:00") == ["Lecture"]
    assert ids(started_before="2026-05-09T12:30:00Z") == ["yard"]
    assert ids(tag="night", camera="other") == []
    assert as_().get("/v1/recordings", params={"started_from": "2026-05-09T12:30:00"}).status_code == 422


def test_a_limited_key_sees_what_it_reaches_and_no_path(service: Service, as_: Callable[..., TestClient]) -> None:
    add(service, "yard", tags=("gate",), owner="other")
    add(service, "office")
    client = as_(a_caller(Role.VIEWER, GATE))
    (item,) = client.get("/v1/recordings").json()["items"]
    assert (item["id"], item["source"], item["owner"]) == ("yard", None, None)
    for path in ("", "/events", "/chapters", "/captions.vtt", "/coverage"):
        assert client.get(f"/v1/recordings/office{path}").status_code == 404, path
    assert client.get("/v1/recordings", params={"owner": "other"}).status_code == 403


def test_whoever_sees_to_everything_sees_the_path_and_a_key_its_own(
    service: Service, as_: Callable[..., TestClient]
) -> None:
    add(service, "yard", tags=("gate",), owner="k")
    shown = as_(a_caller()).get("/v1/recordings/yard").json()
    assert (shown["source"], shown["owner"], shown["size"]) == ("/footage/yard.mp4", "k", None)
    assert as_(a_caller(Role.ADMIN, GATE)).get("/v1/recordings/yard").json()["source"] is None
    assert as_(a_caller(Role.VIEWER)).get("/v1/recordings/yard").json()["owner"] == "k"


def test_what_is_said_of_a_recording_is_changed_and_the_rest_stays(
    service: Service, as_: Callable[..., TestClient]
) -> None:
    add(service, "yard", tags=("gate",), length=s(60))
    change = {"title": " The yard ", "tags": ["b", "a", "b"], "started_at": "2026-05-09T14:00:00+02:00", "prompt": "x"}
    body = as_().patch("/v1/recordings/yard", json=change).json()
    assert (body["title"], body["tags"], body["prompt"]) == ("The yard", ["a", "b"], "x")
    assert (body["started_at"], body["length"]) == ("2026-05-09T12:00:00Z", 60)
    assert as_().patch("/v1/recordings/yard", json={"prompt": "y"}).json()["title"] == "The yard"


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"title": " "},
        {"title": "a\nb"},
        {"title": "x" * 301},
        {"tags": [""]},
        {"tags": ["t"] * 33},
        {"tags": "gate"},
        {"started_at": "2026-05-09T14:00:00"},
        {"started_at": "soon"},
        {"length": 3},
        [],
    ],
)
def test_a_change_that_is_none_changes_nothing(
    service: Service, as_: Callable[..., TestClient], change: object
) -> None:
    add(service, "yard", tags=("gate",))
    answer = as_().patch("/v1/recordings/yard", json=change)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-request")
    assert service.archive.recording("yard") == add(service, "yard")


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        (["gate", "night"], True),
        (["gate", "door", "night"], True),
        (["night"], False),
        (["gate"], False),
        (["gate", "night", "office"], False),
        ([], False),
    ],
)
def test_a_limited_key_changes_its_own_tags_alone(
    service: Service, as_: Callable[..., TestClient], tags: list[str], allowed: bool
) -> None:
    add(service, "yard", tags=("gate", "night"))
    caller = a_caller(Role.OPERATOR, Scope(tags=frozenset({"gate", "door"})))
    answer = as_(caller).patch("/v1/recordings/yard", json={"tags": tags})
    assert answer.status_code == (200 if allowed else 403)
    now = service.archive.recording("yard")
    assert now is not None
    assert set(now.tags) == (set(tags) if allowed else {"gate", "night"})


def test_a_viewer_changes_and_removes_nothing(service: Service, as_: Callable[..., TestClient]) -> None:
    add(service, "yard")
    _, secret = service.keys.create("guard", Role.VIEWER, Scope())
    client = TestClient(create_app(service), base_url=URL, headers={"Authorization": f"Bearer {secret}"})
    assert client.patch("/v1/recordings/yard", json={"title": "x"}).status_code == 403
    assert client.delete("/v1/recordings/yard").status_code == 403
    assert service.archive.recording("yard") is not None


def test_a_removed_recording_is_gone_with_its_jobs(service: Service, as_: Callable[..., TestClient]) -> None:
    add(service, "yard")
    (job_id,) = service.jobs.submit([IndexRequest("/footage/yard.mp4", recording_id="yard")])
    answer = as_().delete("/v1/recordings/yard")
    assert (answer.status_code, answer.content) == (204, b"")
    assert service.archive.recording("yard") is None
    (job,) = service.jobs.jobs([job_id])
    assert job.state is JobState.CANCELLED
    assert as_().delete("/v1/recordings/yard").status_code == 404


def test_what_was_found_is_told(service: Service, as_: Callable[..., TestClient]) -> None:
    add(service, "yard")
    look(service, "yard")
    client = as_()
    page = client.get("/v1/recordings/yard/events", params={"limit": 1}).json()
    assert [item["label"] for item in page["items"]] == ["a car"]
    page = client.get("/v1/recordings/yard/events", params={"limit": 1, "after": page["next"]}).json()
    assert [item["label"] for item in page["items"]] == ["A dog"]
    assert page["next"] is None
    assert [item["id"] for item in client.get("/v1/recordings/yard/events?from=10&to=20").json()["items"]] == ["e2"]
    assert [item["id"] for item in client.get("/v1/recordings/yard/events?label=dog").json()["items"]] == ["e2"]
    assert client.get("/v1/recordings/yard/events?after=no").json()["code"] == "bad-cursor"
    assert client.get("/v1/recordings/yard/events?from=nan").status_code == 422
    chapters = client.get("/v1/recordings/yard/chapters").json()
    assert chapters == {"items": [{"start": 0, "end": 60, "title": "Opening"}], "next": None}
    (covered,) = client.get("/v1/recordings/yard/coverage").json()["items"]
    assert (covered["kind"], covered["coverage"]["analysed"], len(covered["spans"])) == ("signals", 50, 2)
    assert client.get("/v1/recordings/yard/coverage?kind=model").json()["code"] == "not-indexed"


def test_subtitles_cannot_harm_whoever_shows_them(service: Service, as_: Callable[..., TestClient]) -> None:
    add(service, "yard")
    assert as_().get("/v1/recordings/yard/captions.vtt").status_code == 409
    look(service, "yard")
    answer = as_().get("/v1/recordings/yard/captions.vtt")
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.text.startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n")
    assert "&lt;script&gt;" in answer.text
    assert "<" not in answer.text
    assert answer.text.count("-->") == 1


def look(service: Service, recording_id: str) -> None:
    """Has the recording looked at: two events, a chapter, a line of text."""
    archive, whole = service.archive, Span(ZERO, s(60))
    cues = [Cue(Span(s(1), s(2)), "<script>alert(1)</script>\n\n00:00:05.000 --> 00:00:09.000\nx & y")]
    analysis = archive.begin(recording_id, "f", Sampling(), s(60), cues)
    archive.set_plan(analysis, (ZERO,), [FrameGroup(0, whole, (ZERO,))], (64, 64))
    events = (
        Event("e1", recording_id, Span(s(1), s(5)), "a car", "a car", Source.MOTION, (s(1),)),
        Event("e2", recording_id, Span(s(12), s(15)), "A dog", "a dog", Source.MOTION, (s(12),)),
    )
    archive.record(analysis, 0, RecordedLook(Look(())), TimelineChange(opened=events, updated=(), closed=events))
    spans = (
        CoveredSpan(Span(ZERO, s(50)), CoverageState.ANALYSED, 1),
        CoveredSpan(Span(s(50), s(60)), CoverageState.GAP),
    )
    archive.finish(analysis, Coverage(s(60), spans), [Chapter(whole, "Opening")], ())
    assert archive.finished_analysis(recording_id, AnalysisKind.SIGNALS) is not None
