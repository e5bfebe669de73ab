"""Indexing a recording as a durable workflow of four steps.

The steps keep their own books (the spool its checkpoints, the archive its groups), so that a step which is begun again
goes on where it was; the workflow engine sees to it that it is begun again. What a step returns is small and JSON.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from dbos import DBOS

from videoqa.errors import NoModel, Unexpected, VideoqaError
from videoqa.pipeline.indexing import Admitted, Indexing
from videoqa.pipeline.looking import Cancelled
from videoqa.ports import FileIdentity, IndexRequest

WORKFLOW = "index_recording"
MODEL_WORKFLOW = "look_at_recording"
MODEL_QUEUE = "recordings for the model"
ADMIT = "admit"
WORKFLOW_VERSION = "1"
"""The version of the workflows' steps, not of the product: jobs of another version are left alone by the engine, and an
upgrade of the product must not strand those that wait."""
_log = logging.getLogger(__name__)


def as_arguments(request: IndexRequest) -> dict[str, str | None]:
    """The request as plain ASCII: names are bytes to the system, and some are no valid text."""
    return {
        "path": quote(request.path, errors="surrogateescape"),
        "title": request.title and quote(request.title, errors="surrogateescape"),
        "started_at": request.started_at.isoformat() if request.started_at else None,
        "prompt": None if request.prompt is None else quote(request.prompt, errors="surrogateescape"),
        "again": "again" if request.again else None,
        "by_model": "by_model" if request.by_model else None,
        "recording_id": request.recording_id,
        "priority": str(request.priority),
        "owner": request.owner,
    }


def request(arguments: Mapping[str, str | None]) -> IndexRequest:
    """The request that ``arguments`` were made from, by this version or an earlier one."""
    title, started_at, prompt = arguments["title"], arguments["started_at"], arguments.get("prompt")
    return IndexRequest(
        unquote(arguments["path"] or "", errors="surrogateescape"),
        title and unquote(title, errors="surrogateescape"),
        None if started_at is None else datetime.fromisoformat(started_at),
        prompt and unquote(prompt, errors="surrogateescape"),
        bool(arguments.get("again")),
        bool(arguments.get("by_model")),
        arguments.get("recording_id"),
        int(arguments.get("priority") or 5),
        arguments.get("owner") or "",
    )


def register(indexing: Indexing, by_model: Indexing | None, stopped: Callable[[str], bool]) -> None:
    """Makes the workflows known to the engine; before it is launched.

    A recording's workflow ends when signals have made it searchable; where there is a model, or one is asked for, it
    queues another one in which the model looks at it.

    Args:
        by_model: the way of a recording past the model; None where none is set.
        stopped: whether the workflow of an id was cancelled.
    """
    # Two copies of a file are one recording with one analysis: the second waits for the first, and finds it done.
    turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @DBOS.workflow(name=WORKFLOW)
    def index_recording(asked: dict[str, Any]) -> dict[str, Any]:
        job = str(DBOS.workflow_id)
        told = request(asked)
        admitted = _step(
            ADMIT,
            lambda: asdict(
                indexing.admit(
                    told.path,
                    told.title,
                    told.started_at,
                    prompt=told.prompt,
                    again=told.again,
                    stop=lambda: stopped(job),
                )
            ),
        )
        if "failed" in admitted or "cancelled" in admitted:
            return admitted
        outcome = carried_out(indexing, job, told.path, _admitted(admitted))
        if not (told.by_model or by_model) or "failed" in outcome or "cancelled" in outcome:
            return outcome
        wanted = f"{outcome['recording_id']} {admitted['prompt']} {told.again}"
        queued = DBOS.enqueue_workflow_with_options(
            {
                "queue_name": MODEL_QUEUE,
                "workflow_name": MODEL_WORKFLOW,
                "workflow_id": f"{job}-model",
                "app_version": WORKFLOW_VERSION,
                "deduplication_id": hashlib.sha256(wanted.encode("utf-8", "surrogatepass")).hexdigest(),
                "duplication_policy": "return-existing",
            },
            asked,
            admitted,
        )
        return {**outcome, "model_job": queued.workflow_id}

    @DBOS.workflow(name=MODEL_WORKFLOW)
    def look_at_recording(asked: dict[str, Any], admitted: dict[str, Any]) -> dict[str, Any]:
        job, told, known = str(DBOS.workflow_id), request(asked), _admitted(admitted)
        if by_model is None:
            return {"recording_id": known.recording_id, "failed": str(NoModel())}
        begun = _step(ADMIT, lambda: asdict(by_model.look_again(known, lambda: stopped(job), again=told.again)))
        if "failed" in begun or "cancelled" in begun:
            return {"recording_id": known.recording_id, **begun}
        return carried_out(by_model, job, told.path, _admitted(begun))

    def carried_out(way: Indexing, job: str, path: str, where: Admitted) -> dict[str, Any]:
        with turns[f"{way.analyser.kind} {where.identity.digest}"]:
            if where.analysis_id is None or way.is_done(where):
                return {"recording_id": where.recording_id, "known": True}
            stages: tuple[tuple[str, Callable[[], None]], ...] = (
                ("survey", lambda: way.survey(path, where, lambda: stopped(job))),
                ("analyse", lambda: way.analyse(where, lambda: stopped(job))),
                ("finish", lambda: way.finish(where)),
            )
            for name, stage in stages:
                outcome = _step(name, _nothing(stage))
                if "failed" in outcome:
                    _step("fail", _nothing(partial(way.fail, where, outcome["failed"])))
                if outcome:
                    return {"recording_id": where.recording_id, **outcome}
            return {"recording_id": where.recording_id}


def _admitted(told: Mapping[str, Any]) -> Admitted:
    identity = FileIdentity(**told["identity"])
    return Admitted(
        told["recording_id"], told["analysis_id"], identity, told.get("again", False), told.get("prompt", "")
    )


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
