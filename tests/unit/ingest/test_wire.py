"""What goes between the decoding child and its parent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.limits import Limits
from ingest.messages import Confinement, CutMade, Done, Failed, Message, Part, Working
from ingest.request import Cutting, Hearing, Request, Stretch, Survey
from ingest.wire import HEADER, BadMessage, decode, encode
from videoqa.errors import FootageTooLarge
from videoqa.media import Cue, Frame, Picture, Sampling, Span
from videoqa.ports import Checkpoint, MediaFacts, Sampled, Sound, Unread, VideoFacts

SECOND = timedelta(seconds=1)
FACTS = MediaFacts(
    length=10 * SECOND,
    video=VideoFacts(1280, 720, "h264"),
    created_at=datetime(2026, 5, 9, 12, 0, tzinfo=UTC),
    claimed=9 * SECOND,
    cues=(Cue(Span(SECOND, 2 * SECOND), "hé\n世界", "fr", "track 2"),),
    problems=("one", "two"),
    sound=True,
    leaps=True,
)
MESSAGES: list[Message] = [
    FACTS,
    MediaFacts(SECOND, None, None, None, ()),
    Sampled(SECOND, None, Checkpoint(SECOND, b"\0learnt")),
    Sampled(timedelta(microseconds=1_234_567), None),
    Sampled(SECOND, Frame(SECOND, Picture(2, 1, bytes(range(6))))),
    Sampled(SECOND, Frame(SECOND, Picture(2, 1, bytes(range(6)))), Checkpoint(SECOND, b"x")),
    Unread(Span(SECOND, 3 * SECOND), "it is damaged there", failed=True),
    Sound(SECOND, b"\1\2" * Sound.RATE, (Span(SECOND, 1.5 * SECOND), Span(1.75 * SECOND, 2 * SECOND))),
    Sound(SECOND, b"\1\2", ()),
    Part(2**40, b"bytes of a clip"),
    CutMade(Span(SECOND, 3 * SECOND), copied=True),
    Working(),
    Confinement(("memory limit",)),
    Done(),
]


def over_the_wire(message: Message) -> Message:
    data = b"".join(bytes(part) for part in encode(message))
    kind, length = HEADER.unpack_from(data)
    assert len(data) == HEADER.size + length
    return decode(kind, memoryview(data)[HEADER.size :])


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_arrives_as_it_was_sent(message: Message) -> None:
    assert over_the_wire(message) == message


def test_an_error_arrives_with_its_fields() -> None:
    error = FootageTooLarge(what="streams", value=150, limit=64, setting="VIDEOQA_MAX_STREAMS")
    arrived = over_the_wire(Failed(error))
    assert isinstance(arrived, Failed)
    assert isinstance(arrived.error, FootageTooLarge)
    assert str(arrived.error) == str(error)


def test_a_request_for_a_stretch_arrives_as_it_was_sent() -> None:
    stretch = Stretch(Sampling(timedelta(seconds=0.04), 640), Span(SECOND, 3 * SECOND), leaps=True)
    request = Request(7, "pyav", Limits(), 12, stretch=stretch)
    assert Request.from_json(request.to_json()) == request


def test_a_request_for_sound_arrives_as_it_was_sent() -> None:
    request = Request(7, "pyav", Limits(), 12, hearing=Hearing(2.5 * SECOND))
    assert Request.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    "sound",
    [
        Sound(SECOND, b"\1", ()),
        Sound(SECOND, bytes(2 * 40 * Sound.RATE), ()),
        Sound(SECOND, bytes(2 * Sound.RATE), (Span(SECOND, 3 * SECOND),)),
        Sound(-SECOND, bytes(2 * Sound.RATE), ()),
    ],
)
def test_sound_that_cannot_be_is_not_believed(sound: Sound) -> None:
    with pytest.raises(BadMessage):
        over_the_wire(sound)


def test_a_request_arrives_as_it_was_sent() -> None:
    survey = Survey(
        Sampling(timedelta(seconds=0.5), 640, 28, keyframes_only=True),
        gated=False,
        since=Checkpoint(3 * SECOND, b"\xff\0"),
    )
    request = Request(7, "decord", Limits(max_pixels=5, stall=SECOND), 12, survey)
    assert Request.from_json(request.to_json()) == request
    assert Request.from_json(Request(None, "pyav", Limits(), 1).to_json()).survey is None


@given(kind=st.sampled_from([b"S", b"U", b"M", b"W", b"C", b"F", b"D", b"?"]), body=st.binary(max_size=80))
def test_garbage_is_either_a_message_or_refused(kind: bytes, body: bytes) -> None:
    try:
        decode(kind, memoryview(body))
    except BadMessage:
        return


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"S", b"\0" * 12),
        (b"F", b'["SystemExit", {}]'),
        (b"F", b'["Misuse", {}]'),
        (b"U", b'{"span": {"start": 5, "end": 5}, "reason": "", "failed": true}'),
        (b"M", b'{"length": 1e400}'),
        (b"P", b"short"),
        (b"K", b'{"span": {"start": 5, "end": 1e300}, "copied": true}'),
    ],
)
def test_a_child_that_was_taken_over_cannot_make_up_what_it_likes(kind: bytes, body: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(kind, memoryview(body))


def test_a_request_for_a_clip_arrives_as_it_was_sent() -> None:
    cutting = Cutting(Span(SECOND, 3 * SECOND), 60 * SECOND, leaps=True)
    request = Request(7, "pyav", Limits(), 12, cutting=cutting)
    assert Request.from_json(request.to_json()) == request
