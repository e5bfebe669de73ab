"""What is done aside is done, whatever goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from videoqa.alerting.aside import MOST_CRASHES, MOST_OVERRUNS, Aside
from videoqa.alerting.closing import under_way
from videoqa.errors import BadMedia, DatabaseBusy, DecoderCrashed, DecoderOverran
from videoqa.media import Recording

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
GENEROUS = 20.0
LEFT = under_way("/left", "gate", NOON, NOON, None)
FRESH = under_way("/fresh", "gate", NOON, NOON, None)
FAILED = under_way("/failed", "gate", NOON, NOON, None)
BROKEN = under_way("/broken", "gate", NOON, NOON, None)
CRASH, LATE, BUSY = (
    DecoderCrashed(problem="killed"),
    DecoderOverran(limit="1 s", what="time"),
    DatabaseBusy(path="/", seconds=1),
)


@dataclass
class Closing:
    """Fails with ``troubles``, one after the other, each time it is asked for anything. The file ``hard`` fails with
    ``failures`` first, which are never told of others; ``once`` failed before and can be read by now.
    """

    troubles: list[Exception] = field(default_factory=list)
    hard: str = ""
    failures: list[Exception] = field(default_factory=list)
    once: tuple[Recording, ...] = ()
    closed: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def left_behind(self) -> tuple[Recording, ...]:
        self._trouble()
        return (LEFT,)

    def resume(self) -> None:
        self._trouble()

    def failed(self) -> tuple[Recording, ...]:
        return (FAILED, BROKEN) if self.once else ()

    def reopen(self, recording: Recording) -> bool:
        self._trouble()
        return recording in self.once

    def close(self, recording: Recording, looked: Sequence[object]) -> None:
        if recording.source == self.hard and self.failures:
            raise self.failures.pop(0)
        self._trouble()
        self.closed.append(recording.source)
        self.done.release()

    def give_up(self, recording: Recording, looked: Sequence[object], error: BadMedia) -> None:
        self._trouble()
        self.given_up.append(recording.source)
        self.done.release()

    def _trouble(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)


class Retention:
    def keep(self, *_: object) -> None:
        raise RuntimeError("nobody foresaw that")


def aside(closing: Closing) -> Aside:
    which: Any = closing
    keeps: Any = Retention()
    return Aside(which, keeps, again=0.0)


@pytest.mark.parametrize(
    "trouble",
    [
        DatabaseBusy(path="/", seconds=1),
        DecoderOverran(limit="1 s", what="time"),
        RuntimeError("nobody foresaw"),
        OSError(5, ""),
    ],
)
def test_all_that_is_handed_over_or_left_behind_is_closed_whatever_fails(trouble: Exception) -> None:
    closing = Closing([trouble] * 6)
    busy = aside(closing)
    busy.close(FRESH, ())
    busy.look(())
    for _ in range(2):
        assert closing.done.acquire(timeout=GENEROUS)
    assert sorted(closing.closed) == ["/fresh", "/left"]


def test_nobody_waits_at_the_end_for_what_cannot_be_done_now() -> None:
    closing = Closing([RuntimeError("nobody foresaw that")])
    which: Any = closing
    keeps: Any = Retention()
    busy = Aside(which, keeps, again=GENEROUS * 100)
    busy.close(FRESH, ())
    busy.look(())
    assert closing.done.acquire(timeout=GENEROUS)
    busy.finish(GENEROUS * 100)
    assert closing.closed == ["/left"]


@pytest.mark.parametrize(("trouble", "most"), [(CRASH, MOST_CRASHES), (LATE, MOST_OVERRUNS)])
def test_what_never_can_be_read_is_given_up_after_some_tries_and_holds_nobody_up(trouble: BadMedia, most: int) -> None:
    closing = Closing(hard="/fresh", failures=[trouble] * (most + 1))
    busy = aside(closing)
    busy.close(FRESH, ())
    busy.look(())
    for _ in range(2):
        assert closing.done.acquire(timeout=GENEROUS)
    assert (closing.closed, closing.given_up) == (["/left"], ["/fresh"])
    assert len(closing.failures) == 1


def test_nothing_is_given_up_for_what_other_things_failed_with() -> None:
    outage: list[Exception] = [BUSY] * MOST_CRASHES + [CRASH] * (MOST_CRASHES - 1) + [LATE] * (MOST_OVERRUNS - 1)
    closing = Closing(hard="/fresh", failures=outage)
    busy = aside(closing)
    busy.close(FRESH, ())
    busy.look(())
    for _ in range(2):
        assert closing.done.acquire(timeout=GENEROUS)
    assert (closing.closed, closing.given_up) == (["/left", "/fresh"], [])


def test_what_failed_before_is_closed_where_it_can_be_read_by_now() -> None:
    closing = Closing(once=(FAILED,))
    aside(closing).look(())
    for _ in range(2):
        assert closing.done.acquire(timeout=GENEROUS)
    assert closing.closed == ["/left", "/failed"]
