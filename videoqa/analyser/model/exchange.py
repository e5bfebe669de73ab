"""What is asked of a model and what it says, whatever carries it there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Protocol

from videoqa.media import ZERO
from videoqa.ports import Usage

GRID = 32
NAMELESS = "reply"


class Priority(IntEnum):
    """Whose turn it is first: the lower number."""

    LIVE = 0
    INTERACTIVE = 5
    BATCH = 10


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames as a model is shown them: two by two, under one time stamp each.

    ``pairs`` are the times of the frames, never falling, as ``budget.pairs`` makes them; a frame may be its own
    partner. ``jpegs`` gives the frame at a time as JPEG, the same bytes each time. ``size`` is the width and height in
    pixels at which frames are shown, both multiples of 32.
    """

    pairs: tuple[tuple[timedelta, timedelta], ...]
    jpegs: Callable[[timedelta], bytes]
    size: tuple[int, int]

    def __post_init__(self) -> None:
        times = [pts for pair in self.pairs for pts in pair]
        if not times:
            raise ValueError("a clip holds at least one frame")
        if times[0] < ZERO or any(later < earlier for earlier, later in itertools.pairwise(times)):
            raise ValueError("the frames of a clip follow one another in time, from the start of the recording on")
        if any(side < GRID or side % GRID for side in self.size):
            raise ValueError(f"{self.size[0]}x{self.size[1]} is not made of multiples of {GRID}")


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a model. The clip comes first, then ``text``, so that questions over one clip share a prefix.

    ``history`` are earlier turns, each the model's reply and what was said to it next. ``schema`` is the JSON schema
    that the reply is held to. ``max_tokens`` is the longest reply, thinking aside.
    """

    system: str
    text: str
    clip: Clip | None = None
    schema: Mapping[str, object] | None = None
    schema_name: str = NAMELESS
    max_tokens: int = 1024
    temperature: float = 0.0
    priority: Priority = Priority.BATCH
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said. ``finished`` is False where it was cut at its token limit; nothing may be read from it then.

    ``thinking`` is what a thinking model wrote before its reply, never part of ``text``.
    """

    text: str
    finished: bool
    usage: Usage
    thinking: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server was found to do.

    ``context`` is in tokens, of prompt and reply together. With ``request_kwargs`` a clip is sent as one video with its
    true times; without, as images with their stamps between them, which costs twice the vision tokens. ``video`` says
    whether the model takes videos at all, ``priority`` whether requests are put in order by it, ``tokenizer`` whether
    tokens are counted by the server, ``thinking`` whether the model thinks before it replies. ``video_tokens`` are the
    vision tokens of the largest video, None where the server does not tell.
    """

    model: str
    context: int
    request_kwargs: bool
    video: bool
    priority: bool
    tokenizer: bool
    thinking: bool
    video_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens into and out of a model cost."""

    into: float = 0.0
    out: float = 0.0


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How a server is. Whatever it does not tell is None.

    ``prefix_hits`` and ``media_hits`` are the shares of tokens and of media that were cached, ``kv_usage`` the share of
    the cache that is taken, all 0 to 1. ``problem`` says why it is not up.
    """

    url: str
    up: bool
    model: str = ""
    context: int | None = None
    running: int | None = None
    waiting: int | None = None
    prefix_hits: float | None = None
    media_hits: float | None = None
    kv_usage: float | None = None
    problem: str = ""
    served: tuple[str, ...] = ()


class Model(Protocol):
    """A model that can be asked. Safe to use from several threads at once.

    Every method raises ``ModelUnreachable`` where it does not answer now, ``UnfitModel`` where there is none that can
    be used, ``ModelRefused`` where it will not take this request, ``TooLongForModel`` where it is too long for it.
    """

    def capabilities(self) -> Capabilities: ...

    def ask(self, ask: Ask) -> Reply:
        """Raises ``BadReply`` where what comes back is no reply."""
        ...

    def stream(self, ask: Ask) -> Iterator[str]:
        """The reply as it is written, thinking left out. Closing the iterator ends the work on it.

        Raises ``BadReply`` at the end where the reply broke off or was cut at its token limit.
        """
        ...

    def tokens(self, text: str) -> int:
        """How many tokens ``text`` is to the model; a bound on the safe side where the server does not count."""
        ...

    def stamps(self, clip: Clip) -> tuple[float, ...]:
        """The seconds that the model is shown over each pair, with one decimal; equal where pairs are that close."""
        ...

    def only(self, name: str) -> Model:
        """The model called ``name`` alone, where several answer in each other's place.

        Raises ``ModelUnreachable`` where it may be the one that does not answer now.
        """
        ...

    def status(self) -> ServerStatus: ...

    def close(self) -> None:
        """Hangs up; what waits for a reply in another thread gets ``ModelUnreachable``."""
        ...
