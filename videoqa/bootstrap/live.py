"""The process beside the service that watches the cameras of a data directory."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from indexer.alert_log import SqlAlertLog
from indexer.slots import SqlSlot
from videoqa import tracing
from videoqa.bootstrap.children import BEGIN_AGAIN, ChildProcess, begin
from videoqa.errors import StorageError, VideoqaError
from videoqa.health import ModelTally
from videoqa.jobs.slots import Slot

if TYPE_CHECKING:
    from videoqa.alerts import Notice
    from videoqa.bootstrap import House
    from videoqa.cameras import CameraStatus, Gap
    from videoqa.ports import AlertChange

SLOT = "live"
_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.4
_LAST_SECONDS = 2.5


class LiveState(StrEnum):
    """``waiting`` while another process watches the cameras of the data directory, ``down`` while there is none."""

    STARTING = "starting"
    WATCHING = "watching"
    WAITING = "waiting"
    DOWN = "down"


class LiveProcess(ChildProcess):
    """The process that watches the cameras, as its parent sees it.

    ``noticed`` is called whenever it has added to the alert log, ``tally`` is what the present one has asked of models.
    """

    name: ClassVar[str] = "live process"
    command: ClassVar[str] = "live"

    def __init__(self, noticed: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.state = LiveState.STARTING
        self.tally = ModelTally()
        self.noticed = noticed

    def hear(self, told: Mapping[str, Any]) -> None:
        if "seq" in told:
            self.noticed()
            return
        self.state = LiveState(told["state"])
        self.tally = ModelTally(**told.get("tally", {}))

    def gone(self) -> None:
        self.state = LiveState.DOWN


def live() -> NoReturn:
    """Watches the cameras until standard input ends, and then ends what is being recorded."""
    ending = threading.Event()
    place = begin("live", lambda: _end(ending))
    slots = (Slot(place.folder, SLOT), SqlSlot(place.engine, SLOT))
    saying = _Saying()
    while not ending.is_set() and not _taken(slots):
        saying({"state": LiveState.WAITING})
        ending.wait(_LOOK_SECONDS)
    code = 0 if ending.is_set() else _watch(place, slots, ending, saying)
    os._exit(code)


def _taken(slots: Sequence[Slot | SqlSlot]) -> bool:
    """True where this process holds them all: those of the folder and of a database that other folders share."""
    try:
        return all(slot.take() for slot in slots)
    except StorageError as error:
        _log.warning("whether another process watches cannot be told: %s", error)
        return False


def _watch(place: House, slots: Sequence[Slot | SqlSlot], ending: threading.Event, saying: _Saying) -> int:
    """What this process is to end with."""
    from videoqa.alerting.watching import MODEL_CAME, STOPPED
    from videoqa.bootstrap.watchers import Watchers

    watchers, model = Watchers(place, _ToldLog(place, saying)), place.model
    while not ending.is_set():
        if place.model is not model:
            _log.info("a model has come; the cameras are watched with it")
            watchers.stop(MODEL_CAME)
            return BEGIN_AGAIN
        if not _taken(slots):
            _log.error("another process may watch the cameras by now")
            return BEGIN_AGAIN
        try:
            watchers.look()
            saying({"state": LiveState.WATCHING, "tally": asdict(tracing.TALLY.counted)})
        except VideoqaError as error:
            _log.warning("which cameras there are cannot be read: %s", error)
        ending.wait(_LOOK_SECONDS)
    watchers.stop(STOPPED)
    return 0


def _end(ending: threading.Event) -> None:
    ending.set()
    # Whatever cannot end by then goes the way of a kill, which all that is kept is made for.
    time.sleep(_LAST_SECONDS)
    os._exit(0)


class _Saying:
    """Tells the parent, a line at a time, whoever says it, and nothing twice over."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._last = ""

    def __call__(self, told: Mapping[str, object]) -> None:
        line = json.dumps(told) + "\n"
        with self._turn:
            if line == self._last:
                return
            self._last = line
            try:
                os.write(1, line.encode())
            except OSError:
                _log.debug("nobody hears: %s", line.rstrip())


class _ToldLog(SqlAlertLog):
    """The alert log, with a word to the parent after each commit, so that whoever follows it wakes at once."""

    def __init__(self, place: House, saying: _Saying) -> None:
        super().__init__(place.engine)
        self._saying = saying

    def write(self, changes: Sequence[AlertChange | CameraStatus | Gap]) -> tuple[Notice, ...]:
        notices = super().write(changes)
        if notices:
            self._saying({"seq": notices[-1].seq})
        return notices
