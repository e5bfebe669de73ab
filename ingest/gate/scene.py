"""What is known of the scene before a camera, and what of a frame is new in it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.gate.background import LEARNING_FRAMES, Background, Comparison, Field, Mask, spread
from ingest.gate.blobs import Blob, blobs_of, is_hole, is_light, is_plain, same_structure
from ingest.gate.habit import AREA as HABIT_AREA
from ingest.gate.habit import Habit

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
"""Where more than this share of the picture differs, it is another picture."""

_MAPS = ("_before", "_evidence", "_news", "_moving", "_still", "_lingering")


class _Verdict(Enum):
    NOTHING = auto()
    LIGHT = auto()
    APPEARED = auto()
    MOVES = auto()


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame taken apart: where it differs from the empty scene and from the frame before, and what has gone."""

    field: Field
    compared: Comparison
    foreground: Mask
    active: Mask
    evidence: Field
    left: Mask


class Scene:
    """Empty it looks like ``_empty``; the maps tell of each place what is there now."""

    def __init__(self, field: Field, period: timedelta) -> None:
        self.shape: tuple[int, int] = (field.shape[0], field.shape[1])
        self._empty = Background(field)
        self._habit = Habit(np.zeros(self.shape, np.float32))
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
        """Everything that is known, for ``restored``."""
        maps: dict[str, Any] = {name: getattr(self, name) for name in _MAPS}
        maps |= {"empty": self._empty.field, "noise": self._empty.noise, "frames": np.array(self._empty.frames)}
        file = io.BytesIO()
        np.savez(file, habit=self._habit.places, **maps)
        return file.getvalue()

    @classmethod
    def restored(cls, saved: bytes, period: timedelta) -> Scene:
        with np.load(io.BytesIO(saved), allow_pickle=False) as maps:
            scene = cls(maps["empty"], period)
            scene._empty.noise = maps["noise"]
            scene._empty.frames = int(maps["frames"])
            scene._habit.places = maps["habit"]
            for name in _MAPS:
                setattr(scene, name, maps[name])
        return scene

    @property
    def news(self) -> Mask:
        """Where the last frame differs from the empty scene, and is neither noise nor light."""
        return self._news

    @property
    def moving(self) -> Mask:
        """Where of that something is that has moved, and the places beside it."""
        return self._moving

    def shows_news(self, field: Field) -> bool:
        """True where ``field`` is news; learns from it either way."""
        compared = self._empty.compare(field)
        foreground = np.asarray(compared.strength > 1, np.bool_)
        if foreground.mean() > CUT_SHARE:
            return self._cut(field)
        active = self._empty.active(field, self._before, compared.restless)
        evidence = self._gathered(compared, foreground)
        frame = _Frame(field, compared, foreground, active, evidence, self._news & ~foreground & active)
        lit, news, moving, held = (np.zeros(self.shape, np.bool_) for _ in range(4))
        admitted = False
        for blob in blobs_of(foreground):
            verdict = self._verdict(blob, frame)
            if verdict is _Verdict.LIGHT:
                blob.mark(lit)
            if verdict not in {_Verdict.APPEARED, _Verdict.MOVES}:
                continue
            blob.mark(news)
            if verdict is _Verdict.MOVES:
                blob.mark(moving)
            stays = verdict is _Verdict.MOVES and blob.area >= HELD_AREA
            if stays:
                blob.mark(held)
            admitted = admitted or stays or self._changes(blob)
        foreground &= ~lit
        self._empty.absorb(field, lit)
        self._learn(frame, news, moving, held)
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

    def _verdict(self, blob: Blob, frame: _Frame) -> _Verdict:
        learning = self._empty.frames < LEARNING_FRAMES
        if float(blob.of(frame.evidence).max()) < ENOUGH or (learning and not is_plain(blob, LIGHT_AREA)):
            return _Verdict.NOTHING
        if self._moves(blob, frame.left) and not is_hole(blob, frame.field, frame.compared.expected):
            return _Verdict.MOVES
        if blob.area > LIGHT_AREA and is_light(blob, frame.field, self._empty.field):
            return _Verdict.LIGHT
        if _is_alone(frame.foreground) and self._habit.covers(blob):
            return _Verdict.NOTHING
        return _Verdict.APPEARED

    def _moves(self, blob: Blob, left: Mask) -> bool:
        """True where it moved before, or gives the empty scene back beside it: ink and slides never do that."""
        before = bool(self._moving[blob.rows, blob.columns][blob.places].any())
        return before or blob.around(left) >= 0.25 * blob.area

    def _changes(self, blob: Blob) -> bool:
        """True where a fifth of it did not stand still in the frame before."""
        return float((self._still[blob.rows, blob.columns][blob.places] == 0).mean()) > 0.2

    def _learn(self, frame: _Frame, news: Mask, moving: Mask, held: Mask) -> None:
        foreground, active = frame.foreground, frame.active
        alone = _is_alone(foreground)
        still = np.minimum(self._still, 249) + 1
        self._still = np.where(foreground & ~active, still, 0).astype(np.uint8)
        settled = foreground & np.where(held, self._still >= self._held_frames, self._still > 1)
        if alone:
            self._habit.grow(settled & news & ~moving)
        self._empty.follow(frame.field, frame.compared, foreground, news)
        self._empty.absorb(frame.field, settled)
        # Whoever moves is no noise, unless it goes on at one place for long: then it is a flag, or a talking head.
        longer, shorter = np.minimum(self._lingering, 9999) + 1, np.maximum(self._lingering, 1) - 1
        self._lingering = np.where(moving, longer, shorter).astype(np.uint16)
        protected = (self._empty.frames > WARM_UP_FRAMES) & moving & (self._lingering < self._protected_frames)
        resting = foreground & ~active
        self._empty.learn_noise(frame.compared, ~foreground | active, protected | resting, news)
        self._news = news
        self._moving = spread(moving.astype(np.float32), 5) > 0
        self._evidence = np.where(foreground, frame.evidence, np.float32(0))
        self._before = frame.field


def _is_alone(foreground: Mask) -> bool:
    """True where so little differs that it may be a clock's."""
    return int(foreground.sum()) < 2 * HABIT_AREA
