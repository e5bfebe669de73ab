"""What answers look like in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from videoqa.answers import Moment
from videoqa.catalogue import Origin
from videoqa.cli.printing import Origins, moments
from videoqa.events import Source
from videoqa.media import Span

LATE = datetime(2026, 5, 9, 21, 59, tzinfo=UTC)
MOMENT = Moment("a1", "gate 21:59", Span(timedelta(seconds=50), timedelta(seconds=70)), "a van", 0.9, (Source.MODEL,))


def test_a_moment_of_a_camera_shows_when_and_where_and_then_its_offset() -> None:
    known = {"a1": Origin(LATE, "gate-1", "front gate")}
    told = '0.90  2026-05-09 21:59:50 to 22:00:10  front gate  "a van"  (model; 00:00:50-00:01:10  gate 21:59)'
    assert moments([MOMENT], Origins(known)) == told
    abroad = moments([MOMENT], Origins(known, ZoneInfo("Europe/Berlin")))
    assert "2026-05-09 23:59:50 to 2026-05-10 00:00:10  front gate" in abroad


def test_a_moment_of_a_file_shows_its_offset() -> None:
    for known in ({}, {"a1": Origin(LATE)}):
        assert moments([MOMENT], Origins(known)) == '0.90  00:00:50-00:01:10  gate 21:59  "a van"  (model)'
