"""Draws the surveillance scene of the samples: a yard in which little happens, seen by a camera that disturbs a lot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from samples.backdrop import Backdrop, Disturbance
from samples.encoding import Image
from samples.figures import Figure, Look
from samples.truth import Asked, Happened, Seconds

FPS = 15
KEPT_KBITS = 84
SECONDS = 300.0
BEGINS = datetime(2026, 3, 14, 7, 42, 5)  # noqa: DTZ001 - what a camera burns in has no zone
CLOUD: Seconds = (118.0, 184.0)


@dataclass(frozen=True, slots=True)
class Passing:
    """Somebody or something that crosses the yard: where it stands at which second, straight lines between.

    ``path`` is a row of (second, x, y) in pixels of 1280x720; y is where it touches the ground.
    """

    label: str
    look: Look
    height: float
    path: tuple[tuple[float, float, float], ...]

    @property
    def span(self) -> Seconds:
        return self.path[0][0], self.path[-1][0]

    def at(self, now: float, shift: float = 0.0) -> Figure | None:
        """Where it is at the second ``now`` when it comes ``shift`` seconds late; None while it is not in view."""
        times, columns, rows = (np.array(values) for values in zip(*self.path, strict=True))
        when = now - shift
        if not times[0] <= when < times[-1]:
            return None
        x, y = float(np.interp(when, times, columns)), float(np.interp(when, times, rows))
        leftwards = float(np.interp(when + 0.2, times, columns)) < x
        return Figure(self.look, x, y, self.height, stride=2.2 * x / self.height, leftwards=leftwards)


PASSINGS = (
    Passing(
        "a person walks to the door, waits and walks away",
        Look.PERSON,
        150.0,
        ((62.0, -30.0, 640.0), (72.0, 430.0, 520.0), (82.0, 430.0, 520.0), (93.0, -30.0, 650.0)),
    ),
    Passing("a white van drives through", Look.VAN, 130.0, ((150.0, 1430.0, 600.0), (158.0, -150.0, 600.0))),
    Passing(
        "a figure far off walks along the hedge", Look.FAR_PERSON, 20.0, ((206.0, 560.0, 330.0), (236.0, 890.0, 332.0))
    ),
)

QUESTIONS = (
    ("When does somebody come to the door?", (62.0, 93.0)),
    ("When does a vehicle drive through the yard?", (150.0, 158.0)),
    ("When does somebody walk past in the distance?", (206.0, 236.0)),
    ("When does it get darker because of a cloud?", CLOUD),
    ("When does a dog run through the yard?", None),
    ("When does a lorry unload?", None),
)


def length() -> float:
    """Seconds."""
    return SECONDS


def images(part: int = 1) -> Iterator[Image]:
    """Every frame at ``FPS``. In part n the clock runs on from part n - 1 and the wind blows differently."""
    backdrop = Backdrop(seed=7, wind_seed=part)
    disturbance = Disturbance(noise=2.5, sway=2.2, flicker=0.004)
    for number in range(round(SECONDS * FPS)):
        now = number / FPS
        figures = [figure for passing in PASSINGS if (figure := passing.at(now)) is not None]
        clock = BEGINS + timedelta(seconds=now + (part - 1) * SECONDS)
        yield backdrop.paint(now, figures, disturbance, light=light(now), clock=clock)


def questions() -> tuple[Asked, ...]:
    """What may be asked, with the true spans."""
    return tuple(Asked(text, () if span is None else (span,)) for text, span in QUESTIONS)


def happenings() -> tuple[Happened, ...]:
    """Who and what is in view when."""
    return tuple(Happened("motion", passing.span, passing.label) for passing in PASSINGS)


def light(now: float) -> float:
    """The gain of the light: a cloud takes a fifth of it within half a second, and gives it back as fast."""
    start, end = CLOUD
    return 1.0 - 0.2 * float(np.clip((now - start) / 0.5, 0, 1) - np.clip((now - end) / 0.5, 0, 1))
