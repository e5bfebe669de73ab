"""Tells frames that show something new from frames that do not.

The picture is reduced to a grid whose longer side is 320 places and compared with the empty scene, which is learnt
place by place together with its noise: sensor and codec noise, leaves, a ticking digit. The light may change, all
over or in part. What differs by more than the noise forms blobs; a blob is news when its evidence, gathered over the
frames in which it stays or travels, suffices. What appears and then stands still becomes part of the empty scene; what
came by moving is held to be there until the empty scene comes back, for at most a minute without a movement.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.background import LEARNING_FRAMES, Background, Comparison, Field, Mask, spread
from ingest.blobs import Blob, blobs_of, is_hole, is_light, same_structure

LUMA_LONG_SIDE = 320
"""The longer side of the grid. On footage of 1280x720 a place is 4x4 pixels."""
ENOUGH = 3.5
"""Evidence that makes a blob news: one frame three and a half times beyond the noise, or less in several."""
FORGETTING = 0.8
"""What is left of a blob's evidence a frame later."""
PER_SECOND = 9
"""Places: evidence follows what moves at most that fast (36 pixels a second of 1280x720); faster things are larger."""
HELD_AREA = 60
"""Places: what is smaller and stands still is not held to be somebody."""
LIGHT_AREA = 150
"""Places: the fine structure of what is smaller tells nothing of the light."""
HELD = timedelta(seconds=60)
PROTECTED = timedelta(seconds=30)
"""How long something that moves may stay before its place counts as noisy."""
WARM_UP_FRAMES = 15
CUT_SHARE = 0.5
HABIT_AREA = 80
"""Places: a change as small as a character can become a habit, where it is the only one in the frame."""
HABIT = 2.0
"""After so many changes at one place the next one there, or in the line of characters it belongs to, is no news."""
HABIT_FADING = 0.998
LINE = 28
"""Places: a burned-in clock's line of characters goes on at least so far beside the digit that was seen to change."""


class Gate:
    """Holds back the frames of one recording that show nothing new. The first frame is always new.

    Args:
        period: the time from one frame to the next.
        learnt: what another gate's ``learnt()`` gave; this one goes on exactly where that one was.
    """

    def __init__(self, period: timedelta, learnt: bytes = b"") -> None:
        self._period = period
        self._scene = _Scene.restored(learnt, period) if learnt else None

    def admits(self, luma: NDArray[np.uint8], pts: timedelta) -> bool:
        """True where ``luma`` shows something new. Frames come in the order of their pts.

        Args:
            luma: the picture's brightness, 8 bits, shape (height, width); of larger ones than ``LUMA_LONG_SIDE`` the
                gate makes its own small copy.
        """
        field = _reduced(luma)
        if self._scene is None or self._scene.shape != field.shape:
            self._scene = _Scene(field, self._period)
            return True
        return self._scene.shows_news(field)

    def learnt(self) -> bytes:
        """Everything that the gate knows; empty before its first frame."""
        return b"" if self._scene is None else self._scene.saved()


_MAPS = ("_habit", "_before", "_evidence", "_news", "_moving", "_still", "_lingering")


class _Scene:
    """What is known of the scene: empty it looks like ``_empty``; the maps tell of each place what is there now."""

    def __init__(self, field: Field, period: timedelta) -> None:
        self.shape: tuple[int, int] = (field.shape[0], field.shape[1])
        self._empty = Background(field)
        self._habit = np.zeros(self.shape, np.float32)
        self._reach = 2 * int(np.clip(round(PER_SECOND * period.total_seconds()), 4, 15)) + 1
        self._held_frames = max(3, min(250, round(HELD / period)))
        self._protected_frames = max(3, round(PROTECTED / period))
        self._before = field
        self._evidence = np.zeros(self.shape, np.float32)
        self._news: Mask = np.zeros(self.shape, np.bool_)
        self._moving: Mask = np.zeros(self.shape, np.bool_)
        self._still: NDArray[np.uint8] = np.zeros(self.shape, np.uint8)
        self._lingering: NDArray[np.uint16] = np.zeros(self.shape, np.uint16)

    def saved(self) -> bytes:
        file = io.BytesIO()
        maps: dict[str, Any] = {name: getattr(self, name) for name in _MAPS}
        maps |= {"empty": self._empty.field, "noise": self._empty.noise, "frames": np.array(self._empty.frames)}
        np.savez(file, **maps)
        return file.getvalue()

    @classmethod
    def restored(cls, saved: bytes, period: timedelta) -> _Scene:
        with np.load(io.BytesIO(saved), allow_pickle=False) as maps:
            scene = cls(maps["empty"], period)
            scene._empty.noise = maps["noise"]
            scene._empty.frames = int(maps["frames"])
            for name in _MAPS:
                setattr(scene, name, maps[name])
        return scene

    def shows_news(self, field: Field) -> bool:
        """True where ``field`` is news; learns from it either way."""
        compared = self._empty.compare(field)
        foreground = np.asarray(compared.strength > 1, np.bool_)
        if foreground.mean() > CUT_SHARE:
            return self._cut(field)
        active = self._empty.active(field, self._before, compared.restless)
        evidence = self._gathered(compared, foreground)
        left = self._news & ~foreground & active
        news, moving, held = (np.zeros(self.shape, np.bool_) for _ in range(3))
        admitted = False
        learning = self._empty.frames < LEARNING_FRAMES
        alone = int(foreground.sum()) < 2 * HABIT_AREA
        for blob in blobs_of(foreground):
            if float(blob.of(evidence).max()) < ENOUGH or (learning and not _is_plain(blob)):
                continue
            moves = self._moves(blob, left) and not is_hole(blob, field, compared.expected)
            if not moves and blob.area > LIGHT_AREA and is_light(blob, field, self._empty.field):
                lit = np.zeros(self.shape, np.bool_)
                blob.mark(lit)
                self._empty.absorb(field, lit)
                foreground &= ~lit
                continue
            if not moves and alone and blob.area < HABIT_AREA and float(blob.of(self._habit).max()) > HABIT - 0.5:
                continue
            blob.mark(news)
            if moves:
                blob.mark(moving)
            stays = moves and blob.area >= HELD_AREA
            if stays:
                blob.mark(held)
            changing = float((self._still[blob.rows, blob.columns][blob.places] == 0).mean()) > 0.2
            admitted = admitted or stays or changing
        self._learn(field, compared, foreground, news=news, moving=moving, held=held, active=active, alone=alone)
        self._evidence = np.where(foreground, evidence, np.float32(0))
        return admitted

    def _cut(self, field: Field) -> bool:
        """Begins anew with another picture. The same one in a light that no gain explains is no news."""
        news = not same_structure(field, self._empty.field)
        self._empty.absorb(field, np.ones(self.shape, np.bool_))
        self._before = field
        for known in (self._evidence, self._news, self._moving, self._still, self._lingering):
            known[:] = 0
        return news

    def _gathered(self, compared: Comparison, foreground: Mask) -> Field:
        """Evidence at each place: the newest strength and what is left of the strongest within reach before."""
        inherited = FORGETTING * spread(self._evidence, self._reach)
        gathered = np.minimum(np.minimum(compared.strength, 4) + inherited, 12)
        return np.where(foreground, gathered, np.float32(0))

    def _moves(self, blob: Blob, left: Mask) -> bool:
        """True where it moved before, or gives the empty scene back beside it: ink and slides never do that."""
        before = bool(self._moving[blob.rows, blob.columns][blob.places].any())
        return before or blob.around(left) >= 0.25 * blob.area

    def _learn(
        self,
        field: Field,
        compared: Comparison,
        foreground: Mask,
        *,
        news: Mask,
        moving: Mask,
        held: Mask,
        active: Mask,
        alone: bool,
    ) -> None:
        still = np.minimum(self._still, 249) + 1
        self._still = np.where(foreground & ~active, still, 0).astype(np.uint8)
        settled = foreground & np.where(held, self._still >= self._held_frames, self._still > 1)
        if alone:
            self._grow_used_to(settled & news & ~moving)
        self._empty.follow(field, compared, foreground, news)
        self._empty.absorb(field, settled)
        # Whoever moves is no noise, unless it goes on at one place for long: then it is a flag, or a talking head.
        self._lingering = np.where(moving, self._lingering + 1, np.maximum(self._lingering, 1) - 1).astype(np.uint16)
        protected = (self._empty.frames > WARM_UP_FRAMES) & moving & (self._lingering < self._protected_frames)
        resting = foreground & ~active
        self._empty.learn_noise(compared, ~foreground | active, protected | resting, news)
        self._news = news
        self._moving = spread(moving.astype(np.float32), 5) > 0
        self._before = field

    def _grow_used_to(self, changed: Mask) -> None:
        """Takes in small changes that came and stayed. A second one at the same place is a clock's: so is its line."""
        self._habit *= HABIT_FADING
        if not changed.any():
            return
        self._habit += spread(changed.astype(np.float32), 3)
        repeated = ((self._habit > HABIT - 0.5) & changed).astype(np.uint8)
        line = np.asarray(cv2.dilate(repeated, np.ones((5, 2 * LINE + 1), np.uint8)), np.float32)
        np.minimum(np.maximum(self._habit, HABIT * line), 2 * HABIT, out=self._habit)


def _is_plain(blob: Blob) -> bool:
    """True where it is large and in one piece: not leaves, which are not known yet in the first frames."""
    return blob.area >= LIGHT_AREA and blob.area >= 0.3 * blob.places.size


def _reduced(luma: NDArray[np.uint8]) -> Field:
    height, width = luma.shape
    scale = min(1.0, LUMA_LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
