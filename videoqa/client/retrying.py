"""Requests sent anew where that may help and does no harm."""

from __future__ import annotations

from random import SystemRandom

from videoqa.client.flows import Call, Flow, Options, Reply, Send, options, pause
from videoqa.client.problems import ClientError, NotFound, ProblemError, Unreachable, error_of

_chance = SystemRandom()
_ELSEWHERE = "wrong-offset"
_PASSING = (408, 423, 425, 429, 460, 502, 503, 504)
"""Statuses that may be another the next time; 460 is tus's for a wrong checksum."""


def answered(call: Call) -> Flow[Reply]:
    """The reply to ``call``, which is well.

    Raises:
        ProblemError: the service told of a problem.
        Unreachable: it could not be heard.
    """
    pauses = Pauses((yield from options()))
    while True:
        try:
            return (yield from asked(call))
        except ClientError as error:
            yield from pauses.before_again(call, error)


def asked(call: Call) -> Flow[Reply]:
    """Like ``answered``, once."""
    reply: Reply = yield Send(call)
    if not reply.well:
        raise error_of(reply)
    return reply


def removed(call: Call) -> Flow[None]:
    """Like ``answered``; what is gone by a request whose answer was lost is gone."""
    pauses = Pauses((yield from options()))
    heard = False
    while True:
        try:
            yield from asked(call)
            return
        except ClientError as error:
            if heard and isinstance(error, NotFound):
                return
            heard = heard or (isinstance(error, Unreachable) and error.sent)
            yield from pauses.before_again(call, error)


class Pauses:
    """The pauses between a request and the next try: each up to twice the last, at random, or as the service asked.

    The jitter is full (M. Brooker, Exponential Backoff And Jitter, 2015): many clients come back at different times.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tried = 0

    def begin_anew(self) -> None:
        """Something was got through: it is another trouble that comes next."""
        self._tried = 0

    def before_again(self, call: Call, error: ClientError) -> Flow[None]:
        """Waits, or raises ``error`` where another try is of no use."""
        asked = error.retry_after if isinstance(error, ProblemError) else None
        if self._tried >= self._options.retries or not worth(call, error) or (asked or 0) > self._options.longest:
            raise error
        most = min(self._options.pause * 2**self._tried, self._options.longest)
        self._tried += 1
        yield from pause(_chance.uniform(most / 2, most) if asked is None else asked + _chance.uniform(0, most / 2))


def worth(call: Call, error: ClientError) -> bool:
    """Whether another try may help and cannot do a thing twice.

    What was not heard, and what was turned away by a limit, may be sent again whatever it is.
    """
    match error:
        case Unreachable():
            return call.again or not error.sent
        case ProblemError(status=429):
            return True
        case ProblemError():
            return call.again and (error.status in _PASSING or error.code == _ELSEWHERE)
        case _:
            return False
