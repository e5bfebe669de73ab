"""What can be told of a blob by itself."""

from __future__ import annotations

import numpy as np

from ingest.gate.background import Field
from ingest.gate.blobs import blobs_of, is_hole, is_light, is_plain, same_structure


def texture(seed: int = 1) -> Field:
    return np.random.default_rng(seed).uniform(80, 160, (90, 160)).astype(np.float32)


def square(size: int = 24) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    mask = np.zeros((90, 160), np.bool_)
    mask[30 : 30 + size, 40 : 40 + size] = True
    return mask


def test_blobs_come_largest_first_and_specks_are_left_out() -> None:
    mask = square(10)
    mask[70:85, 100:140] = True
    mask[2, 2] = True
    assert [blob.area for blob in blobs_of(mask)] == [600, 100]


def test_parts_a_few_places_apart_are_one_blob() -> None:
    mask = square(10)
    mask[30:40, 52:60] = True
    [blob] = blobs_of(mask)
    assert blob.area == 180


def test_a_shadow_keeps_the_fine_structure_of_what_it_falls_on() -> None:
    scene = texture()
    shaded, covered = scene.copy(), scene.copy()
    shaded[square()] *= 0.6
    covered[square()] = texture(2)[square()]
    [blob] = blobs_of(square())
    assert is_light(blob, shaded, scene)
    assert not is_light(blob, covered, scene)


def test_what_is_smooth_does_not_pass_for_light() -> None:
    scene = np.full((90, 160), 120, np.float32)
    [blob] = blobs_of(square())
    assert not is_light(blob, np.where(square(), np.float32(70), scene), scene)


def test_an_object_has_its_outline_in_the_frame_and_a_hole_in_the_empty_scene() -> None:
    plain = np.full((90, 160), 120, np.float32)
    with_object = np.where(square(), np.float32(40), plain)
    [blob] = blobs_of(square())
    assert not is_hole(blob, with_object, plain)
    assert is_hole(blob, plain, with_object)


def test_a_blob_at_the_edge_of_the_picture_has_an_outline_too() -> None:
    mask = np.zeros((90, 160), np.bool_)
    mask[70:, 140:] = True
    plain = np.full((90, 160), 120, np.float32)
    [blob] = blobs_of(mask)
    assert is_hole(blob, plain, np.where(mask, np.float32(40), plain))


def test_scattered_leaves_are_not_plain() -> None:
    leaves = square(30)
    leaves[::3], leaves[:, ::3] = False, False
    scattered = np.random.default_rng(0).random(leaves.shape) < 0.45
    assert all(not is_plain(blob, 150) for blob in blobs_of(square(30) & scattered & leaves))
    [solid] = blobs_of(square(30))
    assert is_plain(solid, 150)


def test_the_same_picture_in_another_light_has_the_same_structure() -> None:
    scene = texture()
    assert same_structure(0.5 * scene + 10, scene)
    assert not same_structure(texture(2), scene)
