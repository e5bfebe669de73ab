"""What the decoding child and its parent say to one another: one request in JSON, then framed messages.

A message is a kind (one byte), the length of its body (four bytes, big-endian) and the body: JSON for the small ones,
a fixed head and raw pixels or samples for a sampled instant or sound. The child may have been taken over by the file it
opened, so that everything read here is checked before it is believed.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import datetime, timedelta

from ingest.messages import Confinement, CutMade, Done, Failed, Message, Part, Working
from ingest.plain import MICROSECOND, as_json, read_span
from videoqa import errors
from videoqa.media import Cue, Frame, Picture, Span
from videoqa.ports import Checkpoint, MediaFacts, Sampled, Sound, Unread, VideoFacts

HEADER = struct.Struct("!cI")
LARGEST_MESSAGE = 2**28
_SAMPLED = struct.Struct("!qBHH")
_CHECKPOINT, _PICTURE = 1, 2
_LONGEST_SOUND = timedelta(seconds=31)
_SOUND = struct.Struct("!qH")
_LOUD = struct.Struct("!qq")
_PART = struct.Struct("!Q")


class BadMessage(ValueError):
    """What came over the pipe is no message."""


def encode(message: Message) -> list[bytes | memoryview]:
    """The buffers that, written one after the other, are ``message``."""
    body = _encode_body(message)
    return [HEADER.pack(_KINDS[type(message)], sum(len(part) for part in body)), *body]


def decode(kind: bytes, body: memoryview) -> Message:
    """The message of ``kind`` with ``body``.

    Raises:
        BadMessage: there is no such message.
    """
    if (read := _DECODERS.get(kind)) is None:
        raise BadMessage(f"no message is of kind {kind!r}")
    try:
        return read(body)
    except (ValueError, TypeError, KeyError, OverflowError, struct.error, RecursionError) as error:
        raise BadMessage(f"a message of kind {kind!r} that cannot be read: {error}") from error


def _encode_body(message: Message) -> list[bytes | memoryview]:
    match message:
        case Sampled(pts, frame, checkpoint):
            flags = _CHECKPOINT * (checkpoint is not None) | _PICTURE * (frame is not None)
            width, height = (0, 0) if frame is None else (frame.picture.width, frame.picture.height)
            pixels = b"" if frame is None else frame.picture.pixels
            gate = b"" if checkpoint is None else checkpoint.gate
            return [_SAMPLED.pack(pts // MICROSECOND, flags, width, height), pixels, gate]
        case Sound(start, samples, loud):
            spans = [_LOUD.pack(span.start // MICROSECOND, span.end // MICROSECOND) for span in loud]
            return [_SOUND.pack(start // MICROSECOND, len(spans)), *spans, samples]
        case Part(offset, data):
            return [_PART.pack(offset), data]
        case Failed(error):
            return [as_json([type(error).__name__, {name: str(value) for name, value in error.fields.items()}])]
        case _:
            return [as_json(message)]


def _read_sampled(body: memoryview) -> Sampled:
    microseconds, flags, width, height = _SAMPLED.unpack_from(body)
    pts, rest = microseconds * MICROSECOND, body[_SAMPLED.size :]
    pixels = 3 * width * height if flags & _PICTURE else 0
    frame = Frame(pts, Picture(width, height, rest[:pixels])) if flags & _PICTURE else None
    return Sampled(pts, frame, Checkpoint(pts, bytes(rest[pixels:])) if flags & _CHECKPOINT else None)


def _read_sound(body: memoryview) -> Sound:
    microseconds, count = _SOUND.unpack_from(body)
    spans, samples = body[_SOUND.size : _SOUND.size + count * _LOUD.size], body[_SOUND.size + count * _LOUD.size :]
    loud = tuple(Span(start * MICROSECOND, end * MICROSECOND) for start, end in _LOUD.iter_unpack(spans))
    sound = Sound(microseconds * MICROSECOND, samples, loud)
    if len(samples) % 2 or sound.span.length > _LONGEST_SOUND:
        raise ValueError(f"sound in {len(samples)} bytes")
    if any(sound.span.intersection(span) != span for span in loud):
        raise ValueError("sound that is loud elsewhere")
    return sound


def _read_part(body: memoryview) -> Part:
    (offset,) = _PART.unpack_from(body)
    return Part(offset, body[_PART.size :])


def _read_cut_made(body: memoryview) -> CutMade:
    told = json.loads(bytes(body))
    return CutMade(read_span(told["span"]), bool(told["copied"]))


def _read_unread(body: memoryview) -> Unread:
    told = json.loads(bytes(body))
    return Unread(read_span(told["span"]), str(told["reason"]), bool(told["failed"]))


def _read_facts(body: memoryview) -> MediaFacts:
    told = json.loads(bytes(body))
    video, created, claimed = told["video"], told["created_at"], told["claimed"]
    return MediaFacts(
        length=int(told["length"]) * MICROSECOND,
        video=video and VideoFacts(int(video["width"]), int(video["height"]), str(video["codec"])),
        created_at=created and datetime.fromisoformat(created),
        claimed=None if claimed is None else int(claimed) * MICROSECOND,
        cues=tuple(
            Cue(read_span(cue["span"]), str(cue["text"]), cue["language"] and str(cue["language"]), str(cue["track"]))
            for cue in told["cues"]
        ),
        problems=tuple(str(problem) for problem in told["problems"]),
        sound=bool(told["sound"]),
        leaps=bool(told["leaps"]),
    )


def _read_failed(body: memoryview) -> Failed:
    name, said = json.loads(bytes(body))
    error = getattr(errors, str(name), None)
    if not (isinstance(error, type) and issubclass(error, errors.BadMedia | errors.MissingPart)):
        raise ValueError(f"{name} is no error of a file")
    return Failed(error(**{str(key): str(value) for key, value in said.items()}))


def _read_confinement(body: memoryview) -> Confinement:
    return Confinement(tuple(str(measure) for measure in json.loads(bytes(body))["measures"]))


_KINDS: dict[type, bytes] = {
    Sampled: b"S",
    Unread: b"U",
    Sound: b"A",
    Part: b"P",
    CutMade: b"K",
    MediaFacts: b"M",
    Working: b"W",
    Confinement: b"C",
    Failed: b"F",
    Done: b"D",
}
_DECODERS: dict[bytes, Callable[[memoryview], Message]] = {
    b"S": _read_sampled,
    b"U": _read_unread,
    b"A": _read_sound,
    b"P": _read_part,
    b"K": _read_cut_made,
    b"M": _read_facts,
    b"W": lambda _: Working(),
    b"C": _read_confinement,
    b"F": _read_failed,
    b"D": lambda _: Done(),
}
