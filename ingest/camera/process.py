"""A run of ``ingest.camera.child``, as its parent sees it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat

from ingest.camera.ahead import CHILD
from ingest.camera.wire import LARGEST_MESSAGE, Message, Order, decode
from ingest.offspring import Endless, Offspring, Silent
from ingest.wire import BadMessage
from videoqa.cameras import CameraState

# A machine with other work may be slow to start it.
_STARTING_SECONDS = 30.0
_BEYOND_STALL = 5.0


class ChildLost(Exception):
    """The child died, hangs, or says what cannot be."""

    def __init__(self, state: CameraState, problem: str) -> None:
        super().__init__(problem)
        self.state = state
        self.problem = problem


class Process:
    """Leaving it kills the child.

    Args:
        ahead: a child that waits to be told what to read; None begins one.

    Attributes:
        grace: how many seconds a child that was told to end may take for it.
        ending: it was told to.
    """

    grace = 5.0

    def __init__(self, order: Order, ahead: Offspring | None = None) -> None:
        self.ending = False
        if ahead is None:
            self._child = Offspring(CHILD, order.to_json(), order.descriptor)
        else:
            self._child = ahead
            ahead.say(order.to_json() + b"\n")

    @property
    def id(self) -> int:
        return self._child.process.pid

    def messages(self, stall: float) -> Iterator[Message]:
        """What the child says, until it ends.

        Raises:
            ChildLost: it said nothing for ``stall`` seconds and some, or what is no message.
        """
        # For the head and the body of its first message, and for those of the others.
        waits = chain(repeat(_STARTING_SECONDS + stall, 2), repeat(stall + _BEYOND_STALL))
        try:
            for kind, body in self._child.messages(LARGEST_MESSAGE, lambda: next(waits)):
                yield decode(kind, body)
        except Silent as error:
            raise ChildLost(CameraState.STALLED, "no picture comes any more") from error
        except Endless as error:
            raise ChildLost(CameraState.OFFLINE, "what reads it said something without end") from error
        except BadMessage as error:
            raise ChildLost(CameraState.OFFLINE, "what reads it said something that cannot be read") from error

    def roll(self) -> None:
        """Asks the child to end the recording under way at the next keyframe, and to begin another one."""
        self._child.say(b"\n")

    def end(self) -> None:
        """Asks the child to end; it still tells what it has."""
        self.ending = True
        self._child.hang_up()

    def kill(self) -> None:
        self._child.process.kill()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.ending = True
        self._child.__exit__()
