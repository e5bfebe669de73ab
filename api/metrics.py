"""What Prometheus is told of the service. No label is made of what a user has sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.auth import Viewer
from api.threads import in_thread
from videoqa.cameras import CameraState
from videoqa.errors import UnlimitedNeeded
from videoqa.health import Figures
from videoqa.media import RecordingState
from videoqa.ports import JobState

router = APIRouter(tags=["health"])
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UPLOADING = frozenset({"/v1/recordings", "/v1/uploads", "/v1/uploads/{upload_id}"})
_CREATED = 201
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_LOOK_SECONDS = 0.25
_STANDING = tuple(state for state in CameraState if state is not CameraState.REMOVED)
_FRESH_SECONDS = 2.0


class Metrics:
    """The figures of this process, in a registry of their own, and those that ``figures`` gives when they are asked."""

    def __init__(self, figures: Callable[[], Figures]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry(auto_describe=False)
        told = ("route", "method", "status")
        made = self._registry
        self._requests = Counter("videoqa_requests", "Requests that were answered.", told, registry=made)
        self._seconds = Histogram(
            "videoqa_request_seconds", "How long they took.", ("route",), buckets=_SECONDS, registry=made
        )
        self._received = Counter("videoqa_received_bytes", "Bytes of bodies that came.", registry=made)
        self._sent = Counter("videoqa_sent_bytes", "Bytes of bodies that were sent.", registry=made)
        self._uploads = Counter("videoqa_uploads", "Recordings that were brought.", registry=made)
        self._uploaded = Counter("videoqa_uploaded_bytes", "Bytes of footage that came.", registry=made)
        self.followers = Gauge("videoqa_followers", "Streams of events under way.", registry=made)
        self._lag = Histogram(
            "videoqa_event_loop_lag_seconds", "How late the event loop was.", buckets=_LAGS, registry=made
        )
        built = Gauge("videoqa_build", "The version that runs.", ("version",), registry=made)
        built.labels(version("videoqa")).set(1)
        self._registry.register(_Asked(figures))

    def method(self, given: str) -> str:
        """``given``, or a word for what nobody sends but to fill a table."""
        return given if given in _METHODS else "other"

    def request(self, route: str, method: str, status: int, *, seconds: float, received: int, sent: int) -> None:
        """Counts a request to the route as it is written, not as it was asked."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._received.inc(received)
        self._sent.inc(sent)
        if route in _UPLOADING and received:
            self._uploaded.inc(received)
        if route == "/v1/recordings" and method == "POST" and status == _CREATED:
            self._uploads.inc()

    async def watch_loop(self) -> None:
        """Measures how late the event loop is, until it is cancelled."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(_LOOK_SECONDS)
            self._lag.observe(max(0.0, time.perf_counter() - begun - _LOOK_SECONDS))

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Asked(Collector):
    """The figures that are looked up when somebody asks, and not again within moments."""

    def __init__(self, figures: Callable[[], Figures]) -> None:
        self._figures = figures
        self._known = Figures()
        self._looked = float("-inf")

    def collect(self) -> Iterable[Metric]:
        if time.monotonic() - self._looked > _FRESH_SECONDS:
            self._known = self._figures()
            self._looked = time.monotonic()
        return _told(self._known)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def show_metrics(*, request: Request, caller: Viewer) -> Response:
    """The figures of the service, as Prometheus reads them. They are of everybody's: a limited key is refused."""
    if not caller.scope.everything:
        raise UnlimitedNeeded(name=caller.name)
    metrics: Metrics = request.app.state.metrics
    return Response(await in_thread(metrics.text), media_type=CONTENT_TYPE_LATEST)


def _told(known: Figures) -> Iterable[Metric]:
    yield _by_state("videoqa_recordings", "Recordings.", known.recordings, RecordingState)
    yield _by_state("videoqa_jobs", "Jobs that have not ended.", known.jobs, (JobState.WAITING, JobState.RUNNING))
    yield _gauge("videoqa_footage_seconds", "Footage that is kept.", known.footage)
    yield _gauge("videoqa_oldest_waiting_job_seconds", "How long the oldest job has waited.", known.oldest_waiting)
    yield _gauge("videoqa_disk_free_bytes", "What is free in the data directory.", known.disk_free)
    yield _gauge("videoqa_disk_size_bytes", "How large its disk is.", known.disk_size)
    yield _gauge("videoqa_worker_up", "1 where the work is done.", float(known.worker_up))
    yield CounterMetricFamily("videoqa_worker_restarts", "Workers that ended too early.", value=known.worker_restarts)
    yield _by_state("videoqa_cameras", "Cameras that are switched on.", known.cameras, _STANDING)
    yield CounterMetricFamily(
        "videoqa_camera_frames_dropped", "Frames nobody took in time.", value=known.dropped_frames
    )
    yield _gauge("videoqa_live_up", "1 where the cameras are watched.", float(known.live_up))
    yield CounterMetricFamily(
        "videoqa_live_restarts", "Live processes that ended too early.", value=known.live_restarts
    )
    asked = CounterMetricFamily("videoqa_model_requests", "Requests to models.", labels=("process", "outcome"))
    tokens = CounterMetricFamily("videoqa_model_tokens", "Tokens of models.", labels=("process", "direction"))
    seconds = CounterMetricFamily("videoqa_model_seconds", "What requests to models took.", labels=("process",))
    for process, tally in known.models.items():
        asked.add_metric((process, "answered"), tally.answered)
        asked.add_metric((process, "failed"), tally.failed)
        tokens.add_metric((process, "in"), tally.tokens_in)
        tokens.add_metric((process, "out"), tally.tokens_out)
        seconds.add_metric((process,), tally.seconds)
    yield from (asked, tokens, seconds)


def _gauge(name: str, means: str, value: float) -> Metric:
    return GaugeMetricFamily(name, means, value=value)


def _by_state(name: str, means: str, counts: Mapping[str, int], states: Iterable[str]) -> Metric:
    family = GaugeMetricFamily(name, means, labels=("state",))
    for state in states:
        family.add_metric((str(state),), counts.get(state, 0))
    return family
