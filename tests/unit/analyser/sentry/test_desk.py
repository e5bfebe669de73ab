from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from videoqa.analyser.sentry.desk import Desk
from videoqa.line import current

PATIENCE = 60


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_benches_take_turns_however_busy_one_is() -> None:
    desk, gate, order = Desk(1), threading.Event(), list[str]()
    benches = {name: desk.bench() for name in "abc"}
    benches["a"].ask(lambda: gate.wait(PATIENCE) and None)
    until(lambda: benches["a"].busy)

    def again() -> None:
        order.append("a")
        if len(order) < 20:
            benches["a"].ask(again)

    benches["a"].ask(again)
    for name in "bc":
        benches[name].ask(lambda name=name: order.append(name))
    gate.set()
    until(lambda: len(order) >= 20)
    assert set(order[:3]) == set("abc")


def test_what_is_asked_while_something_waits_goes_with_it() -> None:
    desk, gate, done = Desk(1), threading.Event(), list[int]()
    bench = desk.bench()
    bench.ask(lambda: gate.wait(PATIENCE) and None)
    until(lambda: bench.busy)
    for number in range(5):
        bench.ask(lambda number=number: done.append(number))
    assert not bench.idle
    gate.set()
    until(lambda: bench.idle)
    assert done == [0]


def test_no_two_pieces_of_one_bench_are_done_at_once() -> None:
    desk, most, now, lock = Desk(4), 0, 0, threading.Lock()
    bench, done = desk.bench(), 0

    def work() -> None:
        nonlocal most, now, done
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1
            done += 1

    while done < 20:
        bench.ask(work)
        time.sleep(0.0005)
    assert most == 1


def test_other_benches_are_served_while_one_hangs() -> None:
    desk, gate, done = Desk(2), threading.Event(), list[str]()
    one, other = desk.bench(), desk.bench()
    one.ask(lambda: gate.wait(PATIENCE) and None)
    other.ask(lambda: done.append("other"))
    until(lambda: done == ["other"])
    gate.set()


def test_a_look_that_fails_leaves_the_others_served(caplog: pytest.LogCaptureFixture) -> None:
    desk, done = Desk(1), list[str]()

    def fails() -> None:
        raise RuntimeError("it broke")

    desk.bench().ask(fails)
    desk.bench().ask(lambda: done.append("other"))
    until(lambda: done == ["other"])
    assert "it broke" in caplog.text


def test_closing_a_bench_hangs_up_and_forgets_what_waits() -> None:
    desk, done, ended = Desk(1), list[str](), list[str]()
    bench, other = desk.bench(), desk.bench()

    def waits() -> None:
        try:
            current().wait(PATIENCE)
        finally:
            ended.append("hung up")

    bench.ask(waits)
    until(lambda: bench.busy)
    bench.ask(lambda: done.append("late"))
    other.ask(lambda: done.append("other"))
    bench.close()
    until(lambda: done == ["other"])
    assert ended == ["hung up"]
    bench.ask(lambda: done.append("closed"))
    assert bench.idle
    assert done == ["other"]
