"""How the parts of the running service are, and how much there is: looked at side by side, none for long."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from indexer.census import census
from videoqa import tracing
from videoqa.bootstrap import House
from videoqa.bootstrap.checks import model_check, speech_check
from videoqa.bootstrap.live import LiveProcess, LiveState
from videoqa.bootstrap.worker import WorkerProcess, WorkerState
from videoqa.cameras import CameraState, CameraStatus
from videoqa.errors import VideoqaError
from videoqa.health import Check, Figures
from videoqa.ports import JobState

if TYPE_CHECKING:
    from videoqa.ports import Job

_PATIENCE_SECONDS = 2.0
_SLOW_SECONDS = 1.0
_GIBIBYTE = 2**30
_SCARCE = 2 * _GIBIBYTE
_COUNTED = 1000
_OPEN = (JobState.WAITING, JobState.RUNNING)
_AWAY = frozenset(CameraState) - {CameraState.ONLINE, CameraState.STARTING, CameraState.OFF}


class Parts:
    """Looks at the parts of ``place``, at its ``worker`` and at what watches its cameras. Safe to use from several
    threads at once.

    ``reserve`` are the bytes of the disk below which no upload is taken.
    """

    def __init__(self, place: House, worker: WorkerProcess, reserve: int, watching: LiveProcess | None = None) -> None:
        self._watching = watching
        self._place = place
        self._worker = worker
        self._reserve = reserve
        self._threads = ThreadPoolExecutor(thread_name_prefix="health")
        self._gpus: tuple[float, str] = (float("-inf"), "")

    def checks(self) -> tuple[Check, ...]:
        """The parts. One that does not answer in time is told so, and not waited for."""
        looks: dict[str, Callable[[], Check]] = {
            "database": self._database,
            "worker": self._working,
            "model": self._model,
            "disk": self._disk,
            "queue": self._queue,
            "cameras": self._cameras,
            "speech": lambda: speech_check(self._place),
        }
        looking = {name: self._threads.submit(look) for name, look in looks.items()}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        looked = []
        for name, future in looking.items():
            try:
                looked.append(future.result(max(0.0, deadline - time.monotonic())))
            except Late:
                detail = f"it has not answered in {_PATIENCE_SECONDS:.0f} s"
                looked.append(Check(name, works=False, detail=detail, broken=name == "database"))
            except VideoqaError as error:
                looked.append(Check(name, works=False, detail=str(error), broken=name == "database"))
        return tuple(looked)

    def figures(self) -> Figures:
        """How much there is."""
        recordings, footage = census(self._place.engine)
        jobs = self._open_jobs()
        usage = shutil.disk_usage(self._place.folder)
        return Figures(
            recordings=recordings,
            footage=footage.total_seconds(),
            jobs={state: sum(job.state is state for job in jobs) for state in _OPEN},
            oldest_waiting=_oldest(jobs),
            disk_free=usage.free,
            disk_size=usage.total,
            worker_up=self._worker.state in (WorkerState.WORKING, WorkerState.WAITING),
            worker_restarts=self._worker.restarts,
            cameras=_counted(self._statuses()),
            live_up=self._watching is not None and self._watching.state in (LiveState.WATCHING, LiveState.WAITING),
            live_restarts=0 if self._watching is None else self._watching.restarts,
            dropped_frames=sum(status.dropped for status in self._statuses()),
            models={"api": tracing.TALLY.counted, "worker": self._worker.tally}
            | ({} if self._watching is None else {"live": self._watching.tally}),
        )

    def _database(self) -> Check:
        begun = time.monotonic()
        recordings, _ = census(self._place.engine)
        took = time.monotonic() - begun
        detail = f"{self._place.engine.dialect.name}, {sum(recordings.values())} recordings, {1000 * took:.0f} ms"
        return Check("database", works=took < _SLOW_SECONDS, detail=detail, remedy="see what else keeps its disk busy")

    def _working(self) -> Check:
        worker = self._worker
        restarts = f"; it was begun again {worker.restarts} times" if worker.restarts else ""
        match worker.state:
            case WorkerState.WORKING:
                return Check("worker", works=True, detail=f"at work{restarts}")
            case WorkerState.WAITING:
                return Check("worker", works=True, detail="another videoqa works in this data directory")
            case WorkerState.STARTING:
                return Check("worker", works=False, detail="it is starting")
        remedy = "see the log for why it ended; it is begun again by itself"
        return Check("worker", works=False, detail=f"there is none{restarts}", remedy=remedy, broken=True)

    def _cameras(self) -> Check:
        statuses = self._statuses()
        if not statuses:
            return Check("cameras", works=False, detail="there are none", off=True)
        state = LiveState.DOWN if self._watching is None else self._watching.state
        if state in (LiveState.DOWN, LiveState.STARTING):
            remedy = "see the log for why nobody watches them; that is begun again by itself"
            told = "nobody watches them yet" if state is LiveState.STARTING else "nobody watches them"
            return Check("cameras", works=False, detail=told, remedy=remedy, broken=state is LiveState.DOWN)
        online = sum(status.state is CameraState.ONLINE for status in statuses)
        wrong = [f"{status.camera} is {status.state}" for status in statuses if status.state in _AWAY]
        wrong += [
            f"{each.camera}: {each.problem}" for each in statuses if each.state is CameraState.ONLINE and each.problem
        ]
        away = ", ".join(wrong)
        detail = f"{online} of {len(statuses)} online" + (f"; {away}" if away else "")
        return Check("cameras", works=not away, detail=detail, remedy="`videoqa camera show` tells what is wrong")

    def _statuses(self) -> tuple[CameraStatus, ...]:
        """How the cameras are that are switched on."""
        cameras = self._place.cameras
        wanted = [camera for camera in cameras.cameras() if camera.enabled]
        now = datetime.now(UTC)
        return tuple(
            cameras.status(camera.id) or CameraStatus(camera.id, CameraState.STARTING, now) for camera in wanted
        )

    def _model(self) -> Check:
        check = model_check(self._place)
        memory = self._gpu_memory()
        if not memory:
            return check
        return Check(
            check.name, check.works, f"{check.detail}; {memory}", check.remedy, broken=check.broken, off=check.off
        )

    def _gpu_memory(self) -> str:
        """Looked up at most every ten seconds: the driver's own program takes a while."""
        looked, told = self._gpus
        if time.monotonic() - looked > 10:
            from videoqa.serving.gpus import gpus

            told = ", ".join(
                f"GPU {gpu.index}: {gpu.used / _GIBIBYTE:.1f} of {gpu.memory / _GIBIBYTE:.1f} GiB" for gpu in gpus()
            )
            self._gpus = (time.monotonic(), told)
        return told

    def _disk(self) -> Check:
        usage = shutil.disk_usage(self._place.folder)
        detail = f"{usage.free / _GIBIBYTE:.1f} of {usage.total / _GIBIBYTE:.1f} GiB free"
        remedy = "remove recordings, or set VIDEOQA_DATA_DIR to a larger disk"
        if usage.free <= self._reserve:
            return Check("disk", works=False, detail=f"{detail}; no upload is taken", remedy=remedy, broken=True)
        return Check("disk", works=usage.free > self._reserve + _SCARCE, detail=detail, remedy=remedy)

    def _queue(self) -> Check:
        jobs = self._open_jobs()
        counts = {state: sum(job.state is state for job in jobs) for state in _OPEN}
        told = ", ".join(f"{count} {state}" for state, count in counts.items())
        more = " of the youngest" if len(jobs) == _COUNTED else ""
        oldest = f", the oldest for {_oldest(jobs):.0f} s" if counts[JobState.WAITING] else ""
        return Check("queue", works=True, detail=f"{told}{more}{oldest}")

    def _open_jobs(self) -> tuple[Job, ...]:
        return self._place.jobs.page(_OPEN, limit=_COUNTED)


def _counted(statuses: tuple[CameraStatus, ...]) -> dict[str, int]:
    return {state: sum(status.state is state for status in statuses) for state in CameraState}


def _oldest(jobs: tuple[Job, ...]) -> float:
    now = datetime.now(UTC)
    waits = [now - job.created_at for job in jobs if job.state is JobState.WAITING and job.created_at is not None]
    return max((wait.total_seconds() for wait in waits), default=0.0)
