"""The empty scene and its noise."""

from __future__ import annotations

import numpy as np

from ingest.gate.background import LEAST_NOISE, Background, Field

SHAPE = (90, 160)
NOWHERE = np.zeros(SHAPE, np.bool_)


def noisy(random: np.random.Generator, level: float, deviation: float) -> Field:
    return random.normal(level, deviation, SHAPE).astype(np.float32)


def test_noise_is_learnt_for_each_place_by_itself() -> None:
    random = np.random.default_rng(3)
    restless = NOWHERE.copy()
    restless[:, 80:] = True
    background = Background(noisy(random, 120, 0.5))
    for _ in range(60):
        field = noisy(random, 120, 0.5) + np.where(restless, noisy(random, 0, 30), 0)
        compared = background.compare(field.astype(np.float32))
        background.follow(field.astype(np.float32), compared, NOWHERE, NOWHERE)
        background.learn_noise(compared, ~NOWHERE, NOWHERE, NOWHERE)
    assert np.median(background.noise[:, :76]) < 2 * LEAST_NOISE
    assert np.median(background.noise[:, 84:]) > 5


def test_what_passes_now_and_then_adds_no_noise() -> None:
    background = Background(np.full(SHAPE, 100, np.float32))
    for number in range(100):
        field = np.full(SHAPE, 180 if number % 5 == 4 else 100, np.float32)
        compared = background.compare(field)
        compared.change[:] = np.abs(field - 100)
        background.follow(field, compared, NOWHERE, ~NOWHERE)
        background.learn_noise(compared, ~NOWHERE, NOWHERE, ~NOWHERE)
    assert float(background.noise.max()) < 5


def test_a_change_of_the_light_leaves_no_change() -> None:
    random = np.random.default_rng(4)
    scene = random.uniform(40, 200, SHAPE).astype(np.float32)
    compared = Background(scene).compare(0.7 * scene)
    assert float(np.quantile(compared.strength, 0.99)) < 0.5
    assert float(compared.relit.min()) > 0.2


def test_an_object_is_change_in_whatever_light() -> None:
    scene = np.random.default_rng(4).uniform(90, 110, SHAPE).astype(np.float32)
    frame = 0.7 * scene
    frame[40:46, 60:66] = 160
    compared = Background(scene).compare(frame.astype(np.float32))
    assert float(compared.change[43, 63]) > 40
    assert float(compared.strength[43, 63]) > 1


def test_what_is_absorbed_is_part_of_the_empty_scene() -> None:
    background = Background(np.full(SHAPE, 100, np.float32))
    parked = NOWHERE.copy()
    parked[20:40, 20:60] = True
    field = np.where(parked, np.float32(30), np.float32(100))
    background.absorb(field, parked)
    assert float(background.compare(field).change.max()) == 0
