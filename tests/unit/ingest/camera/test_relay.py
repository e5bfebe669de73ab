"""What a camera says before it plays is looked through for what would lead FFmpeg elsewhere."""

from __future__ import annotations

import os
import random
import socket
import time

import pytest

from ingest.camera.addresses import Place, camera_policy
from ingest.camera.relay import LedOn, Talk, relayed

WELCOME = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: RTSP/RTP stream 302\r\nContent-Location: rtsp://elsewhere/\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        b"RTSP/1.0 302 Found\r\nLocation: rtsp://elsewhere/\r\n\r\n",
        b"RTSP/1.0 301 Moved\r\n\r\n",
        b"RTSP/2.0  399 x\r\n",
        b"RTSP/ 300\n",
        b"RT\rSP/1.0 3\r02 Found\r\n",
        b"RTSP/1.0 +302 Found\r\n",
        b"RTSP/1.0 00302 Found\r\n",
        b"RTSP/1.0 4294967598 Found\r\n",
        b"RTSP/1.0 -4294966994 Found\r\n",
        b"RTSP/1.0\t302\r\n",
        b"$\0\0\1RTSP/1.0 302 Found\r\n",
        b"RTSP/" + b"x" * 4000 + b" 302 Found\r\n",
        b"RTSP/" + b"x" * 4086 + b" 3021 cut off behind the 2\r\n",
        b"RTSP/1.0 200RTSP/ 302\n",
        b"RRTSP/RTSP/ \t 302\n",
        b"x" * 70_000,
    ],
    ids=lambda answer: repr(answer[:24]),
)
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_a_lead_is_found_however_it_is_written_and_cut(answer: bytes, piece: int) -> None:
    talk = Talk()
    talk.answered(WELCOME)
    with pytest.raises(LedOn):
        say(talk, answer, piece)


def say(talk: Talk, answer: bytes, piece: int) -> None:
    for at in range(0, len(answer), piece):
        talk.answered(answer[at : at + piece])


@pytest.mark.parametrize(
    "answer",
    [
        WELCOME,
        b"RTSP/1.0 401 Unauthorized\r\n",
        b"RTSP/1.0 404 Not Found\r\nServer: Camera RTSP/1.0\r\n",
        b"RTSP/1.0 503 300 times\r\n",
        b"RTSP/1.0 - 302\r\n",
        b"RTSP/1.0\n302\n",
        b"RTS P/1.0 302 RTSP 302\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 302\r\n\r\nv=0\r\ns=RTSP/RTP stream 300\r\n",
    ],
)
def test_what_cameras_say_passes(answer: bytes) -> None:
    for piece in (1, 1000):
        say(Talk(), answer, piece)


def test_once_it_plays_its_pictures_may_look_like_anything() -> None:
    talk = Talk()
    for byte in b"DESCRIBE rtsp://PLAY/?PLAY RTSP/1.0\r\n\r\n":
        talk.asked(bytes([byte]))
    assert not talk.over
    for byte in b"PLAY rtsp://127.0.0.1/a RTSP/1.0\r\n\r\n":
        talk.asked(bytes([byte]))
    assert talk.over
    talk.answered(b"RTSP/1.0 302 Found\r\n" + random.Random(1).randbytes(100_000))


def test_what_is_said_is_looked_at_once_however_small_its_pieces() -> None:
    talk, began = Talk(), time.thread_time()
    say(talk, b"RTSP/" * 3000 + b" " * 15_000 + b"RTSP/ " * 3000, 1)
    say(talk, b" 1" * 2000, 1)
    assert time.thread_time() - began < 5


def test_the_port_of_a_camera_lets_no_other_user_in_and_is_held_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as camera:
        place = Place("rtsp", "admin:secret", "127.0.0.1", camera.getsockname()[1], "/")
        with relayed(place, camera_policy(private=True)) as feed:
            far, _ = camera.accept()
            at = ("127.0.0.1", int(feed.url.rpartition(":")[2].rstrip("/")))
            with monkeypatch.context() as other:
                mine = os.getuid()
                other.setattr(os, "getuid", lambda: mine + 1)
                with socket.create_connection(at, 20) as stranger:
                    assert stranger.recv(1) == b""
            with far, socket.create_connection(at, 20) as child:
                child.sendall(b"OPTIONS")
                assert far.recv(7) == b"OPTIONS"
                far.sendall(b"RTSP")
                assert child.recv(4) == b"RTSP"
                with socket.socket() as thief:
                    thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    with pytest.raises(OSError, match="in use"):
                        thief.bind(at)
        with socket.socket() as later:
            later.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            later.bind(at)
