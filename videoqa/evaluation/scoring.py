"""What answers are worth against the truth, and what they are worth together. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, quantiles

from videoqa.evaluation.truth import Asked, Stretch

THRESHOLDS = (0.3, 0.5, 0.7)
DEPTHS = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Given:
    """A moment that was given as an answer; ``recording`` is the id it lies in."""

    start: float
    end: float
    recording: str


@dataclass(frozen=True, slots=True)
class Report:
    """Shares are 0 to 1, time errors seconds; None where no row of the truth tells."""

    questions: int
    answerable: int
    events: int
    hit: dict[int, float] | None
    r1: dict[float, float] | None
    mean_iou: float | None
    time_error_median: float | None
    time_error_p90: float | None
    abstained_rightly: float | None
    abstained_wrongly: float | None
    event_recall: float | None

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    def as_text(self) -> str:
        rows = [
            ("questions", f"{self.questions}, {self.answerable} of them with an answer"),
            *((f"hit@{depth}", _shown((self.hit or {}).get(depth))) for depth in DEPTHS),
            *((f"R1@IoU {least}", _shown((self.r1 or {}).get(least))) for least in THRESHOLDS),
            ("mean IoU", _shown(self.mean_iou)),
            ("time error, median", _shown(self.time_error_median, " s")),
            ("time error, 90th percentile", _shown(self.time_error_p90, " s")),
            ("not found, rightly", _shown(self.abstained_rightly)),
            ("not found, wrongly", _shown(self.abstained_wrongly)),
            ("events seen", _shown(self.event_recall) + (f" of {self.events}" if self.events else "")),
        ]
        return "\n".join(f"{name:28} {value}" for name, value in rows)


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one question. ``iou`` and ``hits`` are of answerable ones, ``error`` of those with a moment too."""

    answerable: bool
    abstained: bool
    iou: float = 0.0
    hits: tuple[bool, ...] = ()
    error: float | None = None


def judge(asked: Asked, given: Sequence[Given], recording: str | None) -> Judged:
    """What ``given``, the best first, is worth. A moment of another recording than ``recording`` is wrong.

    A moment hits where it overlaps an accepted span, or starts within the tolerance of the start of one.
    """
    if not asked.answerable:
        return Judged(answerable=False, abstained=not given)
    accepted = asked.spans + asked.acceptable
    here = [item if recording is None or item.recording == recording else None for item in given]
    good = [item is not None and any(_hits(item, span, asked.tolerance) for span in accepted) for item in here]
    first = here[0] if here else None
    return Judged(
        answerable=True,
        abstained=not given,
        iou=max((_iou((first.start, first.end), span) for span in accepted), default=0.0) if first else 0.0,
        hits=tuple(any(good[:depth]) for depth in DEPTHS),
        error=min((abs(first.start - span[0]) for span in accepted), default=None) if first else None,
    )


def report(judged: Sequence[Judged], seen: Sequence[bool]) -> Report:
    """The figures over all of ``judged`` and of the events ``seen``."""
    answerable = [item for item in judged if item.answerable]
    others = [item for item in judged if not item.answerable]
    errors = sorted(item.error for item in answerable if item.error is not None)
    return Report(
        questions=len(judged),
        answerable=len(answerable),
        events=len(seen),
        hit={depth: fmean(item.hits[place] for item in answerable) for place, depth in enumerate(DEPTHS)}
        if answerable
        else None,
        r1={least: fmean(item.iou >= least for item in answerable) for least in THRESHOLDS} if answerable else None,
        mean_iou=_mean(item.iou for item in answerable),
        time_error_median=_percentile(errors, 50),
        time_error_p90=_percentile(errors, 90),
        abstained_rightly=_mean(item.abstained for item in others),
        abstained_wrongly=_mean(item.abstained for item in answerable),
        event_recall=_mean(seen),
    )


def _hits(given: Given, span: Stretch, tolerance: float) -> bool:
    return _iou((given.start, given.end), span) > 0 or abs(given.start - span[0]) <= tolerance


def _iou(one: Stretch, other: Stretch) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return 0.0 if shared <= 0 else shared / (max(one[1], other[1]) - min(one[0], other[0]))


def _mean(values: Iterable[float]) -> float | None:
    every = list(values)
    return fmean(every) if every else None


def _percentile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _shown(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:.3f}" if not unit else f"{value:.1f}{unit}"
