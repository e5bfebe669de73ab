from __future__ import annotations

import random
from datetime import timedelta

import pytest

from videoqa.alerting.backoff import LEAST, LONGEST, REFUSED, pause
from videoqa.cameras import CameraState

MANY = 200


def pauses(away: timedelta, state: CameraState = CameraState.OFFLINE) -> list[timedelta]:
    chance = random.Random(1)
    return [pause(away, state, chance) for _ in range(MANY)]


@pytest.mark.parametrize("away", [0, 1, 10, 30])
def test_who_was_away_for_half_a_minute_is_tried_twice_a_second_or_so(away: float) -> None:
    found = pauses(timedelta(seconds=away))
    assert min(found) >= LEAST * 0.8
    assert max(found) <= timedelta(seconds=0.6)


def test_the_longer_it_is_away_the_longer_is_the_wait_up_to_an_end() -> None:
    waits = [max(pauses(timedelta(minutes=minutes))) for minutes in (1, 5, 20, 60, 10_000)]
    assert waits == sorted(waits)
    assert waits[0] < timedelta(seconds=1.2)
    assert waits[-1] <= LONGEST * 1.2


def test_many_cameras_behind_one_line_do_not_come_back_at_once() -> None:
    assert len(set(pauses(timedelta(minutes=5)))) > MANY / 2


def test_a_refused_password_is_not_tried_again_soon() -> None:
    assert min(pauses(timedelta(0), CameraState.AUTH_FAILED)) >= REFUSED * 0.8
