"""When a failing server is left alone."""

from __future__ import annotations

from videoqa.analyser.model.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, pause=2.0, longest=6.0, clock=clock)
    for _ in range(3):
        breaker.failed("refused")
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(failures=2, clock=Clock())

    breaker.failed("refused")
    breaker.succeeded()
    breaker.failed("refused")
    assert breaker.admits()
    breaker.failed("reset")

    assert not breaker.admits()
    assert breaker.problem == "reset"


def test_after_the_pause_one_call_is_let_through_and_no_other() -> None:
    clock = Clock()
    breaker = opened(clock)

    clock.now = 2.1

    assert breaker.admits()
    assert not breaker.admits()


def test_a_successful_trial_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 2.1
    breaker.admits()

    breaker.succeeded()

    assert breaker.admits()
    assert breaker.admits()
    assert not breaker.is_open


def test_each_failed_trial_doubles_the_pause_up_to_the_longest() -> None:
    clock = Clock()
    breaker, pauses = opened(clock), []
    for _ in range(4):
        began = clock.now
        while not breaker.admits():
            clock.now += 0.125
        pauses.append(clock.now - began)
        breaker.failed("refused")

    assert pauses == [2.0, 4.0, 6.0, 6.0]


def test_calls_that_were_under_way_when_it_opened_make_no_pause_longer() -> None:
    clock = Clock()
    breaker = opened(clock)
    for _ in range(20):
        breaker.failed("refused")

    clock.now = 2.1

    assert breaker.admits()


def test_a_trial_that_never_ends_is_forgotten() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 2.1
    breaker.admits()

    clock.now = 4.2

    assert breaker.admits()
