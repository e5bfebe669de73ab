"""Submits, follows and carries out jobs. The only module that knows the workflow engine besides ``workflow``."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import logging
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from time import monotonic

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, WorkflowStatus
from sqlalchemy.exc import DBAPIError

from videoqa.errors import DamagedDatabase, DataUnwritable, DiskFull
from videoqa.jobs.clock import give_clock
from videoqa.jobs.slots import Slot
from videoqa.jobs.workflow import ADMIT, MODEL_QUEUE, WORKFLOW, WORKFLOW_VERSION, as_arguments, register, request
from videoqa.pipeline.indexing import Indexing
from videoqa.ports import IndexRequest, Job, JobState

_QUEUE = "indexing"
_APPLICATION = "videoqa"
_POLL_SECONDS = 0.02
_LOOK_AGAIN_SECONDS = 1.0
_AT_ONCE = 200
_LEAST_ROOM = 4 * 2**20

_JSON = DBOSPortableJSONSerializer()


class Jobs:
    """The jobs of one data directory.

    Args:
        folder: where the locks and, without ``database_url``, the jobs' own SQLite file lie.
        database_url: a PostgreSQL URL, or empty.
        recordings_at_once: how many recordings this process works on side by side.
    """

    def __init__(self, folder: Path, database_url: str, recordings_at_once: int) -> None:
        # What the engine has to say of itself is no business of a user who indexes a file.
        logging.getLogger("dbos").setLevel(logging.ERROR)
        self._folder = folder
        self._url = database_url or f"sqlite:///{folder / 'jobs.sqlite'}"
        self._at_once = recordings_at_once
        give_clock()
        self._slot = Slot(folder)
        with _storage(folder):
            # With less than its files take the engine would wait for room, and never say so.
            if shutil.disk_usage(folder).free < _LEAST_ROOM:
                raise DiskFull(path=folder)
            if not database_url:
                with contextlib.closing(sqlite3.connect(folder / "jobs.sqlite", timeout=30)) as connection:
                    connection.execute("PRAGMA journal_mode=WAL")
            DBOS.migrate(self._url)
            # The slot's name, not the process's: whoever takes the slot recovers what its last holder left behind. On a
            # shared server every folder is a slot of its own, or its holder would do over what another one is doing.
            self._executor = f"slot-{_own_word(folder)}" if database_url else "slot-0"
        self._client = DBOSClient(
            system_database_url=self._url,
            serializer=_JSON,
            application_name=_APPLICATION,
            retry_connection_errors=False,
        )

    def submit(self, requests: Iterable[IndexRequest]) -> tuple[str, ...]:
        """Job ids, one a request. A file that waits or runs already, to be done the same way, keeps the job it has."""
        return tuple(
            self._client.enqueue(
                {
                    "queue_name": _QUEUE,
                    "workflow_name": WORKFLOW,
                    "app_version": WORKFLOW_VERSION,
                    "deduplication_id": _same(each),
                    "duplication_policy": "return-existing",
                },
                as_arguments(each),
            ).get_workflow_id()
            for each in requests
        )

    def jobs(self, ids: Sequence[str]) -> tuple[Job, ...]:
        """The jobs of ``ids`` as they stand, in that order; unknown ones are left out."""
        found: dict[str, Job] = {}
        for first in range(0, len(ids), _AT_ONCE):
            for status in self._client.list_workflows(workflow_ids=list(ids[first : first + _AT_ONCE])):
                found[status.workflow_id] = _job(status)
        return tuple(found[job] for job in ids if job in found)

    def ahead_of(self, ids: Sequence[str]) -> int:
        """How many jobs of earlier or other runs have not ended."""
        open_jobs = self._client.list_workflows(status=["ENQUEUED", "PENDING"], load_input=False, load_output=False)
        return len({job.workflow_id for job in open_jobs} - set(ids))

    def recording_of(self, job_id: str) -> str | None:
        """The id of the recording that a running job works on, as soon as it is known."""
        for step in self._client.list_workflow_steps(job_id):
            if step["function_name"] == ADMIT and isinstance(step["output"], dict):
                return step["output"].get("recording_id")
        return None

    def cancel(self, job_id: str) -> None:
        """Ends the job; one that runs stops within about a second and can be submitted again."""
        self._client.cancel_workflow(job_id)

    @contextlib.contextmanager
    def working(
        self, indexing: Callable[[], Indexing], by_model: Callable[[], Indexing | None]
    ) -> Iterator[Callable[[], bool]]:
        """Does the work of the data directory while the context lasts, where no other process does.

        Args:
            indexing: makes the way of a recording by signals.
            by_model: makes the way past the model; None where there is none, and what waits for one goes on waiting.

        Yields:
            a function to be called now and then: it takes the work over from a process that has gone, and returns
            whether this process works.
        """
        working = False

        def take_over() -> bool:
            nonlocal working
            if not working and self._slot.take():
                self._launch(indexing(), by_model())
                working = True
            return working

        take_over()
        try:
            yield take_over
        finally:
            # The slot is kept until the process ends: work that was cut short may still write on threads here, and
            # whoever had the slot would write the same.
            if working:
                DBOS.destroy(destroy_registry=True)

    def _launch(self, indexing: Indexing, by_model: Indexing | None) -> None:
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_url": self._url,
            "application_version": WORKFLOW_VERSION,
            "executor_id": self._executor,
            "serializer": _JSON,
            "run_migrations": False,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        DBOS(config=config)
        indexing.clear()
        register(indexing, by_model, _Cancelled(self._client))
        queues = [_QUEUE] if by_model is None else [_QUEUE, MODEL_QUEUE]
        DBOS.listen_queues(queues)
        DBOS.launch()
        for name in queues:
            DBOS.register_queue(name, worker_concurrency=self._at_once, polling_interval_sec=_POLL_SECONDS)


class _Cancelled:
    """Whether a workflow was cancelled, looked up at most once a second for each."""

    def __init__(self, client: DBOSClient) -> None:
        self._client = client
        self._looked: dict[str, float] = {}

    def __call__(self, workflow_id: str) -> bool:
        now = monotonic()
        if now - self._looked.get(workflow_id, now - 2 * _LOOK_AGAIN_SECONDS) < _LOOK_AGAIN_SECONDS:
            return False
        self._looked[workflow_id] = now
        return any(
            status.status == "CANCELLED"
            for status in self._client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
        )


@contextlib.contextmanager
def _storage(folder: Path) -> Iterator[None]:
    """One process at a time creates the tables: two at once trip over each other.

    Raises:
        StorageError: they cannot be read or written.
    """
    try:
        with (folder / "jobs.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path=folder) from error
        raise DataUnwritable(path=folder, problem=error.strerror or error) from error
    except (sqlite3.Error, DBAPIError) as error:
        fault = error.orig if isinstance(error, DBAPIError) else error
        if getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise DiskFull(path=folder) from error
        if getattr(fault, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise DamagedDatabase(path=folder / "jobs.sqlite", problem=fault) from error
        raise DataUnwritable(path=folder, problem=fault) from error


def _same(request: IndexRequest) -> str:
    """A word that is equal for two requests for the same."""
    wanted = f"\0{request.prompt}\0{request.again}\0{request.by_model}"
    return hashlib.sha256(os.fsencode(request.path) + wanted.encode("utf-8", "surrogatepass")).hexdigest()


def _own_word(folder: Path) -> str:
    """A word that ``folder`` keeps and no other folder has."""
    place = folder / "executor"
    if not place.exists() or not place.read_text().strip():
        place.write_text(secrets.token_hex(8))
    return place.read_text().strip()


def _job(status: WorkflowStatus) -> Job:
    arguments = status.input["args"] if status.input else ()
    path = request(arguments[0]).path if arguments else ""
    outcome = status.output if isinstance(status.output, dict) else {}
    # What a model looks at was admitted before it was queued.
    admitted = str(arguments[1]["recording_id"]) if arguments[1:] else None
    if status.status in ("ENQUEUED", "DELAYED"):
        return Job(status.workflow_id, path, JobState.WAITING, admitted)
    if status.status == "PENDING":
        return Job(status.workflow_id, path, JobState.RUNNING, admitted)
    if status.status == "CANCELLED" or "cancelled" in outcome:
        return Job(status.workflow_id, path, JobState.CANCELLED, outcome.get("recording_id"))
    if status.status != "SUCCESS" or "failed" in outcome:
        reason = str(outcome.get("failed") or status.error or "it was begun too often and never ended")
        return Job(status.workflow_id, path, JobState.FAILED, outcome.get("recording_id"), reason)
    state = JobState.KNOWN if outcome.get("known") else JobState.INDEXED
    return Job(status.workflow_id, path, state, str(outcome["recording_id"]), model_job=outcome.get("model_job"))
