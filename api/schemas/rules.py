"""What the routes about rules take and answer. Places in the picture are fractions of its width and height."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from api.schemas.recordings import Page
from api.schemas.wire import ChangeBody, WireModel, seconds
from videoqa.alerting.rules import LONGEST_TEXT, MOST_POINTS
from videoqa.alerting.setting_up import LONGEST_NAME, RuleWishes
from videoqa.alerts import AlertRule, Condition, ConditionKind, Schedule, Severity

_DAY = 86_400.0
_Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PointBody = tuple[_Fraction, _Fraction]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]
Cameras = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)], ...], Field(max_length=100)
]
Cooldown = Annotated[float, Field(ge=0, le=_DAY, allow_inf_nan=False)]


class ConditionBody(WireModel):
    """What a rule waits for. ``text`` is what is described, or what is to be read.

    ``zone`` is a polygon of three points or more, empty for the whole picture; ``line`` two points, crossed from its
    left to its right as one walks from the first to the second. ``lasting`` is for how many seconds it must hold before
    there is an alert; ``strength`` the least one of a motion, 0 to 1.
    """

    kind: ConditionKind
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT)] = ""
    zone: Annotated[tuple[PointBody, ...], Field(max_length=MOST_POINTS)] = ()
    line: Annotated[tuple[PointBody, ...], Field(max_length=2)] = ()
    lasting: Annotated[float, Field(ge=0, le=_DAY, allow_inf_nan=False)] = 0.0
    strength: _Fraction = 0.0

    @classmethod
    def from_domain(cls, condition: Condition) -> Self:
        return cls(
            kind=condition.kind,
            text=condition.text,
            zone=condition.zone,
            line=condition.line,
            lasting=seconds(condition.lasting),
            strength=condition.strength,
        )

    @property
    def meant(self) -> Condition:
        return Condition(
            self.kind, self.text, self.zone, self.line, timedelta(seconds=self.lasting), strength=self.strength
        )


class ScheduleBody(WireModel):
    """When a rule is armed: from ``start`` to ``end`` (HH:MM) by the clock of ``zone`` (IANA), over midnight where the
    end is no later, on the ``days`` on which such a stretch starts; 0 is Monday.
    """

    start: time
    end: time
    zone: Annotated[str, StringConstraints(max_length=100)] = "UTC"
    days: Annotated[tuple[Annotated[int, Field(strict=True, ge=0, le=6)], ...], Field(min_length=1, max_length=7)] = (
        *range(7),
    )

    @model_validator(mode="after")
    def _by_the_clock(self) -> Self:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("its times are those of the clock of its zone, and have no zone of their own")
        return self

    @classmethod
    def from_domain(cls, schedule: Schedule) -> Self:
        return cls(start=schedule.start, end=schedule.end, zone=schedule.zone, days=tuple(sorted(schedule.days)))

    @property
    def meant(self) -> Schedule:
        return Schedule(self.start, self.end, self.zone, frozenset(self.days))


class RuleBody(WireModel):
    """A condition over cameras. ``cameras`` are ids; where there are none it is over all that its owner reaches.

    Within ``cooldown`` seconds of an alert the same thing gives no other one. ``needs`` says what is missing before it
    can give any, None where nothing is.
    """

    id: str
    name: str
    condition: ConditionBody
    cameras: tuple[str, ...]
    schedule: ScheduleBody | None
    cooldown: float
    severity: Severity
    enabled: bool
    added_at: datetime
    needs: str | None

    @classmethod
    def from_domain(cls, rule: AlertRule, needs: str) -> Self:
        return cls(
            id=rule.id,
            name=rule.name,
            condition=ConditionBody.from_domain(rule.condition),
            cameras=tuple(sorted(rule.cameras)),
            schedule=None if rule.schedule is None else ScheduleBody.from_domain(rule.schedule),
            cooldown=seconds(rule.cooldown),
            severity=rule.severity,
            enabled=rule.enabled,
            added_at=rule.added_at,
            needs=needs or None,
        )


class RulePage(Page[RuleBody]):
    """Rules in the order of their names."""


class NewRule(WireModel):
    """A rule to be added. ``cameras`` are ids or names; without ``name`` it is called as its condition reads."""

    condition: ConditionBody
    name: Name | None = None
    cameras: Cameras = ()
    schedule: ScheduleBody | None = None
    cooldown: Cooldown = 60.0
    severity: Severity = Severity.MEDIUM

    @property
    def wishes(self) -> RuleWishes:
        return RuleWishes(
            condition=self.condition.meant,
            name=self.name or "",
            cameras=frozenset(self.cameras),
            schedule=None if self.schedule is None else self.schedule.meant,
            cooldown=timedelta(seconds=self.cooldown),
            severity=self.severity,
        )


class RuleChange(ChangeBody):
    """What is to be changed of a rule; what is left out stays. A ``schedule`` of null arms it always."""

    condition: ConditionBody | None = None
    name: Name | None = None
    cameras: Cameras | None = None
    schedule: ScheduleBody | None = None
    cooldown: Cooldown | None = None
    severity: Severity | None = None
    enabled: Annotated[bool, Field(strict=True)] | None = None

    def applied(self, rule: AlertRule) -> RuleWishes:
        """What the rule is to be."""
        schedule = None if self.schedule is None else self.schedule.meant
        return RuleWishes(
            condition=rule.condition if self.condition is None else self.condition.meant,
            name=self.name or rule.name,
            cameras=None if self.cameras is None else frozenset(self.cameras),
            schedule=schedule if "schedule" in self.model_fields_set else rule.schedule,
            cooldown=rule.cooldown if self.cooldown is None else timedelta(seconds=self.cooldown),
            severity=self.severity or rule.severity,
            enabled=rule.enabled if self.enabled is None else self.enabled,
        )
