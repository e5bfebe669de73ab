"""What is done aside is done, whatever goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from videoqa.alerting.aside import MOST_TRIES, Aside
from videoqa.alerting.closing import under_way
from videoqa.errors import DatabaseBusy, DecoderCrashed, DecoderOverran
from videoqa.media import Recording

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
GENEROUS = 20.0
LEFT = under_way("/left", "gate", NOON, NOON, None)
FRESH = under_way("/fresh", "gate", NOON, NOON, None)


@dataclass
class Closing:
    """Fails with ``troubles``, one after the other, each time it is asked for anything; ``always`` is never read."""

    troubles: list[Exception] = field(default_factory=list)
    always: str = ""
    crashes: int = 0
    closed: list[str] = field(default_factory=list)
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def left_behind(self) -> tuple[Recording, ...]:
        self._trouble()
        return (LEFT,)

    def resume(self) -> None:
        self._trouble()

    def close(self, recording: Recording, looked: Sequence[object], *, last: bool) -> None:
        if recording.source == self.always and not last:
            self.crashes += 1
            raise DecoderCrashed(problem="killed")
        self._trouble()
        self.closed.append(recording.source)
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


def test_what_always_crashes_is_given_up_after_some_tries_and_holds_nobody_up() -> None:
    closing = Closing(always="/fresh")
    busy = aside(closing)
    busy.close(FRESH, ())
    busy.look(())
    for _ in range(2):
        assert closing.done.acquire(timeout=GENEROUS)
    assert closing.closed == ["/left", "/fresh"]
    assert closing.crashes == MOST_TRIES - 1
