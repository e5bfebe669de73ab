"""Jobs that ended long ago are forgotten; what waits or runs is not, however old it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from videoqa.jobs.queue import Jobs
from videoqa.ports import IndexRequest


def test_what_ended_before_then_is_forgotten_with_all_that_was_kept_of_it(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    ended = jobs.submit(IndexRequest(f"/in/{number}.mp4", recording_id=f"r{number}") for number in range(250))
    (waits,) = jobs.submit([IndexRequest("/in/w.mp4")])
    for job in ended:
        jobs.cancel(job)
    assert jobs.prune(datetime.now(UTC) - timedelta(days=1)) == 0
    assert len(jobs.jobs(ended)) == 250
    assert jobs.prune(datetime.now(UTC) + timedelta(seconds=1)) == 250
    assert [job.id for job in jobs.page(limit=1000)] == [waits]
    jobs.close()
