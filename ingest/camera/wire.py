"""What a camera's child and its parent say to one another: an order in JSON, then messages as in ``ingest.wire``.

The child may have been taken over by what it was sent, so that all that is read here is checked before it is believed.
Every time is in microseconds; those of a wall clock are since 1970, the others since the recording under way began.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ingest.wire import HEADER, BadMessage
from videoqa.cameras import CameraState, ClockSource
from videoqa.media import Picture

LARGEST_MESSAGE = 2**26
WAITS_SECONDS = 300.0
"""For so long a child waits for its order; then it ends by itself."""
_LOOK = struct.Struct("!qHH")
_LONGEST_PROBLEM = 300
_LARGEST_SIDE = 2**14


@dataclass(frozen=True, slots=True)
class Order:
    """What the child is to do. The fields of ``Feed`` and, of the looks, what ``Sampling`` has.

    Attributes:
        roll: how long a recording is, until the next keyframe.
        stall: how long nothing may come.
        port: the only one on the network that is connected to; None where there is no network.
    """

    demuxer: str
    url: str = field(repr=False)
    descriptor: int | None
    paced: bool
    period: int
    keyframes_only: bool
    long_side: int
    multiple: int
    roll: int
    stall: int
    port: int | None
    memory: int
    max_pixels: int

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to read: the child tells what holds it back, and ends."""
        return not self.url and self.descriptor is None

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Order:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Begun:
    """The first recording begins: what is sent, and the wall clock at its beginning."""

    width: int
    height: int
    codec: str
    started_at: int
    clock: ClockSource


@dataclass(frozen=True, slots=True)
class Rolled:
    """The recording under way ended at ``length``, all of it was told; what follows belongs to the next one."""

    length: int
    started_at: int
    clock: ClockSource


@dataclass(frozen=True, slots=True)
class Look:
    pts: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class Bytes:
    """What follows in the file of the recording under way; the pictures in it end at ``length``."""

    length: int
    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Alive:
    """Pictures come, and the recording under way has come to ``length``."""

    length: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over; ``length`` is that of the recording under way, None where none was begun."""

    state: CameraState
    problem: str
    length: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """What holds the child back, by the names that `doctor` prints."""

    measures: tuple[str, ...]


Message = Begun | Rolled | Look | Bytes | Alive | Ended | Held
_LENGTH = struct.Struct("!q")


def encode(message: Message) -> list[bytes | memoryview]:
    """The buffers that, written one after the other, are ``message``."""
    body: list[bytes | memoryview]
    match message:
        case Look(pts, picture):
            body = [_LOOK.pack(pts, picture.width, picture.height), picture.pixels]
        case Bytes(length, data):
            body = [_LENGTH.pack(length), data]
        case _:
            body = [json.dumps(asdict(message)).encode()]
    return [HEADER.pack(_KINDS[type(message)], sum(len(part) for part in body)), *body]


def decode(kind: bytes, body: memoryview) -> Message:
    """The message of ``kind`` with ``body``.

    Raises:
        BadMessage: there is no such message.
    """
    try:
        return _read(kind, body)
    except (ValueError, TypeError, KeyError, OverflowError, struct.error, RecursionError) as error:
        raise BadMessage(f"a message of kind {kind!r} that cannot be read") from error


def _read(kind: bytes, body: memoryview) -> Message:
    if kind == b"L":
        pts, width, height = _LOOK.unpack_from(body)
        if pts < 0:
            raise ValueError("a look before its recording")
        if width * height == 0:
            raise ValueError("a look at nothing")
        return Look(pts, Picture(width, height, body[_LOOK.size :]))
    if kind == b"B":
        (length,) = _LENGTH.unpack_from(body)
        return Bytes(length, body[_LENGTH.size :])
    return _TOLD[kind](json.loads(bytes(body)))


def _begun(told: Any) -> Begun:
    size = int(told["width"]), int(told["height"])
    if not all(0 < side <= _LARGEST_SIDE for side in size):
        raise ValueError("no size of a picture")
    return Begun(*size, str(told["codec"])[:32], int(told["started_at"]), ClockSource(told["clock"]))


def _ended(told: Any) -> Ended:
    length = None if told["length"] is None else int(told["length"])
    return Ended(CameraState(told["state"]), str(told["problem"])[:_LONGEST_PROBLEM], length)


_TOLD: dict[bytes, Callable[[Any], Message]] = {
    b"T": _begun,
    b"R": lambda told: Rolled(int(told["length"]), int(told["started_at"]), ClockSource(told["clock"])),
    b"A": lambda told: Alive(int(told["length"])),
    b"E": _ended,
    b"H": lambda told: Held(tuple(str(measure) for measure in told["measures"])),
}
_KINDS: dict[type, bytes] = {
    Begun: b"T",
    Rolled: b"R",
    Look: b"L",
    Bytes: b"B",
    Alive: b"A",
    Ended: b"E",
    Held: b"H",
}
