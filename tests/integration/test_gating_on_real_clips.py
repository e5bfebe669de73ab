"""The gate on decoded footage: real clips with known presence, and rendered scenes encoded at a constant bit rate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.gate.gating import Gate
from samples.lecture import spoken
from tests.needs import dev_data
from tests.scenes import Scene, disturbed_scene, luma_at_one_fps

SAMPLES = Path(__file__).parents[2] / "samples"
WITH_PRESENCE = (
    "intel_onebyone.mp4",
    "intel_personbike_copy.mp4",
    "aws_package_theft.mp4",
    "intel_car.mp4",
    "bgs_video.avi",
    "intel_bottle.mp4",
)


def judged(path: Path) -> dict[float, bool]:
    """Of each second's frame, by its time: whether it was let through."""
    gate = Gate(timedelta(seconds=1))
    return {pts.total_seconds(): gate.admits(luma, pts) for pts, luma in luma_at_one_fps(path)}


def let_through(frames: dict[float, bool], spans: Sequence[Sequence[float]]) -> list[bool]:
    return [new for time, new in frames.items() if any(start <= time < end for start, end in spans)]


@pytest.mark.parametrize("name", WITH_PRESENCE)
def test_whoever_is_in_view_is_let_through(name: str) -> None:
    frames = judged(dev_data(f"footage/{name}"))
    rows = map(json.loads, dev_data("footage/truth.jsonl").read_text(encoding="utf-8").splitlines())
    [clip] = [row for row in rows if row["file"].endswith(name)]
    spans = [span for spans in clip["presence"].values() for span in spans]
    assert all(any(let_through(frames, [span])) for span in spans)
    there = let_through(frames, spans)
    assert sum(there) >= 0.95 * len(there)


def test_when_nobody_is_there_most_is_held_back() -> None:
    frames = judged(dev_data("footage/intel_personbike_copy.mp4"))
    empty = let_through(frames, [(4.2, 8.4), (14.2, 24.3), (34.6, 38.1)])
    assert sum(empty) <= 0.4 * len(empty)


def test_changing_light_on_trees_under_a_burned_in_clock_is_no_news() -> None:
    assert sum(judged(dev_data("footage/dvrscan_brightness.avi")).values()) <= 2


@pytest.mark.parametrize(
    ("name", "changes"), [("ekarton_lecture_5.mp4", (114.4,)), ("ekarton_lecture_6.mp4", (91.2, 94.9))]
)
def test_slide_changes_of_real_lectures_are_let_through(name: str, changes: tuple[float, ...]) -> None:
    frames = judged(dev_data(f"footage/{name}"))
    assert all(any(let_through(frames, [(change - 0.5, change + 2)])) for change in changes)
    assert sum(frames.values()) < 0.6 * len(frames)


def test_every_line_that_appears_in_the_sample_lecture_is_let_through() -> None:
    frames = judged(SAMPLES / "lecture.mp4")
    shown = [(sentence.said.slide, sentence.said.shown) for sentence in spoken()]
    changes = [
        sentence.shown_from
        for sentence, now, before in zip(spoken(), shown, [None, *shown], strict=False)
        if now != before
    ]
    assert len(changes) > 25
    assert all(any(let_through(frames, [(change, change + 2.01)])) for change in changes)


def test_of_the_sample_yard_only_what_happens_is_let_through() -> None:
    frames = judged(SAMPLES / "yard.mp4")
    rows = map(json.loads, (SAMPLES / "yard.truth.jsonl").read_text(encoding="utf-8").splitlines())
    passings = [row["span"] for row in rows if "label" in row]
    assert len(passings) == 3
    for start, end in passings:
        assert all(let_through(frames, [(start + 2, end - 1)]))
    quiet = let_through(frames, [(20, 60), (96, 148), (162, 204), (240, 300)])
    assert sum(quiet) <= 3


@pytest.mark.parametrize("kbits", [300, 150])
def test_arrivals_are_seen_within_five_seconds_amid_all_disturbances(tmp_path: Path, kbits: int) -> None:
    scene = disturbed_scene(41, [(20.0, 10.0)] * 4, kbits=kbits)
    scene.write(tmp_path / "scene.mp4")
    frames = judged(tmp_path / "scene.mp4")
    seen = [any(let_through(frames, [(arrival.start, arrival.start + 5)])) for arrival in scene.arrivals]
    assert all(seen)
    busy = [(0.0, 20.0)] + [(arrival.start, arrival.start + arrival.lasts + 3) for arrival in scene.arrivals]
    quiet = [new for time, new in frames.items() if not any(start <= time < end for start, end in busy)]
    assert sum(quiet) <= 3


def test_large_clocks_are_learnt(tmp_path: Path) -> None:
    scene = Scene(seed=21, seconds=140, clock_size=1.8)
    scene.write(tmp_path / "scene.mp4")
    frames = judged(tmp_path / "scene.mp4")
    assert sum(let_through(frames, [(20, 140)])) <= 5
