"""Indexing a recording as a durable workflow of four steps.

The steps keep their own books (the spool its checkpoints, the archive its groups), so that a step which is begun again
goes on where it was; the workflow engine sees to it that it is begun again. What a step returns is small and JSON.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial, wraps
from typing import Any
from weakref import WeakValueDictionary

from dbos import DBOS, error

from videoqa import tracing
from videoqa.errors import NoModel, Unexpected, VideoqaError
from videoqa.jobs.queue import ADMIT, MODEL_QUEUE, VERSION, user
from videoqa.jobs.rows import MODEL_WORKFLOW, WORKFLOW, named, request, same_look
from videoqa.logs import about
from videoqa.pipeline.admission import Admitted
from videoqa.pipeline.indexing import Indexing
from videoqa.pipeline.looking import Cancelled
from videoqa.ports import FileIdentity, IndexRequest

_log = logging.getLogger(__name__)


def register(
    indexing: Indexing,
    by_model: Indexing | None,
    stops: Callable[[str], Callable[[], bool]],
    number: Callable[[IndexRequest], int],
) -> None:
    """Makes the workflows known to the engine; before it is launched.

    A recording's workflow ends when signals have made it searchable; where there is a model, or one is asked for, it
    queues another one in which the model looks at it.

    Args:
        by_model: the way of a recording past the model; None where none is set.
        stops: makes of a job's id what tells whether it was cancelled.
        number: the number of a job in the model's queue.
    """
    turns = _Turns()

    @DBOS.workflow(name=WORKFLOW)
    @_told
    def index_recording(asked: dict[str, Any]) -> dict[str, Any]:
        job = str(DBOS.workflow_id)
        told = request(asked)
        # What somebody else works on now may be out of date by the time that one has ended.
        with turns.of(f"{indexing.analyser.kind} {told.recording_id or job}"):
            admitted = _step(ADMIT, lambda: asdict(indexing.admission.admit(told, stops(job))))
        if "failed" in admitted and told.recording_id is not None:
            _step("fail", _nothing(partial(indexing.fail, told.recording_id, admitted["failed"])))
        if "failed" in admitted or "cancelled" in admitted:
            return admitted
        outcome = carried_out(indexing, job, told.path, _admitted(admitted))
        if not (told.by_model or by_model) or "failed" in outcome or "cancelled" in outcome:
            return outcome
        queued = DBOS.enqueue_workflow_with_options(
            {
                "queue_name": MODEL_QUEUE,
                "workflow_name": MODEL_WORKFLOW,
                "workflow_id": f"{job if named(job) else outcome['recording_id'] + '.' + job}-model",
                "app_version": VERSION,
                "authenticated_user": user(told),
                "priority": number(told),
                "deduplication_id": same_look(outcome["recording_id"], admitted["prompt"], told),
                "duplication_policy": "return-existing",
            },
            asked,
            admitted,
        )
        return {**outcome, "model_job": queued.workflow_id}

    @DBOS.workflow(name=MODEL_WORKFLOW)
    @_told
    def look_at_recording(asked: dict[str, Any], admitted: dict[str, Any]) -> dict[str, Any]:
        job, told, known = str(DBOS.workflow_id), request(asked), _admitted(admitted)
        if by_model is None:
            return {"recording_id": known.recording_id, "failed": str(NoModel())}
        begun = _step(ADMIT, lambda: asdict(by_model.admission.look_again(known, stops(job), again=told.again)))
        if "failed" in begun or "cancelled" in begun:
            return {"recording_id": known.recording_id, **begun}
        return carried_out(by_model, job, told.path, _admitted(begun))

    def carried_out(way: Indexing, job: str, path: str, where: Admitted) -> dict[str, Any]:
        with turns.of(f"{way.analyser.kind} {where.recording_id}"):
            if where.analysis_id is None or way.is_done(where):
                return {"recording_id": where.recording_id, "known": True}
            try:
                outcome = through(way, job, path, where)
            except error.DBOSWorkflowCancelledError:
                call_off(way, where)
                raise
            if "failed" in outcome:
                _step("fail", _nothing(partial(way.fail, where.recording_id, outcome["failed"])))
            if "cancelled" in outcome:
                call_off(way, where)
            return {"recording_id": where.recording_id, **outcome}

    def through(way: Indexing, job: str, path: str, where: Admitted) -> dict[str, Any]:
        stop = stops(job)
        stages: tuple[tuple[str, Callable[[], None]], ...] = (
            ("survey", lambda: way.survey(path, where, stop)),
            ("analyse", lambda: way.analyse(where, stop)),
            ("finish", lambda: way.finish(where)),
        )
        for name, stage in stages:
            if outcome := _step(name, _nothing(stage)):
                return outcome
        return {}

    def call_off(way: Indexing, where: Admitted) -> None:
        # No step: the engine takes none any more.
        if not way.is_done(where):
            way.call_off(where)


def _told(work: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Logs what a job came to; every line written in it says which job it is, and of which recording."""

    @wraps(work)
    def told(asked: dict[str, Any], *more: Any) -> dict[str, Any]:
        job = str(DBOS.workflow_id)
        recording = named(job) or (str(more[0]["recording_id"]) if more else None)
        with about(job=job, recording=recording), tracing.span(work.__name__, remote=asked.get("trace") or "") as span:
            span.set({"videoqa.job": job, "videoqa.recording": recording or ""})
            _log.info("the job begins, or goes on")
            outcome = work(asked, *more)
            problem = outcome.get("failed") or ("it was called off" if "cancelled" in outcome else "")
            _log.info("the job ends%s", f": {problem}" if problem else "")
            return outcome

    return told


class _Turns:
    """Two copies of a file are one recording with one analysis: the second waits for the first, and finds it done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

    def of(self, word: str) -> threading.Lock:
        """The lock for ``word``, which is forgotten when nobody holds or wants it any more."""
        with self._lock:
            return self._locks.setdefault(word, threading.Lock())


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
        except VideoqaError as problem:
            return {"failed": str(problem)}
        except Exception as problem:  # noqa: BLE001  one recording's failure is not the batch's
            _log.exception("step %s failed", name)
            return {"failed": str(Unexpected(kind=type(problem).__name__, problem=problem))}

    return DBOS.run_step({"name": name}, told)


def _nothing(work: Callable[[], None]) -> Callable[[], dict[str, Any]]:
    def done() -> dict[str, Any]:
        work()
        return {}

    return done
