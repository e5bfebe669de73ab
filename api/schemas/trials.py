"""What the route that tries a rule takes and answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from api.schemas.alerts import AlertBody
from api.schemas.instants import Instant
from api.schemas.rules import Cameras
from api.schemas.usage import UsageBody
from api.schemas.wire import WireModel, seconds
from videoqa.alerting.trying import Trial

_DAY = 86_400.0
_MONTH = 31 * _DAY
_EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(seconds=_MONTH)


class TrialWishes(WireModel):
    """On what a rule is to be tried: the footage of ``cameras``, by names or ids; of those the rule is over where there
    are none. It is that of the ``last`` seconds before ``until``, or that from ``since`` to ``until``: a month at most.
    Without ``until`` it goes to this moment.

    ``stream`` asks for server-sent events, as ``Accept: text/event-stream`` does.
    """

    cameras: Cameras = ()
    last: Annotated[float, Field(gt=0, le=_MONTH, allow_inf_nan=False)] = _DAY
    since: Instant | None = None
    until: Instant | None = None
    stream: Annotated[bool, Field(strict=True)] | None = None

    @property
    def stretch(self) -> tuple[datetime, datetime]:
        """Between which times of the wall clock that is; without ``until`` up to now."""
        until = self.until or datetime.now(UTC)
        return self.since or max(_EARLIEST, until) - timedelta(seconds=self.last), until

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        since, until = self.stretch
        if until <= since:
            raise ValueError("until is later than since" if self.until else "since lies behind us")
        if (until - since).total_seconds() > _MONTH:
            raise ValueError("a rule is tried on a month of footage at most")
        return self


class TrialProgress(WireModel):
    """How a trial stands: the share that is done, and how many alerts there would have been."""

    done: float
    alerts: int

    @classmethod
    def from_domain(cls, trial: Trial) -> Self:
        return cls(done=trial.done, alerts=len(trial.alerts))


class TrialBody(WireModel):
    """What came of a trial: the ``alerts`` the rule would have given, the earliest first, and how many a day that is,
    None where less than an hour of footage was tried.

    Of ``footage`` seconds it was armed for ``watched``; nobody could look at ``blind`` of these. ``asked`` of them were
    put to a model, which cost ``usage``. ``problems`` say what could not be read, and what is missing.
    """

    rule: str
    alerts: tuple[AlertBody, ...]
    alerts_a_day: float | None
    footage: float
    watched: float
    blind: float
    asked: float
    usage: UsageBody
    problems: tuple[str, ...]

    @classmethod
    def from_domain(cls, trial: Trial) -> Self:
        return cls(
            rule=trial.rule.id,
            alerts=tuple(map(AlertBody.from_domain, trial.alerts)),
            alerts_a_day=None if trial.alerts_a_day is None else round(trial.alerts_a_day, 2),
            footage=seconds(trial.footage),
            watched=seconds(trial.watched),
            blind=seconds(trial.blind),
            asked=seconds(trial.asked),
            usage=UsageBody.from_domain(trial.usage),
            problems=trial.problems,
        )
