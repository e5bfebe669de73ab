"""What every keeper of rules does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from videoqa.alerts import AlertRule, Condition, ConditionKind, Schedule, Severity
from videoqa.errors import RuleTaken, UnknownRule
from videoqa.ports import Rules

if TYPE_CHECKING:
    from tests.contracts.conftest import Live

NOON = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
FENCE = AlertRule(
    id="r1",
    name="fence",
    condition=Condition(
        ConditionKind.CROSSING,
        "a person climbs the fence 门",
        zone=((0.0, 0.1 + 0.2), (1 / 3, 1.0), (1.0, 0.0)),
        line=((0.0, 0.5), (1.0, 0.5)),
        lasting=timedelta(seconds=2, microseconds=1),
        strength=1e-9,
    ),
    added_at=NOON,
    cameras=frozenset({"c1", "c2"}),
    schedule=Schedule(time(22, 30, 15), time(6), "Europe/Berlin", frozenset({0, 6})),
    cooldown=timedelta(minutes=5),
    severity=Severity.HIGH,
    enabled=False,
    owner="k1",
)
DARK = AlertRule("r2", "dark", Condition(ConditionKind.COVERED), NOON)


@pytest.fixture
def rules(live: Live) -> Rules:
    return live.rules


def test_a_rule_comes_back_as_it_was_added(rules: Rules) -> None:
    rules.add(FENCE)
    rules.add(DARK)
    assert rules.rules() == (DARK, FENCE)
    assert rules.rule("r1") == rules.rule("fence") == FENCE
    assert rules.rule("nothing") is None


def test_a_name_is_given_once(rules: Rules) -> None:
    rules.add(FENCE)
    rules.add(DARK)
    for taken in ("fence", "r1"):
        with pytest.raises(RuleTaken, match=taken):
            rules.add(replace(DARK, id="r3", name=taken))
    with pytest.raises(RuleTaken, match="fence"):
        rules.change(replace(DARK, name="fence"))
    assert rules.rules() == (DARK, FENCE)


def test_a_changed_rule_stands_in_the_place_of_the_one_before(rules: Rules) -> None:
    rules.add(FENCE)
    changed = replace(FENCE, name="wall", cameras=frozenset(), schedule=None, condition=DARK.condition)
    rules.change(changed)
    assert rules.rules() == (changed,)
    with pytest.raises(UnknownRule, match="dark"):
        rules.change(DARK)


def test_a_removed_rule_is_forgotten(rules: Rules) -> None:
    rules.add(FENCE)
    rules.remove("r1")
    rules.remove("r1")
    assert rules.rules() == ()
    rules.add(replace(FENCE, id="r3"))
