"""What nobody looked at for a rule, by the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from videoqa.alerting.closing import begin_rules
from videoqa.alerting.unjudged import Unjudged, unjudged
from videoqa.media import Coverage, CoverageState, CoveredSpan, Recording, RecordingState, Span
from videoqa.testing.archive import MemoryArchive

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def part(start: float, end: float, state: CoverageState, cause: str = "") -> CoveredSpan:
    return CoveredSpan(Span(start * MINUTE, end * MINUTE), state, cause=cause)


def test_what_goes_on_over_a_roll_over_is_one_stretch_and_another_cause_another() -> None:
    archive = MemoryArchive()
    blind, late = "<r1>: no model", "<r1>: no time"
    spans = (
        (part(0, 4, CoverageState.ANALYSED), part(4, 10, CoverageState.DROPPED, blind)),
        (part(0, 2, CoverageState.DROPPED, blind), part(2, 3, CoverageState.DROPPED, late)),
        (),
    )
    recordings = []
    for number, each in enumerate(spans):
        name, began = f"r{number}", NOON + 10 * number * MINUTE
        recording = Recording(name, name, "/", name, 10 * MINUTE, RecordingState.INDEXED, began, camera="gate")
        recordings.append(archive.add(recording))
        archive.finish(begin_rules(archive, name), Coverage(10 * MINUTE, each), (), ())
    under_way = Recording("now", "now", "/", "now", MINUTE, RecordingState.RECORDING, NOON + 30 * MINUTE, camera="gate")
    assert unjudged(archive, [archive.add(under_way), *reversed(recordings)], {"r1": "fence"}) == (
        Unjudged(NOON + 4 * MINUTE, NOON + 12 * MINUTE, "fence: no model"),
        Unjudged(NOON + 12 * MINUTE, NOON + 13 * MINUTE, "fence: no time"),
    )


def test_the_latest_are_told_and_no_more_recordings_read_for_them() -> None:
    archive = MemoryArchive()
    recordings = []
    for number in range(120):
        name, began = f"r{number:03}", NOON + 10 * number * MINUTE
        recording = Recording(name, name, "/", name, 10 * MINUTE, RecordingState.INDEXED, began, camera="gate")
        recordings.append(archive.add(recording))
        every_other = tuple(part(at, at + 0.5, CoverageState.DROPPED, "late") for at in range(10))
        archive.finish(begin_rules(archive, name), Coverage(10 * MINUTE, every_other), (), ())
    asked = [*reversed(recordings)]
    found = unjudged(archive, asked, {}, 15)
    assert [each.start for each in found] == [NOON + at * MINUTE for at in range(1185, 1200)]
    for recording in recordings[:60]:
        archive.remove(recording.id)
    assert unjudged(archive, asked, {}, 15) == found
