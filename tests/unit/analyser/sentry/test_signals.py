from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from ingest.gate.scenery import LiveScenery
from tests.yards import HEIGHT, SECOND, START, WIDTH, Yard
from videoqa.alerts import Alert, AlertRule, AlertState, Condition, ConditionKind, Point, Severity, Verdict
from videoqa.analyser.sentry.signals import SignalWatch
from videoqa.analyser.sentry.view import View
from videoqa.media import ZERO
from videoqa.ports import LiveFrame, Sighting

LEFT_HALF: tuple[Point, ...] = ((0, 0), (0.5, 0), (0.5, 1), (0, 1))
RED, BLUE = (220, 30, 30), (30, 30, 220)


def rule(kind: ConditionKind, **condition: object) -> AlertRule:
    return AlertRule(kind.value, kind.value, Condition(kind, **condition), START)  # type: ignore[arg-type]


class Post:
    """Somebody who watches a yard whose empty scene is known already."""

    def __init__(self, *rules: AlertRule, known: Sequence[Alert] = ()) -> None:
        self.yard = Yard()
        self.rules = rules
        self._scenery = LiveScenery(SECOND)
        self._watch = SignalWatch(known)
        self.sees(self.yard.empty(14))

    def sees(self, frames: Sequence[LiveFrame]) -> list[dict[str, Sighting]]:
        views = (View.of(live, self._scenery.change(live.frame)) for live in frames)
        return [dict(self._watch.look(view, self.rules)) for view in views]

    def first(self, frames: Sequence[LiveFrame]) -> Sighting:
        return next(sighting for seen in self.sees(frames) for sighting in seen.values())


def test_motion_is_seen_by_the_second_look_and_told_with_its_place() -> None:
    post = Post(rule(ConditionKind.MOTION))
    looks = post.sees(post.yard.drive(6))
    assert all(looks[1:])
    sighting = looks[1]["motion"]
    assert "left" in sighting.description
    assert sighting.strength is not None
    assert 0 < sighting.strength < 1


def test_motion_outside_of_the_zone_is_none() -> None:
    post = Post(rule(ConditionKind.MOTION, zone=LEFT_HALF))
    assert not any(post.sees(post.yard.drive(5, start=180, step=20)))


def test_motion_that_comes_into_the_zone_is_seen_then() -> None:
    post = Post(rule(ConditionKind.MOTION, zone=LEFT_HALF))
    looks = post.sees(post.yard.drive(10, start=250, step=-25))
    assert not any(looks[:3])
    assert all(looks[6:])


def test_motion_weaker_than_the_rule_wants_is_none() -> None:
    post = Post(rule(ConditionKind.MOTION, strength=0.9))
    assert not any(post.sees(post.yard.drive(8)))


@pytest.mark.parametrize("step", [0.8, 1.25])
def test_a_change_of_the_light_is_no_motion(step: float) -> None:
    post = Post(rule(ConditionKind.MOTION))
    yard = post.yard
    yard.ground = np.clip(yard.ground * step, 0, 250).astype(np.uint8)
    assert not any(post.sees(yard.empty(10)))


def test_the_same_thing_keeps_its_identity_when_it_comes_again_and_another_one_has_its_own() -> None:
    post = Post(rule(ConditionKind.MOTION))

    def passing(colour: tuple[int, int, int]) -> set[str]:
        looks = post.sees([*post.yard.drive(8, colour=colour), *post.yard.empty(8)])
        return {seen["motion"].identity for seen in looks if "motion" in seen} - {""}

    first, second, third = passing(RED), passing(BLUE), passing(RED)
    assert len(first) == len(second) == 1
    assert first == third
    assert first != second


def test_it_is_known_again_by_the_alert_that_it_gave_before_a_restart() -> None:
    post = Post(rule(ConditionKind.MOTION))
    before = {seen["motion"].identity for seen in post.sees(post.yard.drive(8, colour=RED)) if seen} - {""}
    alert = _alert(next(iter(before)))
    after = Post(rule(ConditionKind.MOTION), known=[alert])
    assert {seen["motion"].identity for seen in after.sees(after.yard.drive(8, colour=RED)) if seen} - {""} == before


@pytest.mark.parametrize(
    "identity", ["", "colours:", "colours:!!!", "colours:AAAA", "told:a man", "colours:" + "_" * 40]
)
def test_an_identity_that_is_of_something_else_is_passed_over(identity: str) -> None:
    post = Post(rule(ConditionKind.MOTION), known=[_alert(identity)])
    assert post.first(post.yard.drive(8, colour=RED)).confidence


def test_a_line_is_crossed_from_its_left_to_its_right_alone() -> None:
    down, up = ((0.5, 0.0), (0.5, 1.0)), ((0.5, 1.0), (0.5, 0.0))
    for start, step, line in [(10, 25, up), (250, -25, down)]:
        post = Post(rule(ConditionKind.CROSSING, line=line))
        assert sum(map(len, post.sees(post.yard.drive(11, start=start, step=step)))) == 1
    for start, step, line in [(10, 25, down), (250, -25, up)]:
        post = Post(rule(ConditionKind.CROSSING, line=line))
        assert not any(post.sees(post.yard.drive(11, start=start, step=step)))


def test_what_passes_beside_a_line_does_not_cross_it() -> None:
    post = Post(rule(ConditionKind.CROSSING, line=((0.5, 0.0), (0.5, 0.3))))
    assert not any(post.sees(post.yard.drive(11)))


def test_stillness_is_seen_while_nothing_moves() -> None:
    post = Post(rule(ConditionKind.STILLNESS, lasting=timedelta(seconds=5)))
    assert all(post.sees(post.yard.empty(5)))
    assert not any(post.sees(post.yard.drive(6))[2:])


@pytest.mark.parametrize("how", ["black", "white", "blurred", "a hand"])
def test_a_covered_camera_is_told_of_after_three_looks(how: str) -> None:
    post = Post(rule(ConditionKind.COVERED), rule(ConditionKind.TURNED))
    looks = post.sees([post.yard.of(_covered(how)) for _ in range(5)])
    assert [set(seen) for seen in looks] == [set(), set(), {"covered"}, {"covered"}, {"covered"}]
    assert not any(post.sees(post.yard.empty(3)))


def test_a_turned_camera_is_told_of_after_three_looks_and_as_long_as_it_looks_elsewhere() -> None:
    post = Post(rule(ConditionKind.COVERED), rule(ConditionKind.TURNED))
    elsewhere = Yard(seed=99)
    looks = post.sees([post.yard.of(np.roll(elsewhere.ground, 3, 0)) for _ in range(30)])
    assert [set(seen) for seen in looks] == [set(), set(), *([{"turned"}] * 28)]
    assert not any(post.sees(post.yard.empty(3)))


def test_somebody_who_walks_close_by_covers_and_turns_nothing() -> None:
    post = Post(rule(ConditionKind.COVERED), rule(ConditionKind.TURNED))
    close = [post.yard.frame((left, 20, left + 120, HEIGHT)) for left in range(0, WIDTH - 120, 20)]
    assert not any(post.sees(close))


def test_a_rule_that_changes_its_condition_is_looked_for_anew() -> None:
    post = Post(rule(ConditionKind.MOTION))
    assert any(post.sees(post.yard.drive(4, start=180)))
    post.rules = (replace(post.rules[0], condition=Condition(ConditionKind.STILLNESS)),)
    assert [seen["motion"].description for seen in post.sees(post.yard.empty(8))[-2:]] == ["nothing has moved"] * 2


def _covered(how: str) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    shape = (HEIGHT, WIDTH, 3)
    if how == "blurred":
        return np.broadcast_to(np.linspace(60, 110, WIDTH)[None, :, None], shape).astype(np.uint8)
    level = {"black": 2, "white": 252, "a hand": 150}[how]
    return np.full(shape, level, np.uint8)


def _alert(identity: str) -> Alert:
    return Alert(
        "a", "motion", "gate", "e", AlertState.ENDED, START, START, Severity.LOW, "", "", 1.0, Verdict.SIGNALS,
        "rec", ZERO, identity=identity,
    )  # fmt: skip
