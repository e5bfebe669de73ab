"""What a job costs beside decoding and analysing: queueing, steps, spooling, planning, the timeline, the archive."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bench.figure import Figure
from indexer.archive import SqlArchive
from indexer.database import open_database
from indexer.search.hybrid import HybridSearch
from ingest.identity import LocalFiles
from ingest.spool import DiskSpool
from videoqa.events import Observation, Source
from videoqa.jobs.queue import Jobs
from videoqa.jobs.worker import Worker
from videoqa.media import Cue, Frame, FrameGroup, Picture, Sampling, Span
from videoqa.passages import passages
from videoqa.pipeline.indexing import Indexing
from videoqa.ports import (
    AnalysisKind,
    Brief,
    Checkpoint,
    IndexRequest,
    Job,
    JobState,
    Look,
    MediaFacts,
    Pictures,
    Sampled,
    Unread,
    VideoFacts,
)
from videoqa.testing.search import LetterEmbedder
from videoqa.timeline.timeline import EventTimeline

_SECOND = timedelta(seconds=1)
_GROUPS, _MANY = 300, 3000
_FEW = 5
_PICTURE = Picture(64, 32, bytes(64 * 32 * 3))


def figures(full: bool) -> list[Figure]:
    groups = _MANY if full else _GROUPS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        engine = open_database(folder / "videoqa.sqlite")
        search = HybridSearch(engine, LetterEmbedder(), folder / "search")
        jobs = Jobs(folder)
        reader = _Reader()
        way = Indexing(
            files=LocalFiles(),
            reader=reader,
            cues=_NoCues(),
            spool=DiskSpool(folder / "spool", 2**30),
            analyser=_Analyser(),
            timeline=EventTimeline(),
            passages=passages,
            archive=SqlArchive(engine, lambda: search),
            workers=2,
        )
        with Worker(jobs, 1, timedelta(days=1)).working(lambda: way, lambda: None):
            small = [_timed(jobs, reader, folder / f"small-{number}.mp4", 1)[0] for number in range(_FEW)]
            wall, work = _timed(jobs, reader, folder / "large.mp4", groups)
        engine.dispose()
    each = 1000 * wall / groups
    return [
        Figure(
            "a job's own work for each group",
            each,
            "ms",
            "<= 10 ms",
            each <= 10,
            f"{groups} groups in {wall:.1f} s, {1000 * work / groups:.1f} ms of a processor each",
        ),
        Figure("a job of one group, from submission to its end", 1000 * statistics.median(small), "ms", "", None),
    ]


def _timed(jobs: Jobs, reader: _Reader, path: Path, groups: int) -> tuple[float, float]:
    """Seconds on the clock and on the processors from submission to the end."""
    reader.length = groups
    path.write_text(path.name)
    began, worked = time.monotonic(), time.process_time()
    (job_id,) = jobs.submit([IndexRequest(str(path))])
    while not (job := _job(jobs, job_id)).state.ended:
        time.sleep(0.1 if groups > 1 else 0.005)
    if job.state is not JobState.INDEXED:
        raise RuntimeError(f"{job.state}: {job.reason}")
    return time.monotonic() - began, time.process_time() - worked


def _job(jobs: Jobs, job_id: str) -> Job:
    (job,) = jobs.jobs([job_id])
    return job


class _Reader:
    """Footage that costs nothing to decode: a picture each second for ``length`` of them."""

    fingerprint = "bench"
    length = 1

    def probe(self, path: str) -> MediaFacts:
        return MediaFacts(self.length * _SECOND, VideoFacts(64, 32, "h264"), None, None, ())

    @contextmanager
    def survey(
        self, path: str, sampling: Sampling, *, gated: bool = True, since: Checkpoint | None = None
    ) -> Iterator[Iterator[Sampled | Unread]]:
        frames = (Frame(number * _SECOND, _PICTURE) for number in range(self.length))
        yield (
            Sampled(frame.pts, frame, Checkpoint(frame.pts, b"gate") if not frame.pts.seconds % 60 else None)
            for frame in frames
        )


class _NoCues:
    def beside(self, path: str, recording_id: str) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        return (), ()

    def bring(self, path: str, recording_id: str) -> tuple[str, ...]:
        return ()


class _Analyser:
    """Sees something else in each group, at once."""

    kind = AnalysisKind.SIGNALS
    seen_by = "bench"
    in_turn = False
    fingerprint = "bench"
    sampling = Sampling()

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:

        return tuple(FrameGroup(number, Span(pts, pts + _SECOND), (pts,)) for number, pts in enumerate(times))

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        return Look((Observation(f"thing {group.number}", "It is there.", Source.MOTION, group.times, 0.9),))
