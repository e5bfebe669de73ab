"""Where rules were armed and nobody looked."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from videoqa.alerting.blind import KILLED, blind
from videoqa.alerts import AlertRule, Condition, ConditionKind, Schedule
from videoqa.media import CoverageState, CoveredSpan, Span

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOTION = Condition(ConditionKind.MOTION)


def missed(start: float, end: float, rules: str) -> CoveredSpan:
    return CoveredSpan(Span(start * MINUTE, end * MINUTE), CoverageState.DROPPED, cause=f"{rules}: {KILLED}")


def test_a_rule_is_missed_where_it_was_there_and_armed() -> None:
    from_three_to_five = Schedule(days=frozenset(range(7)), start=time(12, 3), end=time(12, 5), zone="UTC")
    rules = [
        AlertRule("always", "a", MOTION, NOON + MINUTE, cameras=frozenset({"gate"})),
        AlertRule("soon", "s", MOTION, NOON - MINUTE, schedule=from_three_to_five),
        AlertRule("off", "o", MOTION, NOON - MINUTE, enabled=False),
        AlertRule("elsewhere", "e", MOTION, NOON - MINUTE, cameras=frozenset({"yard"})),
    ]
    assert blind(rules, "gate", NOON, 6.5 * MINUTE, KILLED) == (
        missed(1, 3, "<always>"),
        missed(3, 5, "<always>, <soon>"),
        missed(5, 6.5, "<always>"),
    )


def test_without_a_rule_nothing_is_missed() -> None:
    assert blind([], "gate", NOON, MINUTE, KILLED) == ()
