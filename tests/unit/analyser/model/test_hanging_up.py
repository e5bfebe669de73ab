"""Whoever wants no answer any more hangs up: the server sees the connection closed, and nobody waits on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.scripted_model import Failed, Said, ScriptedModel, Stalled
from videoqa.analyser.model.dealings import Retries
from videoqa.analyser.model.exchange import Ask, Priority
from videoqa.analyser.model.lanes import Lanes, Width
from videoqa.analyser.model.server import ModelServer
from videoqa.line import HungUp, Line, current, on, watched

SLOW = 30.0


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Caller:
    """Does ``work`` over a line, on a thread of its own."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.line = Line()
        self.ended: BaseException | object | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hang_up(self) -> float:
        """The seconds it took until the caller was back."""
        began = time.monotonic()
        self.line.hang_up()
        self._thread.join(10)
        return time.monotonic() - began

    def _run(self) -> None:
        try:
            with on(self.line):
                self.ended = self._work()
        except BaseException as error:  # noqa: BLE001  the test looks at it
            self.ended = error


@contextmanager
def a_server(model: ScriptedModel, **more: object) -> Iterator[ModelServer]:
    server = ModelServer(model.url, **more)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.close()


def test_the_server_sees_the_connection_closed_within_a_second() -> None:
    with ScriptedModel([Said("late", after=SLOW)]) as model, a_server(model) as server:
        caller = Caller(lambda: server.ask(Ask("system", "what happens?")))
        until(lambda: model.requests)
        assert caller.hang_up() < 1
        assert isinstance(caller.ended, HungUp)
        until(lambda: model.hung_up)
        assert model.hung_up == model.requests


def test_others_are_answered_over_the_same_server() -> None:
    with ScriptedModel([Said("late", after=SLOW), Said("here", after=0.3)]) as model, a_server(model) as server:
        gone = Caller(lambda: server.ask(Ask("system", "what happens?")))
        until(lambda: model.requests)
        other = Caller(lambda: server.ask(Ask("system", "and now?")).text)
        until(lambda: len(model.requests) == 2)
        gone.hang_up()
        until(lambda: other.ended)
        assert other.ended == "here"
        assert not server._breaker.is_open


def test_a_stream_is_hung_up_on_while_its_reader_waits() -> None:
    with ScriptedModel([Stalled(SLOW)]) as model, a_server(model) as server:
        heard: list[str] = []

        def read() -> None:
            for text in server.stream(Ask("system", "what happens?", priority=Priority.INTERACTIVE)):
                heard.append(text)

        caller = Caller(read)
        until(lambda: heard)
        assert caller.hang_up() < 1
        assert isinstance(caller.ended, HungUp)
        until(lambda: model.hung_up)


def test_who_waits_for_another_try_is_back_at_once() -> None:
    patient = Retries(attempts=5, first=SLOW, longest=SLOW)
    with ScriptedModel([Failed(503)]) as model, a_server(model, retries=patient) as server:
        caller = Caller(lambda: server.ask(Ask("system", "what happens?")))
        until(lambda: model.requests)
        time.sleep(0.1)
        assert caller.hang_up() < 1
        assert isinstance(caller.ended, HungUp)
        assert len(model.requests) == 1


def test_who_stands_in_line_for_a_lane_is_back_at_once_and_holds_none() -> None:
    lanes = Lanes(Width(first=1, most=1))
    with lanes.lane(Priority.BATCH):

        def stand() -> None:
            with lanes.lane(Priority.BATCH):
                raise AssertionError

        caller = Caller(stand)
        time.sleep(0.05)
        assert caller.hang_up() < 1
        assert isinstance(caller.ended, HungUp)
        assert lanes.taken == 1
    assert lanes.taken == 0


def test_nothing_is_asked_over_a_line_that_was_hung_up_on() -> None:
    with ScriptedModel([Said("here")]) as model, a_server(model) as server:
        server.capabilities()
        line = Line()
        line.hang_up()
        with on(line), pytest.raises(HungUp):
            server.ask(Ask("system", "what happens?"))
        assert model.requests == []
        assert server.ask(Ask("system", "what happens?")).text == "here"


def test_a_line_ends_with_its_block() -> None:
    outside, line = current(), Line()
    with on(line):
        assert current() is line
    assert current() is outside
    assert not outside.gone


def test_what_is_watched_is_hung_up_on_when_it_is_to_stop() -> None:
    stopping = threading.Event()
    with ScriptedModel([Said("late", after=SLOW)]) as model, a_server(model) as server:
        threading.Timer(0.3, stopping.set).start()
        with pytest.raises(HungUp), watched(stopping.is_set):
            server.ask(Ask("system", "what happens?"))
        until(lambda: model.hung_up)
