"""What the client does, without doing it: a flow yields what is to be done and is sent what came of it.

Every operation is one such generator; ``driving`` carries flows out, blocking or awaiting. That is how there is one
client for both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar
from urllib.parse import quote

from httpx2 import ServerSentEvent
from platformdirs import user_cache_path

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Query: TypeAlias = "Mapping[str, str | int | float | Sequence[str] | None]"


@dataclass(frozen=True, slots=True)
class Call:
    """A request. ``path`` begins with a slash; what is None in ``query`` is left out.

    ``patience`` is how many seconds may pass without a byte, None for the client's. ``harmless`` says that it does no
    harm when it is heard twice, whatever its method.
    """

    method: str
    path: str
    query: Query = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    content: bytes | None = None
    patience: float | None = None
    harmless: bool = False

    @property
    def again(self) -> bool:
        return self.harmless or self.method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``headers`` by their names in small letters. ``content`` is empty where it is still to come."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def well(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Options:
    """How a client goes about it.

    ``retries`` is how often a request is sent anew, ``pause`` how many seconds the first pause takes at most, each
    twice the last; ``longest`` bounds them, and what a service may have one wait. ``chunk_bytes`` go up at once.
    ``patience`` is how many seconds may pass without a byte; a stream tells at least every 15 that it lives.
    ``folder`` is where unfinished uploads are noted; ``url`` is where the service is.
    """

    url: str
    retries: int = 5
    pause: float = 0.5
    longest: float = 60.0
    chunk_bytes: int = 16 * 2**20
    patience: float = 60.0
    folder: Path = field(default_factory=lambda: user_cache_path("videoqa") / "uploads")


class Tuning(TypedDict, total=False):
    """The fields of ``Options`` that a client is given."""

    retries: int
    pause: float
    longest: float
    chunk_bytes: int
    patience: float
    folder: Path


@dataclass(frozen=True, slots=True)
class Send:
    """Is sent the ``Reply``."""

    call: Call


@dataclass(frozen=True, slots=True)
class Open:
    """Is sent the ``Reply``; where all is well its content follows by ``Next``. What was open before is closed."""

    call: Call
    events: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """Is sent the next bytes or event of what is open, None behind the last."""


@dataclass(frozen=True, slots=True)
class Listen:
    """A socket is opened; its messages follow by ``Next``, and its end is an error. What was open before is closed."""

    path: str
    query: Query = field(default_factory=dict)
    subprotocol: str = ""


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Is sent what ``work`` returns: for what waits for a disk."""

    work: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Given:
    """Is sent the ``Options``."""


@dataclass(frozen=True, slots=True)
class Emit(Generic[T_co]):
    """``item`` is handed to whoever iterates."""

    item: T_co


Effect: TypeAlias = Send | Open | Next | Listen | Sleep | Work | Given
Flow: TypeAlias = Generator[Effect, Any, T]
"""Comes to a T."""
Items: TypeAlias = Generator[Effect | Emit[T], Any, None]
"""Hands out any number of Ts."""


def opened(call: Call, *, events: bool = False) -> Flow[Reply]:
    reply: Reply = yield Open(call, events)
    return reply


def next_bytes() -> Flow[bytes | None]:
    content: bytes | None = yield Next()
    return content


def next_event() -> Flow[ServerSentEvent | None]:
    event: ServerSentEvent | None = yield Next()
    return event


def listening(listen: Listen) -> Flow[None]:
    yield listen


def heard() -> Flow[str]:
    message: str = yield Next()
    return message


def pause(seconds: float) -> Flow[None]:
    yield Sleep(seconds)


def worked(work: Callable[[], T]) -> Flow[T]:
    result: T = yield Work(work)
    return result


def options() -> Flow[Options]:
    given: Options = yield Given()
    return given


def at(pattern: str, *ids: str) -> str:
    """``pattern`` with ids in the places of its ``{}``, whatever characters they hold."""
    for each in ids:
        if each in ("", ".", ".."):
            raise ValueError(f"{each!r} is no id")
    return pattern.format(*(quote(each, safe="") for each in ids))
