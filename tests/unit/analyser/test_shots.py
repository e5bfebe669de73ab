from __future__ import annotations

import numpy as np

from tests.unit.analyser.drawn import SIZE, jpeg, scene, seen, slide
from videoqa.analyser.shots import cut, cuts, observed


def other_place() -> bytes:
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    hall = np.where((x // 64 + y // 64) % 2 == 0, 200, 40) + 15 * np.sin(x / 3.0)
    return jpeg(np.repeat(np.clip(hall, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2))


def test_another_place_begins_a_new_shot() -> None:
    sights = seen(scene(), scene(seed=1), other_place(), other_place())
    assert cuts(sights) == {2}
    (change,) = observed(sights, cuts(sights))
    assert change.frames == (sights[2].pts,)


def test_a_lorry_before_the_camera_is_no_cut() -> None:
    before, lorry = seen(scene(), scene((100, 60, 500, 448)))
    assert not cut(before, lorry)


def test_the_light_going_on_is_no_cut() -> None:
    before, after = seen(scene(light=-40), scene(light=40, seed=1))
    assert not cut(before, after)


def test_one_slide_after_another_is_told_as_a_slide_and_not_as_a_cut() -> None:
    sights = seen(slide("Stacks", "first in last out"), slide("Trees", "rotations", dark=True))
    assert observed(sights, frozenset({1})) == ()


def test_from_a_slide_to_a_scene_is_a_cut() -> None:
    sights = seen(slide("Stacks", "first in last out"), other_place())
    assert len(observed(sights, cuts(sights))) == 1
