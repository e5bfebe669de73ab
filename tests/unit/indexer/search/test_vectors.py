from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.search.vectors import Vectors, quantise

CHANCE = np.random.default_rng(7)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def topical(count: int, dimensions: int = 128) -> NDArray[np.float32]:
    """Vectors around a hundred topics and one common direction, as those of texts are."""
    topics = CHANCE.standard_normal((100, dimensions), np.float32)
    noise = CHANCE.standard_normal((count, dimensions), np.float32)
    return unit(topics[CHANCE.integers(100, size=count)] + noise + CHANCE.standard_normal(dimensions, np.float32) / 2)


@pytest.mark.parametrize("dimensions", [16, 64, 100, 128, 256, 384])
def test_cosines_survive_eight_bits(dimensions: int) -> None:
    vectors = topical(500, dimensions)
    kept = Vectors.of_codes(quantise(vectors))
    exact = vectors @ vectors[3]
    measured = kept.cosines(vectors[3], np.arange(500, dtype=np.uint32))
    np.testing.assert_allclose(measured, exact, atol=0.01)


@pytest.mark.parametrize("dimensions", [128, 256, 384])
def test_the_nearest_by_cosine_are_among_the_near_by_bits(dimensions: int) -> None:
    vectors = topical(15_000, dimensions)
    kept = Vectors.of_codes(quantise(vectors))
    for query in unit(vectors[:5] + CHANCE.standard_normal((5, dimensions), np.float32) * 0.05):
        best = np.argsort(-(vectors @ query))[:50]
        near = kept.near(query, 800, None)
        assert len(np.intersect1d(best, near)) >= 47


def test_a_mask_is_heeded() -> None:
    vectors = topical(20_000)
    kept = Vectors.of_codes(quantise(vectors))
    mask = np.zeros(20_000, np.bool_)
    mask[5000:6000] = True
    near = kept.near(vectors[0], 200, mask)
    assert 100 <= len(near) <= 1000
    assert mask[near].all()
    assert len(kept.near(vectors[0], 200, np.zeros(20_000, np.bool_))) == 0


def test_a_vector_of_zeros_is_like_nothing() -> None:
    vectors = np.vstack([np.zeros((1, 128), np.float32), topical(3)])
    kept = Vectors.of_codes(quantise(vectors))
    everything = np.arange(4, dtype=np.uint32)
    assert kept.cosines(vectors[1], everything)[0] == 0
    assert kept.cosines(vectors[0], everything).tolist() == [0, 0, 0, 0]


def test_no_vectors_are_no_trouble() -> None:
    kept = Vectors.of_codes(quantise(np.empty((0, 128), np.float32)))
    assert len(kept.near(topical(1)[0], 10, None)) == 0
