"""What every queue of jobs does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from videoqa.errors import JobUnderWay, UnknownJob
from videoqa.jobs.queue import Jobs
from videoqa.ports import IndexRequest, JobQueue, JobState
from videoqa.testing.jobs import MemoryJobQueue


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobQueue]:
    if request.param == "memory":
        yield MemoryJobQueue()
        return
    jobs = Jobs(tmp_path, request.getfixturevalue("postgresql") if request.param == "postgresql" else "")
    client = jobs._client()
    client.delete_workflows([each.workflow_id for each in client.list_workflows()])
    yield jobs
    jobs.close()


def test_what_was_handed_in_waits(queue: JobQueue) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    (job_id,) = queue.submit([IndexRequest("/in/é.mp4", recording_id="cafe", owner="gate")])
    (job,) = queue.jobs([job_id])
    assert (job.id, job.path, job.state, job.recording_id) == (job_id, "/in/é.mp4", JobState.WAITING, "cafe")
    assert (job.owner, job.reason, job.by_model, job.model_job) == ("gate", None, False, None)
    assert job.created_at is not None
    assert job.updated_at is not None
    assert before < job.created_at <= job.updated_at + timedelta(seconds=1)


def test_what_waits_already_keeps_its_job(queue: JobQueue) -> None:
    asked = IndexRequest("/in/a.mp4", recording_id="cafe")
    assert queue.submit([asked, asked]) == queue.submit([asked]) * 2


@pytest.mark.parametrize(
    "other",
    [
        IndexRequest("/in/b.mp4", recording_id="cafe"),
        IndexRequest("/in/a.mp4", recording_id="beef"),
        IndexRequest("/in/a.mp4", recording_id="cafe", prompt="vans"),
        IndexRequest("/in/a.mp4", recording_id="cafe", again=True),
        IndexRequest("/in/a.mp4", recording_id="cafe", by_model=True),
    ],
)
def test_what_is_to_be_done_otherwise_is_another_job(queue: JobQueue, other: IndexRequest) -> None:
    one, two = queue.submit([IndexRequest("/in/a.mp4", recording_id="cafe"), other])
    assert one != two


def test_jobs_come_in_the_order_asked_for_and_unknown_ones_are_left_out(queue: JobQueue) -> None:
    one, two = queue.submit([IndexRequest("/in/a.mp4"), IndexRequest("/in/b.mp4")])
    assert [job.id for job in queue.jobs([two, "nobody", one])] == [two, one]
    assert queue.jobs([]) == ()


def test_pages_hold_every_job_once_the_youngest_first(queue: JobQueue) -> None:
    ids = [*queue.submit(IndexRequest(f"/in/{number}.mp4") for number in range(25))]
    found: list[str] = []
    while page := queue.page(after=found[-1] if found else None, limit=7):
        assert len(page) <= 7
        found.extend(job.id for job in page)
    assert sorted(found) == sorted(ids)
    made = [job.created_at for job in queue.jobs(found)]
    assert made == sorted(made, key=lambda at: at or datetime.min.replace(tzinfo=UTC), reverse=True)


def test_a_page_holds_jobs_of_the_wanted_states_alone(queue: JobQueue) -> None:
    one, two, three = queue.submit(IndexRequest(f"/in/{number}.mp4") for number in range(3))
    queue.cancel(two)
    assert {job.id for job in queue.page([JobState.WAITING])} == {one, three}
    assert [job.id for job in queue.page([JobState.CANCELLED, JobState.FAILED])] == [two]
    assert queue.page([JobState.RUNNING, JobState.INDEXED, JobState.KNOWN]) == ()


def test_a_page_behind_an_unknown_job_is_refused(queue: JobQueue) -> None:
    with pytest.raises(UnknownJob):
        queue.page(after="nobody")


def test_the_jobs_of_a_recording_are_found(queue: JobQueue) -> None:
    ids = queue.submit(IndexRequest("/in/a.mp4", recording_id="cafe", prompt=prompt) for prompt in ("a", "b"))
    queue.submit([IndexRequest("/in/a.mp4", recording_id="cafe2"), IndexRequest("/in/c.mp4")])
    assert {job.id for job in queue.of_recording("cafe")} == set(ids)
    assert queue.of_recording("beef") == ()
    assert queue.recording_of(ids[0]) == "cafe"


def test_what_a_mere_file_is_shows_only_when_it_is_worked_on(queue: JobQueue) -> None:
    (job_id,) = queue.submit([IndexRequest("/in/a.mp4")])
    assert queue.recording_of(job_id) is None
    assert queue.recording_of("nobody") is None


def test_a_cancelled_job_has_ended_and_may_be_handed_in_again(queue: JobQueue) -> None:
    asked = IndexRequest("/in/a.mp4", recording_id="cafe")
    (job_id,) = queue.submit([asked])
    queue.cancel(job_id)
    queue.cancel(job_id)
    (job,) = queue.jobs([job_id])
    assert job.state is JobState.CANCELLED
    assert job.state.ended
    (other,) = queue.submit([asked])
    assert other != job_id


def test_to_cancel_what_is_not_there_is_nothing(queue: JobQueue) -> None:
    queue.cancel("nobody")
    assert queue.page() == ()


def test_a_retried_job_asks_for_the_same(queue: JobQueue) -> None:
    asked = IndexRequest("/in/\udcff.mp4", "é", None, "vans", True, True, "cafe", 3, "gate")
    (job_id,) = queue.submit([asked])
    queue.cancel(job_id)
    again = queue.retry(job_id)
    assert again != job_id
    (job,) = queue.jobs([again])
    assert (job.path, job.state, job.recording_id, job.owner) == (asked.path, JobState.WAITING, "cafe", "gate")
    assert queue.submit([asked]) == (again,)
    assert queue.retry(job_id) == again


def test_only_what_has_ended_is_retried(queue: JobQueue) -> None:
    (job_id,) = queue.submit([IndexRequest("/in/a.mp4")])
    with pytest.raises(JobUnderWay):
        queue.retry(job_id)
    with pytest.raises(UnknownJob):
        queue.retry("nobody")
