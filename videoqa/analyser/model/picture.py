"""JPEG pictures at the one size that the frames of a video must have."""

from __future__ import annotations

import cv2
import numpy as np

QUALITY = 90
_START = 0xFF
_ALONE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_SIZED = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def fitted(jpeg: bytes, size: tuple[int, int]) -> bytes:
    """``jpeg`` itself where it has ``size`` (width, height in pixels), else the picture made anew at that size.

    Raises:
        ValueError: it is no JPEG picture.
    """
    if size_of(jpeg) == size:
        return jpeg
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("not a JPEG picture")
    smaller = picture.shape[1] >= size[0] and picture.shape[0] >= size[1]
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return cv2.imencode(".jpg", resized, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1].tobytes()


def size_of(jpeg: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the frame header says them (ITU T.81, B.2.2); None where there is none.

    Read by hand because decoding a picture to learn its size costs more than all else that is done to it here.
    """
    if jpeg[:2] != b"\xff\xd8":
        return None
    place = 2
    while place + 9 <= len(jpeg):
        if jpeg[place] != _START:
            return None
        marker = jpeg[place + 1]
        if marker == _START:
            place += 1
        elif marker in _ALONE:
            place += 2
        elif marker in _SIZED:
            height, width = (int.from_bytes(jpeg[at : at + 2], "big") for at in (place + 5, place + 7))
            return width, height
        else:
            place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    return None
