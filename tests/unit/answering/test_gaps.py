"""What an answer says of the time that cameras have no footage of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from videoqa.answering.census import Census
from videoqa.answering.gaps import Gaps
from videoqa.answers import WallClock
from videoqa.cameras import Camera, Gap, StreamUrl
from videoqa.media import ZERO, Coverage, CoverageState, CoveredSpan, Recording, RecordingState, Sampling, Span
from videoqa.ports import AnalysisKind
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.cameras import MemoryCameras

NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
AFTERNOON = WallClock(NOON, NOON + 4 * HOUR)
GATES = {"gate"}


def cameras(*gaps: Gap) -> MemoryCameras:
    known = MemoryCameras()
    known.add(Camera("gate", "front gate", StreamUrl("rtsp://10.0.0.7/"), NOON - HOUR))
    for gap in gaps:
        known.put_gap(gap)
    return known


def told(*gaps: Gap, now: datetime = NOON + 9 * HOUR, seen: frozenset[str] = frozenset()) -> tuple[str, ...]:
    return Gaps(cameras(*gaps), UTC, lambda: now).within(AFTERNOON, GATES, seen).notes


def recorded(archive: MemoryArchive, began: datetime, length: timedelta) -> Recording:
    name = f"{began:%H%M}"
    recording = archive.add(Recording(name, name, "/", name, length, RecordingState.INDEXED, began, camera="gate"))
    half = Span(ZERO, length / 2), Span(length / 2, length)
    for kind, missed in ((AnalysisKind.SIGNALS, CoverageState.STATIC), (AnalysisKind.RULES, CoverageState.DROPPED)):
        spans = CoveredSpan(half[0], CoverageState.ANALYSED), CoveredSpan(half[1], missed)
        analysis = archive.begin(name, kind, Sampling(), length, (), kind=kind)
        archive.finish(analysis, Coverage(length, spans), (), ())
    return recording


def test_a_gap_is_cut_to_the_time_that_is_asked_and_told_by_the_users_clock() -> None:
    known = cameras(Gap("gate", NOON - HOUR, NOON + 17 * HOUR, "nobody answers"))
    rome = Gaps(known, ZoneInfo("Europe/Rome"), lambda: NOON + 20 * HOUR)
    missing = rome.within(WallClock(NOON, NOON + 11 * HOUR), GATES, ())
    assert missing.notes == (
        "front gate has no footage from 2026-05-09 14:00:00 to 2026-05-10 01:00:00: nobody answers.",
    )
    assert missing.length == 11 * HOUR


def test_a_gap_that_lasts_reaches_to_now_and_no_further() -> None:
    lasts = Gap("gate", NOON + HOUR, None, "nobody answers")
    since = "front gate has had no footage since 2026-05-09 13:00:00: nobody answers."
    until = "front gate has no footage from 2026-05-09 13:00:00 to 16:00:00: nobody answers."
    assert told(lasts, now=NOON + 2 * HOUR) == (since,)
    assert told(lasts) == (until,)
    assert told(lasts, now=NOON - HOUR) == ()


def test_what_is_neither_recorded_nor_known_to_be_missing_is_told_too() -> None:
    assert told() == ("front gate has no footage from 2026-05-09 12:00:00 to 16:00:00.",)
    assert told(seen=frozenset(GATES)) == ()


def test_of_many_gaps_the_longest_are_told_and_the_rest_added_up() -> None:
    lengths = (3, 9, 1, 7, 5)
    many = [
        Gap("gate", NOON + at * 20 * MINUTE, NOON + (at * 20 + each) * MINUTE, "x") for at, each in enumerate(lengths)
    ]
    *longest, rest = told(*many)
    assert [note[-12:-4] for note in longest] == ["12:29:00", "13:07:00", "13:25:00"]
    assert rest.startswith("Cameras have no footage for 00:04:00 more of that time, in 2 gaps")


def test_recordings_count_as_far_as_they_lie_in_the_time_that_is_asked() -> None:
    archive = MemoryArchive()
    asked = [recorded(archive, NOON + at * MINUTE, 10 * MINUTE) for at in (-60, -5, 5, 235, 300)]
    count = Census(archive, None).of(asked, AFTERNOON)
    assert count.coverage.length == 20 * MINUTE
    assert count.coverage.analysed == 10 * MINUTE
    assert count.coverage.total(CoverageState.STATIC) == 10 * MINUTE
    assert [note[:8] for note in count.notes] == ["00:10:00"]
    outside = Census(archive, None).of(asked, WallClock(NOON + 9 * HOUR, NOON + 10 * HOUR))
    assert outside.coverage == Coverage(ZERO)
    assert outside.notes == ()
