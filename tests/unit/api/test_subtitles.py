"""Subtitle files over HTTP: with the form, and put for a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.service import Service
from ingest.sidecars import LARGEST
from tests.service import a_service, app_of, client_of
from videoqa.media import RecordingState
from videoqa.ports import JobState

pytestmark = pytest.mark.anyio
FOOTAGE = {"file": ("talk.mp4", b"footage")}


def lines(text: str) -> bytes:
    return f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


@pytest.fixture
def app(service: Service) -> FastAPI:
    return app_of(service)


@pytest.fixture
async def client(service: Service, app: FastAPI) -> Any:
    async with client_of(service, app=app) as client:
        yield client


@pytest.fixture
def rooms(service: Service) -> Iterator[Path]:
    yield service.folder / "subtitles"
    assert not list((service.folder / "subtitles").glob("*/.*")), "nothing is left half written"


async def brought(client: httpx2.AsyncClient, service: Service) -> str:
    """The id of a recording that was brought and indexed."""
    recording_id = str((await client.post("/v1/recordings", files=FOOTAGE)).json()["id"])
    ended(service, recording_id)
    return recording_id


def ended(service: Service, recording_id: str) -> None:
    for job in service.jobs.of_recording(recording_id):
        service.jobs.become(job.id, JobState.INDEXED)  # type: ignore[attr-defined]
    service.archive.set_state(recording_id, RecordingState.INDEXED)


async def names(client: httpx2.AsyncClient, recording_id: str) -> list[tuple[str, str | None]]:
    page = (await client.get(f"/v1/recordings/{recording_id}/subtitles")).json()
    assert page["next"] is None
    return [(each["name"], each["language"]) for each in page["items"]]


async def test_they_come_with_the_footage_in_any_order(client: httpx2.AsyncClient, service: Service) -> None:
    files = [
        ("subtitles", ("talk.en.srt", lines("hello"))),
        ("file", ("talk.mp4", b"footage")),
        ("subtitles", ("talk.zh.vtt", lines("你好"))),
        ("subtitles", ("", b"")),
    ]
    answer = await client.post("/v1/recordings", files=files)
    assert answer.status_code == 201, answer.text
    assert await names(client, answer.json()["id"]) == [("talk.en.srt", "en"), ("talk.zh.vtt", "zh")]
    (job,) = service.jobs.of_recording(answer.json()["id"])
    assert service.jobs.request(job.id).subtitles  # type: ignore[attr-defined]


async def test_known_footage_takes_new_ones_and_is_indexed_again(client: httpx2.AsyncClient, service: Service) -> None:
    recording_id = await brought(client, service)
    files = {**FOOTAGE, "subtitles": ("talk.srt", lines("hello"))}
    again = await client.post("/v1/recordings", files=files)
    assert (again.status_code, again.json()["id"]) == (200, recording_id)
    assert [job.state for job in service.jobs.of_recording(recording_id)] == [JobState.WAITING, JobState.INDEXED]
    ended(service, recording_id)
    await client.post("/v1/recordings", files=files)
    recording = service.archive.recording(recording_id)
    assert recording is not None
    assert recording.state is RecordingState.INDEXED, "the very same ones change nothing"


async def test_they_are_put_shown_and_removed(client: httpx2.AsyncClient, service: Service, rooms: Path) -> None:
    place = f"/v1/recordings/{await brought(client, service)}/subtitles"
    put = await client.put(f"{place}/Vortrag 1.de.srt", content=lines("Grüße"))
    assert (put.status_code, put.json()) == (201, {"name": "Vortrag 1.de.srt", "language": "de", "size": 40})
    assert (await client.put(f"{place}/Vortrag 1.de.srt", content=lines("Hallo"))).status_code == 200
    shown = await client.get(f"{place}/Vortrag 1.de.srt")
    assert shown.content == lines("Hallo")
    assert shown.headers["content-type"].startswith("application/x-subrip")
    assert shown.headers["content-disposition"].startswith("attachment")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert (await client.delete(f"{place}/Vortrag 1.de.srt")).status_code == 204
    for method in ("GET", "DELETE"):
        gone = await client.request(method, f"{place}/Vortrag 1.de.srt")
        assert (gone.status_code, gone.json()["code"]) == (404, "unknown-subtitles")
    assert not list(rooms.glob("*/*"))


@pytest.mark.parametrize("change", ["put", "delete"])
async def test_a_change_has_it_indexed_again(client: httpx2.AsyncClient, service: Service, change: str) -> None:
    recording_id = await brought(client, service)
    place = f"/v1/recordings/{recording_id}/subtitles/talk.srt"
    await client.put(place, content=lines("hello"))
    if change == "delete":
        ended(service, recording_id)
        await client.delete(place)
    recording = service.archive.recording(recording_id)
    assert recording is not None
    assert recording.state is RecordingState.QUEUED
    youngest, *_ = service.jobs.of_recording(recording_id)
    assert youngest.state is JobState.WAITING
    service.jobs.become(youngest.id, JobState.CANCELLED)  # type: ignore[attr-defined]
    assert service.intake.resume(), "a kill before it was submitted is made good"


async def test_one_changed_while_it_is_indexed_is_indexed_once_more(
    client: httpx2.AsyncClient, service: Service
) -> None:
    recording_id = str((await client.post("/v1/recordings", files=FOOTAGE)).json()["id"])
    (job,) = service.jobs.of_recording(recording_id)
    service.jobs.become(job.id, JobState.RUNNING)  # type: ignore[attr-defined]
    await client.put(f"/v1/recordings/{recording_id}/subtitles/talk.srt", content=lines("hello"))
    states = [job.state for job in service.jobs.of_recording(recording_id)]
    assert states == [JobState.WAITING, JobState.RUNNING]


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("talk.ass", lines("hello"), 422, "bad-subtitles"),
        (".srt", lines("hello"), 422, "bad-subtitles"),
        ("talk.srt", b"", 422, "bad-subtitles"),
        ("talk.srt", b"\x00\xff" * 5000, 422, "bad-subtitles"),
        ("talk.vtt", b"WEBVTT\n\n" + b"a --> b\n" * 5000, 422, "bad-subtitles"),
        ("talk.srt", b"a" * (LARGEST + 1), 413, "subtitles-too-large"),
    ],
    ids=["ending", "hidden", "empty", "binary", "no times", "large"],
)
async def test_what_cannot_be_taken_is_told(
    client: httpx2.AsyncClient, service: Service, *, name: str, content: bytes, status: int, code: str
) -> None:
    recording_id = await brought(client, service)
    put = await client.put(f"/v1/recordings/{recording_id}/subtitles/{name}", content=content)
    assert (put.status_code, put.json()["code"]) == (status, code)
    form = await client.post("/v1/recordings", files={"file": ("b.mp4", b"other"), "subtitles": (name, content)})
    assert (form.status_code, form.json()["code"]) == (status, code)
    assert len(service.archive.recordings()) == 1, "nothing is kept of a form that is refused"
    assert not list((service.folder / "inbox").glob("*"))
    assert [job.state for job in service.jobs.of_recording(recording_id)] == [JobState.INDEXED]


async def test_a_form_holds_only_so_many(client: httpx2.AsyncClient) -> None:
    much = b"a" * (LARGEST - 10)
    files = [("subtitles", (f"{language}.srt", lines("hello") + much[:-100])) for language in ("en", "de", "fr")]
    answer = await client.post("/v1/recordings", files=[*files, ("file", ("a.mp4", b"footage"))])
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-request")
