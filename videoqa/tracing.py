"""Spans of what is done, from a request to the model: told to whoever `begin` was given, and to nobody without."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Protocol

from videoqa.health import ModelTally

MODEL = "model request"
TOKENS_IN, TOKENS_OUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
Attribute = str | int | float | bool


class Span(Protocol):
    """A stretch of work under way."""

    def name(self, name: str) -> None: ...

    def set(self, attributes: Mapping[str, Attribute]) -> None: ...


class Tracer(Protocol):
    """Where spans go."""

    def span(self, name: str, remote: str, *, current: bool) -> AbstractContextManager[Span]:
        """A span under the one under way here, or under ``remote``, a W3C traceparent, where there is one.

        What is done inside is under it where it is ``current``.
        """
        ...

    def traceparent(self) -> str:
        """The span under way, for work that goes on elsewhere; empty where there is none."""
        ...


class _Silent:
    def name(self, name: str) -> None: ...

    def set(self, attributes: Mapping[str, Attribute]) -> None: ...


class Tally:
    """Counts what was asked of models."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted = ModelTally()

    @property
    def counted(self) -> ModelTally:
        return self._counted

    def count(self, seconds: float, tokens: tuple[int, int], *, failed: bool) -> None:
        with self._lock:
            was = self._counted
            self._counted = ModelTally(
                answered=was.answered + (not failed),
                failed=was.failed + failed,
                seconds=was.seconds + seconds,
                tokens_in=was.tokens_in + tokens[0],
                tokens_out=was.tokens_out + tokens[1],
            )


TALLY = Tally()
"""What this process has asked of models."""
_SILENT = _Silent()
_told: list[Tracer] = []


def begin(tracer: Tracer | None) -> None:
    """From now on this process tells ``tracer``; nobody where it is None."""
    _told[:] = [] if tracer is None else [tracer]


@contextmanager
def span(name: str, *, remote: str = "", current: bool = True, **attributes: Attribute) -> Iterator[Span]:
    """Tells of what is done inside, and how long it took; of an error that leaves it too.

    A generator's span is not ``current``: between two of its parts the thread does something else.
    """
    if not _told:
        yield _SILENT
        return
    with _told[0].span(name, remote, current=current) as under_way:
        under_way.set(attributes)
        yield under_way


class ModelRequest:
    """What is told of a request to a model: ``used`` says what it took."""

    def __init__(self, under_way: Span) -> None:
        self._span = under_way
        self.tokens = (0, 0)

    def used(self, tokens_in: int, tokens_out: int) -> None:
        self.tokens = (tokens_in, tokens_out)
        self._span.set({TOKENS_IN: tokens_in, TOKENS_OUT: tokens_out})


@contextmanager
def model_request(model: str, server: str) -> Iterator[ModelRequest]:
    """A span of a request to the model called so, which is counted too."""
    begun, failed = time.monotonic(), True
    with span(MODEL, current=False) as under_way:
        under_way.set({"gen_ai.request.model": model, "server.address": server})
        request = ModelRequest(under_way)
        try:
            yield request
            failed = False
        finally:
            TALLY.count(time.monotonic() - begun, request.tokens, failed=failed)


def traceparent() -> str:
    """What ``remote`` is elsewhere for a span under this one; empty where there is none."""
    return _told[0].traceparent() if _told else ""
