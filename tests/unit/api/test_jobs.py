"""Jobs over HTTP: listed, shown, cancelled, tried again, each to whom it concerns."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import jobs
from api.app import create_app
from api.auth import LOCAL, caller_of
from api.service import Service
from tests.service import URL, a_service
from videoqa.access import Caller, Role, Scope
from videoqa.media import ZERO, Progress, Recording, RecordingState
from videoqa.ports import IndexRequest, JobState
from videoqa.testing.jobs import MemoryJobQueue

GATE = Caller("gate-key", "gate", Role.OPERATOR, Scope(tags=frozenset({"gate"})))
YARD = Caller("yard-key", "yard", Role.OPERATOR, Scope(tags=frozenset({"yard"})))


@pytest.fixture
def queue() -> MemoryJobQueue:
    return MemoryJobQueue()


@pytest.fixture
def service(tmp_path: Path, queue: MemoryJobQueue) -> Service:
    return a_service(tmp_path, jobs=queue)


@lru_cache(1)
def _app(service: Service) -> FastAPI:
    return create_app(service)


def by(service: Service, caller: Caller = LOCAL) -> TestClient:
    app = _app(service)
    app.dependency_overrides[caller_of] = lambda: caller
    return TestClient(app, base_url=URL)


def brought(service: Service, name: str, **fields: Any) -> str:
    """The id of the job of a recording that was just brought in."""
    known: dict[str, Any] = {"length": ZERO, "state": RecordingState.QUEUED, "kept": True}
    service.archive.add(Recording(name, f"{name}.mp4", f"/kept/{name}.mp4", name * 8, **(known | fields)))
    owner = known.get("owner") or fields.get("owner", "")
    return service.jobs.submit([IndexRequest(f"/kept/{name}.mp4", recording_id=name, owner=owner)])[0]


def test_a_job_tells_how_far_it_has_come(service: Service, queue: MemoryJobQueue) -> None:
    job = brought(service, "one")
    body = by(service).get(f"/v1/jobs/{job}").json()
    assert body["recording"] == {"id": "one", "title": "one.mp4"}
    assert (body["state"], body["stage"], body["done"], body["reason"]) == ("waiting", None, 0.0, None)
    assert body["created_at"].endswith("Z")
    queue.become(job, JobState.RUNNING)
    service.archive.set_progress("one", Progress("survey", 0.25))
    body = by(service).get(f"/v1/jobs/{job}").json()
    assert (body["state"], body["stage"], body["done"]) == ("running", "survey", 0.25)
    queue.become(job, JobState.FAILED, reason="there is no picture in it")
    body = by(service).get(f"/v1/jobs/{job}").json()
    assert (body["state"], body["done"], body["reason"]) == ("failed", None, "there is no picture in it")


def test_a_list_comes_in_parts_the_youngest_first(service: Service) -> None:
    made = [brought(service, f"r{number}") for number in range(5)]
    seen, after, parts = [], None, 0
    while True:
        page = by(service).get("/v1/jobs", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [each["id"] for each in page["items"]]
        parts += 1
        if (after := page["next"]) is None:
            break
    assert seen == made[::-1]
    assert parts == 3


def test_a_list_holds_jobs_of_the_wanted_states_alone(service: Service, queue: MemoryJobQueue) -> None:
    one, two, three = (brought(service, f"r{number}") for number in range(3))
    queue.become(two, JobState.RUNNING)
    queue.become(three, JobState.INDEXED)
    found = by(service).get("/v1/jobs", params={"state": ["waiting", "running"]}).json()["items"]
    assert [each["id"] for each in found] == [two, one]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/jobs?after=nobody", 422, "bad-cursor"),
        ("/v1/jobs?limit=0", 422, "malformed-request"),
        ("/v1/jobs?state=lost", 422, "malformed-request"),
        ("/v1/jobs/nobody", 404, "unknown-job"),
        ("/v1/jobs/%00", 422, "malformed-request"),
    ],
)
def test_what_cannot_be_listed_is_refused(service: Service, path: str, status: int, code: str) -> None:
    answer = by(service).get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_job_is_there_for_those_who_reach_its_recording_and_no_more_for_its_key(service: Service) -> None:
    job = brought(service, "one", tags=("yard",), owner="gate-key")
    other = brought(service, "two", tags=("yard",), owner="yard-key")
    hidden = brought(service, "three", tags=("elsewhere",), owner="another-key")
    assert by(service, GATE).get("/v1/jobs").json()["items"] == []
    assert by(service, GATE).get(f"/v1/jobs/{job}").status_code == 404
    for way in ("cancel", "retry"):
        assert by(service, GATE).post(f"/v1/jobs/{job}/{way}").status_code == 404
    assert [each["id"] for each in by(service, YARD).get("/v1/jobs").json()["items"]] == [other, job]
    assert by(service, GATE).get(f"/v1/jobs/{other}").status_code == 404
    for way in ("cancel", "retry"):
        assert by(service, YARD).post(f"/v1/jobs/{hidden}/{way}").status_code == 404
    assert len(by(service).get("/v1/jobs").json()["items"]) == 3


def test_a_job_without_a_recording_is_there_for_its_key_alone(service: Service) -> None:
    job = brought(service, "one", tags=("yard",), owner="gate-key")
    service.archive.remove("one")
    for caller, ids in ((GATE, [job]), (YARD, []), (LOCAL, [job])):
        assert [each["id"] for each in by(service, caller).get("/v1/jobs").json()["items"]] == ids


def test_pages_of_what_others_do_hide_it_wholly(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_AT_ONCE", 5)
    mine = [brought(service, f"m{number}", tags=("gate",)) for number in range(3)]
    for number in range(17):
        brought(service, f"o{number}", tags=("yard",))
    page = by(service, GATE).get("/v1/jobs", params={"limit": 2}).json()
    assert ([each["id"] for each in page["items"]], page["next"]) == (mine[:0:-1], mine[1])
    page = by(service, GATE).get("/v1/jobs", params={"limit": 2, "after": page["next"]}).json()
    assert ([each["id"] for each in page["items"]], page["next"]) == (mine[:1], None)


def test_a_cancelled_job_has_ended_and_its_recording_says_so(service: Service) -> None:
    job = brought(service, "one")
    answer = by(service).post(f"/v1/jobs/{job}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    recording = service.archive.recording("one")
    assert recording is not None
    assert recording.state is RecordingState.FAILED
    assert "cancelled" in recording.problems[-1]
    assert by(service).post(f"/v1/jobs/{job}/cancel").json()["state"] == "cancelled"


def test_what_is_indexed_stays_so_when_another_job_about_it_is_cancelled(service: Service) -> None:
    job = brought(service, "one", state=RecordingState.INDEXED)
    by(service).post(f"/v1/jobs/{job}/cancel")
    recording = service.archive.recording("one")
    assert recording is not None
    assert recording.state is RecordingState.INDEXED


def test_a_job_that_has_ended_is_tried_again(service: Service, queue: MemoryJobQueue) -> None:
    job = brought(service, "one")
    assert by(service).post(f"/v1/jobs/{job}/retry").json()["code"] == "job-under-way"
    by(service).post(f"/v1/jobs/{job}/cancel")
    answer = by(service).post(f"/v1/jobs/{job}/retry")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    again = answer.json()["id"]
    assert again != job
    assert queue.request(again) == queue.request(job)
    recording = service.archive.recording("one")
    assert recording is not None
    assert (recording.state, recording.problems) == (RecordingState.QUEUED, ())


def test_what_is_not_there_any_more_is_not_tried_again(service: Service) -> None:
    job = brought(service, "one")
    by(service).post(f"/v1/jobs/{job}/cancel")
    service.archive.remove("one")
    answer = by(service).post(f"/v1/jobs/{job}/retry")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-recording")


def test_what_was_cut_off_before_it_was_handed_in_is_handed_in_once(service: Service, queue: MemoryJobQueue) -> None:
    job = brought(service, "one")
    service.archive.add(
        Recording("two", "two.mp4", "/kept/two.mp4", "two", ZERO, RecordingState.QUEUED, prompt="vans", kept=True)
    )
    (again,) = service.intake.resume()
    assert (queue.request(again).recording_id, queue.request(again).prompt) == ("two", "vans")
    assert service.intake.resume() == []
    assert [each.id for each in queue.of_recording("one")] == [job]
