"""JPEG pictures at the size they are sent in."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from videoqa.analyser.model.picture import fitted, size_of


def picture(size: tuple[int, int], **how: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)).save(
        data, "JPEG", **how
    )
    return data.getvalue()


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"exif": b"Exif\x00\x00" + bytes(300)}, {"comment": b"hi"}])
def test_the_size_stands_in_the_header(how: dict[str, object]) -> None:
    assert size_of(picture((320, 96), **how)) == (320, 96)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0\x00\x10", b"\xff\xd8\xff\xd9"])
def test_what_is_no_picture_has_no_size(data: bytes) -> None:
    assert size_of(data) is None


def test_a_picture_of_that_size_is_left_as_it_is() -> None:
    data = picture((64, 32))

    assert fitted(data, (64, 32)) is data


@pytest.mark.parametrize("size", [(32, 32), (128, 96)])
def test_a_picture_of_another_size_is_made_anew(size: tuple[int, int]) -> None:
    decoded = cv2.imdecode(np.frombuffer(fitted(picture((70, 50)), size), np.uint8), cv2.IMREAD_COLOR)

    assert decoded is not None
    assert decoded.shape == (size[1], size[0], 3)


def test_what_does_not_decode_is_told() -> None:
    with pytest.raises(ValueError, match="not a JPEG"):
        fitted(b"\xff\xd8 rubbish", (32, 32))
