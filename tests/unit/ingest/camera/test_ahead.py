"""Children that are begun before there is anything to read."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.camera.ahead import Ahead
from ingest.camera.process import Process
from ingest.camera.wire import Held, Order
from ingest.offspring import Offspring

NOTHING = Order("rtsp", "", None, False, 0, False, 768, 32, 0, 0, 554, 768 * 2**20, 10**6)


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    made = Ahead(2)
    yield made
    made.close()


def test_one_that_was_begun_ahead_does_what_it_is_told_then(ahead: Ahead) -> None:
    ahead.begin()
    waiting = ahead.taken()
    assert waiting is not None
    with Process(NOTHING, waiting) as process:
        assert process.id == waiting.process.pid
        (told,) = process.messages(30)
    assert isinstance(told, Held)


def test_no_more_wait_than_may(ahead: Ahead) -> None:
    for _ in range(3):
        ahead.begin()
    taken = [ahead.taken() for _ in range(3)]
    assert [each is None for each in taken] == [False, False, True]
    for each in taken:
        if each is not None:
            each.__exit__()


def test_one_that_has_died_is_not_taken(ahead: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = list[Offspring]()

    def begin(*told: Any) -> Offspring:
        begun.append(Offspring(*told))
        return begun[-1]

    monkeypatch.setattr("ingest.camera.ahead.Offspring", begin)
    ahead.begin()
    ahead.begin()
    begun[0].process.kill()
    begun[0].process.wait()
    second = ahead.taken()
    assert second is begun[1]
    second.__exit__()


def test_one_that_waited_for_long_is_ended(ahead: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead.begin()
    monkeypatch.setattr("ingest.camera.ahead._TAKEN_SECONDS", 0.0)
    assert ahead.taken() is None


def test_a_machine_that_can_begin_none_costs_nothing(ahead: Ahead, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(*_: object) -> Offspring:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("ingest.camera.ahead.Offspring", begin)
    ahead.begin()
    assert ahead.taken() is None


def test_those_that_nobody_wants_any_more_end(ahead: Ahead) -> None:
    ahead.begin()
    waiting = ahead.taken()
    assert waiting is not None
    waiting.hang_up()
    assert waiting.process.wait(60) is not None
    waiting.__exit__()
