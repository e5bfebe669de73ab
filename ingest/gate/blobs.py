"""Connected places that differ from the empty scene, and what can be told of each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ingest.gate.background import Field, Mask, box

SMALLEST = 4
"""Places; on footage of 1280x720 a place is 4x4 pixels."""
MOST = 48
"""How many blobs of a frame are looked at, the largest first: news is among them."""
LIKE = 0.9
"""The correlation of fine structure above which only the light on it has changed."""
CLEARER = 1.2
_JOIN = np.ones((5, 5), np.uint8)
_MARGIN = 4
"""More than joining reaches: OpenCV takes what is beyond the border for part of the shape."""
_EDGE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob: its bounding box as slices, and within it the places that belong to it."""

    rows: slice
    columns: slice
    places: Mask
    area: int

    def of(self, field: Field) -> Field:
        """The values of ``field`` at its places."""
        return field[self.rows, self.columns][self.places]

    def mark(self, mask: Mask) -> None:
        mask[self.rows, self.columns][self.places] = True

    def around(self, mask: Mask) -> int:
        """How many places of ``mask`` lie in its bounding box grown by half its size."""
        down = min(max(4, (self.rows.stop - self.rows.start) // 2), 20)
        across = min(max(4, (self.columns.stop - self.columns.start) // 2), 20)
        rows = slice(max(0, self.rows.start - down), self.rows.stop + down)
        columns = slice(max(0, self.columns.start - across), self.columns.stop + across)
        return int(mask[rows, columns].sum())


def blobs_of(foreground: Mask) -> Iterator[Blob]:
    """The blobs of ``foreground``, the largest first; parts a few places apart are one."""
    if not foreground.any():
        return
    joined = cv2.morphologyEx(foreground.astype(np.uint8), cv2.MORPH_CLOSE, _JOIN)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    largest_first = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST]
    for label in largest_first.tolist():
        left, top, width, height, _ = stats[label].tolist()
        rows, columns = slice(top, top + height), slice(left, left + width)
        places = (labels[rows, columns] == label) & foreground[rows, columns]
        area = int(places.sum())
        if area >= SMALLEST:
            yield Blob(rows, columns, places, area)


def is_plain(blob: Blob, area: int) -> bool:
    """True where it has ``area`` and is in one piece: not leaves, which are not known yet in the first frames."""
    return blob.area >= area and blob.area >= 0.3 * blob.places.size


def is_light(blob: Blob, field: Field, scene: Field) -> bool:
    """True where the blob has the fine structure of the empty scene behind it: a shadow, a lamp.

    What is too smooth to tell does not count as light.
    """
    now = field[blob.rows, blob.columns]
    empty = scene[blob.rows, blob.columns]
    fine_now, fine_empty = ((part - box(part, 9))[blob.places] for part in (now, empty))
    if float(np.square(fine_empty).mean()) < 9:
        return False
    power = float(np.square(fine_now).sum() * np.square(fine_empty).sum())
    return float((fine_now * fine_empty).sum()) > LIKE * float(np.sqrt(power))


def is_hole(blob: Blob, field: Field, scene: Field) -> bool:
    """True where its outline is an edge of the empty scene rather than of the frame.

    That is what is left when something leaves that had become part of the empty scene: a gap in it, and no object.
    """
    above, left = min(_MARGIN, blob.rows.start), min(_MARGIN, blob.columns.start)
    rows = slice(blob.rows.start - above, blob.rows.stop + _MARGIN)
    columns = slice(blob.columns.start - left, blob.columns.stop + _MARGIN)
    now, empty = field[rows, columns], scene[rows, columns]
    shape = np.pad(blob.places.astype(np.uint8), _MARGIN)
    outline = cv2.morphologyEx(cv2.morphologyEx(shape, cv2.MORPH_CLOSE, _JOIN), cv2.MORPH_GRADIENT, _EDGE) > 0
    height, width = now.shape
    outline = outline[_MARGIN - above :, _MARGIN - left :][:height, :width]
    edge_now, edge_empty = (
        float(cv2.morphologyEx(part, cv2.MORPH_GRADIENT, _EDGE)[outline].sum()) for part in (now, empty)
    )
    return edge_empty > CLEARER * edge_now


def same_structure(field: Field, scene: Field) -> bool:
    """True where the whole of ``field`` shows what ``scene`` shows, in whatever light."""
    fine_now, fine_empty = (part - box(part, 17) for part in (field, scene))
    power = float(np.square(fine_now).sum() * np.square(fine_empty).sum())
    return float((fine_now * fine_empty).sum()) > 0.8 * float(np.sqrt(power))
