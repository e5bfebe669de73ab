"""Rules by which cameras give alerts: added, listed, changed, removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from videoqa.client.alerts import Alert
from videoqa.client.documents import ModelUsage, Page, read
from videoqa.client.flows import Call, Flow, Items, at
from videoqa.client.footage import listed
from videoqa.client.line import Line
from videoqa.client.problems import error_of_event
from videoqa.client.retrying import answered, removed

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a rule waits for: ``kind`` is described (in plain language), motion, stillness, crossing, text, covered or
    turned. Points are fractions of the picture's width and height; ``lasting`` is in seconds.
    """

    kind: str
    text: str = ""
    zone: tuple[tuple[float, float], ...] = ()
    line: tuple[tuple[float, float], ...] = ()
    lasting: float = 0.0
    strength: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a rule is armed, by the clock of ``zone``; ``days`` are those on which a stretch starts, 0 is Monday."""

    start: time
    end: time
    zone: str = "UTC"
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition over cameras, by ids; where there are none it is over all that its owner reaches.

    ``needs`` says what is missing before it can give an alert, None where nothing is.
    """

    id: str
    name: str
    condition: Condition
    cameras: tuple[str, ...]
    schedule: Schedule | None
    cooldown: float
    severity: str
    enabled: bool
    added_at: datetime
    needs: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialProgress:
    """How a trial stands: the share that is done, and how many alerts there would have been."""

    done: float
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of a trial: the alerts that ``rule`` would have given, and how many a day that is, None where less
    than an hour of footage was tried.

    Of ``footage`` seconds it was armed for ``watched``; nobody could look at ``blind`` of these; ``asked`` of them were
    put to a model, which cost ``usage``.
    """

    rule: str
    alerts: tuple[Alert, ...]
    alerts_a_day: float | None
    footage: float
    watched: float
    blind: float
    asked: float
    usage: ModelUsage
    problems: tuple[str, ...]


def rules() -> Items[Rule]:
    """The rules in the order of their names."""
    yield from listed(Page[Rule], "/v1/rules", {})


def rule(name: str) -> Flow[Rule]:
    """The rule of that name or id."""
    return read(Rule, (yield from answered(Call("GET", at("/v1/rules/{}", name)))))


def add_rule(
    text: str = "",
    *,
    kind: str = "described",
    cameras: Sequence[str] = (),
    zone: Points = (),
    line: Points = (),
    lasting: timedelta = timedelta(0),
    strength: float = 0.0,
    schedule: Schedule | None = None,
    cooldown: timedelta = timedelta(minutes=1),
    severity: str = "medium",
    name: str | None = None,
) -> Flow[Rule]:
    """Adds a rule, which is watched for from then on: ``text`` says what for, or with the kind text what is read."""
    condition = {
        "kind": kind,
        "text": text,
        "zone": [list(point) for point in zone],
        "line": [list(point) for point in line],
        "lasting": lasting.total_seconds(),
        "strength": strength,
    }
    body: dict[str, Any] = {
        "condition": condition,
        "name": name,
        "cameras": list(cameras),
        "schedule": None if schedule is None else _schedule(schedule),
        "cooldown": cooldown.total_seconds(),
        "severity": severity,
    }
    return read(Rule, (yield from answered(Call("POST", "/v1/rules", json=body))))


def change_rule(
    name: str, *, enabled: bool | None = None, severity: str | None = None, cooldown: timedelta | None = None
) -> Flow[Rule]:
    """Changes a rule; what is None stays. One that is not ``enabled`` gives no alerts."""
    wanted = {
        "enabled": enabled,
        "severity": severity,
        "cooldown": None if cooldown is None else cooldown.total_seconds(),
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    return read(Rule, (yield from answered(Call("PATCH", at("/v1/rules/{}", name), json=body, harmless=True))))


def try_rule(
    name: str,
    *,
    cameras: Sequence[str] = (),
    last: timedelta = timedelta(days=1),
    on_progress: Callable[[TrialProgress], object] | None = None,
) -> Flow[Trial]:
    """What a rule would have given on the footage of the last day, or so long, of cameras: those it is over by default.

    It takes a while, and writes nothing down.
    """
    body = {"cameras": list(cameras), "last": last.total_seconds(), "stream": True}
    line = Line(Call("POST", at("/v1/rules/{}/try", name), json=body, harmless=True))
    while True:
        event = yield from line.next()
        if event.event == "problem":
            raise error_of_event(event.data)
        if event.event == "final":
            return read(Trial, event.data)
        if event.event == "progress" and on_progress is not None:
            on_progress(read(TrialProgress, event.data))


def remove_rule(name: str) -> Flow[None]:
    """Removes a rule; its alerts stay."""
    yield from removed(Call("DELETE", at("/v1/rules/{}", name)))


def _schedule(schedule: Schedule) -> dict[str, Any]:
    start, end = schedule.start.isoformat(), schedule.end.isoformat()
    return {"start": start, "end": end, "zone": schedule.zone, "days": list(schedule.days)}
