from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from videoqa.alerting.rules import area, checked, to_watch
from videoqa.alerts import AlertRule, Condition, ConditionKind, Schedule
from videoqa.errors import BadRule, NoModel

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
MOTION = AlertRule("r1", "motion", Condition(ConditionKind.MOTION), NOON)


def told(**fields: object) -> AlertRule:
    kind = fields.pop("kind", ConditionKind.MOTION)
    return replace(MOTION, condition=Condition(kind, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rule",
    [
        MOTION,
        told(zone=SQUARE, strength=0.3),
        told(kind=ConditionKind.CROSSING, line=((0.1, 0.5), (0.9, 0.5))),
        told(kind=ConditionKind.STILLNESS, lasting=timedelta(minutes=5)),
        told(kind=ConditionKind.TEXT, text="delivery"),
        told(kind=ConditionKind.TEXT),
        replace(MOTION, schedule=Schedule(time(22), time(6), "Asia/Tokyo")),
    ],
)
def test_what_can_be_watched_for_is_taken_as_it_is(rule: AlertRule) -> None:
    assert checked(rule, has_model=False) is rule


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (replace(MOTION, name="  "), "no name"),
        (told(kind=ConditionKind.DESCRIBED), "nothing of what"),
        (told(text="somebody"), "without words"),
        (told(kind=ConditionKind.TEXT, text="x" * 501), "longer"),
        (told(zone=SQUARE[:2]), "3 to 64"),
        (told(zone=((0.1, 0.1), (0.5, 0.5), (0.9, 0.9))), "holds nothing"),
        (told(zone=((0, 0), (1.2, 0), (1, 1))), "fractions"),
        (told(kind=ConditionKind.COVERED, zone=SQUARE), "whole picture"),
        (told(line=((0, 0), (1, 1))), "needs a line"),
        (told(kind=ConditionKind.CROSSING), "needs a line"),
        (told(kind=ConditionKind.CROSSING, line=((0.5, 0.5), (0.5, 0.5))), "lie apart"),
        (told(strength=1.5), "strength"),
        (told(lasting=timedelta(days=2)), "a day"),
        (told(kind=ConditionKind.STILLNESS), "how long"),
        (replace(MOTION, cooldown=timedelta(seconds=-1)), "cool-down"),
        (replace(MOTION, schedule=Schedule(time(1), time(2), "Europe/Atlantis")), "Europe/Berlin"),
        (replace(MOTION, schedule=Schedule(time(1), time(2), "../etc/passwd")), "time zone"),
        (replace(MOTION, schedule=Schedule(time(1), time(2), "UTC", frozenset())), "days"),
        (replace(MOTION, schedule=Schedule(time(1), time(2), "UTC", frozenset({7}))), "days"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(rule: AlertRule, problem: str) -> None:
    with pytest.raises(BadRule, match=problem):
        checked(rule, has_model=True)


def test_plain_language_says_that_it_needs_a_model() -> None:
    rule = told(kind=ConditionKind.DESCRIBED, text="a person climbs the fence")
    assert checked(rule, has_model=True) is rule
    with pytest.raises(NoModel):
        checked(rule, has_model=False)


def test_a_zone_has_its_area_whichever_way_round_it_is_drawn() -> None:
    assert area(SQUARE) == pytest.approx(0.16)
    assert area(SQUARE[::-1]) == pytest.approx(0.16)


def test_a_camera_is_watched_for_the_enabled_and_armed_rules_that_mean_it() -> None:
    rules = [
        MOTION,
        replace(MOTION, id="r2", cameras=frozenset({"gate"})),
        replace(MOTION, id="r3", cameras=frozenset({"yard"})),
        replace(MOTION, id="r4", enabled=False),
        replace(MOTION, id="r5", schedule=Schedule(time(13), time(14), "UTC")),
    ]
    assert [rule.id for rule in to_watch(rules, "gate", NOON)] == ["r1", "r2"]
    assert [rule.id for rule in to_watch(rules, "gate", NOON + timedelta(hours=1))] == ["r1", "r2", "r5"]
