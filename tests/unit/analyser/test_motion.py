from __future__ import annotations

import pytest

from tests.unit.analyser.drawn import scene, seen, slide
from videoqa.analyser.motion import heading, how_strong, movement, observed, place
from videoqa.events import Observation, Region


def walk(xs: list[int | None], width: int = 80, height: int = 160, top: int = 200) -> tuple[Observation, ...]:
    """Motion in a scene in which a box stands at one of ``xs`` after the other, a second apart; None is nowhere."""
    boxes = [None if x is None else (x, top, x + width, top + height) for x in xs]
    sights = seen(*(scene(box, seed=number) for number, box in enumerate(boxes)))
    return observed(sights, frozenset())


def test_who_crosses_the_picture_is_one_motion_from_first_to_last_second() -> None:
    (crossing,) = walk([None, None, 40, 200, 360, 520, 660, None, None, None])
    assert [pts.total_seconds() for pts in crossing.frames] == [2, 3, 4, 5, 6]
    assert crossing.lasts_until is not None
    assert crossing.lasts_until.total_seconds() == 7
    assert "moving right" in crossing.description
    assert crossing.strength is not None
    assert crossing.strength > 0.2


def test_the_region_is_where_it_moved() -> None:
    (crossing,) = walk([None, 40, 120, None])
    assert crossing.region is not None
    region = crossing.region
    assert region.left == pytest.approx(40 / 768, abs=0.02)
    assert region.right == pytest.approx(200 / 768, abs=0.02)
    assert region.top == pytest.approx(200 / 448, abs=0.03)
    assert region.bottom == pytest.approx(360 / 448, abs=0.03)
    assert "left" in crossing.description


def test_a_far_figure_of_a_dozen_pixels_is_seen_and_called_slight() -> None:
    (crossing,) = walk([None, 300, 320, 340, None], width=7, height=16, top=100)
    assert crossing.label == "slight motion"
    assert crossing.description.endswith("slight")


def test_slight_motion_joins_no_two_that_stand_out() -> None:
    far = [(600, 60, 607, 74), (620, 60, 627, 74)]
    boxes = [None, (40, 200, 200, 400), None, *far * 3, None, (40, 200, 200, 400), None]
    found = observed(seen(*(scene(box, seed=number) for number, box in enumerate(boxes))), frozenset())
    assert [one.label for one in found] == ["motion", "slight motion", "motion"]


@pytest.mark.parametrize("noise", [1.0, 4.0, 8.0])
def test_noise_is_no_motion(noise: float) -> None:
    sights = seen(*(scene(noise=noise, seed=number) for number in range(8)))
    assert observed(sights, frozenset()) == ()


def test_a_change_of_the_light_is_no_motion() -> None:
    before, after = seen(scene(), scene(light=30, seed=1))
    assert movement(before, after) is None


def test_what_stands_still_does_not_move() -> None:
    still = walk([None, *[300] * 8, None])
    assert [[pts.total_seconds() for pts in one.frames] for one in still] == [[1], [9]]


def test_slides_do_not_move() -> None:
    sights = seen(slide("One", "a line of text"), slide("Two", "another line of text"), scene())
    assert observed(sights, frozenset()) == ()


def test_a_cut_is_no_motion() -> None:
    sights = seen(scene(), scene((100, 100, 500, 400)))
    assert observed(sights, frozenset({1})) == ()


@pytest.mark.parametrize(
    ("centre", "words"),
    [
        ((0.1, 0.1), "in the upper left"),
        ((0.9, 0.9), "in the lower right"),
        ((0.5, 0.5), "in the middle"),
        ((0.1, 0.5), "on the left"),
        ((0.5, 0.9), "in the lower part"),
        ((1.0, 1.0), "in the lower right"),
    ],
)
def test_places_are_told_in_words(centre: tuple[float, float], words: str) -> None:
    assert place(centre, Region(0.4, 0.4, 0.6, 0.6)) == words


def test_motion_everywhere_is_said_to_be() -> None:
    assert place((0.5, 0.5), Region(0, 0, 1, 0.9)) == "all over the picture"


def test_headings_and_strengths_are_told_in_words() -> None:
    assert heading(0.3, 0) == "moving right"
    assert heading(-0.3, 0.4) == "moving left and down"
    assert heading(0.05, -0.05) == ""
    assert [how_strong(strength) for strength in (0.05, 0.3, 0.9)] == ["slight", "moderate", "strong"]
