"""The process beside the service that does the work."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any, ClassVar, NoReturn

from videoqa import tracing
from videoqa.bootstrap.children import BEGIN_AGAIN, ChildProcess, begin, end_at_once
from videoqa.health import ModelTally

_LOOK_SECONDS = 0.2
_log = logging.getLogger(__name__)


class WorkerState(StrEnum):
    """``waiting`` while another process does the work of the data directory, ``down`` while there is none."""

    STARTING = "starting"
    WORKING = "working"
    WAITING = "waiting"
    DOWN = "down"


class WorkerProcess(ChildProcess):
    """The worker as its parent sees it: ``state`` tells how it is, ``tally`` what it has asked of models."""

    name: ClassVar[str] = "worker"
    command: ClassVar[str] = "work"

    def __init__(self) -> None:
        super().__init__()
        self.state = WorkerState.STARTING
        self.tally = ModelTally()

    def hear(self, told: Mapping[str, Any]) -> None:
        self.state, self.tally = WorkerState(told["state"]), ModelTally(**told["tally"])

    def gone(self) -> None:
        self.state = WorkerState.DOWN


def work() -> NoReturn:
    """Does the work of the data directory until standard input ends."""
    # At once: a step may take minutes yet.
    place = begin("worker", end_at_once)
    told, model = "", place.model
    with place.worker.working(place.indexing, place.indexing_by_model) as take_over:
        while True:
            state = WorkerState.WORKING if take_over() else WorkerState.WAITING
            line = json.dumps({"state": state, "tally": asdict(tracing.TALLY.counted)})
            if line != told:
                print(line, flush=True)
                told = line
            if place.model is not model:
                # The engine listens to the queues it was begun with; what is under way goes on as after a kill.
                _log.info("a model has come; the worker begins again with it")
                os._exit(BEGIN_AGAIN)
            time.sleep(_LOOK_SECONDS)
