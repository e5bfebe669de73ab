"""The seats of an engine that has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from videoqa.analyser.model.exchange import Ask, Priority
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import ModelError


@contextmanager
def seat_taken(model: ModelServer) -> Iterator[None]:
    """The one seat is taken for as long as the block lasts, by a reply that nobody lets end."""
    words = model.stream(Ask("", "Say much.", max_tokens=20_000, priority=Priority.LIVE))
    try:
        next(words)
        yield
    finally:
        # The engine may have been killed meanwhile.
        with suppress(ModelError):
            words.close()
