"""Indexing a recording as a durable workflow of four steps.

The steps keep their own books (the spool its checkpoints, the archive its groups), so that a step which is begun again
goes on where it was; the workflow engine sees to it that it is begun again. What a step returns is small and JSON.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

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


def register(indexing: Indexing, stopped: Callable[[str], bool]) -> None:
    """Makes the workflow known to the engine; before it is launched.

    Args:
        stopped: whether the workflow of an id was cancelled.
    """

    @DBOS.workflow(name=WORKFLOW)
    def index_recording(request: dict[str, Any]) -> dict[str, Any]:
        job = str(DBOS.workflow_id)
        told = IndexRequest(request["path"], request["title"], _moment(request["started_at"]))
        admitted = _step(ADMIT, lambda: asdict(indexing.admit(told.path, told.title, told.started_at)))
        if "failed" in admitted or "cancelled" in admitted:
            return admitted
        where = Admitted(admitted["recording_id"], admitted["analysis_id"], FileIdentity(**admitted["identity"]))
        if where.analysis_id is None:
            return {"recording_id": where.recording_id, "known": True}
        stages: tuple[tuple[str, Callable[[], None]], ...] = (
            ("survey", lambda: indexing.survey(told.path, where, lambda: stopped(job))),
            ("analyse", lambda: indexing.analyse(where, lambda: stopped(job))),
            ("finish", lambda: indexing.finish(where)),
        )
        for name, stage in stages:
            outcome = _step(name, _nothing(stage))
            if "failed" in outcome:
                _step("fail", _nothing(partial(indexing.fail, where.recording_id, outcome["failed"])))
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


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
