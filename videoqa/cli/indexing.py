"""The ``index`` command: finds recordings, hands them to the jobs and follows these to their end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from videoqa.bootstrap import House, house
from videoqa.cli import FAILED, FOUND
from videoqa.cli.printing import counted, one_line
from videoqa.errors import NoModel, NoSuchFile, NothingToIndex, OneFileOnly, VideoqaError
from videoqa.pipeline.looking import WAITING
from videoqa.ports import AnalysisKind, IndexRequest, Job, JobState, Usage
from videoqa.times import clock, parse_moment

_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .3gp .3g2 .mj2 .mkv .webm .avi .ts .m2ts .mts .mpegts".split()  # noqa: SIM905  reads better
)
_FORMATS = "MP4, MOV, 3GP, Matroska, WebM, AVI and MPEG-TS"
_LOOK_SECONDS = 0.1
_FOLLOWED = 64


def index_paths(
    paths: Sequence[Path], title: str | None, started_at: str | None, prompt: str | None, *, again: bool
) -> int:
    """Indexes what is in ``paths`` and returns the exit code."""
    found, useless = _found(paths)
    if not found and useless:
        raise next(iter(useless.values()))
    if (title or started_at) and len(found) != 1:
        raise OneFileOnly(count=len(found))
    place = house()
    moment = None if started_at is None else parse_moment(started_at, place.zone)
    if prompt and place.model is None:
        raise NoModel
    with place.worker.working(place.indexing, place.indexing_by_model) as take_over:
        by_model = place.model is not None
        ids = place.jobs.submit(IndexRequest(path, title, moment, prompt, again, by_model) for path in found)
        for folder, problem in useless.items():
            print(f"failed   {one_line(folder)}: {problem}", file=sys.stderr, flush=True)
        _tell_of_others(take_over(), place.jobs.ahead_of(ids))
        failed = _Follower(place, ids).follow(take_over)
    return FAILED if failed or useless else FOUND


def _found(paths: Sequence[Path]) -> tuple[tuple[str, ...], dict[str, VideoqaError]]:
    """Absolute paths: of every file that is named, and in folders of those that look like footage.

    Beside them the folders in which nothing is found, and why.
    """
    found: list[str] = []
    useless: dict[str, VideoqaError] = {}

    def refused(error: OSError) -> None:
        useless[str(error.filename)] = NoSuchFile(problem=error.strerror or error)

    for path in paths:
        # Path.is_dir() raises where a name is too long or a folder above may not be entered; indexing tells of these.
        if not os.path.isdir(path):  # noqa: PTH112
            found.append(os.path.abspath(path))  # noqa: PTH100  resolve() would follow links
            continue
        inside = sorted(
            os.path.abspath(file)  # noqa: PTH100
            for file in _walk(path, refused)
            if file.suffix.lower() in _SUFFIXES
        )
        if not inside:
            useless.setdefault(str(path), NothingToIndex(path=path, formats=_FORMATS))
        found.extend(inside)
    return tuple(dict.fromkeys(found)), useless


def _tell_of_others(working: bool, others: int) -> None:
    """Says what a user would otherwise wonder about: why nothing seems to happen yet."""
    if not working:
        print("note: another videoqa is at work here; it takes these files over", file=sys.stderr, flush=True)
    if others:
        print(f"note: {counted(others, 'job')} of earlier or other runs to be done yet", file=sys.stderr, flush=True)


def _walk(folder: Path, refused: Callable[[OSError], None]) -> Iterator[Path]:
    for here, folders, files in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in files if not name.startswith("."))


class _Follower:
    """Shows how the jobs go, one line for each that ended, a bar for those that run."""

    def __init__(self, place: House, ids: Sequence[str]) -> None:
        self._place = place
        self._waiting = list(ids)
        self._total = len(ids)
        self._failed = 0
        self._names: dict[str, str] = {}
        self._left_since: float | None = None
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )

    def follow(self, take_over: Callable[[], bool]) -> int:
        """Returns how many failed, when all have ended, or wait for a model that does not answer."""
        with self._progress:
            whole = self._progress.add_task("recordings", total=self._total)
            while self._waiting:
                take_over()
                jobs = self._place.jobs.jobs(self._waiting[:_FOLLOWED])
                ended = [job for job in jobs if job.state.ended]
                for job in ended:
                    self._tell(job)
                    self._waiting.remove(job.id)
                    if job.model_job is not None and job.model_job not in self._names:
                        self._names[job.model_job] = one_line(Path(job.path).name)
                        self._waiting.append(job.model_job)
                        self._total += 1
                for job in jobs:
                    self._show(job)
                self._progress.update(whole, completed=self._total - len(self._waiting), total=self._total)
                if self._is_left(jobs):
                    self._tell_left()
                    break
                if not ended:
                    time.sleep(_LOOK_SECONDS)
        return self._failed

    def _is_left(self, jobs: Sequence[Job]) -> bool:
        """True where nothing is left to follow but jobs that have waited for the model for some time."""
        running = [job for job in jobs if job.state is JobState.RUNNING]
        if not jobs or any(job.id not in self._names for job in jobs):
            return False
        stages = [self._place.progress_of(job) for job in running]
        if any(now is None or now.stage != WAITING for now in stages):
            self._left_since = None
            return False
        self._left_since = self._left_since or time.monotonic()
        if time.monotonic() - self._left_since <= self._place.settings.model_patience:
            return False
        # A look under way after an outage is told only when it is done; one that nobody takes up is not waited for.
        if running and self._place.model is not None and self._place.model.server.status().up:
            self._left_since = None
            return False
        return True

    def _tell_left(self) -> None:
        for job in self._waiting:
            if job in self._names:
                print(
                    f"waiting  {self._names[job]}: what signals found is there; the model does not answer", flush=True
                )
        print(
            "note: the model's look goes on with the next `videoqa index`, as soon as the model answers",
            file=sys.stderr,
            flush=True,
        )

    def _show(self, job: Job) -> None:
        if self._progress.disable:
            return
        if job.state.ended and (bar := self._bars.pop(job.id, None)) is not None:
            self._progress.remove_task(bar)
        if job.state is JobState.RUNNING and (now := self._place.progress_of(job)) is not None:
            if job.id not in self._bars:
                self._bars[job.id] = self._progress.add_task("", total=100)
            description = f"{one_line(Path(job.path).name)[:40]} {now.stage}"
            self._progress.update(self._bars[job.id], description=description, completed=round(100 * now.done))

    def _tell(self, job: Job) -> None:
        name = one_line(Path(job.path).name)
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            self._failed += 1
            print(f"failed   {name}: {one_line(job.reason or 'cancelled')}", file=sys.stderr, flush=True)
            return
        recording = self._place.archive.recording(job.recording_id or "")
        if recording is None:
            print(f"removed  {name}", flush=True)
            return
        known = job.state is JobState.KNOWN
        if job.id in self._names:
            self._tell_of_model(job, name)
            return
        also = "" if recording.title == name else f"  (as {one_line(recording.title)}, {recording.id})"
        print(f"{'known' if known else 'indexed':7}  {name}  {clock(recording.length)}{also}", flush=True)
        for problem in () if known else recording.problems:
            print(f"{'':9}note: {one_line(problem)}", flush=True)

    def _tell_of_model(self, job: Job, name: str) -> None:
        analysis = self._place.archive.finished_analysis(job.recording_id or "", AnalysisKind.MODEL)
        if job.state is JobState.KNOWN or analysis is None:
            return
        looks = self._place.archive.looks(analysis.id).values()
        usage = sum((recorded.look.usage for recorded in looks), Usage())
        cost = f", cost {usage.cost:.4f}" if usage.cost else ""
        tokens = f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out{cost}"
        print(f"seen     {name} by {one_line(analysis.seen_by)}: {counted(len(looks), 'look')}, {tokens}", flush=True)
        for reason in (recorded.failure for recorded in looks if recorded.failure is not None):
            print(f"{'':9}note: {one_line(reason)}; it is tried again with the next `videoqa index`", flush=True)
