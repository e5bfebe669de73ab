"""Cameras and alerts as a user has them: a camera and a rule are added, the alert comes, its clip plays."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from tests.acceptance import canaries
from tests.acceptance.product import Videoqa
from tests.acceptance.service import PATIENCE, Service, lives, until
from tests.comings import HEIGHT, WIDTH, comings
from tests.rtsp.doors import Basic
from tests.rtsp.film import film
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer

USER, PASSWORD = "guard", canaries.CANARY


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtspServer]:
    """A camera before which something goes by every ten seconds; it asks for a password."""
    clip = comings(tmp_path_factory.mktemp("clips") / "gate.mp4", 10, [(4, 6.5)])
    with RtspServer({"gate": Channel(film(clip), Basic(USER, PASSWORD), shared=True)}) as server:
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


class Watched:
    """`videoqa watch --json` at work; ``lines`` are what it has printed."""

    def __init__(self, product: Videoqa, *options: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self._process = product.start("watch", "--json", *options)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def alerts(self, kind: str) -> list[dict[str, Any]]:
        return [line["alert"] for line in list(self.lines) if line["type"] == kind]

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate(timeout=PATIENCE)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))


@contextmanager
def watched(product: Videoqa, *options: str) -> Iterator[Watched]:
    watching = Watched(product, *options)
    try:
        yield watching
    finally:
        watching.end()


def state(service: Service, camera: str) -> str:
    with service.client() as client:
        told = client.get(f"/v1/cameras/{camera}").json()
        return str((told.get("status") or {}).get("state"))


def recordings(service: Service, **which: str) -> list[dict[str, Any]]:
    with service.client() as client:
        return list(client.get("/v1/recordings", params={"limit": 200, **which}).raise_for_status().json()["items"])


def test_a_camera_and_a_rule_are_added_the_alert_comes_and_its_clip_plays_through_a_restart(
    gate: RtspServer, data: Path, record_property: Callable[[str, object], None]
) -> None:
    product = Videoqa(data)
    with Service(data, VIDEOQA_CAMERA_MINUTES="60") as service:
        until(lambda: service.live)
        added = product("camera", "add", "gate-1", gate.url("gate", f"{USER}:{PASSWORD}"), "--keep", "7d")
        assert added.code == 0, added.err
        begun = time.monotonic()
        until(lambda: state(service, "gate-1") != "None")
        heeded = time.monotonic() - begun
        assert product("rule", "add", "--when", "motion", "--cooldown", "0s", "--severity", "high").code == 0
        until(lambda: state(service, "gate-1") == "online", told=lambda: service.said)
        with watched(product, "--after", "0") as before:
            until(lambda: before.alerts("alert.new"), told=lambda: f"{service.said}\n{before.lines}")
            alert = before.alerts("alert.new")[0]
            assert (alert["camera"], alert["severity"], alert["verdict"]) == ("gate-1", "high", "by signals")
            check_shown(service, alert)
            until(lambda: alert["id"] in {each["id"] for each in before.alerts("alert.end")})
        service.restart()
        until(lambda: state(service, "gate-1") == "online", told=lambda: service.said)
        with watched(product, "--after", "0") as after:
            until(lambda: len(after.alerts("alert.new")) > len(before.alerts("alert.new")))
            news = [each["id"] for each in after.alerts("alert.new")]
            assert len(news) == len(set(news)), "nothing twice"
            assert [line["seq"] for line in after.lines] == list(range(1, len(after.lines) + 1))
        check_shown(service, alert)
        # What was cut off by the kill has an end, and is searched.
        until(lambda: recordings(service, state="indexed"), 2 * PATIENCE, lambda: service.said)
        with service.client() as client:
            events = client.get("/v1/events", params={"label": "motion", "limit": 200}).json()["items"]
            assert alert["event"] in {each["id"] for each in events}
        children = service.cameras
        assert children
        assert product("camera", "remove", "gate-1").code == 0
        until(lambda: not service.cameras)
        until(lambda: not (data / "cameras" / "gate-1" / "latest.jpg").exists(), told=lambda: service.said)
        assert not any(map(lives, children))
        assert gate.watching == 0
        assert service.stop() == 0
    record_property("figures", {"camera_heeded_seconds": round(heeded, 2)})
    kept = [found for found in canaries.sing_in(data) if not found.startswith("videoqa.sqlite")]
    assert kept == [], "the password stands where cameras are kept, and nowhere else"


def check_shown(service: Service, alert: dict[str, Any]) -> None:
    """The alert's picture and its clip can be seen."""
    with service.client() as client:
        # What it is about may not be on the disk yet, for a second or two.
        for shown in ("snapshot_url", "clip_url"):
            until(lambda shown=shown: client.get(alert[shown]).status_code == 200, told=lambda: service.said)
        still = client.get(alert["snapshot_url"])
        assert Image.open(io.BytesIO(still.content)).size == (WIDTH, HEIGHT)

        def clip() -> int:
            cut = client.get(alert["clip_url"])
            assert cut.status_code == 200, cut.text
            with av.open(io.BytesIO(cut.content)) as container:
                return sum(1 for _ in container.decode(video=0))

        assert clip() > 10


def test_an_orderly_end_leaves_nothing_half_recorded(gate: RtspServer, data: Path) -> None:
    product = Videoqa(data)
    with Service(data) as service:
        assert product("camera", "add", "gate-1", gate.url("gate", f"{USER}:{PASSWORD}")).code == 0
        until(lambda: state(service, "gate-1") == "online", told=lambda: service.said)
        until(lambda: product("camera", "snapshot", "gate-1", "--to", str(data / "now.jpg")).code == 0)
        children = service.cameras
        assert service.stop() == 0
        until(lambda: not any(map(lives, children)))
    [told] = product("list", "--json").json
    assert told["state"] == "queued"
    assert told["length"] > 0
    [camera] = product("camera", "list", "--json").json
    assert camera["status"]["state"] == "off"


def test_a_password_that_is_wrong_is_told_without_it(gate: RtspServer, data: Path) -> None:
    product = Videoqa(data)
    with Service(data) as service:
        assert product("camera", "add", "gate-1", gate.url("gate", f"{USER}:{PASSWORD}-no")).code == 0
        until(lambda: state(service, "gate-1") == "auth failed", told=lambda: service.said)
        shown = product("camera", "show", "gate-1")
        assert "auth failed" in shown.out
        # Those of the service alone: other tests give the same password to commands meanwhile.
        lines = [command_line(each) for each in service.processes]
        assert any(b"\0live\0" in line for line in lines)
        assert not any(canaries.CANARY.encode() in line for line in lines)
        assert service.stop() == 0


def command_line(process: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""
