"""What a camera's child says is read only as far as it can be believed."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from ingest.camera.wire import Alive, Begun, Bytes, Ended, Held, Look, Message, Order, Rolled, decode, encode
from ingest.wire import HEADER, BadMessage
from videoqa.cameras import CameraState, ClockSource
from videoqa.media import Picture

MESSAGES: list[Message] = [
    Begun(1280, 720, "h264", 1_800_000_000_000_000, ClockSource.RTCP),
    Rolled(600_000_000, 1_800_000_600_000_000, ClockSource.ARRIVAL),
    Look(1_000_000, Picture(2, 1, b"abcdef")),
    Bytes(66_667, b"moof"),
    Alive(5),
    Ended(CameraState.AUTH_FAILED, "no", None),
    Ended(CameraState.OFFLINE, "the camera ended the connection", 7),
    Held(("memory limit",)),
]


def told(message: Message) -> tuple[bytes, bytes]:
    data = b"".join(bytes(part) for part in encode(message))
    kind, length = HEADER.unpack_from(data)
    assert length == len(data) - HEADER.size
    return kind, data[HEADER.size :]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_read_as_it_was_meant(message: Message) -> None:
    kind, body = told(message)
    assert decode(kind, memoryview(body)) == message


@pytest.mark.parametrize("message", MESSAGES)
def test_what_is_no_message_is_refused(message: Message) -> None:
    chance = random.Random(3)
    kind, body = told(message)
    for _ in range(200):
        spoilt = bytearray(body)
        for _ in range(chance.randint(1, 4)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        del spoilt[chance.randint(0, len(spoilt)) :]
        with suppress(BadMessage):
            assert type(decode(kind, memoryview(bytes(spoilt)))) is type(message)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"?", b""),
        (b"L", b"\xff" * 12),
        (b"L", b"\0" * 12),
        (b"L", b"\0" * 11 + b"\1"),
        (b"T", b'{"width": 0, "height": 720, "codec": "h264", "started_at": 1, "clock": "arrival"}'),
        (b"T", b'{"width": 99999, "height": 720, "codec": "h264", "started_at": 1, "clock": "arrival"}'),
        (b"E", b'{"state": "well", "problem": "", "length": null}'),
        (b"A", b"[" * 100_000),
    ],
)
def test_what_cannot_be_is_refused(kind: bytes, body: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(kind, memoryview(body))


def test_an_order_comes_as_it_was_given_and_hides_the_address() -> None:
    url = "rtsp://admin:secret@127.0.0.1:8554/"
    order = Order("rtsp", url, None, False, 1, True, 768, 32, 600, 10, 8554, 2**30, 40_000_000)
    assert Order.from_json(order.to_json()) == order
    assert "secret" not in repr(order)
