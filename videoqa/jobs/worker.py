"""Carries out the jobs of a data directory, in one process at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from time import monotonic

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from videoqa.jobs.queue import APPLICATION, MODEL_QUEUE, QUEUE, VERSION, Jobs
from videoqa.jobs.slots import Slot
from videoqa.jobs.workflow import register
from videoqa.pipeline.indexing import Indexing

_POLL_SECONDS = 0.02
_LOOK_AGAIN_SECONDS = 1.0


class Worker:
    """Works on ``jobs``, at most ``recordings_at_once`` of them side by side."""

    def __init__(self, jobs: Jobs, recordings_at_once: int) -> None:
        self._jobs = jobs
        self._at_once = recordings_at_once
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
        indexing.clear()
        register(indexing, by_model, _Cancelled(self._jobs), lambda asked: self._jobs.number(MODEL_QUEUE, asked))
        queues = [QUEUE] if by_model is None else [QUEUE, MODEL_QUEUE]
        DBOS.listen_queues(queues)
        DBOS.launch()
        for name in queues:
            DBOS.register_queue(name, worker_concurrency=self._at_once, polling_interval_sec=_POLL_SECONDS)


class _Cancelled:
    """Whether a workflow was cancelled, looked up at most once a second for each."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._looked: dict[str, float] = {}

    def __call__(self, workflow_id: str) -> bool:
        now = monotonic()
        if now - self._looked.get(workflow_id, now - 2 * _LOOK_AGAIN_SECONDS) < _LOOK_AGAIN_SECONDS:
            return False
        self._looked[workflow_id] = now
        return self._jobs.is_cancelled(workflow_id)
