"""A second model for while the first does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from videoqa.analyser.model.exchange import Ask, Capabilities, Clip, Model, Priority, Reply, ServerStatus
from videoqa.errors import ModelUnreachable, TooLongForModel, UnfitModel

_Said = TypeVar("_Said")


class FallbackServer:
    """Asks ``first``, and ``second`` where the first does not answer. A ``Model``.

    Each ask begins with the first one again, whose circuit breaker makes that cost nothing during an outage and lets
    it come back by itself. A reply that has begun is brought to its end by the one who began it, and an analysis by
    ``only`` the one that it was begun under.
    """

    def __init__(self, first: Model, second: Model) -> None:
        self._first = first
        self._second = second

    def capabilities(self) -> Capabilities:
        return self._either(lambda model: model.capabilities())

    def ask(self, ask: Ask) -> Reply:
        """Work that can wait does so where it is too long for the second, which may have a shorter context."""
        try:
            return self._first.ask(ask)
        except ModelUnreachable as silent:
            try:
                return self._second.ask(ask)
            except ModelUnreachable:
                raise silent from None
            except TooLongForModel:
                if ask.priority is Priority.BATCH:
                    raise silent from None
                raise

    def stream(self, ask: Ask) -> Iterator[str]:
        begun = False
        try:
            for text in self._first.stream(ask):
                begun = True
                yield text
        except ModelUnreachable:
            if begun:
                raise
        else:
            return
        yield from self._second.stream(ask)

    def tokens(self, text: str) -> int:
        return self._either(lambda model: model.tokens(text))

    def only(self, name: str) -> Model:
        try:
            return self._first.only(name)
        except (ModelUnreachable, UnfitModel) as no:
            try:
                return self._second.only(name)
            except (ModelUnreachable, UnfitModel) as neither:
                # The one that is away may be the one that is wanted.
                raise (
                    neither if isinstance(neither, ModelUnreachable) > isinstance(no, ModelUnreachable) else no
                ) from None

    def stamps(self, clip: Clip) -> tuple[float, ...]:
        return self._first.stamps(clip)

    def status(self) -> ServerStatus:
        """Of the one that would be asked now; of the first where neither is up."""
        first = self._first.status()
        if first.up:
            return first
        second = self._second.status()
        return second if second.up else first

    def close(self) -> None:
        self._first.close()
        self._second.close()

    def _either(self, call: Callable[[Model], _Said]) -> _Said:
        try:
            return call(self._first)
        except ModelUnreachable as silent:
            try:
                return call(self._second)
            except ModelUnreachable:
                # The one that the user means is the first; a second that is down too is no news.
                raise silent from None
