"""`videoqa serve` as a user runs it: its start, its end, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.product import SAMPLES
from tests.acceptance.service import Service, lives, until


@contextmanager
def uploading_half(service: Service) -> Iterator[socket.socket]:
    """An upload of which half has come, and no more does."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as sending:
        head = (
            "POST /v1/recordings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            'Content-Disposition: form-data; name="file"; filename="half.mp4"\r\n\r\n'
        )
        sending.sendall(head.encode() + bytes(500_000))
        yield sending


def uploaded(service: Service, name: str = "yard.mp4") -> str:
    with (SAMPLES / name).open("rb") as footage, service.client() as client:
        answer = client.post("/v1/recordings", files={"file": (name, footage)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def state(service: Service, recording: str) -> str:
    with service.client() as client:
        return str(client.get(f"/v1/recordings/{recording}").json()["state"])


def until_indexed(service: Service, recording: str) -> None:
    until(lambda: state(service, recording) == "indexed", 150, lambda: f"it is not indexed:\n{service.said}")


def worker_of(service: Service) -> int:
    until(lambda: service.worker)
    worker = service.worker
    assert worker is not None
    return worker


def test_it_stops_within_seconds_whatever_is_open_and_goes_on_at_once(service: Service) -> None:
    worker = worker_of(service)
    recording = uploaded(service)
    until(lambda: state(service, recording) == "indexing")
    ended = threading.Event()

    def follow() -> None:
        with service.client() as client, client.stream("GET", f"/v1/recordings/{recording}/progress") as stream:
            for _ in stream.iter_bytes():
                pass
        ended.set()

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    with uploading_half(service), socket.create_connection(("127.0.0.1", service.port)):
        until(lambda: "videoqa_followers 1.0" in service.client().get("/metrics").text)
        assert service.stop(within=10) == 0
    assert ended.wait(5), "whoever follows is told the end"
    assert not lives(worker)
    assert not list((service.data / "inbox").glob("*.json")), "of a half-sent form nothing is kept"

    service.start()
    until_indexed(service, recording)
    assert service.stop(signal.SIGINT) == 0


def test_a_killed_service_takes_its_worker_along_and_the_next_one_goes_on(service: Service) -> None:
    worker = worker_of(service)
    recording = uploaded(service)
    until(lambda: state(service, recording) == "indexing")
    os.kill(service.pid, signal.SIGKILL)
    until(lambda: not lives(worker), 3)
    service.wait()
    service.start()
    until_indexed(service, recording)
    with service.client() as client:
        assert len(client.get("/v1/recordings").json()["items"]) == 1

    # A worker that is killed is followed by another one, and the service knows nothing of it.
    first = worker_of(service)
    os.kill(first, signal.SIGKILL)
    until(lambda: service.worker not in (None, first), 10)
    assert service.is_ready()

    # The second word is the last one.
    with uploading_half(service):
        service.tell()
        time.sleep(0.3)
        service.tell()
        assert service.wait() == 128 + signal.SIGTERM
    assert [line["message"] for line in service.lines()][-1] != "stopped"


def test_it_is_ready_soon_and_tells_that_its_address_is_taken(service: Service) -> None:
    # The clock on the wall would measure what else this machine does.
    ticks = Path(f"/proc/{service.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    assert sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") < 3.0

    second = Service(service.data.parent / "other")
    second.port = service.port
    second.start(ready=False)
    assert second.wait(30) == 2
    assert "--port" in second.said
    assert service.stop(signal.SIGHUP) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_is_not_served_to_others_without_a_key(tmp_path: Path, host: str) -> None:
    service = Service(tmp_path / "data", "--host", host)
    service.start(ready=False)
    assert service.wait(30) == 2
    assert "videoqa keys create" in service.said


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "videoqa.sqlite")) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
        database.commit()
    service = Service(tmp_path / "data")
    service.start(ready=False)
    assert service.wait(30) == 3
    assert "newer videoqa" in service.said
