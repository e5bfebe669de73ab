"""The size of sampled pictures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sampling import size_of
from videoqa.media import Sampling


@pytest.mark.parametrize(
    ("footage", "sampled"),
    [
        ((1280, 720), (768, 448)),
        ((1920, 1080), (768, 448)),
        ((720, 1280), (448, 768)),
        ((480, 270), (480, 256)),
        ((160, 96), (160, 96)),
        ((10, 10), (32, 32)),
        ((4000, 20), (768, 32)),
    ],
)
def test_pictures_keep_their_shape_on_the_models_grid(footage: tuple[int, int], sampled: tuple[int, int]) -> None:
    assert size_of(*footage, Sampling()) == sampled


@given(
    width=st.integers(1, 9000),
    height=st.integers(1, 9000),
    multiple=st.integers(1, 64),
    factor=st.integers(1, 40),
    rest=st.integers(0, 63),
)
def test_no_picture_is_too_long_off_the_grid_or_larger_than_its_footage(
    width: int, height: int, multiple: int, factor: int, rest: int
) -> None:
    sampling = Sampling(multiple=multiple, long_side=multiple * factor + rest % multiple)
    for side, of in zip(size_of(width, height, sampling), (width, height), strict=True):
        assert side % multiple == 0
        assert multiple <= side <= sampling.long_side
        assert side < of + multiple
