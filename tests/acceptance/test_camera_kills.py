"""Killed at any moment while alerts flow, the service tells of each once: what was emitted is what was received."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.acceptance.service import PATIENCE, Service, lives, until
from tests.comings import comings
from tests.rtsp.film import film
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer

KILLS, SOAK_KILLS = 5, 50
_CAMERAS = ("gate", "door")
_PROTOCOL = Subprotocol("videoqa.alerts.v1")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    """Cameras before which something goes by every six seconds."""
    clip = film(comings(tmp_path_factory.mktemp("clips") / "street.mp4", 6, [(1, 2.4)]))
    with RtspServer({name: Channel(clip, shared=True) for name in _CAMERAS}) as server:
        yield server


@dataclass
class Received:
    """Everything that came over the socket, by whoever comes back for what is behind the last message each time."""

    service: Service
    messages: list[dict[str, Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    connections: int = 0

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    @property
    def seq(self) -> int:
        return int(self.messages[-1]["seq"]) if self.messages else 0

    def end(self) -> None:
        self.over.set()
        self._thread.join(PATIENCE)

    def _follow(self) -> None:
        while not self.over.is_set():
            url = f"ws://127.0.0.1:{self.service.port}/v1/alerts/ws?after_seq={self.seq}"
            with (
                contextlib.suppress(OSError, WebSocketException, TimeoutError),
                connect(url, subprotocols=[_PROTOCOL], proxy=None, open_timeout=5) as socket,
            ):
                self.connections += 1
                self._read(socket)
            self.over.wait(0.1)

    def _read(self, socket: Any) -> None:
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                message = json.loads(socket.recv(timeout=0.2))
                if "seq" in message:
                    self.messages.append(message)


@dataclass
class Remarks:
    """Somebody writes to alerts all the while; ``said`` is what was said yes to, ``tried`` what was asked."""

    service: Service
    said: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self.over.set()
        self._thread.join(PATIENCE)

    def _write(self) -> None:
        number = 0
        with self.service.client(timeout=10) as client:
            while not self.over.wait(0.3):
                with contextlib.suppress(httpx2.TransportError):
                    found = client.get("/v1/alerts", params={"limit": 20})
                    if not found.is_success or not found.json()["items"]:
                        continue
                    number += 1
                    text = f"remark {number}"
                    self.tried.add(text)
                    # To each in turn: an alert takes so many remarks and no more.
                    items = found.json()["items"]
                    alert = items[number % len(items)]["id"]
                    if client.post(f"/v1/alerts/{alert}/comment", json={"text": text}).is_success:
                        self.said.add(text)


def test_what_was_emitted_is_what_was_received_however_often_it_is_killed(
    street: RtspServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    kills = SOAK_KILLS if request.config.getoption("--soak") else KILLS
    chance = random.Random(2026)
    with Service(tmp_path / "data", VIDEOQA_CAMERA_MINUTES="1") as service:
        with service.client() as client:
            for name in _CAMERAS:
                body = {"name": name, "url": street.url(name)}
                assert client.post("/v1/cameras", json=body).is_success
            rule = {"name": "comes by", "condition": {"kind": "motion"}, "cooldown": 0}
            assert client.post("/v1/rules", json=rule).is_success
        received, remarks = Received(service), Remarks(service)
        try:
            until(lambda: alerts_of(received), 2 * PATIENCE, lambda: service.said)
            for _ in range(kills):
                time.sleep(chance.uniform(0.5, 4.0))
                _kill(service, chance.choice(("all", "api", "live", "live")))
            known = len(alerts_of(received))
            until(lambda: len(alerts_of(received)) > known, 2 * PATIENCE, lambda: service.said)
        finally:
            remarks.end()
        with service.client() as client:
            for name in _CAMERAS:
                assert client.delete(f"/v1/cameras/{name}").is_success
        until(lambda: not service.cameras)
        until(lambda: not recordings(service, "recording"), PATIENCE, lambda: str(recordings(service, "recording")))
        until(lambda: received.seq == last_seq(service.data), told=lambda: f"{received.seq} {last_seq(service.data)}")
        received.end()
        until(lambda: not recordings(service, "queued", "indexing"), 4 * PATIENCE, lambda: service.said)
        assert service.stop() == 0
    emitted = written(service.data)
    assert [each["seq"] for each in received.messages] == list(range(1, len(emitted) + 1)), "none lost, none double"
    assert [(each["seq"], each["type"]) for each in received.messages] == emitted
    check_alerts(received)
    check_remarks(received, remarks)
    check_footage(service.data)
    figures = {
        "kills": kills,
        "emitted": len(emitted),
        "received": len(received.messages),
        "alerts": len(alerts_of(received)),
        "remarks": len(remarks.said),
        "connections": received.connections,
        "load": round(os.getloadavg()[0], 1),
    }
    record_property("figures", figures)
    print(figures)


def _kill(service: Service, which: str) -> None:
    """Kills a part of the service or all of it, and sees it up again and watching."""
    live = service.live
    children = service.cameras
    if which == "live":
        if live is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(live, signal.SIGKILL)
    else:
        if which == "all":
            service.kill()
        else:
            os.kill(service.pid, signal.SIGKILL)
            service.wait()
        service.start()
    until(lambda: service.live not in (None, live) and service.cameras, 2 * PATIENCE, lambda: service.said)
    # What read from a camera goes with whoever had it read.
    until(lambda: not any(map(lives, children)))


def alerts_of(received: Received) -> set[str]:
    return {each["alert"]["id"] for each in list(received.messages) if each["type"] == "alert.new"}


def check_alerts(received: Received) -> None:
    """Each begins once and ends at most once, after which only people write to it."""
    told: dict[str, list[str]] = {}
    for message in received.messages:
        if message["type"].startswith("alert."):
            told.setdefault(message["alert"]["id"], []).append(message["type"])
    for alert, kinds in told.items():
        counts = Counter(kinds)
        assert kinds[0] == "alert.new", (alert, kinds)
        assert counts["alert.new"] == 1, (alert, kinds)
        assert counts["alert.end"] == 1, (alert, kinds)


def check_remarks(received: Received, remarks: Remarks) -> None:
    alerts = [each["alert"] for each in received.messages if each["type"].startswith("alert.")]
    # A message has the newest remarks alone; each of them was among these once.
    told = {(alert["id"], remark["at"], remark["text"]) for alert in alerts for remark in alert["remarks"]}
    found = Counter(text for _, _, text in told)
    assert not {text for text, count in found.items() if count > 1}, "none double"
    assert remarks.said <= set(found), "none lost"
    assert set(found) <= remarks.tried


def check_footage(data: Path) -> None:
    """Every recording plays, has its end, and no file is left without one."""
    with contextlib.closing(_database(data)) as database:
        found = database.execute("SELECT source, state, length FROM recordings").fetchall()
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    rows = [(os.fsdecode(source), state, length) for source, state, length in found]
    assert {state for _, state, _ in rows} == {"indexed"}
    for source, _, length in rows:
        with av.open(source) as container:
            assert sum(1 for packet in container.demux(video=0) if packet.size) > 0
        assert length > 0
    assert {str(path) for path in (data / "cameras").rglob("*.mp4")} == {source for source, _, _ in rows}


def recordings(service: Service, *states: str) -> list[dict[str, Any]]:
    with service.client() as client:
        found = client.get("/v1/recordings", params={"limit": 200}).raise_for_status().json()["items"]
    return [each for each in found if each["state"] in states]


def last_seq(data: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{data}/videoqa.sqlite?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT MAX(seq) FROM notices").fetchone()[0])


def written(data: Path) -> list[tuple[int, str]]:
    with contextlib.closing(_database(data)) as database:
        return [(seq, kind) for seq, kind in database.execute("SELECT seq, kind FROM notices ORDER BY seq")]


def _database(data: Path) -> sqlite3.Connection:
    for end in ("", "-wal"):
        if (data / f"videoqa.sqlite{end}").exists():
            shutil.copy(data / f"videoqa.sqlite{end}", data / f"copy.sqlite{end}")
    return sqlite3.connect(data / "copy.sqlite")
