"""Alerts over a real MQTT broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from api.alert_feed.feed import Feed
from api.mqtt import bridging
from api.mqtt.bridging import Bridging
from api.service import Broker, Service
from tests.alerts import NOON, a_camera, an_alert, begun
from tests.needs import program
from tests.service import a_service
from videoqa.alerts import AlertState, NoticeKind
from videoqa.cameras import CameraState, CameraStatus
from videoqa.errors import DatabaseBusy
from videoqa.ports import AlertChange


class Mosquitto:
    """A broker on this machine that can be ended and begun again at the same port."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        passwords = folder / "passwords"
        subprocess.run([program("mosquitto_passwd"), "-b", "-c", passwords, "ann", "s3cret"], check=True)
        said = f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
        # Started by root it becomes another user, who cannot read the test's folder.
        self._config.write_text(said + ("user root\n" if os.geteuid() == 0 else ""))
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        self._process = subprocess.Popen(
            [program("mosquitto"), "-c", self._config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Listener:
    """What is said at a broker, by topic, and what it keeps."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, str]] = []
        self._there = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set("ann", "s3cret")
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._there.set()
        self._client.on_message = lambda _, __, message: self.heard.append((message.topic, message.payload.decode()))
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._there.wait(30)

    def of(self, topic: str) -> list[str]:
        return [text for name, text in tuple(self.heard) if name == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    program("mosquitto")
    broker = Mosquitto(tmp_path)
    broker.begin()
    yield broker
    broker.end()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    service = a_service(tmp_path / "data")
    service.setting_up.cameras.add(a_camera("gate-1"))
    return service


@contextlib.asynccontextmanager
async def bridged(service: Service, mosquitto: Mosquitto) -> AsyncIterator[Callable[[Callable[[], object]], Any]]:
    feed = Feed(service)
    broker = Broker("127.0.0.1", mosquitto.port, user="ann", password="s3cret")
    running = asyncio.create_task(Bridging(service, feed, broker).run())

    async def until(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not holds():
                await asyncio.sleep(0.02)

    try:
        yield until
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await feed.close()


def test_a_camera_introduces_itself_and_its_alerts_come(service: Service, mosquitto: Mosquitto) -> None:
    async def play() -> None:
        listener = Listener(mosquitto.port)
        async with bridged(service, mosquitto) as until:
            await until(lambda: listener.of("videoqa/camera/gate-1/alert") == ["OFF"])
            assert listener.of("videoqa/status")[-1] == "online"
            known = json.loads(listener.of("homeassistant/binary_sensor/videoqa_gate-1/alert/config")[0])
            assert known["state_topic"] == "videoqa/camera/gate-1/alert"
            assert known["availability_topic"] == "videoqa/status"
            assert known["unique_id"] == "videoqa_gate-1_binary_sensor_alert"
            events = json.loads(listener.of("homeassistant/event/videoqa_gate-1/alert/config")[0])
            assert set(events["event_types"]) == {kind.value for kind in NoticeKind if kind.of_alert}
            service.alerts.write([CameraStatus("gate-1", CameraState.ONLINE, NOON)])
            service.alerts.write([begun(1, camera="gate-1")])
            await until(lambda: listener.of("videoqa/camera/gate-1/alert")[-1] == "ON")
            over = an_alert(1, camera="gate-1", state=AlertState.ENDED, end=NOON)
            service.alerts.write([AlertChange(NoticeKind.ALERT_END, over)])
            await until(lambda: listener.of("videoqa/camera/gate-1/alert")[-1] == "OFF")
        told = [json.loads(text) for text in listener.of("videoqa/alerts")]
        assert [(each["seq"], each["type"]) for each in told] == [
            (1, "camera.status"),
            (2, "alert.new"),
            (3, "alert.end"),
        ]
        events = [json.loads(text) for text in listener.of("videoqa/camera/gate-1/event")]
        assert [event["event_type"] for event in events] == ["alert.new", "alert.end"]
        assert json.loads(listener.of("videoqa/camera/gate-1/state")[-1]) == {"state": "online", "problem": ""}
        await _until(lambda: listener.of("videoqa/status")[-1] == "offline")
        listener.close()

    asyncio.run(play())


def test_a_broker_that_goes_misses_nothing(service: Service, mosquitto: Mosquitto) -> None:
    async def play() -> None:
        async with bridged(service, mosquitto) as until:
            listener = Listener(mosquitto.port)
            await until(lambda: listener.of("videoqa/camera/gate-1/alert"))
            service.alerts.write([begun(1, camera="gate-1")])
            await until(lambda: len(listener.of("videoqa/alerts")) == 1)
            listener.close()
            mosquitto.end()
            service.alerts.write([begun(2, camera="gate-1"), begun(3, camera="gate-1")])
            await asyncio.sleep(0.2)
        # The service is started again, too.
        mosquitto.begin()
        listener = Listener(mosquitto.port)
        async with bridged(service, mosquitto) as until:
            await until(lambda: len(listener.of("videoqa/alerts")) == 2)
        assert [json.loads(text)["seq"] for text in listener.of("videoqa/alerts")] == [2, 3]
        listener.close()

    asyncio.run(play())


def test_a_camera_that_is_removed_takes_its_leave(service: Service, mosquitto: Mosquitto) -> None:
    async def play() -> None:
        async with bridged(service, mosquitto) as until:
            listener = Listener(mosquitto.port)
            await until(lambda: listener.of("videoqa/camera/gate-1/alert"))
            service.setting_up.cameras.remove("gate-1")
            await until(lambda: "" in listener.of("homeassistant/sensor/videoqa_gate-1/state/config"))
            listener.close()
        late = Listener(mosquitto.port)
        await asyncio.sleep(0.1)
        assert not [topic for topic, _ in late.heard if "gate-1" in topic]
        late.close()

    asyncio.run(play())


def test_of_a_camera_that_was_removed_meanwhile_the_broker_keeps_nothing(
    service: Service, mosquitto: Mosquitto
) -> None:
    async def play() -> None:
        listener = Listener(mosquitto.port)
        async with bridged(service, mosquitto) as until:
            await until(lambda: listener.of("videoqa/camera/gate-1/state"))
        service.setting_up.cameras.remove("gate-1")
        async with bridged(service, mosquitto) as until:
            await until(lambda: "" in listener.of("homeassistant/sensor/videoqa_gate-1/state/config"))
            await until(lambda: "" in listener.of("videoqa/camera/gate-1/alert"))
            assert json.loads(listener.of("videoqa/alerts")[-1])["camera"]["state"] == "removed"
        # One that is called so again introduces itself anew.
        service.setting_up.cameras.add(a_camera("gate-1"))
        async with bridged(service, mosquitto) as until:
            await until(lambda: listener.of("videoqa/camera/gate-1/alert")[-1] == "OFF")
            assert listener.of("homeassistant/sensor/videoqa_gate-1/state/config")[-1]
        listener.close()

    asyncio.run(play())


def test_a_disk_that_is_full_and_a_database_that_is_busy_end_nothing(
    service: Service, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridging, "_PAUSE_SECONDS", 0.05)
    (service.folder / "mqtt.new").mkdir()
    refused: list[DatabaseBusy] = []

    class Log(type(service.alerts)):  # type: ignore[misc]
        def last_seq(self) -> int:
            if len(refused) < 2:
                refused.append(DatabaseBusy(path="x", seconds=1))
                raise refused[-1]
            return super().last_seq()  # type: ignore[no-any-return]

    service.alerts.__class__ = Log

    async def play() -> None:
        listener = Listener(mosquitto.port)
        async with bridged(service, mosquitto) as until:
            await until(lambda: listener.of("videoqa/camera/gate-1/alert"))
            for number in (1, 2):
                service.alerts.write([begun(number, camera="gate-1")])
                await until(lambda number=number: len(listener.of("videoqa/alerts")) == number)  # type: ignore[misc]
        assert len(refused) == 2
        assert [json.loads(text)["seq"] for text in listener.of("videoqa/alerts")] == [1, 2]
        listener.close()

    asyncio.run(play())


def test_of_two_processes_one_tells_the_broker(service: Service, mosquitto: Mosquitto) -> None:
    async def play() -> None:
        listener = Listener(mosquitto.port)
        async with bridged(service, mosquitto) as until, bridged(service, mosquitto):
            await until(lambda: listener.of("videoqa/camera/gate-1/alert"))
            service.alerts.write([begun(number, camera="gate-1") for number in range(20)])
            await until(lambda: len(listener.of("videoqa/alerts")) >= 20)
            await asyncio.sleep(0.5)
            assert listener.of("videoqa/status") == ["online"]
        async with bridged(service, mosquitto) as until:
            await until(lambda: listener.of("videoqa/status")[-1] == "online")
            service.alerts.write([begun(20, camera="gate-1")])
            await until(lambda: len(listener.of("videoqa/alerts")) >= 21)
        assert [json.loads(text)["seq"] for text in listener.of("videoqa/alerts")] == list(range(1, 22))
        listener.close()

    asyncio.run(play())


async def _until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.02)
