"""The fast look: may it be that what a rule waits for is going on? One token a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import cv2
import numpy as np

from videoqa.alerts import AlertRule, Point
from videoqa.analyser.budget import pairs
from videoqa.analyser.model.evidence import fenced
from videoqa.analyser.model.exchange import Ask, Clip, Model, Priority
from videoqa.analyser.model.prompting import Prompts, Task
from videoqa.analyser.sentry.view import box_of, cut_to
from videoqa.analyser.sentry.waiting import Shot, jpeg_of
from videoqa.errors import BadReply, ModelError
from videoqa.events import Usage

LONG_SIDE = 448
"""Of the pictures of a fast look; a zone is shown as large as that."""
GRID = 32
LONGEST_RULE = 500
_ONE_TOKEN: dict[str, object] = {"enum": [0, 1]}
_WITH_ITS_END = 2


@dataclass(frozen=True, slots=True)
class Glance:
    """What a fast look says: by the ids of rules whether each may be going on; and what it cost.

    ``failed`` are those of which the model said nothing that can be used.
    """

    may_be: dict[str, bool]
    usage: Usage
    failed: frozenset[str]


class Glances:
    """Asks ``model``. Frames come first and are the same for all rules of a zone: caches hold them."""

    def __init__(self, model: Model, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    def look(self, shots: Sequence[Shot], rules: Sequence[AlertRule], within: timedelta) -> Glance:
        """
        Args:
            shots: at least one, in order.
            rules: those told in plain language.
            within: how far apart the two frames of a pair may lie.

        Raises:
            ModelError: the model cannot look now.
        """
        may_be: dict[str, bool] = {}
        failed: set[str] = set()
        usage = Usage()
        clips: dict[tuple[Point, ...], Clip] = {}
        for rule in rules:
            zone = rule.condition.zone
            clip = clips.get(zone) or clips.setdefault(zone, clip_of(shots, zone, within))
            said = fenced("rule", [rule.condition.text], LONGEST_RULE)
            text = self._prompts.text(Task.WATCH, rule=said)
            ask = Ask(
                self._prompts.system, text, clip, _ONE_TOKEN, "watch", max_tokens=_WITH_ITS_END, priority=Priority.LIVE
            )
            try:
                reply = self._model.ask(ask)
            except BadReply as error:
                usage += spent(error)
                failed.add(rule.id)
                continue
            usage += reply.usage
            digit = reply.text.strip()
            if digit in {"0", "1"}:
                may_be[rule.id] = digit == "1"
            else:
                failed.add(rule.id)
        return Glance(may_be, usage, frozenset(failed))


def spent(error: ModelError) -> Usage:
    """What was paid for a reply that cannot be used."""
    usage = error.fields.get("usage")
    return usage if isinstance(usage, Usage) else Usage()


def clip_of(shots: Sequence[Shot], zone: tuple[Point, ...], within: timedelta) -> Clip:
    """``shots``, small, and cut to what is around ``zone``."""
    region = box_of(zone)
    jpegs: dict[timedelta, bytes] = {}
    size = (GRID, GRID)
    for shot in shots:
        decoded = cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
        part = cut_to(np.asarray(decoded, np.uint8), region)
        size = _size_of(part.shape[1], part.shape[0])
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        jpegs[shot.time] = jpeg_of(np.asarray(small, np.uint8))
    return Clip(pairs([shot.time for shot in shots], within), jpegs.__getitem__, size)


def _size_of(width: int, height: int) -> tuple[int, int]:
    scale = min(LONG_SIDE / max(width, height), 2.0)
    across, down = (max(GRID, round(side * scale / GRID) * GRID) for side in (width, height))
    return across, down
