"""POST /v1/recordings with a form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from api.service import Service
from ingest.glance import refuse_text
from tests.service import a_service, app_of, client_of
from videoqa.access import Role, Scope
from videoqa.media import RecordingState

pytestmark = pytest.mark.anyio
CONTENT = Random(1).randbytes(700_000)
BOUNDARY = "----8d2f"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


def part(name: str, value: bytes, file_name: str | None = None) -> bytes:
    named = f'form-data; name="{name}"' + ("" if file_name is None else f'; filename="{file_name}"')
    head = f"--{BOUNDARY}\r\nContent-Disposition: {named}\r\n\r\n".encode("utf-8", "surrogateescape")
    return head + value + b"\r\n"


def form(*parts: bytes, end: bool = True) -> bytes:
    return b"".join(parts) + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


async def send(service: Service, body: bytes, step: int = 65_536, **more: Any) -> httpx2.Response:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), step):
            yield body[at : at + step]

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} | more.pop("headers", {})
    async with client_of(service, **more) as client:
        return await client.post("/v1/recordings", content=pieces(), headers=headers)


def left(service: Service) -> list[str]:
    return [path.name for path in (service.folder / "inbox").glob("*")]


async def test_a_file_becomes_a_recording_that_waits_to_be_indexed(service: Service) -> None:
    response = await send(service, form(part("file", CONTENT, "Gate 1.mp4")))
    assert response.status_code == 201
    told = response.json()
    assert response.headers["location"] == f"/v1/recordings/{told['id']}"
    recording = service.archive.recording(told["id"])
    assert recording is not None
    assert Path(recording.source).read_bytes() == CONTENT
    assert recording.digest == hashlib.sha256(CONTENT).hexdigest()
    assert (recording.title, recording.state, recording.kept) == ("Gate 1.mp4", RecordingState.QUEUED, True)
    (job,) = service.jobs.of_recording(recording.id)
    assert service.jobs.request(job.id).path == recording.source  # type: ignore[attr-defined]
    assert told["size"] == len(CONTENT)
    assert left(service) == []


@pytest.mark.parametrize("file_first", [True, False])
async def test_fields_may_come_in_any_order(service: Service, file_first: bool) -> None:
    fields = [
        part("title", "Tür ☃".encode()),
        part("started_at", b"2026-03-01T10:00:00+02:00"),
        part("prompt", b"people\nand cars"),
        part("tags", b"gate, night"),
        part("tags", b"gate"),
        part("priority", b"0"),
    ]
    file = [part("file", CONTENT, "x.mp4")]
    response = await send(service, form(*(file + fields if file_first else fields + file)))
    assert response.status_code == 201
    told = response.json()
    assert (told["title"], told["started_at"]) == ("Tür ☃", "2026-03-01T08:00:00Z")
    assert told["source"].endswith(".mp4")
    assert (told["prompt"], told["tags"]) == ("people\nand cars", ["gate", "night"])
    (job,) = service.jobs.of_recording(told["id"])
    assert service.jobs.request(job.id).priority == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("step", [1, 7, 64, 1000])
async def test_a_form_may_come_in_pieces_of_any_size(service: Service, step: int) -> None:
    content = Random(step).randbytes(3000) + b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n\r\n--\r" + b"\r\n" * 50
    response = await send(service, form(part("title", b"t"), part("file", content, "x.mp4")), step)
    assert response.status_code == 201
    assert response.json()["digest"] == hashlib.sha256(content).hexdigest()


async def test_what_is_known_is_told_and_not_kept_twice(service: Service) -> None:
    first = await send(service, form(part("file", CONTENT, "a.mp4")))
    again = await send(service, form(part("title", b"other"), part("file", CONTENT, "b.mkv")))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    assert len(list((service.folder / "footage").glob("??/*"))) == 1


async def test_what_is_told_of_known_content_is_taken(service: Service) -> None:
    first = await send(service, form(part("tags", b"gate"), part("file", CONTENT, "a.mp4")))
    silent = await send(service, form(part("file", CONTENT, "b.mp4")))
    assert (silent.json()["title"], silent.json()["tags"]) == ("a.mp4", ["gate"])
    told = [part("title", b"Gate"), part("tags", b"night"), part("started_at", b"2026-03-01T10:00:00Z")]
    again = await send(service, form(*told, part("prompt", b"cars"), part("file", CONTENT, "c.mp4")))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    shown = {name: again.json()[name] for name in ("title", "tags", "started_at", "prompt")}
    assert shown == {"title": "Gate", "tags": ["gate", "night"], "started_at": "2026-03-01T10:00:00Z", "prompt": "cars"}
    assert service.archive.recording(again.json()["id"]).title == "Gate"  # type: ignore[union-attr]


async def test_a_text_is_refused_before_it_is_a_recording(service: Service) -> None:
    service = replace(service, intake=replace(service.intake, check=refuse_text))
    answer = await send(service, form(part("file", b"Dear diary, " * 1000, "a.mp4")))
    assert (answer.status_code, answer.json()["code"]) == (422, "not-footage")
    assert (await send(service, form(part("file", CONTENT, "a.mp4")))).status_code == 201
    assert len(service.archive.recordings()) == 1
    assert left(service) == []


async def test_keys_of_another_reach_do_not_learn_what_is_known(service: Service) -> None:
    _, here = service.keys.create("here", Role.OPERATOR, Scope(tags=frozenset({"here"})))
    _, there = service.keys.create("there", Role.OPERATOR, Scope(tags=frozenset({"there"})))
    service = replace(service, keys_needed=True)
    first = await send(service, form(part("file", CONTENT, "a.mp4")), key=here)
    second = await send(service, form(part("file", CONTENT, "a.mp4")), key=there)
    assert (first.status_code, second.status_code) == (201, 201)
    assert (first.json()["tags"], second.json()["tags"]) == (["here"], ["there"])
    assert len(list((service.folder / "footage").glob("??/*"))) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        form(),
        form(part("title", b"t")),
        form(part("file", CONTENT, "a.mp4"), end=False),
        form(part("file", CONTENT, "a.mp4"), part("file", CONTENT, "b.mp4")),
        form(part("fiel", b"x"), part("file", CONTENT, "a.mp4")),
        form(part("title", b"one"), part("title", b"two"), part("file", CONTENT, "a.mp4")),
        form(part("title", b"x" * 301), part("file", CONTENT, "a.mp4")),
        form(part("title", b"a\x00b"), part("file", CONTENT, "a.mp4")),
        form(part("title", b"\xff"), part("file", CONTENT, "a.mp4")),
        form(part("file", CONTENT, "a.mp4"), part("started_at", b"yesterday")),
        form(part("file", CONTENT, "a.mp4"), part("started_at", b"2026-03-01T10:00:00")),
        form(part("priority", b"10"), part("file", CONTENT, "a.mp4")),
        form(part("priority", b"1e309"), part("file", CONTENT, "a.mp4")),
        form(part("tags", b",".join(b"%d" % n for n in range(33))), part("file", CONTENT, "a.mp4")),
        form(part("prompt", b"x" * 70_000), part("file", CONTENT, "a.mp4")),
        form(*[part("tags", b"x")] * 100, part("file", CONTENT, "a.mp4")),
        f"--{BOUNDARY}\r\nX: {'y' * 100_000}\r\n\r\n".encode() + form(),
        f"--{BOUNDARY}\r\n\r\nx\r\n".encode() + form(),
    ],
    ids=lambda body: repr(body[60:110]),
)
async def test_a_form_that_cannot_be_used_is_refused_and_leaves_nothing(service: Service, body: bytes) -> None:
    response = await send(service, body)
    assert response.status_code == 422, response.text
    assert response.json()["code"] == "malformed-request"
    assert left(service) == []
    assert service.archive.recordings() == ()


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 1000])
async def test_a_form_needs_a_boundary(service: Service, kind: str) -> None:
    response = await send(service, form(part("file", CONTENT, "a.mp4")), headers={"Content-Type": kind})
    assert (response.status_code, response.json()["code"]) == (422, "malformed-request")


@pytest.mark.parametrize("kind", ["video/mp4", "application/x-www-form-urlencoded", "text/plain"])
async def test_only_forms_are_taken(service: Service, kind: str) -> None:
    response = await send(service, b"x", headers={"Content-Type": kind})
    assert (response.status_code, response.json()["code"]) == (415, "wrong-media-type")


async def test_what_is_wrong_is_told_before_the_file_has_come(service: Service) -> None:
    came = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal came
        yield part("started_at", b"never") + part("file", b"", "a.mp4")[:-2]
        for _ in range(1000):
            came += 1
            yield bytes(65_536)

    async with client_of(service) as client:
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        response = await client.post("/v1/recordings", content=pieces(), headers=kind)
    assert response.status_code == 422
    assert "started_at" in response.json()["detail"]
    assert came < 5


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("/etc/passwd", "passwd"),
        ("..", ".."),
        ("../../a.mp4", "a.mp4"),
        (r"C:\\videos\\Gate.mp4", "Gate.mp4"),
        ("CON", "CON"),
        ("", "recording"),
        ("a\x00b.mp4", r"a\x00b.mp4"),
        ("Tür 日本 \U0001f3a5.mp4", "Tür 日本 \U0001f3a5.mp4"),
        ("x\u202egpj.mp4", r"x\u202egpj.mp4"),
        ("<script>alert(1)</script>.mp4", "script>.mp4"),
        ("\udcff.mp4", "\ufffd.mp4"),
        ("y" * 4000 + ".mp4", "y" * 240 + "…" + "y" * 55 + ".mp4"),
    ],
)
async def test_a_file_name_is_a_title_and_never_a_path(service: Service, name: str, title: str) -> None:
    response = await send(service, form(part("file", CONTENT, name)))
    assert response.status_code == 201
    told = response.json()
    assert told["title"] == title
    assert Path(told["source"]).parent.parent == service.folder / "footage"
    assert Path(told["source"]).stem == told["digest"]


async def test_more_than_is_taken_is_refused_by_what_is_declared_and_by_what_comes(tmp_path: Path) -> None:
    service = a_service(tmp_path)
    service = replace(service, limits=replace(service.limits, upload_bytes=100_000))
    declared = await send(service, b"", headers={"Content-Length": str(100 * 2**30)})
    assert (declared.status_code, declared.json()["code"]) == (413, "upload-too-large")
    came = await send(service, form(part("file", CONTENT, "a.mp4")))
    assert (came.status_code, came.json()["code"]) == (413, "upload-too-large")
    assert left(service) == []


async def test_a_day_s_bytes_are_not_exceeded(tmp_path: Path) -> None:
    service = a_service(tmp_path)
    service = replace(service, limits=replace(service.limits, day_bytes=1_000_000))
    app = app_of(service)
    first = await send(service, form(part("file", CONTENT, "a.mp4")), app=app)
    second = await send(service, form(part("file", CONTENT[::-1], "b.mp4")), app=app)
    assert (first.status_code, second.status_code) == (201, 429)
    assert left(service) == []


async def test_a_viewer_brings_nothing(service: Service) -> None:
    _, secret = service.keys.create("eyes", Role.VIEWER, Scope())
    response = await send(replace(service, keys_needed=True), form(part("file", CONTENT, "a.mp4")), key=secret)
    assert response.status_code == 403
    assert json.loads(response.content)["code"] == "not-allowed"


async def test_an_empty_file_is_refused_and_leaves_nothing(service: Service) -> None:
    response = await send(service, form(part("file", b"", "a.mp4")))
    assert (response.status_code, response.json()["code"]) == (422, "empty-upload")
    assert left(service) == []
    assert service.archive.recordings() == ()


async def test_a_key_tags_nothing_that_it_does_not_reach(service: Service) -> None:
    _, secret = service.keys.create("a", Role.OPERATOR, Scope(tags=frozenset({"a"})))
    service = replace(service, keys_needed=True)
    for tags in (b"b", b"a,b"):
        response = await send(service, form(part("tags", tags), part("file", CONTENT, "a.mp4")), key=secret)
        assert (response.status_code, response.json()["code"]) == (403, "tag-out-of-reach")
    assert service.archive.recordings() == ()
    assert left(service) == []
    response = await send(service, form(part("tags", b"a"), part("file", CONTENT, "a.mp4")), key=secret)
    assert response.status_code == 201


async def test_a_key_that_would_not_see_what_it_brings_is_told_so_at_once(service: Service) -> None:
    _, secret = service.keys.create("c", Role.OPERATOR, Scope(cameras=frozenset({"gate"})))
    response = await send(replace(service, keys_needed=True), form(part("file", CONTENT, "a.mp4")), key=secret)
    assert (response.status_code, response.json()["code"]) == (403, "brings-out-of-reach")
    assert "limit a key to a tag" in response.json()["detail"]
    assert service.archive.recordings() == ()


async def test_what_was_moved_out_of_reach_is_not_told_to_whoever_brings_it_again(service: Service) -> None:
    _, secret = service.keys.create("a", Role.OPERATOR, Scope(tags=frozenset({"a"})))
    service = replace(service, keys_needed=True)
    first = await send(service, form(part("title", b"ours"), part("file", CONTENT, "a.mp4")), key=secret)
    service.archive.amend(first.json()["id"], title="canary")
    service.archive.tag(first.json()["id"], ["b"])
    again = await send(service, form(part("file", CONTENT, "a.mp4")), key=secret)
    assert again.status_code == 201
    assert again.json()["id"] != first.json()["id"]
    assert "canary" not in again.text
    assert again.json()["tags"] == ["a"]
    assert len(service.jobs.of_recording(first.json()["id"])) == 1
