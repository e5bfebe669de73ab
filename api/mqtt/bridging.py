"""From the alert log to a broker: every message at least once, in order, from where the last process was.

Of several processes over one data directory one tells it, as with webhooks.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path

from api.alert_feed.alone import alone, carried_on
from api.alert_feed.feed import Feed
from api.alert_feed.pages import Page
from api.mqtt import topics
from api.mqtt.line import BrokerLine
from api.mqtt.topics import Word
from api.service import Broker, Service
from api.threads import in_thread
from videoqa.cameras import Camera
from videoqa.errors import MissingPart, VideoqaError

LOCK = "mqtt.lock"
_LOOK_SECONDS = 0.25
_CAMERAS_SECONDS = 5.0
_PATIENCE = 5.0
_PAUSE_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Bridging:
    """Tells ``broker`` what the log of ``service`` tells. How far that came stands in a file of the data directory."""

    def __init__(self, service: Service, feed: Feed, broker: Broker) -> None:
        self._service = service
        self._feed = feed
        self._broker = broker
        self._file = service.folder / "mqtt.seq"
        self._introduced: dict[str, Camera] = {}

    async def run(self) -> None:
        """Tells until it is cancelled."""
        await carried_on("the telling of the MQTT broker", self._run, _PAUSE_SECONDS)

    async def _run(self) -> None:
        async with alone(self._service.folder / LOCK, _LOOK_SECONDS):
            try:
                line = BrokerLine(self._broker, f"videoqa-{secrets.token_hex(6)}")
            except MissingPart as error:
                _log.error("no MQTT broker is told of alerts: %s", error)
                return
            try:
                await in_thread(line.open)
                await self._tell(line)
            finally:
                await asyncio.shield(in_thread(line.close, posting=True))

    async def _tell(self, line: BrokerLine) -> None:
        told_to, due = await self._beginning(), 0.0
        clock = asyncio.get_running_loop().time
        while True:
            try:
                if not line.is_up:
                    # What it was told before may be gone with it.
                    self._introduced, due = {}, 0.0
                elif clock() >= due and await self._introduce(line):
                    due = clock() + _CAMERAS_SECONDS
                page = await self._feed.pages.after(told_to) if line.is_up else Page(())
                if page.told and await self._say(line, await in_thread(lambda: self._words(page))):  # noqa: B023  awaited here
                    told_to = page.told[-1].seq
                    await self._note(told_to)
                    continue
            except VideoqaError as error:
                _log.warning("the alert log cannot be told to the MQTT broker: %s", error)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _beginning(self) -> int:
        """Where the last process was, no further than the log goes; its end where none was."""
        last = await self._feed.last_seq()
        try:
            return min(last, int(await in_thread(self._file.read_text)))
        except (FileNotFoundError, ValueError):
            # What comes from now on is not to be passed over where the broker is not there yet.
            await self._note(last)
            return last

    async def _note(self, told_to: int) -> None:
        try:
            await in_thread(lambda: _keep(self._file, told_to), storing=True)
        except OSError as error:
            # What was told may be told once more after a restart: its number is the same.
            _log.warning("how far the MQTT broker was told cannot be kept: %s", error)

    async def _introduce(self, line: BrokerLine) -> bool:
        """Tells of cameras that are new or changed. Of those that are gone the log tells."""

        def words() -> tuple[dict[str, Camera], list[Word]]:
            there = {camera.id: camera for camera in self._service.setting_up.cameras.cameras()}
            said: list[Word] = []
            for camera in there.values():
                known = self._introduced.get(camera.id)
                if known is None or known.name != camera.name:
                    said += topics.introduction(self._broker, camera)
                    said += self._standing(camera.id)
            return there, said

        there, said = await in_thread(words)
        if said and not await self._say(line, said):
            return False
        self._introduced = there
        return True

    def _words(self, page: Page) -> list[Word]:
        said, touched = [], set()
        for told in page.told:
            said.append(topics.message(self._broker, told.line.text))
            if told.kind.of_alert:
                said.append(topics.event(self._broker, told.camera, told.line.text))
            touched.add(told.camera)
        # How things stand is said once a page, as it is now. What the broker keeps of a camera that is gone it forgets,
        # also where that went while nobody told it.
        there = {camera.id for camera in self._service.setting_up.cameras.cameras()}
        for camera_id in sorted(touched - there):
            self._introduced.pop(camera_id, None)
            said += topics.farewell(self._broker, camera_id)
        for camera_id in sorted(touched & self._introduced.keys()):
            said += self._standing(camera_id)
        return said

    def _standing(self, camera_id: str) -> tuple[Word, Word]:
        open_alerts = self._service.alerts.open_alerts(camera_id)
        status = self._service.setting_up.cameras.status(camera_id)
        return (
            topics.alerting(self._broker, camera_id, is_open=bool(open_alerts)),
            topics.state(self._broker, camera_id, status),
        )

    async def _say(self, line: BrokerLine, words: list[Word]) -> bool:
        return await in_thread(lambda: line.say(words, _PATIENCE), posting=True)


def _keep(file: Path, seq: int) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{seq}\n")
    fresh.replace(file)
