"""Footage over HTTP: the file itself in ranges, stills and clips."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import slices
from api.app import create_app
from api.service import Service
from ingest.clips import SandboxedClips
from ingest.sandbox import SandboxedReader
from tests.footage import clip
from tests.service import a_service
from videoqa.errors import CannotCut
from videoqa.media import Recording, RecordingState
from videoqa.ports import Cut

HEADERS = {"content-security-policy", "x-content-type-options", "content-disposition", "etag", "accept-ranges"}


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path, clips=SandboxedClips(SandboxedReader(), tmp_path, most_bytes=2**26))


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_app(service), base_url="http://127.0.0.1:8080", raise_server_exceptions=False)


@pytest.fixture
def film(service: Service, tmp_path: Path) -> Recording:
    return kept(service, tmp_path, "film", clip("b-frames.mp4").read_bytes(), length=timedelta(seconds=12))


def kept(service: Service, folder: Path, name: str, content: bytes, **fields: Any) -> Recording:
    path = folder / f"{name}.html"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    known: dict[str, Any] = {"length": timedelta(seconds=1), "state": RecordingState.INDEXED}
    return service.archive.add(Recording(name, f"{name}.html", str(path), digest, **(known | fields)))


def test_the_whole_file_comes_as_it_is(client: TestClient, film: Recording) -> None:
    content = Path(film.source).read_bytes()
    answer = client.get("/v1/recordings/film/content")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["etag"] == f'"{film.digest}"'
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith('inline; filename="film.html.mp4"')
    head = client.head("/v1/recordings/film/content", headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(content))
    assert set(head.headers) >= HEADERS


@pytest.mark.parametrize("text", ["bytes=0-0", "bytes=1000-5999", "bytes=-7", "bytes=5000-"])
def test_a_range_is_that_part_of_the_file(client: TestClient, film: Recording, text: str) -> None:
    content = Path(film.source).read_bytes()
    answer = client.get("/v1/recordings/film/content", headers={"Range": text})
    first, _, last = answer.headers["content-range"].removeprefix("bytes ").partition("/")[0].partition("-")
    assert answer.status_code == 206
    assert answer.content == content[int(first) : int(last) + 1]
    assert answer.headers["content-length"] == str(len(answer.content))


def test_several_ranges_come_apart(client: TestClient, film: Recording) -> None:
    content = Path(film.source).read_bytes()
    answer = client.get("/v1/recordings/film/content", headers={"Range": "bytes=10-19,-5"})
    assert answer.status_code == 206
    assert int(answer.headers["content-length"]) == len(answer.content)
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    parts = answer.content.split(b"\r\n--" + boundary)[1:-1]
    assert [part.partition(b"\r\n\r\n")[2] for part in parts] == [content[10:20], content[-5:]]
    assert f"bytes 10-19/{len(content)}".encode() in parts[0]
    assert b"video/mp4" in parts[1]


def test_a_range_behind_the_end_is_a_problem(client: TestClient, film: Recording) -> None:
    answer = client.get("/v1/recordings/film/content", headers={"Range": "bytes=99999999-"})
    assert (answer.status_code, answer.json()["code"]) == (416, "no-such-range")
    assert answer.headers["content-range"] == f"bytes */{Path(film.source).stat().st_size}"


def test_what_somebody_has_is_not_sent_again(client: TestClient, film: Recording) -> None:
    known = client.head("/v1/recordings/film/content").headers
    for condition in ({"If-None-Match": known["etag"]}, {"If-Modified-Since": known["last-modified"]}):
        answer = client.get("/v1/recordings/film/content", headers=condition)
        assert (answer.status_code, answer.content) == (304, b"")
    assert client.get("/v1/recordings/film/content", headers={"If-Match": '"x"'}).status_code == 412
    old = {"Range": "bytes=0-1", "If-Range": '"another"'}
    assert client.get("/v1/recordings/film/content", headers=old).status_code == 200


def test_a_page_that_calls_itself_footage_is_no_page(service: Service, client: TestClient, tmp_path: Path) -> None:
    kept(service, tmp_path, "page", b"<html><script>alert(document.domain)</script>")
    answer = client.get("/v1/recordings/page/content")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"].startswith("sandbox;")


def test_an_empty_file_is_empty(service: Service, client: TestClient, tmp_path: Path) -> None:
    kept(service, tmp_path, "empty", b"")
    answer = client.get("/v1/recordings/empty/content")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert client.get("/v1/recordings/empty/content", headers={"Range": "bytes=0-"}).status_code == 416


def test_a_file_that_is_gone_is_a_problem_that_says_so(client: TestClient, film: Recording) -> None:
    assert client.get("/v1/recordings/film/content").status_code == 200
    Path(film.source).unlink()
    for path in ("content", "clip?from=1&to=2", "thumbnail?at=1"):
        answer = client.get(f"/v1/recordings/film/{path}")
        assert (answer.status_code, answer.json()["code"]) == (410, "no-such-file"), path


def _another(path: Path) -> None:
    path.write_bytes(b"another film")


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("swap", [_another, _link, _pipe])
@pytest.mark.parametrize("ours", [True, False])
def test_what_was_put_in_the_place_of_a_file_is_not_shown(
    service: Service, client: TestClient, tmp_path: Path, swap: Callable[[Path], None], ours: bool
) -> None:
    film = kept(service, tmp_path, "film", b"a film", kept=ours)
    assert client.get("/v1/recordings/film/content").content == b"a film"
    swap(Path(film.source))
    answer = client.get("/v1/recordings/film/content")
    assert answer.status_code in (409, 410)
    assert b"root:" not in answer.content


def test_what_is_written_to_while_it_is_sent_is_cut_off(
    client: TestClient, film: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "_CHUNK", 1000)
    true = os.pread
    count = 0

    def reads(descriptor: int, length: int, place: int) -> bytes:
        nonlocal count
        count += 1
        if count == 4:
            with Path(film.source).open("ab") as file:
                file.write(b"more")
        return true(descriptor, length, place)

    monkeypatch.setattr(slices.os, "pread", reads)
    # Which cuts the connection: nobody is to take it for the whole.
    with pytest.raises(slices.ChangedMeanwhile):
        TestClient(client.app, base_url="http://127.0.0.1:8080").get("/v1/recordings/film/content")
    assert count == 4


def test_a_clip_says_where_it_begins_and_comes_in_ranges(client: TestClient, film: Recording) -> None:
    answer = client.get("/v1/recordings/film/clip?from=3.3&to=5")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "video/mp4"
    assert (answer.headers["x-clip-start"], answer.headers["x-clip-copied"]) == ("2.0", "true")
    assert float(answer.headers["x-clip-end"]) >= 5
    assert 'filename="film.html 00.00.03.mp4"' in answer.headers["content-disposition"]
    again = client.get("/v1/recordings/film/clip?from=3.3&to=5", headers={"Range": "bytes=0-99"})
    assert (again.status_code, again.content) == (206, answer.content[:100])
    seen = client.get("/v1/recordings/film/clip?from=3.3&to=5", headers={"If-None-Match": answer.headers["etag"]})
    assert (seen.status_code, seen.headers["x-clip-start"]) == (304, "2.0")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=5&to=5", 422, "empty-stretch"),
        ("from=5&to=4", 422, "empty-stretch"),
        ("from=100&to=101", 422, "outside-recording"),
        ("from=0&to=5000", 422, "clip-too-long"),
        ("from=-1&to=5", 422, "malformed-request"),
        ("from=nan&to=5", 422, "malformed-request"),
        ("from=1e309&to=5", 422, "malformed-request"),
        ("to=5", 422, "malformed-request"),
    ],
)
def test_a_stretch_that_cannot_be_cut_is_a_problem(
    client: TestClient, film: Recording, query: str, status: int, code: str
) -> None:
    answer = client.get(f"/v1/recordings/film/clip?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_recording_under_way_is_asked_for_again_by_whoever_has_its_beginning(
    client: TestClient, service: Service, tmp_path: Path
) -> None:
    content = clip("fragmented.mp4").read_bytes()
    half = content[: len(content) // 2]
    recording = kept(service, tmp_path, "now", half, state=RecordingState.RECORDING, length=timedelta(0), kept=True)
    early = client.get("/v1/recordings/now/content")
    assert early.content == half
    still = client.get("/v1/recordings/now/thumbnail", params={"at": 0.5})
    assert (still.status_code, still.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in still.headers
    Path(recording.source).write_bytes(content)
    later = client.get("/v1/recordings/now/content", headers={"If-None-Match": early.headers["etag"]})
    assert (later.status_code, later.content) == (200, content)


def test_a_still_is_known_again_without_being_decoded(client: TestClient, film: Recording) -> None:
    answer = client.get("/v1/recordings/film/thumbnail?at=3&width=128")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content.startswith(b"\xff\xd8\xff")
    Path(film.source).unlink()
    seen = client.get("/v1/recordings/film/thumbnail?at=3&width=128", headers={"If-None-Match": answer.headers["etag"]})
    assert (seen.status_code, seen.content) == (304, b"")
    assert client.get("/v1/recordings/film/thumbnail?at=12").json()["code"] == "outside-recording"
    assert client.get("/v1/recordings/film/thumbnail").status_code == 410


def test_a_clip_that_is_removed_before_it_is_opened_is_cut_again(
    service: Service, client: TestClient, film: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, cuts = service.clips.clip, list[Cut]()

    def cut(*args: Any, **kwargs: Any) -> Cut:
        cuts.append(true(*args, **kwargs))
        if len(cuts) == 1:
            cuts[0].path.unlink()
        return cuts[-1]

    monkeypatch.setattr(service.clips, "clip", cut)
    assert client.get("/v1/recordings/film/clip?from=3&to=5").status_code == 200
    assert len(cuts) == 2


def test_clips_are_cut_in_a_line_of_their_own_few_at_once(
    service: Service, client: TestClient, film: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, cutting, most = threading.Event(), list[int](), list[int]()

    def cut(*args: Any, **kwargs: Any) -> Cut:
        cutting.append(1)
        most.append(len(cutting))
        go_on.wait(20)
        cutting.pop()
        raise CannotCut(problem="it is a test")

    monkeypatch.setattr(service.clips, "clip", cut)
    with client, ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(client.get, f"/v1/recordings/film/clip?from=1&to={2 + n}") for n in range(18)]
        while len(most) < 2:
            time.sleep(0.01)
        try:
            still = pool.submit(client.get, "/v1/recordings/film/thumbnail?at=1&width=128").result(10)
        finally:
            go_on.set()
        for each in asked:
            each.result(30)
    assert still.status_code == 200
    assert max(most) <= 2
