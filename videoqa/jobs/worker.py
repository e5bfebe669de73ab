"""Carries out the jobs of a data directory, in one process at a time."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from videoqa.errors import StorageError
from videoqa.jobs.queue import APPLICATION, MODEL_QUEUE, QUEUE, VERSION, Jobs
from videoqa.jobs.slots import Slot
from videoqa.jobs.workflow import register
from videoqa.pipeline.indexing import Indexing

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 0.5
_PRUNE_SECONDS = 3600.0


class Worker:
    """Works on ``jobs``, at most ``recordings_at_once`` of them side by side.

    Jobs that ended longer ago than ``kept`` are forgotten.
    """

    def __init__(self, jobs: Jobs, recordings_at_once: int, kept: timedelta) -> None:
        self._jobs = jobs
        self._at_once = recordings_at_once
        self._kept = kept
        self._pruned_at = -inf
        self._slot = Slot(jobs.storage.folder)

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
            if working and monotonic() - self._pruned_at > _PRUNE_SECONDS:
                self._prune()
            return working

        self._jobs.open()
        take_over()
        try:
            yield take_over
        finally:
            # The slot is kept until the process ends: work that was cut short may still write on threads here, and
            # whoever had the slot would write the same.
            if working:
                DBOS.destroy(destroy_registry=True)

    def _prune(self) -> None:
        self._pruned_at = monotonic()
        try:
            self._jobs.prune(datetime.now(UTC) - self._kept)
        except StorageError as error:
            _log.warning("jobs that ended long ago are not forgotten now: %s", error)

    def _launch(self, indexing: Indexing, by_model: Indexing | None) -> None:
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": self._jobs.storage.url,
            "application_version": VERSION,
            "executor_id": self._jobs.storage.executor,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        DBOS(config=config)
        indexing.settle(self._jobs.recordings_under_way())
        register(
            indexing,
            by_model,
            lambda job_id: _Stop(self._jobs, job_id),
            lambda asked: self._jobs.number(MODEL_QUEUE, asked),
        )
        queues = [QUEUE] if by_model is None else [QUEUE, MODEL_QUEUE]
        DBOS.listen_queues(queues)
        DBOS.launch()
        for name in queues:
            DBOS.register_queue(name, worker_concurrency=self._at_once, polling_interval_sec=_POLL_SECONDS)


class _Stop:
    """Whether a job was cancelled, looked up twice a second at most."""

    def __init__(self, jobs: Jobs, job_id: str) -> None:
        self._jobs = jobs
        self._id = job_id
        self._looked_at = -inf
        self._cancelled = False

    def __call__(self) -> bool:
        if not self._cancelled and monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS:
            self._looked_at = monotonic()
            self._cancelled = self._jobs.is_cancelled(self._id)
        return self._cancelled
