"""Requests and jobs as the workflow engine keeps them, and back; nowhere else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from videoqa import tracing
from videoqa.ports import IndexRequest, Job, JobState

if TYPE_CHECKING:
    from dbos import WorkflowStatus

WORKFLOW = "index_recording"
MODEL_WORKFLOW = "look_at_recording"
NAMELESS = "file"
"""What the ids of jobs begin with whose recording only their file's content tells."""
_STATES: Mapping[JobState, Sequence[str]] = {
    JobState.WAITING: ("ENQUEUED", "DELAYED"),
    JobState.RUNNING: ("PENDING",),
    JobState.INDEXED: ("SUCCESS",),
    JobState.KNOWN: ("SUCCESS",),
    JobState.CANCELLED: ("CANCELLED", "SUCCESS"),
    JobState.FAILED: ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "SUCCESS"),
}
ENDED = ("SUCCESS", "CANCELLED", "ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


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
        "subtitles": request.subtitles,
        "trace": tracing.traceparent(),
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
        arguments.get("subtitles") or "",
    )


def same(request: IndexRequest) -> str:
    """A word that is equal for two requests for the same."""
    wanted = f"\0{request.prompt}\0{request.again}\0{request.by_model}\0{request.recording_id}"
    # A job of an earlier version has no such word.
    wanted += f"\0{request.subtitles}" if request.subtitles else ""
    return hashlib.sha256(os.fsencode(request.path) + wanted.encode("utf-8", "surrogatepass")).hexdigest()


def same_look(recording_id: str, prompt: str, asked: IndexRequest) -> str:
    """A word that is equal for two looks by a model at the same recording for the same."""
    wanted = f"{recording_id} {prompt} {asked.again}" + (f" {asked.subtitles}" if asked.subtitles else "")
    return hashlib.sha256(wanted.encode("utf-8", "surrogatepass")).hexdigest()


def statuses(states: Sequence[JobState] | None) -> list[str] | None:
    """In which of the engine's states a job of ``states`` may be; None where it may be in any."""
    return None if states is None else sorted({word for state in states for word in _STATES[state]})


def named(job_id: str) -> str | None:
    """The id of the recording that a job's own id names."""
    name, _, rest = job_id.partition(".")
    return name if rest and name != NAMELESS else None


def job(status: WorkflowStatus) -> Job:
    """The job as its workflow stands; with what it was asked and what came of it."""
    arguments = status.input["args"] if status.input else ()
    asked = request(arguments[0]) if arguments else IndexRequest("")
    outcome = status.output if isinstance(status.output, dict) else {}
    state, reason = _state(status, outcome)
    # What a model looks at was admitted before it was queued.
    admitted = str(arguments[1]["recording_id"]) if arguments[1:] else None
    return Job(
        status.workflow_id,
        asked.path,
        state,
        outcome.get("recording_id") or named(status.workflow_id) or admitted,
        reason,
        model_job=outcome.get("model_job"),
        by_model=status.name == MODEL_WORKFLOW,
        owner=asked.owner,
        created_at=_moment(status.created_at),
        updated_at=_moment(status.updated_at),
    )


def _state(status: WorkflowStatus, outcome: Mapping[str, object]) -> tuple[JobState, str | None]:
    if status.status in _STATES[JobState.WAITING]:
        return JobState.WAITING, None
    if status.status in _STATES[JobState.RUNNING]:
        return JobState.RUNNING, None
    if status.status == "CANCELLED" or "cancelled" in outcome:
        return JobState.CANCELLED, None
    if status.status != "SUCCESS" or "failed" in outcome:
        return JobState.FAILED, str(outcome.get("failed") or status.error or "it was begun too often and never ended")
    return (JobState.KNOWN if outcome.get("known") else JobState.INDEXED), None


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
