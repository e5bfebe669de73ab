"""A queue of jobs in memory, which nobody works on but the test."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from videoqa.errors import JobUnderWay, UnknownJob
from videoqa.ports import IndexRequest, Job, JobState


class MemoryJobQueue:
    """Implements ``JobQueue``. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._kept: dict[str, _Kept] = {}

    def submit(self, requests: Iterable[IndexRequest]) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._waiting(each) or self._begin(each) for each in requests)

    def jobs(self, ids: Sequence[str]) -> tuple[Job, ...]:
        with self._lock:
            return tuple(self._kept[each].job for each in ids if each in self._kept)

    def page(
        self, states: Sequence[JobState] | None = None, after: str | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        with self._lock:
            ids = list(reversed(self._kept))
            if after is not None:
                self._one(after)
                ids = ids[ids.index(after) + 1 :]
            found = (self._kept[each].job for each in ids)
            return tuple(itertools.islice((job for job in found if states is None or job.state in states), limit))

    def of_recording(self, recording_id: str) -> tuple[Job, ...]:
        with self._lock:
            every = (kept.job for kept in reversed(self._kept.values()))
            return tuple(job for job in every if job.recording_id == recording_id)

    def recording_of(self, job_id: str) -> str | None:
        with self._lock:
            kept = self._kept.get(job_id)
            return None if kept is None else kept.job.recording_id

    def cancel(self, job_id: str) -> None:
        with self._lock:
            if job_id in self._kept and not self._kept[job_id].job.state.ended:
                self.become(job_id, JobState.CANCELLED)

    def retry(self, job_id: str) -> str:
        with self._lock:
            kept = self._one(job_id)
            if not kept.job.state.ended:
                raise JobUnderWay(name=job_id)
            return self._waiting(kept.request) or self._begin(kept.request)

    def request(self, job_id: str) -> IndexRequest:
        """What a job was asked to do."""
        with self._lock:
            return self._one(job_id).request

    def become(
        self, job_id: str, state: JobState, *, recording_id: str | None = None, reason: str | None = None
    ) -> None:
        """Has the job go on to ``state``, as whoever works on it would."""
        with self._lock:
            kept = self._one(job_id)
            known = recording_id or kept.job.recording_id
            kept.job = replace(kept.job, state=state, recording_id=known, reason=reason, updated_at=datetime.now(UTC))

    def _waiting(self, request: IndexRequest) -> str | None:
        same = _same(request)
        waiting = (kept.job for kept in self._kept.values() if _same(kept.request) == same)
        return next((job.id for job in waiting if not job.state.ended), None)

    def _begin(self, request: IndexRequest) -> str:
        now = datetime.now(UTC)
        job = Job(
            id=f"job-{next(self._numbers):06}",
            path=request.path,
            state=JobState.WAITING,
            recording_id=request.recording_id,
            by_model=False,
            owner=request.owner,
            created_at=now,
            updated_at=now,
        )
        self._kept[job.id] = _Kept(request, job)
        return job.id

    def _one(self, job_id: str) -> _Kept:
        if job_id not in self._kept:
            raise UnknownJob(name=job_id)
        return self._kept[job_id]


@dataclass(slots=True)
class _Kept:
    """A job, and what it was asked to do."""

    request: IndexRequest
    job: Job


def _same(request: IndexRequest) -> tuple[str, str | None, bool, bool, str | None, str]:
    return request.path, request.prompt, request.again, request.by_model, request.recording_id, request.subtitles
