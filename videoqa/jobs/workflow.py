"""Indexing a recording as a durable workflow of four steps.

The steps keep their own books (the spool its checkpoints, the archive its groups), so that a step which is begun again
goes on where it was; the workflow engine sees to it that it is begun again. What a step returns is small and JSON.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any, Self
from urllib.parse import quote, unquote

from dbos import DBOS

from videoqa.errors import Unexpected, VideoqaError
from videoqa.pipeline.indexing import Admitted, Cancelled, Indexing
from videoqa.ports import FileIdentity

WORKFLOW = "index_recording"
ADMIT = "admit"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """A file to be indexed, by its absolute path."""

    path: str
    title: str | None = None
    started_at: datetime | None = None

    def as_arguments(self) -> dict[str, str | None]:
        """The request as plain ASCII: names are bytes to the system, and some are no valid text."""
        return {
            "path": quote(self.path, errors="surrogateescape"),
            "title": self.title and quote(self.title, errors="surrogateescape"),
            "started_at": self.started_at.isoformat() if self.started_at else None,
        }

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, str | None]) -> Self:
        title, started_at = arguments["title"], arguments["started_at"]
        return cls(
            unquote(arguments["path"] or "", errors="surrogateescape"),
            title and unquote(title, errors="surrogateescape"),
            None if started_at is None else datetime.fromisoformat(started_at),
        )


def register(indexing: Indexing, stopped: Callable[[str], bool]) -> None:
    """Makes the workflow known to the engine; before it is launched.

    Args:
        stopped: whether the workflow of an id was cancelled.
    """
    # Two copies of a file are one recording with one analysis: the second waits for the first, and finds it done.
    turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @DBOS.workflow(name=WORKFLOW)
    def index_recording(request: dict[str, Any]) -> dict[str, Any]:
        job = str(DBOS.workflow_id)
        told = IndexRequest.from_arguments(request)
        admitted = _step(ADMIT, lambda: asdict(indexing.admit(told.path, told.title, told.started_at)))
        if "failed" in admitted or "cancelled" in admitted:
            return admitted
        where = Admitted(admitted["recording_id"], admitted["analysis_id"], FileIdentity(**admitted["identity"]))
        if where.analysis_id is None:
            return {"recording_id": where.recording_id, "known": True}
        with turns[where.identity.digest]:
            return carried_out(job, told.path, where)

    def carried_out(job: str, path: str, where: Admitted) -> dict[str, Any]:
        if indexing.is_done(where):
            return {"recording_id": where.recording_id, "known": True}
        stages: tuple[tuple[str, Callable[[], None]], ...] = (
            ("survey", lambda: indexing.survey(path, where, lambda: stopped(job))),
            ("analyse", lambda: indexing.analyse(where, lambda: stopped(job))),
            ("finish", lambda: indexing.finish(where)),
        )
        for name, stage in stages:
            outcome = _step(name, _nothing(stage))
            if "failed" in outcome:
                _step("fail", _nothing(partial(indexing.fail, where, outcome["failed"])))
            if outcome:
                return {"recording_id": where.recording_id, **outcome}
        return {"recording_id": where.recording_id}


def _step(name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Runs ``work`` as a step; what goes wrong in it is its result, so that the engine keeps no pickled exception."""

    def told() -> dict[str, Any]:
        try:
            return work()
        except Cancelled:
            return {"cancelled": True}
        except VideoqaError as error:
            return {"failed": str(error)}
        except Exception as error:  # noqa: BLE001  one recording's failure is not the batch's
            _log.exception("step %s failed", name)
            return {"failed": str(Unexpected(kind=type(error).__name__, problem=error))}

    return DBOS.run_step({"name": name}, told)


def _nothing(work: Callable[[], None]) -> Callable[[], dict[str, Any]]:
    def done() -> dict[str, Any]:
        work()
        return {}

    return done
