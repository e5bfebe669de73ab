from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ingest.gate.scenery import LiveScenery
from tests.yards import SECOND, START, Yard, seen
from videoqa.alerts import AlertRule, Condition, ConditionKind
from videoqa.analyser.ocr import Line, TextReader
from videoqa.analyser.sentry.desk import Desk
from videoqa.analyser.sentry.sentries import CameraSentries
from videoqa.analyser.sentry.text import TextWatch, is_text, plain, reads
from videoqa.analyser.sentry.view import View
from videoqa.events import Region
from videoqa.ports import LiveFrame, Looked, LookedAway

YARD = Path(__file__).parents[4] / "samples" / "yard.mp4"
PLATE = AlertRule("plate", "plate", Condition(ConditionKind.TEXT, "BERLIN 4711"), START)
ANY = AlertRule("any", "any", Condition(ConditionKind.TEXT), START)
LOWER = AlertRule(
    "lower", "lower", Condition(ConditionKind.TEXT, "BERLIN", zone=((0, 0.6), (1, 0.6), (1, 1), (0, 1))), START
)


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("Berlin 4711", "berlin 4711", True),
        ("the BERLlN-4711 van", "berlin 4711", True),
        ("Bremen 4711", "berlin 4711", False),
        ("a", "berlin", False),
        ("出口", "出口", True),
        ("入口", "出口", False),
    ],
)
def test_text_is_found_though_a_letter_was_misread(text: str, wanted: str, expected: bool) -> None:
    assert reads(text, plain(wanted)) is expected


def test_text_is_told_of_when_it_appears_and_not_when_it_stood_there_always() -> None:
    sentry = CameraSentries(LiveScenery).sentry("gate", SECOND, waiting=True)
    yard = Yard(size=(640, 360))
    yard.ground[:] = 120
    before = _shown(yard, 12, "PARKING")
    after = _shown(yard, 3, "PARKING", "BERLIN 4711")
    looks = seen(sentry, [*before, *after], [PLATE, ANY, LOWER])
    assert not any(look.sightings for look in looks[:12])
    last = looks[-1].sightings
    assert set(last) == {"plate", "any"}
    assert "BERLIN" in last["plate"].description
    assert last["plate"].region is not None
    assert last["plate"].region.bottom < 0.6
    gone = seen(sentry, _shown(yard, 4, "PARKING"), [PLATE])
    assert not gone[-1].sightings


@pytest.mark.parametrize(
    ("text", "score", "expected"),
    [
        ("HIt", 0.63, False),
        ("Htt", 0.72, False),
        ("IHHII", 0.68, False),
        ("I-t-", 0.9, False),
        ("a b c d", 0.9, False),
        ("2026-03-14 07:44:35", 0.99, False),
        ("DHL", 0.9, True),
        ("B-MW 4711", 0.9, True),
        ("-B-M-W-", 0.9, False),
    ],
)
def test_what_is_hardly_read_is_no_text(text: str, score: float, expected: bool) -> None:
    assert is_text(Line(text, Region(0.1, 0.1, 0.2, 0.2), score)) is expected


def test_neither_a_fence_nor_a_clock_is_a_text() -> None:
    with av.open(str(YARD)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        container.seek(int(75 / stream.time_base), stream=stream)
        pixels = next(frame for frame in container.decode(stream) if frame.time >= 75).to_ndarray(format="bgr24")
    lines = TextReader().read(cv2.imencode(".jpg", pixels)[1].tobytes())
    assert lines
    assert not any(map(is_text, lines)), lines


def test_new_text_counts_once_it_is_read_a_second_time() -> None:
    sign = Line("DELIVERY", Region(0.4, 0.4, 0.6, 0.5), 0.9)
    reader = _Scripted([(), (), (sign,), (replace(sign, text="DELLVERY"),)])
    sentries = CameraSentries(LiveScenery)
    sentries._reader = reader
    yard = Yard(size=(640, 360))
    frames = [*yard.empty(12), *_shown(yard, 6, "A")]
    looks = seen(sentries.sentry("gate", SECOND, waiting=True), frames, [ANY])
    assert [bool(look.sightings) for look in looks[:16]] == [False] * 14 + [True] * 2
    assert reader.read_at == 4


def test_what_is_read_otherwise_each_time_is_given_up() -> None:
    sign = Line("DELIVERY", Region(0.4, 0.4, 0.6, 0.5), 0.9)
    words = ("QUARANTINE", "bumblebee", "OVERTHROW", "fjords", "SYZYGY", "jackpot")
    reader = _Scripted([(), (), *((replace(sign, text=word),) for word in words)])
    sentries = CameraSentries(LiveScenery)
    sentries._reader = reader
    yard = Yard(size=(640, 360))
    frames = [*yard.empty(12), *_shown(yard, 1, "A"), *yard.empty(40)]
    looks = seen(sentries.sentry("gate", SECOND, waiting=True), frames, [ANY])
    assert not any(look.sightings for look in looks)
    assert reader.read_at <= 2 + len(words)


def test_no_picture_is_read_where_no_rule_is_about_text() -> None:
    sentries = CameraSentries(LiveScenery)
    yard = Yard()
    motion = AlertRule("m", "m", Condition(ConditionKind.MOTION), START)
    looks: Sequence[Looked] = seen(sentries.sentry("gate", SECOND, waiting=True), yard.empty(3), [motion])
    assert not any(look.sightings for look in looks)
    assert "_engine" not in vars(sentries._reader)


def test_what_cannot_be_read_leaves_its_rules_blind_until_it_can(caplog: pytest.LogCaptureFixture) -> None:
    class Reader(TextReader):
        broken = True

        def read(self, jpeg: bytes) -> tuple[Line, ...]:
            if self.broken:
                raise RuntimeError("it broke")
            return ()

    yard, reader = Yard(), Reader()
    watch = TextWatch(reader, Desk(1).bench(), SECOND, waiting=True)
    scenery = LiveScenery(SECOND, "")

    def look() -> tuple[frozenset[str], str, tuple[LookedAway, ...]]:
        live = yard.frame()
        _, blind, problem, away = watch.look(View.of(live, scenery.change(live.frame)), [PLATE])
        return blind, problem, away

    for second in range(5):
        blind, problem, (away,) = look()
        assert blind == {"plate"}
        assert "RuntimeError" in problem
        assert (away.span.start, away.rules) == (second * SECOND, ("plate",))
    assert "it broke" in caplog.text
    reader.broken = False
    assert [look()[0] for _ in range(10)][-1] == frozenset()


def test_a_clock_that_is_put_back_keeps_nobody_from_reading() -> None:
    class Reader(TextReader):
        read_so_far = 0

        def read(self, jpeg: bytes) -> tuple[Line, ...]:
            self.read_so_far += 1
            return ()

    yard, reader = Yard(), Reader()
    watch, scenery = TextWatch(reader, Desk(1).bench(), SECOND, waiting=True), LiveScenery(SECOND, "")
    for hours in (0, 1):
        live = yard.frame()
        live = replace(live, taken_at=live.taken_at - hours * timedelta(hours=1))
        watch.look(View.of(live, scenery.change(live.frame)), [PLATE])
    assert reader.read_so_far == 2


class _Scripted(TextReader):
    """Reads what it is told to, the last of that for ever."""

    def __init__(self, readings: Sequence[tuple[Line, ...]]) -> None:
        super().__init__()
        self._readings = readings
        self.read_at = 0

    def read(self, jpeg: bytes) -> tuple[Line, ...]:
        self.read_at += 1
        return self._readings[min(self.read_at, len(self._readings)) - 1]


def _shown(yard: Yard, seconds: int, *lines: str) -> list[LiveFrame]:
    shown = []
    for _ in range(seconds):
        pixels = np.array(yard.ground)
        for number, line in enumerate(lines):
            place = (80, 80 + 90 * number)
            cv2.putText(pixels, line, place, cv2.FONT_HERSHEY_SIMPLEX, 1.4, (20, 20, 20), 3, cv2.LINE_AA)
        shown.append(yard.of(pixels))
    return shown
