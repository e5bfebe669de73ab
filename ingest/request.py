"""What the decoding child is asked for."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ingest.limits import Limits
from ingest.plain import MICROSECOND, as_json, read_sampling, read_span
from videoqa.media import Sampling, Span
from videoqa.ports import Checkpoint


@dataclass(frozen=True, slots=True)
class Survey:
    """The part of a request that asks for frames."""

    sampling: Sampling
    gated: bool
    since: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a request that asks for the frames of ``span`` alone.

    With ``leaps`` the time stamps leap, so that no time can be sought.
    """

    sampling: Sampling
    span: Span
    leaps: bool


@dataclass(frozen=True, slots=True)
class Hearing:
    """The part of a request that asks for sound."""

    since: timedelta


@dataclass(frozen=True, slots=True)
class Cutting:
    """The part of a request that asks for a clip of ``span``.

    It may begin ``lead`` before that, at a keyframe. With ``leaps`` no time can be sought. ``anew`` has its pictures
    encoded anew, whatever their codec.
    """

    span: Span
    lead: timedelta
    leaps: bool
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What the child is to do with the file behind ``descriptor``; a probe where that is all that is told.

    Without a descriptor it only tells its confinement. ``work`` is its processor time in whole seconds.
    """

    descriptor: int | None
    decoder: str
    limits: Limits
    work: int
    survey: Survey | None = None
    hearing: Hearing | None = None
    stretch: Stretch | None = None
    cutting: Cutting | None = None

    def to_json(self) -> bytes:
        return as_json(self)

    @classmethod
    def from_json(cls, text: bytes) -> Request:
        told: dict[str, Any] = json.loads(text)
        limits = told.pop("limits")
        for name in ("stall", "work", "work_per_mebibyte"):
            limits[name] = limits[name] * MICROSECOND
        survey = told.pop("survey")
        if survey is not None:
            since = survey["since"] and Checkpoint(
                survey["since"]["pts"] * MICROSECOND, b64decode(survey["since"]["gate"])
            )
            survey = Survey(read_sampling(survey["sampling"]), survey["gated"], since)
        hearing = told.pop("hearing")
        if hearing is not None:
            hearing = Hearing(hearing["since"] * MICROSECOND)
        stretch = told.pop("stretch")
        if stretch is not None:
            span = read_span(stretch["span"])
            stretch = Stretch(read_sampling(stretch["sampling"]), span, stretch["leaps"])
        cutting = told.pop("cutting")
        if cutting is not None:
            cutting = Cutting(
                read_span(cutting["span"]), cutting["lead"] * MICROSECOND, cutting["leaps"], cutting["anew"]
            )
        return cls(**told, limits=Limits(**limits), survey=survey, hearing=hearing, stretch=stretch, cutting=cutting)
