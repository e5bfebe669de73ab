"""Killed at any moment under load, the service has lost nothing it said yes to, and has nothing twice."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.product import SAMPLES
from tests.acceptance.service import PATIENCE, Service, lives, until
from tests.clips import X264, Clip, steady

KILLS, SOAK_KILLS = 10, 100
_OPEN = {"state": ["waiting", "running"]}
_UPLOADERS = 2


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Clip("short.mp4", steady(3, rate=5), options=X264).write(tmp_path_factory.mktemp("clips")).read_bytes()


@dataclass
class Ledger:
    """What was asked for and what was said yes to. Safe to use from several threads, which only ever add."""

    tried: set[str] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)
    """The ids of recordings that were acknowledged, by their titles."""
    removing: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    cancelling: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    """Jobs of which a cancellation was acknowledged."""
    answers: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Load:
    """People at work with the service: some bring footage, one asks, one calls off and removes."""

    def __init__(self, service: Service, footage: bytes, seed: int) -> None:
        self.ledger = Ledger()
        self._service = service
        self._footage = footage
        self._over = threading.Event()
        self._numbers = iter(range(10**9))
        works = [*[self._bring] * _UPLOADERS, self._ask, self._call_off]
        self._threads = [
            threading.Thread(target=self._work, args=(work, random.Random(seed + number)), daemon=True)
            for number, work in enumerate(works)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _work(self, work: Callable[[httpx2.Client, random.Random], None], chance: random.Random) -> None:
        with self._service.client(timeout=20) as client:
            while not self._over.is_set():
                # Whoever is killed says nothing; what was not said yes to may have been done or not.
                with contextlib.suppress(httpx2.TransportError):
                    work(client, chance)
                self._over.wait(chance.uniform(0.1, 0.5))

    def _bring(self, client: httpx2.Client, chance: random.Random) -> None:
        known = list(self.ledger.kept)
        again = bool(known) and chance.random() < 0.2
        title = chance.choice(known) if again else f"clip {next(self._numbers)}"
        self.ledger.tried.add(title)
        answer = client.post(
            "/v1/recordings", files={"file": ("clip.mp4", self._variant(title))}, data={"title": title}
        )
        if answer.is_success:
            recording = str(answer.json()["id"])
            before = self.ledger.kept.setdefault(title, recording)
            if before != recording and before not in self.ledger.removing:
                self.ledger.wrong.append(f"{title} is two recordings, {before} and {recording}")
            self.ledger.kept[title] = recording
        elif answer.status_code != 503:
            self.ledger.wrong.append(f"upload: {answer.status_code} {answer.text}")

    def _ask(self, client: httpx2.Client, chance: random.Random) -> None:
        answer = client.post("/v1/ask", json={"question": chance.choice(["what moves?", "a slide", "the 3rd clip"])})
        if answer.is_success:
            self.ledger.answers.append(str(answer.json()["id"]))
        elif answer.status_code != 503:
            self.ledger.wrong.append(f"ask: {answer.status_code} {answer.text}")

    def _call_off(self, client: httpx2.Client, chance: random.Random) -> None:
        if chance.random() < 0.6:
            found = client.get("/v1/jobs", params=_OPEN).json().get("items", [])
            if not found:
                return
            job = str(chance.choice(found)["id"])
            self.ledger.cancelling.add(job)
            answer = client.post(f"/v1/jobs/{job}/cancel")
            if answer.is_success and answer.json()["state"] == "cancelled":
                self.ledger.cancelled.add(job)
            return
        here = [each for each in self.ledger.kept.values() if each not in self.ledger.removing]
        if here and chance.random() < 0.5:
            recording = chance.choice(here)
            self.ledger.removing.add(recording)
            if client.delete(f"/v1/recordings/{recording}").status_code == 204:
                self.ledger.removed.add(recording)

    def _variant(self, title: str) -> io.BytesIO:
        """The same pictures in a file with other bytes: what a box called free holds is passed over."""
        told = title.encode()
        return io.BytesIO(self._footage + struct.pack(">I4s", 8 + len(told), b"free") + told)


def test_a_service_killed_again_and_again_keeps_what_it_said_yes_to(
    footage: bytes, tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    kills = SOAK_KILLS if request.config.getoption("--soak") else KILLS
    chance = random.Random(2026)
    ready: list[float] = []
    resumed: list[float] = []
    with Service(tmp_path / "data") as service, service.client() as client:
        until(lambda: service.worker)
        load = Load(service, footage, seed=chance.randrange(10**6))
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.2, 2.0))
                _kill(service, client, chance.choice(("all", "all", "api", "worker")), ready, resumed)
        finally:
            load.end()
        _worked_off(client)
        if load.ledger.wrong:
            errors = (str(line) for line in service.lines() if line.get("level") == "error")
            pytest.fail("\n".join((*load.ledger.wrong, *errors)))
        _verify(service, load.ledger)
        assert service.stop() == 0
    _check_files(service.data)
    figures = {
        "kills": kills,
        "acknowledged": len(load.ledger.kept),
        "ready_p50": round(statistics.median(ready), 2),
        "ready_max": round(max(ready), 2),
        "resumed_p50": round(statistics.median(resumed), 2) if resumed else None,
        "resumed_max": round(max(resumed), 2) if resumed else None,
        "load": round(os.getloadavg()[0], 1),
    }
    record_property("figures", figures)
    print(figures)
    # On a machine that does much else beside, the clock on the wall measures that.
    assert statistics.median(ready) < 5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _worked_off(client: httpx2.Client) -> None:
    """Returns when no job is open; however many there are, one after the other comes to its end."""
    while left := _open(client):
        until(lambda left=left: left - _open(client), 2 * PATIENCE, lambda: f"stuck: {_jobs(client, **_OPEN)}")  # type: ignore[misc]


def _open(client: httpx2.Client) -> set[str]:
    return {str(job["id"]) for job in _jobs(client, **_OPEN)}


def test_a_job_that_is_killed_in_mid_survey_goes_on_at_once(
    tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    seconds: dict[str, float] = {}
    with Service(tmp_path / "data") as service, service.client() as client:
        files = {"file": ("yard.mp4", (SAMPLES / "yard.mp4").read_bytes())}
        recording = str(client.post("/v1/recordings", files=files).raise_for_status().json()["id"])
        until(lambda: len(_surveyed(service)) > 1, 2 * PATIENCE, lambda: service.said)
        for which in ("all", "worker", "api") if request.config.getoption("--soak") else ("all",):
            surveyed, before = _surveyed(service), _progress(client, recording)
            assert surveyed, "it is still under way"
            _kill(service, client, which, [], [])
            begun = time.monotonic()
            until(lambda before=before: _progress(client, recording) != before)  # type: ignore[misc]
            seconds[which] = round(time.monotonic() - begun, 1)
            log = _spool(service)
            assert log is None or log.read_bytes().startswith(b"".join(surveyed)), "it goes on from where it was"
            assert len(_jobs(client)) == 1
    record_property("seconds", seconds)
    print(f"it went on, in seconds after the kill of {seconds}")
    # Nothing that it could wait for is shorter: the engine's own patience is half a minute and more.
    assert max(seconds.values()) < 10 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _surveyed(service: Service) -> list[bytes]:
    """What the spool's log has up to its last checkpoint, one piece a checkpoint; nothing where the survey is over."""
    log = _spool(service)
    told = b"" if log is None else log.read_bytes()
    *pieces, _ = told.split(b'["checkpoint"')
    if not pieces or b'["finished"' in told:
        return []
    return [pieces[0], *(b'["checkpoint"' + piece for piece in pieces[1:])]


def _spool(service: Service) -> Path | None:
    return next((service.data / "spool").glob("*/log"), None)


def _progress(client: httpx2.Client, recording: str) -> dict[str, Any]:
    """How it goes, in as far as that is told at once."""
    with (
        contextlib.suppress(httpx2.TransportError),
        client.stream("GET", f"/v1/recordings/{recording}/progress") as told,
    ):
        for line in told.iter_lines():
            if line.startswith("data:"):
                return dict(json.loads(line.removeprefix("data:")))
    return {}


def _kill(service: Service, client: httpx2.Client, which: str, ready: list[float], resumed: list[float]) -> None:
    """Kills a part of the service or all of it, and sees it up again and at work."""
    was_at_work = bool(_jobs(client, state="running"))
    worker = service.worker
    if which == "worker":
        if worker is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        begun = time.monotonic()
    else:
        if which == "all":
            service.kill()
        else:
            os.kill(service.pid, signal.SIGKILL)
            service.wait()
        begun = time.monotonic()
        service.start()
        ready.append(time.monotonic() - begun)
        # The clock on the wall measures what else the machine does; this what the start itself costs.
        assert _worked(service.pid) < 5
        if worker is not None:
            until(lambda: not lives(worker), PATIENCE)
    if was_at_work:
        # What was begun goes on, or has ended by now; it waits for no time-out.
        until(lambda: service.worker not in (None, worker))
        until(lambda: _jobs(client, state="running") or not _jobs(client, state="waiting"))
        resumed.append(time.monotonic() - begun)


def _worked(pid: int) -> float:
    """Seconds of a processor that a process has had."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _jobs(client: httpx2.Client, **which: Any) -> list[dict[str, Any]]:
    with contextlib.suppress(httpx2.TransportError):
        answer = client.get("/v1/jobs", params={**which, "limit": 200})
        if answer.is_success:
            return list(answer.json()["items"])
    return []


def _verify(service: Service, ledger: Ledger) -> None:
    with service.client() as client:
        found = _every(client, "/v1/recordings")
        here = {each["id"]: each for each in found}
        twice = [title for title, count in Counter(each["title"] for each in found).items() if count > 1]
        assert not twice, "one content is one recording"
        assert {each["title"] for each in found} <= ledger.tried
        lost = {title for title, each in ledger.kept.items() if each not in here and each not in ledger.removing}
        assert not lost, "what was acknowledged is there"
        assert not ledger.removed & set(here), "what was removed stays so"
        jobs = {each["id"]: each for each in _every(client, "/v1/jobs")}
        assert {jobs[each]["state"] for each in ledger.cancelled if each in jobs} <= {"cancelled"}
        called_off = {each.partition(".")[0] for each in ledger.cancelling}
        for recording, told in here.items():
            wanted = {"indexed", "failed"} if recording in called_off else {"indexed"}
            assert told["state"] in wanted, told
            content = client.get(f"/v1/recordings/{recording}/content")
            assert content.status_code == 200
            assert content.content.endswith(told["title"].encode())
        events = {
            str(
                [
                    (each["label"], each["start"], each["end"])
                    for each in _every(client, f"/v1/recordings/{each}/events")
                ]
            )
            for each, told in here.items()
            if told["state"] == "indexed"
        }
        assert len(events) <= 1, "the same pictures hold the same events, none of them twice"
        for answer in ledger.answers[-20:]:
            assert client.post(f"/v1/answers/{answer}/feedback", json={"right": True}).is_success


def _every(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = client.get(path, params={"limit": 200, **after}).raise_for_status().json()
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def _check_files(data: Path) -> None:
    databases = [path for path in data.rglob("*.sqlite") if path.is_file()]
    assert {path.name for path in databases} >= {"videoqa.sqlite", "jobs.sqlite"}
    for path in databases:
        copy = path.with_suffix(".copy")
        for end in ("", "-wal"):
            if Path(f"{path}{end}").exists():
                shutil.copy(f"{path}{end}", f"{copy}{end}")
        with contextlib.closing(sqlite3.connect(copy)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path
            assert not database.execute("PRAGMA foreign_key_check").fetchall(), path
    with contextlib.closing(sqlite3.connect(data / "videoqa.copy")) as database:
        called_off = "SELECT a.id FROM analyses a JOIN recordings r ON r.id = a.recording_id WHERE r.state = 'failed'"
        may_go_on = {analysis for (analysis,) in database.execute(called_off)}
    left = {path.parent.name for path in (data / "spool").glob("*/*")}
    assert left <= may_go_on, (
        "frames are left of nothing but what was called off, and goes on from them when tried again"
    )
