"""What every alert log does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from indexer import alert_log
from videoqa.access import Scope
from videoqa.alerts import (
    MOST_REMARKS,
    TOLD_REMARKS,
    Alert,
    AlertState,
    Notice,
    NoticeKind,
    Remark,
    Severity,
    Verdict,
)
from videoqa.cameras import Camera, CameraState, CameraStatus, ClockSource, Gap, StreamUrl
from videoqa.errors import TooManyRemarks, UnknownAlert
from videoqa.events import Event, Region, Source
from videoqa.media import ZERO, Coverage, Recording, RecordingState, Sampling, Span
from videoqa.ports import AlertChange, AlertFilter, AlertLog, AnalysisKind, Archive
from videoqa.wording import ToldNotice, told_of

if TYPE_CHECKING:
    from tests.contracts.conftest import Live

NOON = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEW, UPDATE, END = NoticeKind.ALERT_NEW, NoticeKind.ALERT_UPDATE, NoticeKind.ALERT_END
CLIMBER = Alert(
    id="a1",
    rule="r1",
    camera="c1",
    event="e1",
    state=AlertState.OPEN,
    start=NOON,
    end=None,
    severity=Severity.HIGH,
    label="a person climbs the fence",
    description="someone in red is on the fence 门",
    confidence=0.1 + 0.2,
    verdict=Verdict.CONFIRMED,
    recording="rec",
    offset=timedelta(seconds=3, microseconds=1),
    frames=(timedelta(seconds=3), timedelta(seconds=4, microseconds=1)),
    region=Region(0.1, 0.2, 1 / 3, 1),
    identity="red",
    seen_at=NOON,
)
ENDED = replace(CLIMBER, state=AlertState.ENDED, end=NOON + MINUTE)
ONLINE = CameraStatus("c1", CameraState.ONLINE, NOON, clock=ClockSource.ARRIVAL, last_frame_at=NOON)
GAP = Gap("c1", NOON, None, "no frames came")
EVENT = Event(
    id="e1",
    recording_id="rec",
    span=Span(timedelta(seconds=3), timedelta(seconds=5)),
    label="a person climbs the fence",
    description="someone in red",
    source=Source.MODEL,
    frames=(timedelta(seconds=3),),
    confidence=0.5,
    identity="red",
    seen_by="Qwen3-VL",
    continues="e0",
)


GATE = Camera("c1", "gate-1", StreamUrl("rtsp://1/"), NOON)


@pytest.fixture
def log(live: Live) -> AlertLog:
    live.cameras.add(GATE)
    return live.log


@pytest.fixture
def archive(live: Live) -> Archive:
    return live.archive


def begun(archive: Archive, recording_id: str = "rec") -> str:
    """The id of the analysis by rules of a recording under way."""
    archive.add(
        Recording(
            id=recording_id,
            title="gate-1",
            source="/cameras/c1/1.mp4",
            digest=f"live:{recording_id}",
            length=ZERO,
            state=RecordingState.RECORDING,
            started_at=NOON,
            camera="c1",
            kept=True,
        )
    )
    return archive.begin(recording_id, "rules", Sampling(), ZERO, (), kind=AnalysisKind.RULES, seen_by="rules")


def told(notices: tuple[Notice, ...]) -> list[tuple[int, NoticeKind]]:
    return [(notice.seq, notice.kind) for notice in notices]


def test_a_notice_bears_what_it_tells_of_as_it_was_then(log: AlertLog) -> None:
    before = datetime.now(UTC)
    written = log.write([AlertChange(NEW, CLIMBER), ONLINE, GAP])
    log.write([AlertChange(END, ENDED), replace(GAP, end=NOON + MINUTE)])
    assert told(written) == [(1, NEW), (2, NoticeKind.CAMERA_STATUS), (3, NoticeKind.GAP)]
    assert [(each.alert, each.status, each.gap) for each in written] == [
        (CLIMBER, None, None),
        (None, ONLINE, None),
        (None, None, GAP),
    ]
    assert log.notices(0)[:3] == written
    assert all(before - timedelta(seconds=5) <= notice.at <= datetime.now(UTC) for notice in written)
    assert [notice.alert for notice in log.notices(3)] == [ENDED, None]
    assert log.alert("a1") == ENDED


def test_what_is_told_in_words_is_what_the_notices_say(log: AlertLog, archive: Archive) -> None:
    begun(archive)
    remarks = tuple(Remark(NOON + number * MINUTE, "ann", f'a "cat" {number} 门') for number in range(2))
    plain = replace(CLIMBER, id="a2", recording="", frames=(), region=None, severity=Severity.LOW, end=NOON)
    log.write([AlertChange(NEW, replace(CLIMBER, remarks=remarks), EVENT), AlertChange(NEW, plain), ONLINE, GAP])
    log.write([AlertChange(END, ENDED), replace(GAP, end=NOON + MINUTE)])
    log.judge("a1", "eve", acknowledge=True, remark="on my way")

    def read(told: ToldNotice) -> ToldNotice:
        return told._replace(words=json.loads(told.words))

    assert [*map(read, log.told(0))] == [read(told_of(notice)) for notice in log.notices(0)]
    assert [told.seq for told in log.told(2, limit=2)] == [3, 4]


def test_everything_is_numbered_without_a_hole_and_read_from_any_place(log: AlertLog) -> None:
    assert (log.last_seq(), log.oldest_seq(), log.notices(0)) == (0, 1, ())
    for number in range(5):
        log.write([AlertChange(NEW, replace(CLIMBER, id=f"a{number}")), replace(ONLINE, reconnects=number)])
    assert [notice.seq for notice in log.notices(0)] == list(range(1, 11))
    assert [notice.seq for notice in log.notices(4, limit=3)] == [5, 6, 7]
    assert log.notices(10) == log.notices(99) == ()
    assert (log.last_seq(), log.oldest_seq()) == (10, 1)


def test_what_is_as_it_was_has_no_notice(log: AlertLog) -> None:
    log.write([AlertChange(NEW, CLIMBER), ONLINE, GAP])
    assert log.write([]) == ()
    assert log.write([AlertChange(NEW, CLIMBER), AlertChange(UPDATE, CLIMBER), ONLINE, GAP]) == ()
    assert log.last_seq() == 3


def test_that_something_was_seen_again_is_kept_and_has_no_notice(log: AlertLog) -> None:
    log.write([AlertChange(NEW, CLIMBER)])
    later = replace(CLIMBER, seen_at=NOON + MINUTE)
    assert log.write([AlertChange(UPDATE, later)]) == ()
    assert log.alert("a1") == later


def test_an_alert_is_new_once_and_ends_once(log: AlertLog) -> None:
    log.write([AlertChange(NEW, CLIMBER)])
    [again] = log.write([AlertChange(NEW, replace(CLIMBER, confidence=0.9))])
    [ended] = log.write([AlertChange(END, ENDED)])
    [later] = log.write([AlertChange(END, replace(ENDED, end=NOON + 2 * MINUTE))])
    assert [again.kind, ended.kind, later.kind] == [UPDATE, END, UPDATE]
    assert log.last_seq() == 4


def test_whoever_goes_on_with_an_alert_leaves_what_was_said_of_it(log: AlertLog) -> None:
    log.write([AlertChange(NEW, CLIMBER)])
    judged = log.judge("a1", "ann", acknowledge=True, false_alarm=True, remark="a cat")
    [ended] = log.write([AlertChange(END, ENDED)])
    assert (
        ended.alert
        == log.alert("a1")
        == replace(ENDED, acknowledged_by="ann", false_alarm=True, remarks=judged.remarks)
    )


def test_what_somebody_says_of_an_alert_is_a_notice(log: AlertLog) -> None:
    log.write([AlertChange(NEW, CLIMBER)])
    first = log.judge("a1", "ann", acknowledge=True)
    assert first == replace(CLIMBER, acknowledged_by="ann")
    second = log.judge("a1", "bob", acknowledge=True, false_alarm=True, remark="a cat 猫")
    [remark] = second.remarks
    assert (second.acknowledged_by, second.false_alarm, remark.author, remark.text) == ("ann", True, "bob", "a cat 猫")
    third = log.judge("a1", "ann", false_alarm=False, remark="no, a person")
    assert [each.author for each in third.remarks] == ["bob", "ann"]
    assert [notice.alert for notice in log.notices(1)] == [first, second, third]
    assert told(log.notices(1)) == [(2, UPDATE), (3, UPDATE), (4, UPDATE)]
    assert log.judge("a1", "ann", acknowledge=True, false_alarm=False) == third
    assert log.last_seq() == 4
    with pytest.raises(UnknownAlert, match="a2"):
        log.judge("a2", "ann", acknowledge=True)


def test_an_alert_takes_so_many_remarks_and_its_notices_tell_of_the_newest(log: AlertLog) -> None:
    log.write([AlertChange(NEW, CLIMBER)])
    for number in range(MOST_REMARKS):
        judged = log.judge("a1", "ann", remark=f"{number}")
    assert [each.text for each in judged.remarks] == [f"{number}" for number in range(MOST_REMARKS)]
    with pytest.raises(TooManyRemarks, match=f"{MOST_REMARKS}"):
        log.judge("a1", "ann", acknowledge=True, remark="one more")
    assert log.alert("a1") == judged
    assert log.judge("a1", "ann", acknowledge=True).remarks == judged.remarks
    newest = judged.remarks[-TOLD_REMARKS:]
    [ended] = log.write([AlertChange(END, ENDED)])
    notices = log.notices(MOST_REMARKS)
    assert [notice.alert and notice.alert.remarks for notice in (*notices, ended)] == [newest] * 4


def test_words_that_no_database_holds_are_the_same_everywhere(log: AlertLog) -> None:
    odd = replace(CLIMBER, description="a\0b\ud800", label="\U0001f600")
    [notice] = log.write([AlertChange(NEW, odd)])
    assert notice.alert == log.alert("a1") == log.notices(0)[0].alert
    log.judge("a1", "ann\0", remark="\0\udfff")
    assert log.notices(1)[0].alert == log.alert("a1")


def test_the_event_of_an_alert_is_one_of_its_recording_at_once(log: AlertLog, archive: Archive) -> None:
    analysis = begun(archive)
    log.write([AlertChange(NEW, CLIMBER, EVENT)])
    assert archive.events("rec") == archive.open_events(analysis) == archive.analysis_events(analysis) == (EVENT,)
    longer = replace(EVENT, span=Span(timedelta(seconds=3), timedelta(seconds=60)), confidence=0.75)
    log.write([AlertChange(END, ENDED, longer)])
    assert archive.events("rec") == (longer,)
    assert archive.open_events(analysis) == ()
    archive.finish(analysis, Coverage(MINUTE), (), ())
    assert archive.events("rec") == (longer,)
    log.write([AlertChange(UPDATE, replace(ENDED, confidence=0.5), EVENT)])
    assert archive.events("rec") == (EVENT,)
    assert archive.open_events(analysis) == ()


def test_an_event_without_an_analysis_by_rules_is_refused_with_all_that_came_with_it(
    log: AlertLog, archive: Archive
) -> None:
    begun(archive)
    archive.add(Recording("bare", "x", "/x", "d", ZERO, RecordingState.RECORDING))
    first, second = replace(CLIMBER, id="a0"), replace(CLIMBER, recording="bare")
    with pytest.raises(ValueError, match="bare"):
        log.write([AlertChange(NEW, first), AlertChange(NEW, second, replace(EVENT, recording_id="bare"))])
    assert (log.last_seq(), log.alert("a0"), log.alert("a1")) == (0, None, None)


def test_an_alert_outlives_its_footage_and_knows_that_it_is_gone(log: AlertLog, archive: Archive) -> None:
    begun(archive)
    begun(archive, "other")
    log.write([AlertChange(NEW, CLIMBER, EVENT), AlertChange(NEW, replace(CLIMBER, id="a2", recording="other"))])
    archive.remove("rec")
    assert log.alert("a1") == replace(CLIMBER, recording="")
    assert [alert.recording for alert in log.alerts(AlertFilter())] == ["other", ""]
    [ended] = log.write([AlertChange(END, ENDED, EVENT)])
    assert ended.alert == log.alert("a1") == replace(ENDED, recording="")
    late = replace(CLIMBER, id="a3")
    [new] = log.write([AlertChange(NEW, late, EVENT)])
    assert new.alert == log.alert("a3") == replace(late, recording="")
    assert archive.events("rec") == ()


def test_alerts_are_listed_the_youngest_first_a_page_at_a_time(log: AlertLog) -> None:
    every = [replace(CLIMBER, id=f"a{number}", start=NOON + number // 2 * MINUTE) for number in range(6)]
    log.write([AlertChange(NEW, alert) for alert in reversed(every)])
    assert [alert.id for alert in log.alerts(AlertFilter())] == ["a5", "a4", "a3", "a2", "a1", "a0"]
    page = log.alerts(AlertFilter(), limit=4)
    assert [alert.id for alert in log.alerts(AlertFilter(), after=page[-1].id, limit=4)] == ["a1", "a0"]
    assert log.alerts(AlertFilter(), after="a0") == ()
    with pytest.raises(UnknownAlert, match="a9"):
        log.alerts(AlertFilter(), after="a9")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AlertFilter(cameras=frozenset({"c1"})), {"a1", "a2"}),
        (AlertFilter(cameras=frozenset({"c1", "c2"}), rules=frozenset({"r2"})), {"a2"}),
        (AlertFilter(rules=frozenset({"r9"})), set()),
        (AlertFilter(severities=frozenset({Severity.LOW, Severity.MEDIUM})), {"a3"}),
        (AlertFilter(since=NOON + MINUTE), {"a2", "a3"}),
        (AlertFilter(until=NOON + MINUTE), {"a1"}),
        (AlertFilter(since=NOON, until=NOON + 2 * MINUTE), {"a1", "a2"}),
        (AlertFilter(scope=Scope(cameras=frozenset({"c2"}))), {"a3"}),
        (AlertFilter(scope=Scope(tags=frozenset({"hall", "x"}))), {"a1", "a2"}),
        (AlertFilter(scope=Scope(tags=frozenset({"hall"}), cameras=frozenset({"c2"}))), {"a1", "a2", "a3"}),
        (AlertFilter(scope=Scope(tags=frozenset({"nobody's"}))), set()),
    ],
)
def test_alerts_are_those_that_are_wanted(live: Live, wanted: AlertFilter, found: set[str]) -> None:
    live.cameras.add(Camera("c1", "gate-1", StreamUrl("rtsp://1/"), NOON, tags=("hall",)))
    second = replace(CLIMBER, id="a2", rule="r2", start=NOON + MINUTE)
    third = replace(CLIMBER, id="a3", camera="c2", start=NOON + 2 * MINUTE, severity=Severity.LOW)
    live.log.write([AlertChange(NEW, alert) for alert in (CLIMBER, second, third)])
    assert {alert.id for alert in live.log.alerts(wanted)} == found


def test_open_alerts_and_the_latest_that_ended_are_found(log: AlertLog) -> None:
    ended = [replace(ENDED, id=f"b{number}", end=NOON + number * MINUTE) for number in range(4)]
    foreign = (
        replace(ENDED, id="x", camera="c2"),
        replace(ENDED, id="y", rule="r2"),
        replace(CLIMBER, id="z", camera="c2"),
    )
    younger = replace(CLIMBER, id="a0", start=NOON + MINUTE)
    log.write([AlertChange(NEW, alert) for alert in (*ended, *foreign, younger, CLIMBER)])
    assert log.open_alerts("c1") == (CLIMBER, younger)
    assert [alert.id for alert in log.open_alerts()] == [CLIMBER.id, "z", younger.id]
    assert log.latest("r1", "c1") == tuple(reversed(ended))
    assert log.latest("r1", "c1", limit=2) == (ended[3], ended[2])
    assert log.latest("r9", "c1") == ()


@pytest.mark.parametrize("news", [AlertChange(NEW, CLIMBER), ONLINE, GAP])
def test_a_camera_of_which_something_was_told_is_known_by_its_id(
    live: Live, news: AlertChange | CameraStatus | Gap
) -> None:
    live.cameras.add(GATE)
    live.log.write([news])
    assert live.log.tells_of("c1")
    assert not any(map(live.log.tells_of, ("C1", "c", "c_", "%", "c11", "")))


def test_what_is_open_ends_with_its_camera_before_that_is_told_to_be_gone(live: Live) -> None:
    live.cameras.add(replace(GATE, tags=("hall",)))
    other = replace(CLIMBER, id="a3", camera="c2")
    alerts = (CLIMBER, replace(ENDED, id="a2"), other)
    live.log.write([*(AlertChange(NEW, alert) for alert in alerts), replace(ONLINE, last_frame_at=NOON + MINUTE)])
    live.cameras.remove("c1")
    end, gone = live.log.notices(4)
    assert (end.kind, end.alert, end.tags) == (END, ENDED, ("hall",))
    assert (gone.status and gone.status.state, gone.tags) == (CameraState.REMOVED, ("hall",))
    assert live.log.told(4) == (told_of(end), told_of(gone))
    assert live.log.open_alerts() == (other,)
    # Whoever watched it has not noticed yet.
    later = replace(CLIMBER, seen_at=NOON + 2 * MINUTE, confidence=0.9)
    assert live.log.write([AlertChange(UPDATE, later), AlertChange(END, replace(ENDED, end=NOON + 2 * MINUTE))]) == ()
    assert live.log.alert("a1") == ENDED


def test_that_a_camera_was_removed_is_told_of_its_id(live: Live) -> None:
    camera = Camera("Tür_1", "The door", StreamUrl("rtsp://10.0.0.7/"), NOON)
    live.cameras.add(camera)
    assert not live.log.tells_of(camera.id)
    live.cameras.remove(camera.id)
    assert live.log.tells_of(camera.id)
    assert not live.log.tells_of("Tür-1")


def test_what_is_old_is_forgotten_and_its_numbers_are_not_used_again(log: AlertLog) -> None:
    log.write([AlertChange(NEW, CLIMBER), AlertChange(NEW, replace(ENDED, id="a2")), ONLINE])
    assert log.forget(NOON) == 0
    assert log.oldest_seq() == 1
    assert log.forget(datetime.now(UTC) + timedelta(hours=1)) == 3
    assert (log.last_seq(), log.oldest_seq(), log.notices(0)) == (3, 4, ())
    assert (log.alert("a1"), log.alert("a2")) == (CLIMBER, None)
    [notice] = log.write([GAP])
    assert (notice.seq, log.last_seq(), log.oldest_seq()) == (4, 4, 4)


def test_much_that_is_old_is_forgotten_whole_and_an_alert_that_lasts_is_kept(
    log: AlertLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_log, "_AT_ONCE", 3)
    old = [replace(ENDED, id=f"a{number}") for number in range(9)]
    log.write([AlertChange(NEW, alert) for alert in (*old, replace(CLIMBER, id="lasting"))])
    assert log.forget(datetime.now(UTC) + timedelta(hours=1)) == 10
    assert [alert.id for alert in log.alerts(AlertFilter())] == ["lasting"]
    assert (log.last_seq(), log.oldest_seq()) == (10, 11)


def test_writers_side_by_side_number_in_the_order_in_which_they_commit(log: AlertLog) -> None:
    count = 12

    def write(name: str) -> list[int]:
        seqs = list[int]()
        for number in range(count):
            alert = replace(CLIMBER, id=f"{name}{number}")
            seqs += [
                notice.seq
                for notice in log.write(
                    [AlertChange(NEW, alert), AlertChange(END, replace(alert, state=AlertState.ENDED))]
                )
            ]
        return seqs

    seen = list[int]()
    with ThreadPoolExecutor() as threads:
        writing = [threads.submit(write, name) for name in ("x", "y", "z")]
        while len(seen) < 6 * count:
            done = all(each.done() for each in writing)
            seen += [notice.seq for notice in log.notices(seen[-1] if seen else 0, limit=7)]
            assert seen == list(range(1, len(seen) + 1))
            assert not (done and len(seen) < 6 * count and not log.notices(seen[-1] if seen else 0))
        written = [future.result() for future in writing]
    assert sorted(seq for seqs in written for seq in seqs) == seen
    assert all(seqs == sorted(seqs) for seqs in written)
