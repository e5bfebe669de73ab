"""Lines to cameras are cut, stall and come back: so do the cameras, each gap is told, and no alert is lost or double.

Ten cuts in the short form; two hundred with --soak. How soon each is back, which should be within 2 s, is printed and
not asserted: it is the machine's as much as the service's.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.acceptance.service import Service, until
from tests.rtsp.comings import Comings, comings
from tests.rtsp.faulty_line import FaultyLine
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer

CAMERAS = 4
PATIENCE = 120.0
SLACK = 1.5
"""Seconds: a picture before the cut may still be on its way, the next keyframe after it come later."""


@dataclass(frozen=True)
class Cut:
    """The line was down from ``start`` to ``end``; at ``back`` the camera was online again."""

    start: float
    end: float
    back: float


@dataclass
class Gate:
    """A camera behind a line that can be cut. Its film began to play at ``began``; ``online`` are the times since which
    it said that it is watched, by the recordings that it said were under way.
    """

    name: str
    server: RtspServer
    line: FaultyLine
    began: float
    cuts: list[Cut] = field(default_factory=list)
    online: dict[str, float] = field(default_factory=dict)

    def cut(self, service: Service, seconds: float) -> None:
        start = time.time()
        self.line.stop()
        time.sleep(seconds)
        end = time.time()
        self.line.start()
        self.cuts.append(Cut(start, end, self.online_since(service, end)))

    def online_since(self, service: Service, after: float) -> float:
        """When the camera was online again, which it has to be ``after`` then."""
        since, recording = 0.0, ""

        def online() -> bool:
            nonlocal since, recording
            with service.client() as client:
                status = client.get(f"/v1/cameras/{self.name}").json()["status"]
            since = moment(status["since"]) if status and status["state"] == "online" else 0.0
            recording = (status or {}).get("recording") or ""
            return since > after and bool(recording)

        until(online, PATIENCE, lambda: f"{self.name} does not come back:\n{service.said}")
        self.online.setdefault(recording, since)
        return since

    def has_shown(self, service: Service, scene: Comings) -> bool:
        """Whether something came and went since it was online again."""
        since = self.online_since(service, 0)
        arrivals = scene.until(self.began, time.time())
        return any(since + 2 < comes and goes + 2 * SLACK < time.time() for comes, goes in arrivals)


class Ledger(threading.Thread):
    """Follows the feed from its beginning, over breaks of the line as well."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self.stored = list[dict[str, Any]]()
        self._service = service
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            after = self.stored[-1]["seq"] if self.stored else 0
            url = f"ws://127.0.0.1:{self._service.port}/v1/alerts/ws?after_seq={after}"
            with contextlib.suppress(ConnectionClosed, OSError), connect(url, proxy=None) as feed:
                while not self._ended.is_set():
                    with contextlib.suppress(TimeoutError):
                        message = json.loads(feed.recv(timeout=0.2))
                        if "seq" in message:
                            self.stored.append(message)

    def end(self) -> None:
        self._ended.set()
        self.join(10)

    def alerts(self, kind: str) -> Counter[str]:
        return Counter(message["alert"]["id"] for message in self.stored if message["type"] == kind)


@pytest.fixture
def scene(tmp_path: Path) -> Comings:
    return comings(tmp_path / "comings.mp4")


@pytest.fixture
def gates(scene: Comings) -> Iterator[list[Gate]]:
    with contextlib.ExitStack() as stack:
        found = list[Gate]()
        for number in range(CAMERAS):
            server = stack.enter_context(RtspServer({"gate": Channel(scene.film, shared=True)}))
            began = time.time() - (time.monotonic() - server.began)
            line = stack.enter_context(FaultyLine(server.port))
            found.append(Gate(f"gate-{number}", server, line, began))
        yield found


def test_cameras_come_back_from_every_cut(
    tmp_path: Path, scene: Comings, gates: list[Gate], request: pytest.FixtureRequest
) -> None:
    soak = request.config.getoption("--soak")
    cuts = 200 if soak else 10
    chance = random.Random(11)
    with Service(tmp_path / "data") as service, service.client() as client:
        ledger = Ledger(service)
        ledger.start()
        for gate in gates:
            camera = {"name": gate.name, "url": gate.line.url("gate"), "period": 0.25}
            assert client.post("/v1/cameras", json=camera).status_code == 201
            rule = {"condition": {"kind": "motion"}, "cameras": [gate.name], "cooldown": 0}
            assert client.post("/v1/rules", json=rule).status_code == 201
        for gate in gates:
            gate.online_since(service, 0)
        time.sleep(2)
        before = held(service)
        lengths = [chance.uniform(1, 30) * (0.1 if soak else 0.05) for _ in range(cuts)]
        shares = [lengths[number::CAMERAS] for number in range(CAMERAS)]
        threads = [
            threading.Thread(target=cut_all, args=(service, gate, share, 5 if soak else 1, random.Random(number)))
            for number, (gate, share) in enumerate(zip(gates, shares, strict=True))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(len(gate.cuts) for gate in gates) == cuts
        # However the cuts fell, there is one arrival that has to be told of each camera.
        until(lambda: all(gate.has_shown(service, scene) for gate in gates), PATIENCE, lambda: service.said)
        over = time.time()
        # What came last is seen, and what is open ends.
        time.sleep(scene.every)
        until(lambda: not growth(before, held(service), soak=soak), 30, lambda: f"{before} -> {held(service)}")
        service_said = service.said
        timelines = {gate.name: closed_timeline(service, gate) for gate in gates}
        replayed = replay(service, ledger.stored[-1]["seq"])
        ledger.end()
        waits = sorted(cut.back - cut.end for gate in gates for cut in gate.cuts)
        print(f"back after {statistics.median(waits):.2f} s, at most {waits[-1]:.2f} s; {before} -> {held(service)}")
        for gate in gates:
            told = timelines[gate.name]
            check_gaps(gate, told, service_said)
            assert check_alerts(gate, scene, told, over) > 0, f"nothing came that {gate.name} has to tell of"
    check_ledger(ledger, replayed)


def cut_all(service: Service, gate: Gate, lengths: list[float], rest: float, chance: random.Random) -> None:
    for length in lengths:
        gate.cut(service, length)
        time.sleep(chance.uniform(0.3, rest))


def closed_timeline(service: Service, gate: Gate) -> dict[str, Any]:
    """What there is of a camera, once all but the recording under way are closed."""
    told = dict[str, Any]()

    def closed() -> bool:
        with service.client() as client:
            told.update(client.get(f"/v1/cameras/{gate.name}/timeline").json())
        return sum(each["end"] is None for each in told["recordings"]) <= 1

    until(closed, PATIENCE, lambda: f"recordings of {gate.name} are not closed: {told['recordings']}\n{service.said}")
    return told


def check_gaps(gate: Gate, told: dict[str, Any], said: str) -> None:
    """Every cut is a gap with its cause; recordings lie between the gaps, and over none."""
    gaps = [(moment(gap["start"]), moment(gap["end"]), gap["cause"]) for gap in told["gaps"] if gap["end"]]
    assert len(gaps) == len(told["gaps"]), "all have ended"
    for cut in gate.cuts:
        holding = [gap for gap in gaps if gap[0] < cut.start + SLACK and cut.end < gap[1]]
        assert holding, f"{gate.name}: no gap holds {cut}: {gaps}\n{said}"
        assert holding[0][2]
    recordings = [
        (moment(each["start"]), moment(each["end"]) if each["end"] else time.time()) for each in told["recordings"]
    ]
    for (_, end), (start, _) in itertools.pairwise(sorted(recordings)):
        assert end <= start + 0.05
        assert any(abs(gap[0] - end) < 0.05 and abs(gap[1] - start) < 0.05 for gap in gaps), "a hole without a gap"


def check_alerts(gate: Gate, scene: Comings, told: dict[str, Any], over: float) -> int:
    """Whatever came in full sight of a camera that was online, and was gone when it was ``over``, has an alert; nothing
    has two, and nothing else has one. Who was there already when the camera was first watched may have one.

    How many had to have one.
    """
    footage = {
        each["recording"]: (moment(each["start"]), moment(each["end"]) if each["end"] else time.time())
        for each in told["recordings"]
    }
    # A machine with other work may look only later than it records.
    watched = [
        (max(start, gate.online[recording]), end)
        for recording, (start, end) in footage.items()
        if recording in gate.online
    ]
    required = 0
    alerts = [(moment(each["start"]), moment(each["end"] or each["start"]), each) for each in told["alerts"]]
    left = list(alerts)
    for comes, goes in scene.until(gate.began, time.time()):
        about = [each for each in alerts if comes - SLACK < each[0] < goes + SLACK]
        assert len(about) <= 1, f"{gate.name}: {about} are about one arrival"
        left = [each for each in left if each not in about]
        if goes <= over and any(start < comes - 2 and goes + SLACK < end for start, end in watched):
            required += 1
            going_on = [each for each in alerts if each[0] < goes and comes < each[1]]
            assert about or going_on, f"{gate.name}: nothing tells what came from {comes} to {goes}: {alerts} {footage}"
    assert not left, f"{gate.name}: there was nothing at {left}"
    return required


def check_ledger(ledger: Ledger, replayed: list[dict[str, Any]]) -> None:
    """What was told as it happened is what is told again from the log, once each."""
    numbers = [message["seq"] for message in ledger.stored]
    assert numbers == sorted(set(numbers))
    assert ledger.stored[: len(replayed)] == replayed
    assert ledger.alerts("alert.new")
    assert set(ledger.alerts("alert.new").values()) == {1}
    assert set(ledger.alerts("alert.end").values()) <= {1}
    assert set(ledger.alerts("alert.end")) <= set(ledger.alerts("alert.new"))


def replay(service: Service, last: int) -> list[dict[str, Any]]:
    told = list[dict[str, Any]]()
    with connect(f"ws://127.0.0.1:{service.port}/v1/alerts/ws?after_seq=0", proxy=None) as feed:
        while not told or told[-1]["seq"] < last:
            message = json.loads(feed.recv(timeout=30))
            if "seq" in message:
                told.append(message)
    return [message for message in told if message["seq"] <= last]


def held(service: Service) -> dict[str, int]:
    """What the process that watches holds."""
    live = next(each for each in children(service.pid) if b"\0live\0" in Path(f"/proc/{each}/cmdline").read_bytes())
    status = dict(line.split(":", 1) for line in Path(f"/proc/{live}/status").read_text().splitlines())
    return {
        "descriptors": len(list(Path(f"/proc/{live}/fd").iterdir())),
        "threads": int(status["Threads"]),
        "processes": len(children(live)),
        "mebibytes": int(status["VmRSS"].split()[0]) // 1024,
    }


def growth(before: dict[str, int], now: dict[str, int], *, soak: bool) -> list[str]:
    """What there is more of than before; pools grow a little at first."""
    allowed = {"descriptors": 8, "threads": 4, "processes": 0, "mebibytes": 60 if soak else 120}
    return [name for name, most in allowed.items() if now[name] > before[name] + most]


def children(pid: int) -> list[int]:
    found = list[int]()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(each) for each in (task / "children").read_text().split()]
    return found


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
