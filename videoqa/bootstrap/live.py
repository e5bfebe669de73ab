"""The process beside the service that watches the cameras of a data directory."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from indexer.alert_log import SqlAlertLog
from videoqa.bootstrap.children import ChildProcess, begin
from videoqa.errors import VideoqaError
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

    ``noticed`` is called whenever it has added to the alert log.
    """

    name: ClassVar[str] = "live process"
    command: ClassVar[str] = "live"

    def __init__(self, noticed: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.state = LiveState.STARTING
        self.noticed = noticed

    def hear(self, told: Mapping[str, Any]) -> None:
        if "seq" in told:
            self.noticed()
        else:
            self.state = LiveState(told["state"])

    def gone(self) -> None:
        self.state = LiveState.DOWN


def live() -> NoReturn:
    """Watches the cameras until standard input ends, and then ends what is being recorded."""
    ending = threading.Event()
    place = begin("live", lambda: _end(ending))
    slot = Slot(place.folder, SLOT)
    saying = _Saying()
    state = LiveState.STARTING
    while not ending.is_set() and not slot.take():
        state = _said(saying, state, LiveState.WAITING)
        ending.wait(_LOOK_SECONDS)
    if not ending.is_set():
        _watch(place, ending, saying)
    os._exit(0)


def _watch(place: House, ending: threading.Event, saying: _Saying) -> None:
    from videoqa.bootstrap.watchers import Watchers

    watchers = Watchers(place, _ToldLog(place, saying))
    state = LiveState.STARTING
    while not ending.is_set():
        try:
            watchers.look()
            state = _said(saying, state, LiveState.WATCHING)
        except VideoqaError as error:
            _log.warning("which cameras there are cannot be read: %s", error)
        ending.wait(_LOOK_SECONDS)
    watchers.stop()


def _said(saying: _Saying, before: LiveState, now: LiveState) -> LiveState:
    if now is not before:
        saying({"state": now})
    return now


def _end(ending: threading.Event) -> None:
    ending.set()
    # Whatever cannot end by then goes the way of a kill, which all that is kept is made for.
    time.sleep(_LAST_SECONDS)
    os._exit(0)


class _Saying:
    """Tells the parent, a line at a time, whoever says it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def __call__(self, told: Mapping[str, object]) -> None:
        line = json.dumps(told) + "\n"
        with self._turn:
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
