"""A day before a camera, played as fast as it can be looked at: what watches it does not grow."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.comings import HEIGHT, WIDTH, comings
from videoqa.alerting.room import Room
from videoqa.alerting.watching import Watching
from videoqa.alerts import AlertRule, AlertState, Condition, ConditionKind
from videoqa.bootstrap import House
from videoqa.cameras import Camera, CameraState, ClockSource, StreamUrl
from videoqa.media import Frame, Picture, RecordingState
from videoqa.ports import AlertFilter, LiveFrame, LiveItem, Lost, RecordingFilter, RolledOver, Tuned
from videoqa.settings import Settings

BEGINS = datetime(2026, 11, 20, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ROLL, PASSES_EVERY, CUT_EVERY = 10 * MINUTE, 5 * MINUTE, 55 * MINUTE
SHORT, SOAK = 24 * MINUTE, timedelta(hours=24)
GATE = Camera("gate", "gate", StreamUrl("rtsp://10.0.0.7/"), BEGINS)
RULE = AlertRule("moves", "moves", Condition(ConditionKind.MOTION), BEGINS, cooldown=timedelta(0))
MEBIBYTE = 2**20


class Day:
    """A camera before which something goes by every five minutes, and whose line is cut now and then."""

    def __init__(self, clip: Path, lasts: timedelta) -> None:
        self.now = BEGINS
        self.sizes: list[int] = []
        self._clip = clip
        self._ends = BEGINS + lasts
        chance = np.random.default_rng(3)
        coarse = chance.integers(90, 150, (HEIGHT // 16, WIDTH // 16, 3))
        self._empty = np.kron(coarse, np.ones((16, 16, 1))).astype(np.uint8)

    @contextmanager
    def session(
        self, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
    ) -> Iterator[Iterator[LiveItem]]:
        yield self._items(path_of, stop)

    def _items(self, path_of: Callable[[datetime], str], stop: Callable[[], bool]) -> Iterator[LiveItem]:
        begun = self._record(path_of)
        cut = BEGINS + ((begun - BEGINS) // CUT_EVERY + 1) * CUT_EVERY
        yield Tuned(WIDTH, HEIGHT, "h264", begun, ClockSource.RTCP)
        while self.now < cut and not stop():
            if self.now - begun >= ROLL:
                length, begun = self.now - begun, self._record(path_of)
                self.sizes.append(_resident())
                yield RolledOver("", length, begun, ClockSource.RTCP)
            yield LiveFrame(Frame(self.now - begun, self._picture()), self.now)
            self.now += SECOND
            if self.now >= self._ends:
                self.watching.stop("the day is over", for_good=True)
        state = CameraState.OFF if stop() else CameraState.OFFLINE
        yield Lost(state, "" if stop() else "cut", self.now, self.now - begun)
        self.now += 10 * SECOND

    watching: Watching

    def _record(self, path_of: Callable[[datetime], str]) -> datetime:
        path = Path(path_of(self.now))
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._clip, path)
        return self.now

    def _picture(self) -> Picture:
        image = self._empty.copy()
        passed = (self.now - BEGINS) % PASSES_EVERY - 2 * MINUTE
        if timedelta(0) <= passed < 10 * SECOND:
            left = round(passed / (10 * SECOND) * (WIDTH - 48))
            image[80:160, left : left + 48] = 250
        return Picture(WIDTH, HEIGHT, image.tobytes())


@pytest.mark.timeout(3600)
def test_a_day_before_a_camera_leaves_memory_flat(
    tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    lasts = SOAK if request.config.getoption("--soak") else SHORT
    place = House(Settings(data_dir=tmp_path / "data"))
    day = Day(comings(tmp_path / "clip.mp4", 2, []), lasts)
    place.cameras.add(GATE)
    place.rules.add(RULE)
    room = Room(
        source=day,
        archive=place.archive,
        cameras=place.cameras,
        log=place.alert_log,
        sentries=place.sentries,
        closing=place.closing,
        path_of=lambda camera, start: str(place.folder / "cameras" / camera / f"{start:%Y%m%dT%H%M%S.%fZ}.mp4"),
        show=place.snapshots.keep,
        ended=place.closing.close,
        now=lambda: day.now,
    )
    day.watching = Watching(GATE, room, place.rules.rules)
    threads, descriptors = _threads(), _descriptors()
    day.watching.run()
    alerts = place.alert_log.alerts(AlertFilter(), limit=1000)
    assert len(alerts) == (lasts - 2 * MINUTE) // PASSES_EVERY + 1
    assert {alert.state for alert in alerts} == {AlertState.ENDED}
    assert len({alert.start for alert in alerts}) == len(alerts)
    recordings = place.archive.page(RecordingFilter(camera="gate"), limit=1000)
    assert {recording.state for recording in recordings} == {RecordingState.QUEUED}
    grown = [size - day.sizes[0] for size in day.sizes[1:]]
    figures = {
        "hours": lasts / timedelta(hours=1),
        "alerts": len(alerts),
        "recordings": len(recordings),
        "grown_mib": round(max(grown) / MEBIBYTE, 1),
        "grown_in_second_half_mib": round((day.sizes[-1] - day.sizes[len(day.sizes) // 2]) / MEBIBYTE, 1),
    }
    record_property("figures", figures)
    print(figures)
    assert max(grown) < 64 * MEBIBYTE, "what the first recording loads is loaded once"
    assert figures["grown_in_second_half_mib"] < 16
    gc.collect()
    assert _threads() <= threads + 4
    assert _descriptors() <= descriptors + 12


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
