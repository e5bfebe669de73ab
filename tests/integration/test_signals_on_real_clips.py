"""What the signals find in real clips, from the file to the events, gated as in production."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.sandbox import SandboxedReader
from tests.needs import dev_data
from videoqa.analyser.signals import SignalsAnalyser
from videoqa.events import Chapter, Event, Source
from videoqa.ports import Analysis, Brief, Sampled
from videoqa.timeline.timeline import EventTimeline

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
Interval = tuple[float, float]


class Kept:
    """The frames that the gate let through, as the spool keeps them."""

    def __init__(self, path: Path) -> None:
        self.frames: dict[timedelta, bytes] = {}
        self.size = (0, 0)
        self.last = timedelta(0)
        with SandboxedReader().survey(str(path), SignalsAnalyser().sampling) as items:
            for item in items:
                if not isinstance(item, Sampled):
                    continue
                self.last = item.pts
                if item.frame is not None:
                    picture = item.frame.picture
                    self.size = (picture.width, picture.height)
                    rgb = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
                    done, jpeg = cv2.imencode(
                        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90]
                    )
                    assert done
                    self.frames[item.pts] = jpeg.tobytes()

    def jpeg(self, pts: timedelta) -> bytes:
        return self.frames[pts]


@dataclass(frozen=True)
class Found:
    events: Sequence[Event]
    chapters: Sequence[Chapter]

    def of(self, source: Source) -> list[tuple[float, float, str, str]]:
        return [
            (event.span.start.total_seconds(), event.span.end.total_seconds(), event.label, event.description)
            for event in self.events
            if event.source is source
        ]


@cache
def found_in(path: Path) -> Found:
    kept, analyser, timeline = Kept(path), SignalsAnalyser(), EventTimeline()
    length = kept.last + timedelta(seconds=1)
    groups = analyser.plan(list(kept.frames), (), kept.size, length)
    analysis = Analysis("analysis", "recording", analyser.fingerprint, analyser.sampling, (), groups, 0, finished=False)
    events: dict[str, Event] = {}
    going_on: dict[str, Event] = {}
    for group in groups:
        seen = analyser.analyse(group, kept, Brief()).observations
        change = timeline.advance(analysis, group, seen, tuple(going_on.values()), tuple(events.values()))
        for event in (*change.opened, *change.updated, *change.closed):
            events[event.id] = going_on[event.id] = event
        for event in change.closed:
            del going_on[event.id]
    ordered = tuple(sorted(events.values(), key=lambda event: event.span))
    return Found(ordered, timeline.chapters(length, ordered, ()))


def test_a_slide_change_is_found_at_its_second() -> None:
    slides = found_in(dev_data("footage/ekarton_lecture_5.mp4")).of(Source.SLIDE)
    first = [slide for slide in slides if slide[0] < 100]
    second = [slide for slide in slides if slide[0] >= 100]
    assert first[0][1] == pytest.approx(114.4, abs=1)
    assert second[0][0] == pytest.approx(114.4, abs=1)
    assert "Stream ciphers are semantically secure" in first[0][3]
    assert second[0][2].startswith("Proof")
    assert len(slides) <= 6


def test_bullets_are_found_line_by_line() -> None:
    found = found_in(dev_data("footage/ekarton_lecture_6.mp4"))
    slides = found.of(Source.SLIDE)
    bullets = [text for start, _, _, text in slides if start < 90]
    assert [line for text in bullets for line in text.split("\n")][:2] == [
        "You will learn about...",
        "New ways to see and understand the world",
    ]
    assert len(bullets) == 6
    assert all(end == pytest.approx(91.2, abs=1) for start, end, _, _ in slides if start < 90)
    titles = {text.strip(". "): start for start, _, _, text in slides if start > 90}
    assert titles["About this course"] == pytest.approx(91.2, abs=1)
    assert titles["Load course outline"] == pytest.approx(94.9, abs=1)


def test_red_lines_under_the_words_make_no_new_slide() -> None:
    found = found_in(dev_data("footage/cau_lecture.mp4"))
    (only,) = found.of(Source.SLIDE)
    assert only[:2] == (0, pytest.approx(20, abs=1.5))
    assert only[2] == "Shortest Job First (SJF)"
    assert [chapter.title for chapter in found.chapters] == ["Shortest Job First (SJF)"]


@pytest.mark.parametrize(
    "name", ["intel_onebyone.mp4", "intel_car.mp4", "intel_personbike_copy.mp4", "intel_bottle.mp4"]
)
def test_a_still_camera_has_no_slides_and_no_cuts(name: str) -> None:
    found = found_in(dev_data(f"footage/{name}"))
    assert found.of(Source.SLIDE) == []
    assert found.of(Source.SHOT) == []


def test_what_comes_into_the_picture_is_found_as_motion(record_property: pytest.RecordProperty) -> None:
    """Every presence of the truth file has motion in it, and the recall in seconds is printed as it is."""
    truth = dev_data("footage/truth.jsonl")
    present = covered = quiet = false = 0.0
    missed: list[tuple[str, Interval]] = []
    for row in map(json.loads, truth.read_text().splitlines()):
        motion = _joined([event[:2] for event in found_in(dev_data(row["file"])).of(Source.MOTION)])
        presences = _joined([(start, end) for spans in row["presence"].values() for start, end in spans])
        empty = [(start, end) for name in ("nobody", "no_vehicle") for start, end in row.get(name, [])]
        if "nobody" in row and "no_vehicle" in row:
            empty = row["no_vehicle"]
        for span in presences:
            hit = _overlap([span], motion)
            present, covered = present + span[1] - span[0], covered + hit
            if not hit:
                missed.append((row["file"], span))
        quiet += sum(end - start for start, end in empty)
        false += _overlap(_joined(empty), motion)
    figures = f"motion: {covered / present:.2f} of the time of presence, {false / quiet:.2f} of the empty time"
    record_property("motion", figures)
    print(figures, f"presences without any: {missed}")
    assert not missed
    assert covered / present >= 0.6
    assert false / quiet <= 0.3


def _joined(spans: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _overlap(some: Sequence[Interval], others: Sequence[Interval]) -> float:
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in some for b in others)
