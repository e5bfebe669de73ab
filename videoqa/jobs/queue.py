"""Submits jobs, follows them, calls them off: what any process may do. Those who carry them out are ``worker``'s."""

from __future__ import annotations

import logging
import secrets
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videoqa.errors import JobUnderWay, UnknownJob
from videoqa.jobs.clock import give_clock
from videoqa.jobs.rows import (
    ENDED,
    MODEL_WORKFLOW,
    NAMELESS,
    WORKFLOW,
    as_arguments,
    job,
    named,
    request,
    same,
    same_look,
    statuses,
)
from videoqa.jobs.storage import Storage
from videoqa.jobs.turns import turn
from videoqa.ports import IndexRequest, Job, JobState

if TYPE_CHECKING:
    from dbos import DBOSClient, WorkflowStatus

QUEUE = "indexing"
MODEL_QUEUE = "recordings for the model"
APPLICATION = "videoqa"
VERSION = "1"
"""The version of the workflows' steps, not of the product: jobs of another version are left alone by the engine, and an
upgrade of the product must not strand those that wait."""
ADMIT = "admit"
_AT_ONCE = 200
_OLDEST = 200
_LOOKED_THROUGH = 1000
_HALF_A_MILLISECOND = 0.0005


class Jobs:
    """Implements ``JobQueue`` over the workflow engine. Safe to use from several threads at once.

    To make one is quick. The engine is imported and the tables are made with the first use, or by ``open``: about a
    second, once, which a process with an event loop spends on a thread.

    Args:
        folder: the data directory.
        database_url: a PostgreSQL URL, or empty for an SQLite file of its own.
    """

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.storage = Storage(folder, database_url)
        self._opening = threading.Lock()
        self._opened: DBOSClient | None = None

    def open(self) -> None:
        """Gets ready.

        Raises:
            StorageError: the jobs cannot be read or written.
        """
        self._client()

    def close(self) -> None:
        with self._opening:
            if self._opened is not None:
                self._opened.destroy()
                self._opened = None

    def submit(self, requests: Iterable[IndexRequest]) -> tuple[str, ...]:
        """Job ids, one a request. A file that waits or runs already, to be done the same way, keeps the job it has."""
        client = self._client()
        with self.storage.errors():
            return tuple(self._handed_in(client, each) for each in requests)

    def jobs(self, ids: Sequence[str]) -> tuple[Job, ...]:
        """The jobs of ``ids`` as they stand, in that order; unknown ones are left out."""
        found: dict[str, Job] = {}
        for first in range(0, len(ids), _AT_ONCE):
            for status in self._listed(workflow_ids=list(ids[first : first + _AT_ONCE])):
                found[status.workflow_id] = job(status)
        return tuple(found[each] for each in ids if each in found)

    def page(
        self, states: Sequence[JobState] | None = None, after: str | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        """Jobs in those states, the youngest first, from behind the job ``after`` on.

        Raises:
            UnknownJob: there is none of the id ``after``.
        """
        found = (job(status) for status in self._downwards(statuses(states), after))
        return tuple(islice((each for each in found if states is None or each.state in states), limit))

    def recordings_under_way(self) -> frozenset[str]:
        """The ids of the recordings that jobs work on or will, as far as they are known."""
        under_way = self.page([JobState.WAITING, JobState.RUNNING], limit=sys.maxsize)
        return frozenset(found for each in under_way if (found := each.recording_id or self.recording_of(each.id)))

    def of_recording(self, recording_id: str) -> tuple[Job, ...]:
        """The jobs about a recording, the youngest first. Of those that were handed in as a mere file and have ended,
        the last thousand are looked through.
        """
        own = self._listed(workflow_id_prefix=f"{recording_id}.")
        files = self._listed(workflow_id_prefix=f"{NAMELESS}.", sort_desc=True, limit=_LOOKED_THROUGH)
        found = [job(status) for status in own]
        for each in map(job, files):
            works_on = self.recording_of(each.id) if each.state is JobState.RUNNING else each.recording_id
            if works_on == recording_id:
                found.append(each)
        return tuple(sorted(found, key=_age, reverse=True))

    def recording_of(self, job_id: str) -> str | None:
        """The id of the recording that a job works on, as soon as it is known."""
        if (recording_id := named(job_id)) is not None:
            return recording_id
        client = self._client()
        with self.storage.errors():
            for step in client.list_workflow_steps(job_id):
                if step["function_name"] == ADMIT and isinstance(step["output"], dict):
                    found: str | None = step["output"].get("recording_id")
                    return found
        return None

    def cancel(self, job_id: str) -> None:
        """Ends the job; one that runs stops within about a second and can be submitted again."""
        client = self._client()
        with self.storage.errors():
            client.cancel_workflow(job_id)

    def retry(self, job_id: str) -> str:
        """The id of a new job that asks for the same as one that has ended.

        Raises:
            UnknownJob: there is none of that id.
            JobUnderWay: it has not ended.
        """
        status = self._status(job_id)
        if status.status not in ENDED:
            raise JobUnderWay(name=job_id)
        asked, *more = status.input["args"] if status.input else ()
        told = request(asked)
        if not more:
            (again,) = self.submit([told])
            return again
        admitted = more[0]
        word = same_look(admitted["recording_id"], admitted["prompt"], told)
        client = self._client()
        with self.storage.errors():
            return client.enqueue(
                {
                    "queue_name": MODEL_QUEUE,
                    "workflow_name": MODEL_WORKFLOW,
                    "workflow_id": f"{_new_id(admitted['recording_id'])}-model",
                    "app_version": VERSION,
                    "authenticated_user": user(told),
                    "priority": self.number(MODEL_QUEUE, told),
                    "deduplication_id": word,
                    "duplication_policy": "return-existing",
                },
                asked,
                admitted,
            ).get_workflow_id()

    def ahead_of(self, ids: Sequence[str]) -> int:
        """How many jobs of earlier or other runs have not ended."""
        open_jobs = self._listed(status=["ENQUEUED", "PENDING"], load_input=False, load_output=False)
        return len({each.workflow_id for each in open_jobs} - set(ids))

    def is_cancelled(self, job_id: str) -> bool:
        found = self._listed(workflow_ids=[job_id], load_input=False, load_output=False)
        return any(status.status == "CANCELLED" for status in found)

    def number(self, queue: str, asked: IndexRequest) -> int:
        """The number that a job for ``asked`` gets in ``queue``: see ``turns``."""
        waiting: dict[str, Any] = {
            "queue_name": queue,
            "status": ["ENQUEUED"],
            "load_input": False,
            "load_output": False,
        }
        own = self._listed(user=user(asked), sort_desc=True, limit=_OLDEST, **waiting)
        oldest = () if own else self._listed(limit=_OLDEST, **waiting)
        return turn(asked.priority, (each.priority or 0 for each in own), (each.priority or 0 for each in oldest))

    def prune(self, before: datetime) -> int:
        """Forgets the jobs that ended before then; how many there were. What waits or runs is kept, however old."""
        client, count = self._client(), 0
        ended: dict[str, Any] = {"status": list(ENDED), "load_input": False, "load_output": False, "limit": _AT_ONCE}
        with self.storage.errors():
            while old := client.list_workflows(completed_before=before.isoformat(), **ended):
                client.delete_workflows([each.workflow_id for each in old])
                count += len(old)
        return count

    def _handed_in(self, client: DBOSClient, asked: IndexRequest) -> str:
        return client.enqueue(
            {
                "queue_name": QUEUE,
                "workflow_name": WORKFLOW,
                "workflow_id": _new_id(asked.recording_id),
                "app_version": VERSION,
                "authenticated_user": user(asked),
                "priority": self.number(QUEUE, asked),
                "deduplication_id": same(asked),
                "duplication_policy": "return-existing",
            },
            as_arguments(asked),
        ).get_workflow_id()

    def _status(self, job_id: str) -> WorkflowStatus:
        for status in self._listed(workflow_ids=[job_id]):
            return status
        raise UnknownJob(name=job_id)

    def _downwards(self, of: list[str] | None, after: str | None) -> Iterator[WorkflowStatus]:
        """Workflows, the youngest first, those of the same millisecond by their ids."""
        last = None if after is None else self._status(after)
        behind = None if last is None else _place(last)
        until, size = None if last is None else last.created_at, _AT_ONCE
        while True:
            end = None if until is None else _iso(until)
            found = self._listed(status=of, end_time=end, sort_desc=True, limit=size)
            whole = len(found) < size
            # Those of the last millisecond may not be all there are of it.
            sure = found if whole else [each for each in found if (each.created_at or 0) > (found[-1].created_at or 0)]
            for status in sorted(sure, key=_place, reverse=True):
                if behind is None or _place(status) < behind:
                    yield status
            if whole:
                return
            if sure:
                until = found[-1].created_at
            else:
                size *= 2

    def _listed(self, **which: Any) -> list[WorkflowStatus]:
        client = self._client()
        with self.storage.errors():
            return client.list_workflows(**which)

    def _client(self) -> DBOSClient:
        with self._opening:
            if self._opened is None:
                from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415  it takes a second

                # What the engine has to say of itself is no business of a user who indexes a file.
                logging.getLogger("dbos").setLevel(logging.ERROR)
                give_clock()
                self.storage.prepare()
                with self.storage.errors():
                    self._opened = DBOSClient(
                        system_database_url=self.storage.url,
                        serializer=DBOSPortableJSONSerializer(),
                        application_name=APPLICATION,
                        retry_connection_errors=False,
                    )
            return self._opened


def user(asked: IndexRequest) -> str:
    """Whom the engine is told a job belongs to: jobs of one owner and one priority stand in line together."""
    return f"{asked.priority} {asked.owner}"


def _new_id(recording_id: str | None) -> str:
    return f"{recording_id or NAMELESS}.{secrets.token_hex(8)}"


def _place(status: WorkflowStatus) -> tuple[int, str]:
    return status.created_at or 0, status.workflow_id


def _age(each: Job) -> tuple[datetime, str]:
    return each.created_at or datetime.min.replace(tzinfo=UTC), each.id


def _iso(milliseconds: int) -> str:
    """The engine cuts what is behind the millisecond: half of one more keeps it whole."""
    return datetime.fromtimestamp(milliseconds / 1000 + _HALF_A_MILLISECOND, UTC).isoformat()
