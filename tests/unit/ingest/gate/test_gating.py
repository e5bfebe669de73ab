"""The gate on pictures as they are drawn; on encoded and on real ones see tests/integration."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.gate.gating import Gate
from samples.backdrop import Backdrop, Disturbance
from samples.figures import Figure, Look

Luma = NDArray[np.uint8]
SECOND = timedelta(seconds=1)
DISTURBED = Disturbance(noise=3.0, sway=2.2, flicker=0.005)
CLOCK = datetime(2026, 5, 9, 9, 14, 3)  # noqa: DTZ001 - what a camera burns in has no zone


def admitted(frames: Iterable[Luma], gate: Gate | None = None) -> list[int]:
    """The seconds of the frames that the gate lets through."""
    gate = gate or Gate(SECOND)
    return [number for number, luma in enumerate(frames) if gate.admits(luma, number * SECOND)]


def yard(
    seconds: int,
    figure: Callable[[int], Figure | None] = lambda second: None,
    light: Callable[[int], float | NDArray[np.float32]] = lambda second: 1.0,
    disturbance: Disturbance = DISTURBED,
) -> Iterator[Luma]:
    """A disturbed yard with a ticking clock, one picture a second; nothing in it but ``figure``."""
    backdrop = Backdrop(seed=3, wind_seed=1)
    for second in range(seconds):
        there = figure(second)
        image = backdrop.paint(
            float(second),
            [there] if there else [],
            disturbance,
            light=light(second),
            clock=CLOCK + second * SECOND,
        )
        yield cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (640, 360), interpolation=cv2.INTER_AREA)


def slide(*lines: str) -> Luma:
    page = np.full((360, 640), 245, np.uint8)
    for row, line in enumerate(lines):
        cv2.putText(page, line, (40, 60 + 40 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 30, 1, cv2.LINE_AA)
    return page


def person(x: float, y: float = 620.0, height: float = 150.0) -> Figure:
    return Figure(Look.PERSON, x, y, height, stride=x / 40)


def test_the_first_frame_is_new() -> None:
    assert Gate(SECOND).admits(slide("Hello"), timedelta(0))


def test_a_picture_that_stays_the_same_is_new_once() -> None:
    assert admitted([slide("Hello")] * 50) == [0]


def test_noise_leaves_flicker_and_a_ticking_clock_are_learnt_within_twenty_seconds() -> None:
    assert [second for second in admitted(yard(100)) if second >= 20] == []


def test_a_light_step_over_the_whole_picture_is_no_news() -> None:
    seen = admitted(yard(70, light=lambda second: 0.75 if second >= 40 else 1.0))
    assert [second for second in seen if second >= 20] == []


def test_a_light_step_in_a_part_of_the_picture_is_no_news() -> None:
    lamp = np.zeros((720, 1280), np.float32)
    cv2.circle(lamp, (400, 500), 300, 0.25, -1)
    lit = 1 + cv2.GaussianBlur(lamp, (0, 0), 40)
    seen = admitted(yard(70, light=lambda second: lit if second >= 40 else 1.0))
    assert len([second for second in seen if second >= 20]) <= 1


@pytest.mark.parametrize("tone", [40, 190])
def test_twenty_pixels_that_move_ten_pixels_a_second_are_seen_within_five_seconds(tone: int) -> None:
    def crossing(second: int) -> Figure | None:
        return Figure(Look.BLOB, 600 + 10 * (second - 40), 680, 20, tone=tone) if 40 <= second < 50 else None

    seen = admitted(yard(60, crossing))
    assert any(40 <= second <= 45 for second in seen)
    assert not any(20 <= second < 40 for second in seen)


def test_somebody_who_stands_still_is_held_until_the_empty_scene_comes_back() -> None:
    def visitor(second: int) -> Figure | None:
        if 30 <= second < 40:
            return person(100 + 50 * (second - 30))
        if 40 <= second < 60:
            return person(600)
        return person(600 - 60 * (second - 60)) if 60 <= second < 70 else None

    seen = admitted(yard(110, visitor))
    assert set(range(31, 70)) <= set(seen)
    assert [second for second in seen if second > 73] == []


def test_what_was_there_from_the_start_and_leaves_is_news_and_its_gap_soon_is_not() -> None:
    def parked(second: int) -> Figure | None:
        x = 700.0 if second < 40 else 700.0 + 200 * (second - 39)
        return Figure(Look.VAN, x, 600, 120) if x < 1500 else None

    seen = admitted(yard(90, parked))
    assert {40, 41} & set(seen)
    assert [second for second in seen if second > 50] == []


def test_a_line_that_is_added_to_a_slide_is_news_and_then_is_not() -> None:
    before, after = slide("Gradient descent"), slide("Gradient descent", "- step")
    assert admitted([before] * 20 + [after] * 30) == [0, 20, 21]


def test_ink_is_news_for_as_long_as_it_grows() -> None:
    pages = [slide("Stream ciphers", "are secure")] * 20
    for length in range(20, 120, 10):
        page = pages[0].copy()
        cv2.line(page, (60, 200), (60 + length, 204), 60, 2, cv2.LINE_AA)
        pages.append(page)
    pages += [pages[-1]] * 20
    seen = admitted(pages)
    assert {20, 21, 22} <= set(seen)
    assert len([second for second in seen if 20 <= second < 30]) >= 8
    assert [second for second in seen if second > 32] == []


def test_a_pointer_that_wanders_over_a_slide_is_news() -> None:
    pages = [slide("Stream ciphers", "are secure")] * 15
    for second in range(5):
        page = pages[0].copy()
        cv2.circle(page, (80 + 30 * second, 110), 4, 90, -1, cv2.LINE_AA)
        pages.append(page)
    assert len([second for second in admitted(pages) if second >= 15]) >= 4


def test_a_new_slide_is_news_and_so_is_the_old_one_when_it_comes_back() -> None:
    first, second = slide("The chain rule", "dy/dx"), slide("Homework", "Exercises 4 and 7", "by Friday")
    seen = admitted([first] * 10 + [second] * 10 + [first] * 10)
    assert {0, 10, 20} <= set(seen)
    assert len(seen) <= 6


def test_another_picture_altogether_is_news_at_once() -> None:
    random = np.random.default_rng(5)
    here, there = (cv2.resize(random.integers(0, 255, (45, 80)).astype(np.uint8), (640, 360)) for _ in range(2))
    assert admitted([here] * 10 + [there] * 10) == [0, 10]


def test_a_frame_of_another_size_is_new() -> None:
    assert admitted([slide("A")] * 3 + [slide("A")[:300]] * 3) == [0, 3]


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (360, 8), (8, 640), (640, 360), (33, 47)])
def test_pictures_of_any_shape_are_told_apart(shape: tuple[int, int]) -> None:
    dark, light = np.full(shape, 20, np.uint8), np.indices(shape).sum(axis=0).astype(np.uint8)
    assert admitted([dark] * 4 + [light] * 4)[0] == 0


def test_the_same_frames_are_always_judged_the_same() -> None:
    assert admitted(yard(40)) == admitted(yard(40))


def test_what_a_gate_keeps_in_mind_does_not_grow() -> None:
    gate = Gate(SECOND)
    frames = list(yard(60))
    admitted(frames[:5], gate)
    early = len(pickle.dumps(gate))
    admitted(frames[5:], gate)
    assert abs(len(pickle.dumps(gate)) - early) < 1000


def test_a_gate_that_is_given_what_another_learnt_goes_on_as_that_one_would() -> None:
    def crossing(second: int) -> Figure | None:
        return person(100 + 40 * (second - 32)) if 32 <= second < 45 else None

    frames = list(yard(60, crossing))
    whole, first = Gate(SECOND), Gate(SECOND)
    told = [whole.admits(luma, number * SECOND) for number, luma in enumerate(frames)]
    for number, luma in enumerate(frames[:35]):
        first.admits(luma, number * SECOND)
    second = Gate(SECOND, first.learnt())
    assert [second.admits(luma, number * SECOND) for number, luma in enumerate(frames[35:], 35)] == told[35:]


def test_a_gate_that_has_seen_nothing_has_learnt_nothing() -> None:
    assert Gate(SECOND).learnt() == b""
    assert Gate(SECOND, b"").admits(slide("A"), timedelta(0))
