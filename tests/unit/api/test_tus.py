"""/v1/uploads, as https://tus.io/protocols/resumable-upload 1.0.0 has it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.service import Service
from ingest.glance import refuse_text
from ingest.inbox import DiskInbox
from tests.service import a_service, app_of, client_of
from videoqa.access import Role, Scope
from videoqa.media import RecordingState

pytestmark = pytest.mark.anyio
CONTENT = Random(2).randbytes(600_000)
PIECE = "application/offset+octet-stream"
Header = str | bytes | int | None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


@pytest.fixture
def app(service: Service) -> FastAPI:
    return app_of(service)


def text64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def told(**metadata: str) -> str:
    return ",".join(f"{key} {text64(value)}" for key, value in metadata.items())


class Tus:
    """A client that says what a test has it say."""

    def __init__(self, app: FastAPI, key: str = "") -> None:
        self._app = app
        self._key = key

    async def ask(self, method: str, path: str, content: Any = b"", **headers: Header) -> httpx2.Response:
        sent = {"Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {
            name: value if isinstance(value, bytes) else str(value) for name, value in sent.items() if value is not None
        }
        async with client_of(self._app.state.service, self._key, self._app) as client:
            return await client.request(method, path, content=content, headers=kept)

    async def begin(self, length: int | None = len(CONTENT), **headers: str) -> str:
        size = {"Upload_Defer_Length": "1"} if length is None else {"Upload_Length": str(length)}
        response = await self.ask("POST", "/v1/uploads", **size, **headers)
        assert response.status_code == 201, response.text
        return response.headers["location"]

    async def piece(self, url: str, offset: int, content: Any, **headers: Header) -> httpx2.Response:
        kind: dict[str, Header] = {"Content_Type": PIECE, "Upload_Offset": offset}
        return await self.ask("PATCH", url, content, **(kind | headers))

    async def offset(self, url: str) -> int:
        response = await self.ask("HEAD", url)
        assert response.status_code == 200
        return int(response.headers["upload-offset"])


@pytest.fixture
def tus(app: FastAPI) -> Tus:
    return Tus(app)


async def test_options_tell_what_is_spoken(tus: Tus) -> None:
    response = await tus.ask("OPTIONS", "/v1/uploads", Tus_Resumable=None)
    assert response.status_code == 204
    assert response.headers["tus-version"] == "1.0.0"
    assert response.headers["tus-max-size"] == str(100 * 2**30)
    extensions = set(response.headers["tus-extension"].split(","))
    assert extensions >= {"creation", "creation-with-upload", "termination", "checksum", "expiration"}
    assert {"sha1", "sha256", "md5"} <= set(response.headers["tus-checksum-algorithm"].split(","))


async def test_a_file_in_pieces_becomes_a_recording(service: Service, tus: Tus) -> None:
    url = await tus.begin(Upload_Metadata=told(filename="Gate.mp4", tags="gate,night", filetype="video/mp4"))
    first = await tus.piece(url, 0, CONTENT[:300_000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "300000")
    assert "location" not in first.headers
    assert await tus.offset(url) == 300_000
    last = await tus.piece(url, 300_000, CONTENT[300_000:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(CONTENT)))
    recording_id = last.headers["location"].removeprefix("/v1/recordings/")
    recording = service.archive.recording(recording_id)
    assert recording is not None
    assert Path(recording.source).read_bytes() == CONTENT
    assert (recording.title, recording.tags, recording.state) == (
        "Gate.mp4",
        ("gate", "night"),
        RecordingState.QUEUED,
    )
    assert len(service.jobs.of_recording(recording_id)) == 1
    shown = (await tus.ask("GET", url, Tus_Resumable=None)).json()
    assert (shown["recording"], shown["offset"], shown["length"]) == (recording_id, len(CONTENT), len(CONTENT))
    head = await tus.ask("HEAD", url)
    assert head.headers["location"] == last.headers["location"]


async def test_a_head_tells_everything_that_was_told(tus: Tus) -> None:
    metadata = told(filename="Tür.mp4", title="T") + ",is_confidential"
    url = await tus.begin(Upload_Metadata=metadata)
    head = await tus.ask("HEAD", url)
    assert head.status_code == 200
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("0", str(len(CONTENT)))
    assert head.headers["upload-metadata"] == metadata
    assert head.headers["cache-control"] == "no-store"
    assert head.headers["tus-resumable"] == "1.0.0"
    assert head.headers["upload-expires"].endswith("GMT")


async def test_a_first_piece_may_come_with_the_beginning(service: Service, tus: Tus) -> None:
    response = await tus.ask("POST", "/v1/uploads", CONTENT, Upload_Length=len(CONTENT), Content_Type=PIECE)
    assert (response.status_code, response.headers["upload-offset"]) == (201, str(len(CONTENT)))
    (recording,) = service.archive.recordings()
    shown = (await tus.ask("GET", response.headers["location"])).json()
    assert shown["recording"] == recording.id


async def test_an_empty_file_is_refused_at_once(service: Service, tus: Tus) -> None:
    later = await tus.begin(None)
    for response in (
        await tus.ask("POST", "/v1/uploads", Upload_Length=0),
        await tus.piece(later, 0, b"", Upload_Length=0),
    ):
        assert (response.status_code, response.json()["code"]) == (422, "empty-upload")
    assert service.archive.recordings() == ()
    assert list((service.folder / "inbox").iterdir()) == []


@pytest.mark.parametrize(
    ("scope", "code"),
    [(Scope(tags=frozenset({"b"})), "tag-out-of-reach"), (Scope(cameras=frozenset({"c"})), "brings-out-of-reach")],
)
async def test_nothing_is_begun_that_would_lie_out_of_reach(service: Service, scope: Scope, code: str) -> None:
    _, secret = service.keys.create("b", Role.OPERATOR, scope)
    mine = Tus(app_of(replace(service, keys_needed=True)), secret)
    response = await mine.ask("POST", "/v1/uploads", Upload_Length=5, Upload_Metadata=told(tags="a,b"))
    assert (response.status_code, response.json()["code"]) == (403, code)
    assert not list((service.folder / "inbox").glob("*"))


async def test_nobody_begins_uploads_without_end(tmp_path: Path) -> None:
    tus = Tus(app_of(a_service(tmp_path, inbox=DiskInbox(tmp_path, most=2))))
    first, _ = await tus.begin(), await tus.begin()
    refused = await tus.ask("POST", "/v1/uploads", Upload_Length=5)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-begun")
    assert (await tus.ask("DELETE", first)).status_code == 204
    await tus.begin()


async def test_the_length_may_be_told_with_a_later_piece(service: Service, tus: Tus) -> None:
    url = await tus.begin(None)
    assert (await tus.ask("HEAD", url)).headers["upload-defer-length"] == "1"
    await tus.piece(url, 0, CONTENT[:1000])
    last = await tus.piece(url, 1000, CONTENT[1000:], Upload_Length=len(CONTENT))
    assert last.status_code == 204
    assert len(service.archive.recordings()) == 1


async def test_a_length_once_told_does_not_change(tus: Tus) -> None:
    url = await tus.begin(1000)
    assert (await tus.piece(url, 0, b"x", Upload_Length=1001)).status_code == 400
    assert (await tus.piece(url, 0, b"x", Upload_Length=1000)).status_code == 204
    other = await tus.begin(None)
    await tus.piece(other, 0, b"12345")
    assert (await tus.piece(other, 5, b"", Upload_Length=4)).status_code == 400


@pytest.mark.parametrize("given", [0, 299_999, 300_001, 10**18])
async def test_a_piece_at_a_wrong_offset_is_refused(tus: Tus, given: int) -> None:
    url = await tus.begin()
    await tus.piece(url, 0, CONTENT[:300_000])
    response = await tus.piece(url, given, b"x")
    assert (response.status_code, response.json()["code"]) == (409, "wrong-offset")
    assert response.headers["tus-resumable"] == "1.0.0"
    assert await tus.offset(url) == 300_000


@pytest.mark.parametrize("given", [None, "", "-1", "1.5", "0x10", "NaN", "١", "9" * 40, "1e3"])
async def test_an_offset_is_a_number(app: FastAPI, given: str | None) -> None:
    tus = Tus(app)
    url = await tus.begin()
    sent = None if given is None else given.encode()
    response = await tus.piece(url, 0, b"x", Upload_Offset=sent)
    assert response.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload_Length": "-1"},
        {"Upload_Length": "many"},
        {"Upload_Length": "5", "Upload_Defer_Length": "1"},
        {"Upload_Defer_Length": "2"},
        {"Upload_Length": "5", "Upload_Metadata": "title !!"},
        {"Upload_Length": "5", "Upload_Metadata": "a eA==,a eA=="},
        {"Upload_Length": "5", "Upload_Metadata": "tïtle eA=="},
        {"Upload_Length": "5", "Upload_Metadata": told(started_at="yesterday")},
        {"Upload_Length": "5", "Upload_Metadata": told(title="a\0b")},
        {"Upload_Length": "5", "Upload_Concat": "partial"},
    ],
    ids=str,
)
async def test_what_cannot_be_begun_is_refused_at_its_beginning(
    service: Service, tus: Tus, headers: dict[str, str]
) -> None:
    sent = {name: value.encode() for name, value in headers.items()}
    response = await tus.ask("POST", "/v1/uploads", **sent)
    assert response.status_code in (400, 422), response.text
    assert not list((service.folder / "inbox").glob("*"))


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0", "2.0.0"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
async def test_another_version_is_refused(tus: Tus, method: str, version: str | None) -> None:
    url = await tus.begin()
    path = "/v1/uploads" if method == "POST" else url
    kind = {"Content_Type": PIECE, "Upload_Offset": 0, "Upload_Length": 5}
    response = await tus.ask(method, path, b"" if method == "HEAD" else b"x", Tus_Resumable=version, **kind)
    assert response.status_code == 412
    assert response.headers["tus-version"] == "1.0.0"
    assert await tus.offset(url) == 0


@pytest.mark.parametrize("kind", ["application/octet-stream", "video/mp4", "text/plain", None])
async def test_a_piece_has_its_own_media_type(tus: Tus, kind: str | None) -> None:
    url = await tus.begin()
    response = await tus.piece(url, 0, b"x", Content_Type=kind)
    assert (response.status_code, response.json()["code"]) == (415, "wrong-media-type")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512", "md5"])
async def test_a_piece_may_have_a_checksum(service: Service, tus: Tus, algorithm: str) -> None:
    url = await tus.begin()
    for at in (0, 200_000, 400_000):
        piece = CONTENT[at : at + 200_000]
        right = f"{algorithm} {text64(hashlib.new(algorithm, piece).digest())}"
        wrong = f"{algorithm} {text64(hashlib.new(algorithm, piece + b'x').digest())}"
        response = await tus.piece(url, at, piece, Upload_Checksum=wrong)
        assert (response.status_code, response.json()["code"]) == (460, "wrong-checksum")
        assert await tus.offset(url) == at
        assert (await tus.piece(url, at, piece, Upload_Checksum=right)).status_code == 204
    (recording,) = service.archive.recordings()
    assert recording.digest == hashlib.sha256(CONTENT).hexdigest()
    assert Path(recording.source).read_bytes() == CONTENT


@pytest.mark.parametrize("given", ["crc32 AAAA", "sha1", "sha1 !", "sha1 eA==", "", "sha256 " + "A" * 27 + "="])
async def test_a_checksum_that_cannot_be_checked_is_refused(tus: Tus, given: str) -> None:
    url = await tus.begin()
    assert (await tus.piece(url, 0, b"x", Upload_Checksum=given)).status_code == 400
    assert await tus.offset(url) == 0


async def test_a_first_piece_with_a_wrong_checksum_begins_nothing(service: Service, tus: Tus) -> None:
    wrong = f"sha1 {text64(bytes(20))}"
    response = await tus.ask("POST", "/v1/uploads", b"x", Upload_Length=5, Content_Type=PIECE, Upload_Checksum=wrong)
    assert response.status_code == 460
    assert not list((service.folder / "inbox").glob("*"))


async def test_more_than_was_declared_is_refused(service: Service, tus: Tus) -> None:
    url = await tus.begin(1000)
    told_beforehand = await tus.piece(url, 0, b"x" * 1001)
    assert (told_beforehand.status_code, told_beforehand.json()["code"]) == (413, "more-than-declared")

    async def unannounced() -> AsyncIterator[bytes]:
        yield b"x" * 600
        yield b"x" * 600

    assert (await tus.piece(url, 0, unannounced())).status_code == 413
    assert await tus.offset(url) <= 1000
    assert service.archive.recordings() == ()


async def test_more_than_is_taken_is_refused_at_its_beginning(service: Service, tus: Tus) -> None:
    response = await tus.ask("POST", "/v1/uploads", Upload_Length=100 * 2**30 + 1)
    assert (response.status_code, response.json()["code"]) == (413, "upload-too-large")
    huge = await tus.ask("POST", "/v1/uploads", Upload_Length=100 * 2**30)
    assert (huge.status_code, huge.json()["code"]) == (507, "disk-full")
    assert not list((service.folder / "inbox").glob("*"))


async def test_an_upload_that_was_given_up_is_gone(service: Service, tus: Tus) -> None:
    url = await tus.begin()
    await tus.piece(url, 0, CONTENT[:1000])
    assert (await tus.ask("DELETE", url)).status_code == 204
    for method in ("HEAD", "PATCH", "DELETE", "GET"):
        response = await tus.ask(method, url, Content_Type=PIECE, Upload_Offset=1000)
        assert response.status_code == 404, method
    assert not list((service.folder / "inbox").glob("*"))


async def test_giving_up_what_became_a_recording_leaves_that(service: Service, tus: Tus) -> None:
    url = await tus.begin(5)
    await tus.piece(url, 0, b"12345")
    assert (await tus.ask("DELETE", url)).status_code == 204
    assert len(service.archive.recordings()) == 1


async def test_a_post_may_mean_another_method(service: Service, tus: Tus) -> None:
    url = await tus.begin(5)
    meant = {"X_HTTP_Method_Override": "PATCH", "Content_Type": PIECE, "Upload_Offset": "0"}
    assert (await tus.ask("POST", url, b"12", **meant)).status_code == 204
    assert (await tus.ask("POST", url, X_HTTP_Method_Override="HEAD")).headers["upload-offset"] == "2"
    assert (await tus.ask("POST", url, X_HTTP_Method_Override="DELETE")).status_code == 204
    assert (await tus.ask("POST", url)).status_code == 400


def stalled(first: bytes, reached: asyncio.Event) -> AsyncIterator[bytes]:
    async def pieces() -> AsyncIterator[bytes]:
        yield first
        reached.set()
        await asyncio.sleep(60)

    return pieces()


async def test_two_pieces_at_once_are_not_taken(tus: Tus) -> None:
    url, reached = await tus.begin(), asyncio.Event()
    first = asyncio.create_task(tus.piece(url, 0, stalled(CONTENT[:300_000], reached)))
    await reached.wait()
    second = await tus.piece(url, 0, CONTENT)
    assert (second.status_code, second.json()["code"]) == (423, "arrival-busy")
    assert not first.done()
    first.cancel()


async def test_whoever_asks_where_an_upload_stands_takes_it_back_from_a_lost_request(
    service: Service, tus: Tus
) -> None:
    url, reached = await tus.begin(), asyncio.Event()
    lost = asyncio.create_task(tus.piece(url, 0, stalled(CONTENT[:300_000], reached)))
    await reached.wait()
    offset = await tus.offset(url)
    assert (await lost).status_code == 423
    assert (await tus.piece(url, offset, CONTENT[offset:])).status_code == 204
    assert Path(service.archive.recordings()[0].source).read_bytes() == CONTENT


async def test_what_could_not_be_taken_in_is_when_its_client_comes_back(
    service: Service, tus: Tus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("killed before the archive knew")

    url = await tus.begin()
    with monkeypatch.context() as patch:
        patch.setattr(type(service.jobs), "submit", broken)
        assert (await tus.piece(url, 0, CONTENT)).status_code == 500
    head = await tus.ask("HEAD", url)
    assert head.headers["upload-offset"] == str(len(CONTENT))
    (recording,) = service.archive.recordings()
    assert head.headers["location"] == f"/v1/recordings/{recording.id}"
    assert len(service.jobs.of_recording(recording.id)) == 1
    assert not list((service.folder / "inbox").glob("*.part"))


async def test_an_upload_that_nobody_goes_on_with_is_swept_while_the_service_runs(
    service: Service, app: FastAPI, tus: Tus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.uploads.sweeping.SECONDS", 0.01)
    gone, here = await tus.begin(), await tus.begin()
    (part,) = (service.folder / "inbox").glob(f"{gone.rpartition('/')[2]}.part")
    os.utime(part, (0, 0))
    async with app.router.lifespan_context(app):
        for _ in range(500):
            if not part.exists():
                break
            await asyncio.sleep(0.01)
    assert (await tus.ask("HEAD", gone)).status_code == 404
    assert await tus.offset(here) == 0


async def test_uploads_of_others_are_unknown(service: Service, tmp_path: Path) -> None:
    _, mine = service.keys.create("mine", Role.OPERATOR, Scope())
    _, other = service.keys.create("other", Role.OPERATOR, Scope())
    _, admin = service.keys.create("admin", Role.ADMIN, Scope())
    _, part = service.keys.create("part", Role.ADMIN, Scope(tags=frozenset({"x"})))
    app = app_of(replace(service, keys_needed=True))
    url = await Tus(app, mine).begin()
    for secret in (other, part):
        for method in ("HEAD", "GET", "PATCH", "DELETE"):
            response = await Tus(app, secret).ask(method, url, Content_Type=PIECE, Upload_Offset=0)
            assert response.status_code == 404, method
    assert (await Tus(app, admin).ask("GET", url)).status_code == 200
    assert (await Tus(app, admin).piece(url, 0, b"x")).status_code == 404
    assert (await Tus(app, mine).piece(url, 0, CONTENT)).status_code == 204
    assert (await Tus(app, admin).ask("DELETE", url)).status_code == 204


@pytest.mark.parametrize("name", ["0" * 32, "x", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a" * 3000])
async def test_an_upload_that_was_never_begun_is_unknown(tus: Tus, name: str) -> None:
    for method in ("HEAD", "GET", "PATCH", "DELETE"):
        response = await tus.ask(method, f"/v1/uploads/{name}", Content_Type=PIECE, Upload_Offset=0)
        assert response.status_code == 404, method


async def test_a_text_is_refused_and_its_upload_says_why(service: Service) -> None:
    app = app_of(replace(service, intake=replace(service.intake, check=refuse_text)))
    tus = Tus(app)
    url = await tus.begin(12)
    refused = await tus.piece(url, 0, b"Dear diary, ")
    assert (refused.status_code, refused.json()["code"]) == (422, "not-footage")
    told = (await tus.ask("GET", url)).json()
    assert (told["recording"], "it is text" in told["problem"]) == (None, True)
