"""What every keeper of pins does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer.archive import SqlArchive
from indexer.pins import SqlPins
from indexer.search.hybrid import HybridSearch
from videoqa.errors import UnknownRecording
from videoqa.media import ZERO, Recording, RecordingState, Span
from videoqa.ports import Archive, Pin, Pins
from videoqa.testing.search import LetterEmbedder

NOON = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
SPAN = Span(timedelta(microseconds=1), timedelta(minutes=1))


@pytest.fixture
def pins(engine: sa.Engine) -> Pins:
    return SqlPins(engine)


@pytest.fixture
def archive(engine: sa.Engine, tmp_path: Path) -> Archive:
    archive = SqlArchive(engine, lambda: HybridSearch(engine, LetterEmbedder(), tmp_path / "index"))
    for name in ("a", "b"):
        archive.add(Recording(name, name, f"/{name}", name, ZERO, RecordingState.INDEXED))
    return archive


def pin(name: str, recording_id: str, minutes: int = 0) -> Pin:
    return Pin(name, recording_id, SPAN, "the climber 门", "ann", NOON + timedelta(minutes=minutes))


@pytest.mark.usefixtures("archive")
def test_pins_come_back_in_the_order_in_which_they_were_added(pins: Pins) -> None:
    second, first, other = pin("p2", "a", 1), pin("p3", "a"), pin("p1", "b", 2)
    for each in (second, first, other):
        pins.add(each)
    assert pins.pins() == (first, second, other)
    assert pins.pins(["a"]) == (first, second)
    assert pins.pins(["b", "nothing"]) == (other,)
    assert pins.pins([]) == ()


@pytest.mark.usefixtures("archive")
def test_a_pin_is_of_a_recording_that_is_there(pins: Pins) -> None:
    with pytest.raises(UnknownRecording, match="nothing"):
        pins.add(pin("p1", "nothing"))
    assert pins.pins() == ()


def test_pins_go_alone_or_with_their_recording(pins: Pins, archive: Archive) -> None:
    pins.add(pin("p1", "a"))
    pins.add(pin("p2", "a"))
    pins.add(pin("p3", "b"))
    pins.remove("p1")
    pins.remove("p1")
    assert [each.id for each in pins.pins()] == ["p2", "p3"]
    archive.remove("a")
    assert [each.id for each in pins.pins()] == ["p3"]
