"""Dealing with one server patiently: what is tried again, what is not, and what its failures mean."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from videoqa.analyser.model.breaker import Breaker
from videoqa.analyser.model.exchange import Priority
from videoqa.analyser.model.fatalities import MOST, Fatalities
from videoqa.analyser.model.wire import Garbled, Overdue, Refusal, Silence, Wire
from videoqa.errors import BadReply, ModelError, ModelRefused, ModelUnreachable, TooLongForModel, UnfitModel
from videoqa.line import current

_log = logging.getLogger(__name__)
_Sent = TypeVar("_Sent")

WIRE_ERRORS = (Silence, Overdue, Garbled, Refusal)
_BUSY = frozenset({429, 503})
_AWAY = frozenset({502, 504})
_BARRED = frozenset({401, 403})
_LONGEST_PAUSE_ASKED = 30.0
_GLANCE = 0.2
_TOO_LONG = ("context length", "maximum model length", "max_model_len", "encoder cache size", "context_length_exceeded")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is made in all, and the seconds between: ``first``, then twice as long each time, jittered.

    What somebody waits for is made ``hurried`` times.
    """

    attempts: int = 4
    hurried: int = 2
    first: float = 0.5
    longest: float = 8.0

    def of(self, priority: Priority) -> int:
        return self.attempts if priority is Priority.BATCH else self.hurried

    def pause(self, made: int, asked: float | None) -> float:
        """Seconds to wait after attempt ``made``; at least as long as the server ``asked`` for, within reason."""
        # Jitter, so that those that failed together do not come back together.
        own = min(self.longest, math.ldexp(self.first, made - 1)) * random.uniform(0.5, 1.0)  # noqa: S311  not a secret
        return max(own, min(asked or 0.0, _LONGEST_PAUSE_ASKED))


class Dealings:
    """Makes requests of one server. Safe to use from several threads at once.

    ``key`` is the setting that holds the key for it.
    """

    def __init__(
        self,
        wire: Wire,
        breaker: Breaker,
        retries: Retries,
        crowded: Callable[[], None],
        key: str = "VIDEOQA_MODEL_KEY",
    ) -> None:
        self._wire = wire
        self._breaker = breaker
        self._retries = retries
        self._crowded = crowded
        self._key = key
        self._fatalities = Fatalities()
        self._has_answered = False
        self._closing = threading.Event()

    def carry_out(
        self, send: Callable[[], _Sent], model: str, priority: Priority, identity: Callable[[], str]
    ) -> _Sent:
        """What ``send`` gives, made again while that may help. ``identity`` gives what tells the request from others.

        Raises:
            HungUp: nobody wants it any more.
            ModelError: it does not help. ``ModelRefused`` where the server died of this very request too often.
        """
        broke: list[str] = []
        try:
            sent = self._made(send, model, self._retries.of(priority), broke)
        except ModelUnreachable as error:
            if broke and not self._closing.is_set() and self._fatalities.died_of(identity()):
                raise ModelRefused(problem=f"the server died of it {MOST} times: {broke[0]}") from error
            raise
        if self._fatalities.any:
            self._fatalities.survived(identity())
        return sent

    def _made(self, send: Callable[[], _Sent], model: str, most: int, broke: list[str]) -> _Sent:
        """As ``carry_out``; puts into ``broke`` what ended a request that the server had already taken."""
        for made in range(1, most + 1):
            current().check()
            if self._breaker.is_open or self._closing.is_set():
                break
            try:
                sent = send()
            except WIRE_ERRORS as error:
                if _broke(error):
                    broke.append(str(error))
                if made == most or not _worth_another(error):
                    raise self.failure(error, model) from error
                self._note(error)
                if self._breaker.is_open:
                    break
                pause = self._retries.pause(made, error.pause if isinstance(error, Refusal) else None)
                _log.info("%s: %s; again in %.1f s", self._wire.url, error, pause)
                self._wait(pause)
            else:
                self.answered()
                return sent
        raise self.unreachable()

    def _wait(self, seconds: float) -> None:
        line, until = current(), time.monotonic() + seconds
        while not self._closing.is_set() and (left := until - time.monotonic()) > 0:
            line.wait(min(left, _GLANCE))

    def answered(self) -> None:
        """The server does what it is asked."""
        self._has_answered = True
        self._breaker.succeeded()

    def failure(self, error: Exception, model: str) -> ModelError:
        """What a failure of the wire means to whoever asked."""
        self._note(error)
        match error:
            case Silence():
                meant: ModelError = self.unreachable(str(error))
            case Refusal(status=status) if status in _AWAY | _BUSY:
                if status in _BUSY:
                    self._breaker.failed(error.message)
                meant = self.unreachable(error.message)
            case Refusal(status=status) if status >= 500:
                meant = self._failed_or_unreachable(error.message)
            case Overdue():
                meant = self._failed_or_unreachable(str(error))
            case Refusal(status=status) if status in _BARRED:
                meant = self._barred(error)
            case Refusal(status=404):
                meant = UnfitModel(model=model or "the model", url=self._wire.url, problem=error.message)
            case Refusal(status=status) if status == 413 or any(sign in error.message for sign in _TOO_LONG):
                meant = TooLongForModel(problem=error.message)
            case Refusal():
                meant = ModelRefused(problem=error.message)
            case _:
                meant = BadReply(problem=str(error))
        return meant

    def unreachable(self, problem: str = "") -> ModelUnreachable:
        return ModelUnreachable(url=self._wire.url, problem=problem or self._breaker.problem or "it was closed")

    def close(self) -> None:
        """Ends what is under way; nothing is tried again."""
        self._closing.set()
        self._wire.close()

    def _note(self, error: Exception) -> None:
        match error:
            case Silence():
                self._breaker.failed(str(error))
            case Refusal(status=status) if status in _AWAY:
                self._breaker.failed(error.message)
            case Refusal(status=status) if status in _BUSY:
                self._crowded()

    def _failed_or_unreachable(self, problem: str) -> ModelError:
        """An engine that died leaves every request failing, a request that kills its own worker only that one.

        The first is waited out, the second is told, or its group would wait for ever.
        """
        if self._is_well():
            return ModelRefused(problem=problem)
        self._breaker.failed(problem)
        return self.unreachable(problem)

    def _barred(self, refusal: Refusal) -> ModelError:
        """A server that let us in before is waited for: nothing is wrong with the work, and its key can be mended."""
        problem = f"{refusal.message}; set {self._key} to a key that it takes"
        if self._has_answered and (refusal.status == 401 or self._bars_everything()):
            self._breaker.failed(problem)
            return self.unreachable(problem)
        return ModelRefused(problem=problem)

    def _bars_everything(self) -> bool:
        try:
            self._wire.get(self._wire.url + "/models")
        except Refusal as refusal:
            return refusal.status in _BARRED
        except (Silence, Overdue, Garbled):
            pass
        return False

    def _is_well(self) -> bool:
        for url in (self._wire.root + "/health", self._wire.url + "/models"):
            try:
                self._wire.get(url)
            except Refusal as refusal:
                if refusal.status not in {404, 405}:
                    return False
            except (Silence, Overdue):
                return False
            except Garbled:
                return True
            else:
                return True
        return False


def _broke(error: Exception) -> bool:
    """Whether the server may have died of the request: not where it never got it, or a gateway answered for it."""
    match error:
        case Silence(refused=refused):
            return not refused
        case Refusal(status=status):
            return status >= 500 and status not in _BUSY | _AWAY
    return isinstance(error, Overdue)


def _worth_another(error: Exception) -> bool:
    """Whether the same request may fare better in a moment: not where it took all the time there was, or was wrong."""
    return isinstance(error, Silence) or (isinstance(error, Refusal) and (error.status >= 500 or error.status in _BUSY))
