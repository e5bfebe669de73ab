"""tus-js-client, which most pages upload with, against the service as a user runs it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.acceptance.service import Service, until
from tests.needs import ROOT, missing, program

CLIENT = ROOT / "tests" / "tus"
MEGABYTE = 10**6


class Page:
    """A client in a process of its own, which remembers its uploads in ``folder``."""

    def __init__(self, service: Service, folder: Path) -> None:
        if not (CLIENT / "node_modules" / "tus-js-client").is_dir():
            missing("tus-js-client is not installed; run `npm ci` in tests/tus")
        self._service = service
        self._folder = folder
        self.file = folder / "Gate 1.mp4"
        self.content = Random(str(folder)).randbytes(6 * MEGABYTE)
        self.file.write_bytes(self.content)
        self.events: list[dict[str, Any]] = []

    def start(self, chunk: int | None = MEGABYTE, *metadata: str, **environment: str) -> Callable[[], None]:
        """Begins to upload, or goes on; what is returned waits for its end."""
        size = "all" if chunk is None else str(chunk)
        arguments = [f"{self._service.url}/v1/uploads", str(self.file), size, str(self._folder / "store"), *metadata]
        self._process = subprocess.Popen(
            [program("node"), "upload.mjs", *arguments],
            cwd=CLIENT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        reading = threading.Thread(target=self._read, daemon=True)
        reading.start()

        def end() -> None:
            self._process.wait(90)
            reading.join(5)

        return end

    def upload(self, chunk: int | None = MEGABYTE, *metadata: str, **environment: str) -> dict[str, Any]:
        """Uploads the file; the last event."""
        self.start(chunk, *metadata, **environment)()
        assert self.events, "the client said nothing"
        return self.events[-1]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.events.append(json.loads(line))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("tus") / "data") as running:
        yield running


@pytest.fixture
def page(service: Service, tmp_path: Path) -> Page:
    folder = tmp_path / "page"
    folder.mkdir()
    return Page(service, folder)


def recording(service: Service, recording_id: str) -> dict[str, Any]:
    with service.client() as client:
        found: dict[str, Any] = client.get(f"/v1/recordings/{recording_id}").raise_for_status().json()
        return found


def here(service: Service) -> int:
    return sum(path.stat().st_size for path in (service.data / "inbox").glob("*.part"))


@pytest.mark.parametrize("chunk", [None, MEGABYTE])
@pytest.mark.parametrize("how", [{}, {"DURING_CREATION": "1"}, {"OVERRIDE": "1"}], ids=["patch", "creation", "post"])
def test_a_file_arrives_as_it_is(service: Service, page: Page, chunk: int | None, how: dict[str, str]) -> None:
    last = page.upload(chunk, "title=Gate", "tags=a,b", **how)
    assert last["event"] == "success", page.events
    found = recording(service, last["recording"])
    assert found["digest"] == hashlib.sha256(page.content).hexdigest()
    assert (found["title"], found["tags"]) == ("Gate", ["a", "b"])


def test_an_upload_outlives_the_service_that_it_began_with(service: Service, page: Page) -> None:
    end = page.start(200_000)
    until(lambda: here(service) > 2 * MEGABYTE)
    service.restart()
    end()
    last = page.events[-1]
    assert last["event"] == "success", page.events
    assert any(each["event"] == "retry" for each in page.events)
    assert recording(service, last["recording"])["digest"] == hashlib.sha256(page.content).hexdigest()


def test_an_upload_outlives_the_page_that_began_it(service: Service, page: Page) -> None:
    page.start(200_000)
    until(lambda: here(service) > 2 * MEGABYTE)
    page.kill()
    first = next(each["url"] for each in page.events if each["event"] == "url")
    last = page.upload(None)
    assert last["event"] == "success", page.events
    assert last["url"] == first
    assert recording(service, last["recording"])["digest"] == hashlib.sha256(page.content).hexdigest()


def test_an_upload_that_a_page_gives_up_leaves_nothing(service: Service, page: Page) -> None:
    last = page.upload(MEGABYTE, TERMINATE="1")
    assert last["event"] == "terminated"
    assert here(service) == 0
    with service.client() as client:
        assert client.get(last["url"]).status_code == 404
