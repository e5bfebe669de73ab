"""A camera's life, on a source that plays what the test has written."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.identity import LocalFiles
from videoqa.alerting.closing import Closing
from videoqa.alerting.room import Room
from videoqa.alerting.session import NO_ROOM
from videoqa.alerting.watching import NOT_KEPT, NOT_RUNNING, STOPPED, SWITCHED_OFF, Watching
from videoqa.alerts import Alert, AlertRule, AlertState, Condition, ConditionKind, Notice, NoticeKind
from videoqa.cameras import Camera, CameraState, ClockSource, StreamUrl
from videoqa.errors import DiskFull, NotFootage
from videoqa.events import Usage
from videoqa.media import ZERO, CoverageState, Frame, Picture, Recording, RecordingState, Span
from videoqa.passages import passages
from videoqa.ports import (
    AnalysisKind,
    LiveFrame,
    LiveItem,
    Looked,
    LookedAway,
    Lost,
    MediaFacts,
    RecordingFilter,
    RolledOver,
    Sighting,
    Tuned,
)
from videoqa.testing.alert_log import MemoryAlertLog
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.cameras import MemoryCameras
from videoqa.testing.jobs import MemoryJobQueue

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CAMERA = Camera("gate", "Gate", StreamUrl("rtsp://user:word@10.0.0.7/stream"), NOON, tags=("yard",), owner="key")
RULE = AlertRule("moves", "something moves", Condition(ConditionKind.MOTION), NOON)
PICTURE = Picture(32, 32, bytes(32 * 32 * 3))
HERE = Sighting(0.9, "something moves", identity="a cat")


def at(seconds: float) -> datetime:
    return NOON + seconds * SECOND


def frames(start: float, count: int, begins: float | None = None) -> list[LiveItem]:
    """One a second from ``start`` on, in a recording that began at ``begins``."""
    first = start if begins is None else begins
    return [LiveFrame(Frame((start - first + number) * SECOND, PICTURE), at(start + number)) for number in range(count)]


def tuned(start: float) -> Tuned:
    return Tuned(1280, 720, "h264", at(start), ClockSource.RTCP)


@dataclass
class Reader:
    """Finds in a file how many seconds of footage it holds, as text."""

    def probe(self, path: str) -> MediaFacts:
        text = Path(path).read_text()
        if not text:
            raise NotFootage(problem="nothing is in it", formats="none")
        return MediaFacts(float(text) * SECOND, None, None, None, ())


@dataclass
class Source:
    """Plays one script a session. What it records is as long as its last item says."""

    scripts: list[list[LiveItem]]
    world: World
    asked: int = 0

    @contextmanager
    def session(
        self, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
    ) -> Iterator[Iterator[LiveItem]]:
        self.asked += 1
        yield self._items(path_of)

    def _items(self, path_of: Callable[[datetime], str]) -> Iterator[LiveItem]:
        script = self.scripts.pop(0)
        path = Path()
        for item in script:
            match item:
                case Tuned() | RolledOver():
                    if isinstance(item, RolledOver):
                        path.write_text(str(item.length / SECOND))
                    self.world.time = item.started_at
                    path = Path(path_of(item.started_at)) if item.kept else self.world.folder / "not kept"
                    path.touch()
                case LiveFrame():
                    self.world.time = item.taken_at
                    path.write_text(str(item.frame.pts / SECOND + 1))
                case Lost():
                    self.world.time = item.at
                    if item.length is not None:
                        path.write_text(str(item.length / SECOND))
            yield item
        if not self.scripts:
            self.world.watching.stop(self.world.cause, for_good=self.world.for_good)


@dataclass
class Eyes:
    """Sees what the test says, by the wall clock."""

    seen: Callable[[datetime], Looked] = lambda _: Looked()
    begun: int = 0
    usage = Usage()

    def sentry(self, camera: str, period: timedelta, known: Sequence[Alert] = (), *, waiting: bool = False) -> Eyes:
        return self

    def look(self, live: LiveFrame, rules: Collection[AlertRule]) -> Looked:
        return self.seen(live.taken_at)

    def begin(self) -> None:
        self.begun += 1

    def close(self) -> None: ...


@dataclass
class World:
    """Everything that a camera is watched with, in memory; recordings that end are closed at once.

    The clock at the wall is ``ahead`` of the steady one.
    """

    folder: Path
    eyes: Eyes = field(default_factory=Eyes)
    rules: list[AlertRule] = field(default_factory=lambda: [RULE])
    cause: str = STOPPED
    for_good: bool = False
    time: datetime = NOON
    ahead: timedelta = timedelta(0)
    camera: Camera = CAMERA

    def __post_init__(self) -> None:
        self.archive = MemoryArchive()
        self.cameras = MemoryCameras()
        self.cameras.add(self.camera)
        self.log = MemoryAlertLog(self.cameras, self.archive)
        self.jobs = MemoryJobQueue()
        self.shown: list[datetime] = []
        self.unshown: list[datetime] = []
        self.unreadable = set[str]()
        self.not_known: list[str] = []
        self.closing = Closing(
            self.archive,
            Reader(),
            LocalFiles(),
            passages,
            self.jobs,
            self._remove,
            lambda path: path in self.unreadable,
            not_known=lambda recording, _: self.not_known.append(recording.id) or (),
        )

    def watch(self, *scripts: list[LiveItem], before: str = NOT_RUNNING) -> Source:
        source = Source(list(scripts), self)
        room = Room(
            source=source,
            archive=self.archive,
            cameras=self.cameras,
            log=self.log,
            sentries=self.eyes,
            closing=self.closing,
            path_of=lambda camera, start: str(self.folder / f"{camera} {start:%H%M%S}"),
            show=self._show,
            ended=self.closing.close,
            now=lambda: self.time + self.ahead,
            steady=lambda: (self.time - NOON) / SECOND,
            chance=random.Random(7),
        )
        self.watching = Watching(self.camera, room, lambda: self.rules, before)
        self.watching._stop.wait = self._wait  # type: ignore[method-assign]
        self.watching.run()
        return source

    def _show(self, camera: str, picture: Picture, taken_at: datetime) -> None:
        if taken_at in self.unshown:
            raise DiskFull(path="the disk")
        self.shown.append(taken_at)

    def _wait(self, seconds: float | None = None) -> bool:
        self.time += (seconds or 0) * SECOND
        return self.watching._stop.is_set()

    def _remove(self, recording: Recording) -> None:
        Path(recording.source).unlink(missing_ok=True)
        self.archive.remove(recording.id)

    @property
    def recordings(self) -> list[Recording]:
        return sorted(
            self.archive.page(RecordingFilter(camera="gate"), limit=100), key=lambda each: str(each.started_at)
        )

    def told(self, *kinds: NoticeKind) -> list[Notice]:
        return [notice for notice in self.log.notices(0, 1000) if notice.kind in kinds]

    @property
    def states(self) -> list[CameraState]:
        return [notice.status.state for notice in self.told(NoticeKind.CAMERA_STATUS) if notice.status is not None]

    @property
    def gaps(self) -> list[tuple[float, float | None, str]]:
        found = self.cameras.gaps("gate", NOON - timedelta(days=1), NOON + timedelta(days=1))
        return [(_seconds(gap.start), None if gap.end is None else _seconds(gap.end), gap.cause) for gap in found]

    @property
    def alerts(self) -> list[tuple[NoticeKind, str]]:
        every = self.told(NoticeKind.ALERT_NEW, NoticeKind.ALERT_UPDATE, NoticeKind.ALERT_END)
        return [(notice.kind, notice.alert.id) for notice in every if notice.alert is not None]


def _seconds(moment: datetime) -> float:
    return round((moment - NOON) / SECOND, 3)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def lost(when: float, length: float | None, state: CameraState = CameraState.OFFLINE, problem: str = "cut") -> Lost:
    return Lost(state, problem, at(when), None if length is None else length * SECOND)


def test_a_session_is_a_recording_of_its_camera_that_is_searched_when_it_has_ended(world: World) -> None:
    world.watch([tuned(0), *frames(0, 5), lost(5, 5)])
    [recording] = world.recordings
    assert recording.state is RecordingState.QUEUED
    assert (recording.camera, recording.tags, recording.owner, recording.kept) == ("gate", ("yard",), "key", True)
    assert (recording.started_at, recording.length) == (NOON, 5 * SECOND)
    assert not recording.digest.startswith("live:")
    [job] = world.jobs.page()
    request = world.jobs.request(job.id)
    assert (request.recording_id, request.priority, request.owner) == (recording.id, 7, "key")
    assert world.shown == [at(each) for each in range(5)]


def test_a_picture_that_cannot_be_shown_costs_nothing_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.unshown = [at(1), at(2), at(4)]
    source = world.watch([tuned(0), *frames(0, 6), lost(6, 6)])
    assert (source.asked, world.shown) == (1, [at(0), at(3), at(5)])
    assert [each.length for each in world.recordings] == [6 * SECOND]
    assert [record.message for record in caplog.records if "Gate" in record.message] == [
        f"what camera Gate shows cannot be kept: {DiskFull(path='the disk')}"
    ] * 2


def test_a_roll_over_begins_a_recording_where_the_last_one_ended_and_no_gap(world: World) -> None:
    world.watch(
        [
            tuned(0),
            *frames(0, 3),
            RolledOver("", 3 * SECOND, at(3), ClockSource.RTCP),
            *frames(3, 2),
            lost(5, 2, CameraState.OFF, ""),
        ]
    )
    first, second = world.recordings
    assert first.started_at is not None
    assert first.started_at + first.length == second.started_at
    assert second.length == 2 * SECOND
    assert world.gaps == [(5, None, STOPPED)]
    assert world.eyes.begun == 2


def test_a_recording_is_called_as_its_camera_is_when_it_begins(world: World) -> None:
    def rename(when: datetime) -> Looked:
        world.cameras.change(replace(CAMERA, name="The gate"))
        return Looked()

    world.eyes.seen = rename
    over = RolledOver("", 2 * SECOND, at(2), ClockSource.RTCP)
    world.watch([tuned(0), *frames(0, 2), over, *frames(2, 2), lost(4, 2, CameraState.OFF, "")])
    assert [each.title.partition(" 2026")[0] for each in world.recordings] == ["Gate", "The gate"]


def test_while_the_disk_is_full_alerts_go_on_and_the_pause_of_recording_is_told(world: World) -> None:
    world.eyes.seen = lambda when: Looked({"moves": HERE} if when >= at(5) else {})
    problems: list[str] = []

    def tell(script: list[LiveItem]) -> Iterator[LiveItem]:
        for item in script:
            yield item
            status = world.cameras.status("gate")
            problems.append("" if status is None else status.problem)

    full = RolledOver("", 4 * SECOND, at(4), ClockSource.RTCP, kept=False)
    still = RolledOver("", 4 * SECOND, at(8), ClockSource.RTCP, kept=False)
    room = RolledOver("", 4 * SECOND, at(12), ClockSource.RTCP)
    script = [tuned(0), *frames(0, 4), full, *frames(4, 4), still, *frames(8, 4), room, *frames(12, 4), lost(16, 4)]
    world.watch(tell(script))  # type: ignore[arg-type]
    first, second = world.recordings
    assert [(each.started_at, each.length) for each in (first, second)] == [(at(0), 4 * SECOND), (at(12), 4 * SECOND)]
    assert world.gaps == [(4, 12, NO_ROOM), (16, None, "cut")]
    assert [each for number, each in enumerate(problems) if number == 0 or each != problems[number - 1]] == [
        "",
        NO_ROOM,
        "",
        "cut",
    ]
    [new] = world.told(NoticeKind.ALERT_NEW)
    assert new.alert is not None
    assert (new.alert.start, new.alert.recording) == (at(5), "")
    assert len({alert for _, alert in world.alerts}) == 1
    # What is seen of it where it is recorded again is found there.
    assert [event.span.start for event in world.archive.events(second.id)] == [ZERO]
    assert world.states == [CameraState.STARTING, CameraState.ONLINE, CameraState.OFFLINE, CameraState.OFF]


def test_a_recording_of_which_nothing_could_be_written_is_no_footage(world: World) -> None:
    full = RolledOver("", ZERO, at(0), ClockSource.RTCP, kept=False)
    world.watch([tuned(0), full, *frames(0, 4), lost(20, 20)])
    assert world.gaps == [(0, None, NO_ROOM)]


def test_a_session_that_begins_with_a_full_disk_records_nothing_and_says_so(world: World) -> None:
    world.eyes.seen = lambda when: Looked({"moves": HERE})
    world.watch([lost(2, None)], [replace(tuned(4), kept=False), *frames(4, 3), lost(7, 3)])
    assert world.recordings == []
    assert world.gaps == [(4, None, NO_ROOM)]
    assert [kind for kind, _ in world.alerts][:1] == [NoticeKind.ALERT_NEW]
    assert len({alert for _, alert in world.alerts}) == 1
    assert world.shown == [at(4), at(5), at(6)]


def test_every_break_is_a_gap_with_the_cause_it_began_with(world: World) -> None:
    world.watch(
        [tuned(0), *frames(0, 5), lost(7, 5, CameraState.STALLED, "no picture came")],
        [lost(9, None, CameraState.OFFLINE, "nobody answers")],
        [lost(12, None, CameraState.AUTH_FAILED, "the password is wrong")],
        [tuned(30), *frames(30, 3), lost(33, 3)],
    )
    assert world.gaps == [(5, 30, "no picture came"), (33, None, "cut")]
    assert world.states == [
        CameraState.STARTING,
        CameraState.ONLINE,
        CameraState.STALLED,
        CameraState.OFFLINE,
        CameraState.AUTH_FAILED,
        CameraState.ONLINE,
        CameraState.OFFLINE,
        CameraState.OFF,
    ]
    status = world.cameras.status("gate")
    assert status is not None
    assert (status.reconnects, status.recording) == (1, "")


def test_what_was_begun_anew_by_ourselves_is_no_reconnect(world: World) -> None:
    world.cause = ""
    world.watch([tuned(0), *frames(0, 3), lost(3, 3, CameraState.OFF)])
    world.watch([tuned(4), *frames(4, 3), lost(7, 3)], [tuned(9), *frames(9, 3), lost(12, 3, CameraState.OFF)])
    status = world.cameras.status("gate")
    assert status is not None
    assert status.reconnects == 1


def test_a_camera_that_stays_away_is_told_once(world: World) -> None:
    away = [[lost(each, None, CameraState.OFFLINE, f"try {each}")] for each in range(1, 6)]
    world.watch(*away)
    assert world.states == [CameraState.STARTING, CameraState.OFFLINE, CameraState.OFF]
    assert world.gaps == []


def test_waits_grow_with_the_time_away_and_begin_anew_after_health(world: World) -> None:
    waits: list[float] = []
    original = world._wait

    def wait(seconds: float | None = None) -> bool:
        waits.append(seconds or 0)
        return original(seconds)

    world._wait = wait  # type: ignore[method-assign]
    away = [[lost(20 * number, None)] for number in range(60)]
    world.watch(*away, [tuned(2000), *frames(2000, 5), lost(2005, 5)], [])
    assert 0.19 < waits[0] < 0.31
    assert waits[59] > 5 * waits[0]
    assert max(waits) <= 36
    assert waits[60] < 0.5


def test_what_a_kill_left_has_the_end_that_its_file_has(world: World) -> None:
    file = world.folder / "left"
    file.write_text("8")
    world.archive.add(
        Recording("left", "left", str(file), "live:left", timedelta(0), RecordingState.RECORDING, NOON, camera="gate")
    )
    world.watch([tuned(20), *frames(20, 2), lost(22, 2, CameraState.OFF, "")])
    left, _ = world.recordings
    assert (left.state, left.length) == (RecordingState.QUEUED, 8 * SECOND)
    assert world.not_known == ["left"]
    assert world.gaps == [(8, 20, NOT_RUNNING), (22, None, STOPPED)]


def test_a_recording_in_which_there_is_nothing_is_forgotten(world: World) -> None:
    world.watch([tuned(0), lost(1, None, CameraState.BAD_CODEC, "no pictures")])
    assert world.recordings == []
    assert not list(world.folder.iterdir())


def test_an_alert_begins_and_ends_once_and_its_event_is_found(world: World) -> None:
    world.eyes.seen = lambda when: Looked({"moves": HERE} if at(2) <= when < at(5) else {})
    world.watch([tuned(0), *frames(0, 20), lost(20, 20)])
    assert [kind for kind, _ in world.alerts] == [NoticeKind.ALERT_NEW, NoticeKind.ALERT_END]
    [recording] = world.recordings
    [event] = world.archive.events(recording.id)
    assert event.span.start == 2 * SECOND
    assert event.label == "something moves"


def test_an_alert_goes_on_over_a_roll_over_and_a_short_break_and_ends_over_a_long_one(world: World) -> None:
    world.eyes.seen = lambda when: Looked({"moves": HERE})
    world.watch(
        [
            tuned(0),
            *frames(0, 4),
            RolledOver("", 4 * SECOND, at(4), ClockSource.RTCP),
            *frames(4, 4),
            lost(8, 4),
        ],
        [tuned(20), *frames(20, 4), lost(24, 4)],
        [tuned(90), *frames(90, 4), lost(94, 4)],
    )
    assert len({alert for _, alert in world.alerts}) == 2
    news = [kind for kind, _ in world.alerts if kind is not NoticeKind.ALERT_UPDATE]
    assert news == [NoticeKind.ALERT_NEW, NoticeKind.ALERT_END, NoticeKind.ALERT_NEW]
    events = [event for recording in world.recordings for event in world.archive.events(recording.id)]
    assert [event.continues for event in events] == [None, events[0].id, events[1].id, None]


def test_a_restart_goes_on_with_what_was_open(world: World) -> None:
    world.eyes.seen = lambda when: Looked({"moves": HERE})
    world.watch([tuned(0), *frames(0, 4), lost(4, 4, CameraState.OFF, "")])
    world.watch([tuned(12), *frames(12, 4), lost(16, 4, CameraState.OFF, "")])
    assert len({alert for _, alert in world.alerts}) == 1
    assert [kind for kind, _ in world.alerts].count(NoticeKind.ALERT_NEW) == 1
    assert [alert.state for alert in world.log.open_alerts("gate")] == [AlertState.OPEN]


def test_a_camera_that_is_switched_off_ends_what_is_open(world: World) -> None:
    world.eyes.seen = lambda when: Looked({"moves": HERE})
    world.cause, world.for_good = SWITCHED_OFF, True
    world.watch([tuned(0), *frames(0, 4), lost(4, 4, CameraState.OFF, "")])
    assert world.log.open_alerts("gate") == ()
    assert world.gaps == [(4, None, SWITCHED_OFF)]


def test_of_a_camera_that_was_removed_nothing_is_told_any_more(world: World) -> None:
    def removed(when: datetime) -> Looked:
        world.cameras.remove("gate")
        return Looked()

    world.eyes.seen = removed
    world.cause, world.for_good = SWITCHED_OFF, True
    world.watch([tuned(0), *frames(0, 1), lost(1, 1, CameraState.OFF, "")])
    assert world.cameras.status("gate") is None
    assert world.states[-2:] == [CameraState.ONLINE, CameraState.REMOVED]


def test_what_nobody_looked_at_is_told_as_dropped(world: World) -> None:
    away = LookedAway(Span(2 * SECOND, 4 * SECOND), ("moves",), "the model cannot keep up")
    world.eyes.seen = lambda when: Looked(away=(away,)) if when == at(4) else Looked()
    world.watch([tuned(0), *frames(0, 6), lost(6, 6)])
    [recording] = world.recordings
    coverage = world.archive.coverage(recording.id, AnalysisKind.RULES)
    assert coverage is not None
    assert [(each.span.start / SECOND, each.span.end / SECOND, each.state) for each in coverage.spans] == [
        (0, 2, CoverageState.ANALYSED),
        (2, 4, CoverageState.DROPPED),
        (4, 6, CoverageState.ANALYSED),
    ]


def test_what_nobody_could_judge_is_told_with_its_cause_and_its_rules(world: World) -> None:
    fence = AlertRule("r2", "fence", Condition(ConditionKind.DESCRIBED, text="somebody climbs the fence"), NOON)
    world.rules = [RULE, fence]

    def looked(when: datetime) -> Looked:
        # A look comes when the decoder has a picture, not on the stroke.
        pts = (when - NOON) + (when - NOON) / 100
        away = [LookedAway(Span(pts, pts + SECOND), ("r2",), "no model")] if when < at(4) else []
        if when == at(1):
            away.append(LookedAway(Span(SECOND, 2 * SECOND), ("moves",), "no time"))
        return Looked(blind=frozenset({"r2"}), away=tuple(away))

    world.eyes.seen = looked
    world.watch([tuned(0), *frames(0, 6), lost(6, 6)])
    [recording] = world.recordings
    coverage = world.archive.coverage(recording.id, AnalysisKind.RULES)
    assert coverage is not None
    assert [(each.span.start / SECOND, each.span.end / SECOND, each.state, each.cause) for each in coverage.spans] == [
        (0, 1, CoverageState.DROPPED, "<r2>: no model"),
        (1, 2, CoverageState.DROPPED, "<moves>: no time; <r2>: no model"),
        (2, 4.03, CoverageState.DROPPED, "<r2>: no model"),
        (4.03, 6, CoverageState.ANALYSED, ""),
    ]


def test_without_a_rule_nobody_says_that_it_was_looked_at(world: World) -> None:
    world.rules = []
    world.watch([tuned(0), *frames(0, 6), lost(6, 6)])
    [recording] = world.recordings
    coverage = world.archive.coverage(recording.id, AnalysisKind.RULES)
    assert coverage is not None
    assert coverage.spans == ()


def test_a_fault_of_the_house_costs_a_session_and_nothing_twice(world: World) -> None:
    world.eyes.seen = lambda when: Looked({"moves": HERE})
    write, fail = world.log.write, [True]

    def failing(changes: Sequence[object]) -> object:
        if world.time == at(3) and fail:
            fail.clear()
            raise DiskFull(path=world.folder)
        return write(changes)  # type: ignore[arg-type]

    # An alert that lasts is told again after a minute; the status is written each few seconds.
    world.log.write = failing  # type: ignore[method-assign,assignment]
    world.eyes.seen = lambda when: Looked({"moves": HERE} if when >= at(3) else {})
    world.watch(
        [tuned(0), *frames(0, 6), lost(6, 6)],
        [tuned(8), *frames(8, 4), lost(12, 4)],
    )
    assert [kind for kind, _ in world.alerts].count(NoticeKind.ALERT_NEW) == 1
    first, second = world.recordings
    assert [(start, cause) for start, _, cause in world.gaps] == [(4, NOT_KEPT), (12, "cut")]
    assert first.state is RecordingState.QUEUED
    assert second.state is RecordingState.QUEUED


def test_no_notice_holds_a_password(world: World) -> None:
    world.watch([tuned(0), *frames(0, 2), lost(2, 2)])
    assert "word" not in repr(world.log.notices(0, 100))


def test_waits_go_by_a_clock_that_nobody_puts_forward(world: World) -> None:
    waits: list[float] = []
    original = world._wait

    def wait(seconds: float | None = None) -> bool:
        waits.append(seconds or 0)
        world.ahead = timedelta(hours=1)
        return original(seconds)

    world._wait = wait  # type: ignore[method-assign]
    world.watch(*([lost(number, None)] for number in range(3)))
    assert len(waits) == 3
    assert max(waits) < 1
