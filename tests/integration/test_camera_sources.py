"""Cameras are opened at addresses that were checked, however servers and names change their minds."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import av
import pytest

from ingest.camera.addresses import camera_policy
from ingest.camera.feed import CannotOpen, Feed
from ingest.camera.sources import Sources
from tests.casting import Cast, jpegs, mjpeg, segments_of
from tests.needs import ROOT, program
from tests.rtsp.doors import Digest
from tests.rtsp.film import Film, shot_anew
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer
from tests.web import Connection, rebinding, serving
from videoqa.cameras import CameraState, StreamUrl

YARD = ROOT / "samples" / "yard.mp4"
CANARY = "canary-9f2e"
HOME = Sources(camera_policy(private=True))
STRICT = Sources(camera_policy(private=False))
QUICK = {"rtsp_transport": "tcp", "timeout": "10000000", "analyzeduration": "100000"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def shown(folder: Path) -> Film:
    return shot_anew(YARD, folder / "h264.mp4", seconds=3, size=(160, 96), gop=5)


def packets_of(feed: Feed) -> Iterator[av.Packet]:
    """What a child would read, whose demuxer is told."""
    name = feed.demuxer or None
    if feed.url:
        with av.open(feed.url, format=name, options=QUICK) as container:
            yield from container.demux(video=0)
        return
    assert feed.descriptor is not None
    with os.fdopen(os.dup(feed.descriptor), "rb") as file, av.open(file, format=name) as container:
        yield from container.demux(video=0)


def refused(sources: Sources, text: str) -> CannotOpen:
    with pytest.raises(CannotOpen) as told, sources.opened(StreamUrl(text)):
        pass
    assert CANARY not in f"{told.value} {told.value.problem} {told.value!r}"
    return told.value


def until(holds: Callable[[], object], seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_rtsp_is_carried_to_the_child_from_the_address_alone(shown: Film) -> None:
    with RtspServer({"gate": Channel(shown, speed=4)}) as server:
        with HOME.opened(StreamUrl(f"rtsp://localhost:{server.port}/gate")) as feed:
            assert feed.demuxer == "rtsp"
            assert "localhost" not in feed.url
            assert str(server.port) not in feed.url
            packets = packets_of(feed)
            assert all(packet.size for packet in itertools.islice(packets, 30))
        assert list(packets) is not None, "what is left ends for the child as well"
        until(lambda: not server.watching)


def test_the_name_and_password_reach_the_camera_and_are_shown_to_nobody_else(shown: Film) -> None:
    with (
        RtspServer({"gate": Channel(shown, speed=4, door=Digest("admin", CANARY))}) as server,
        HOME.opened(StreamUrl(server.url("gate", f"admin:{CANARY}"))) as feed,
    ):
        assert CANARY in feed.url
        assert CANARY not in f"{feed!r} {feed}"
        assert next(packets_of(feed)).size


def test_nobody_there_is_told_before_a_child_is_begun() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = refused(HOME, f"rtsp://admin:{CANARY}@127.0.0.1:{port}/gate")
    assert told.state is CameraState.OFFLINE
    assert "refused" in told.problem
    assert refused(HOME, f"rtsp://admin:{CANARY}@camera.invalid/gate").state is CameraState.OFFLINE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_this_machine_is_not_asked_where_the_policy_forbids_it(host: str, scheme: str) -> None:
    asked = threading.Event()
    with serving(lambda _: asked.set()) as port:
        refused(STRICT, f"{scheme}://{host}:{port}/stream")
    assert not asked.is_set()


@pytest.mark.parametrize("text", ["rtsp://169.254.169.254/", "http://169.254.169.254/latest/", "http://0.0.0.0/"])
def test_no_camera_lives_where_clouds_keep_their_secrets(text: str) -> None:
    began = time.monotonic()
    refused(HOME, text)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_name_is_looked_up_once_and_the_answer_is_kept_to(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = rebinding(monkeypatch, "8.8.8.8", "127.0.0.1")
    refused(STRICT, f"{scheme}://rebind.example/stream")
    assert connected == ["8.8.8.8"]


def test_a_camera_that_leads_on_to_another_address_is_not_followed(shown: Film) -> None:
    """FFmpeg would go wherever it is led."""
    visited = threading.Event()
    with serving(lambda _: visited.set()) as elsewhere:
        lead = f"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:{elsewhere}/in\r\n\r\n".encode()
        with serving(lambda each: each.send(lead)) as port:
            with pytest.raises(av.error.FFmpegError):
                next(packets_of(Feed("rtsp", f"rtsp://127.0.0.1:{port}/gate")))
            assert visited.is_set(), "it does so without us"
            visited.clear()
            with HOME.opened(StreamUrl(f"rtsp://127.0.0.1:{port}/gate")) as feed, pytest.raises(av.error.FFmpegError):
                next(packets_of(feed))
    assert not visited.is_set()


def test_mjpeg_over_http_is_read_until_it_is_left() -> None:
    with serving(mjpeg(jpegs(5))) as port:
        with HOME.opened(StreamUrl(f"http://127.0.0.1:{port}/video.mjpg")) as feed:
            assert (feed.demuxer, feed.url, feed.paced) == ("mpjpeg", "", False)
            frames = [frame for packet in itertools.islice(packets_of(feed), 12) for frame in packet.decode()]
        assert [(frame.width, frame.height) for frame in frames] == [(160, 96)] * len(frames)
        assert len(frames) >= 10
    assert not [each for each in threading.enumerate() if each.name == "camera fetcher"]


def test_an_unread_camera_is_left_at_once() -> None:
    with serving(mjpeg(jpegs(5))) as port:
        began = time.monotonic()
        with HOME.opened(StreamUrl(f"http://127.0.0.1:{port}/video.mjpg")):
            time.sleep(0.3)
        assert time.monotonic() - began < 5
    assert not [each for each in threading.enumerate() if each.name == "camera fetcher"]


def test_https_is_verified_with_the_name_though_the_address_is_pinned(folder: Path) -> None:
    both, key, made = (folder / name for name in ("both.pem", "key.pem", "cert.pem"))
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *named]
    subprocess.run([*command, "-keyout", key, "-out", made], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + made.read_bytes())
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(both)
    trusting = Sources(camera_policy(private=True), ssl.create_default_context(cafile=str(made)))
    with serving(mjpeg(jpegs(2)), context=serves) as port:
        with trusting.opened(StreamUrl(f"https://localhost:{port}/video.mjpg")) as feed:
            assert next(packets_of(feed)).size
        assert "certificate" in refused(trusting, f"https://127.0.0.1:{port}/video.mjpg").problem
        assert "certificate" in refused(HOME, f"https://localhost:{port}/video.mjpg").problem


@pytest.mark.parametrize("way", ["Basic", "Digest"])
def test_a_camera_that_asks_is_told_the_password_and_another_server_is_not(way: str) -> None:
    pictures = jpegs(2)
    told: list[str] = []

    def ask(connection: Connection) -> None:
        if (login := connection.header("Authorization")) is None:
            connection.answer("401 Unauthorized", WWW_Authenticate=f'{way} realm="camera", nonce="1"')
            return
        told.append(login)
        mjpeg(pictures)(connection)

    with serving(ask) as port:
        with HOME.opened(StreamUrl(f"http://admin:{CANARY}@127.0.0.1:{port}/video.mjpg")) as feed:
            assert next(packets_of(feed)).size
        assert told[0].startswith(way)
        assert refused(HOME, f"http://127.0.0.1:{port}/video.mjpg").state is CameraState.AUTH_FAILED
        told.clear()

        def lead(connection: Connection) -> None:
            connection.answer("302 Found", Location=f"http://127.0.0.1:{port}/video.mjpg")

        with serving(lead) as first:
            refused(HOME, f"http://admin:{CANARY}@127.0.0.1:{first}/video.mjpg")
        assert not told


@pytest.mark.parametrize(
    ("answer", "state", "problem"),
    [
        ("404 Not Found", CameraState.NOT_FOUND, "404"),
        ("403 Forbidden", CameraState.AUTH_FAILED, "403"),
        ("500 Oops", CameraState.OFFLINE, "500"),
        ("200 OK", CameraState.BAD_CODEC, "text/html"),
        ("302 Found", CameraState.OFFLINE, "169.254.169.254"),
    ],
)
def test_what_is_no_camera_says_what_it_is(answer: str, state: CameraState, problem: str) -> None:
    def handle(connection: Connection) -> None:
        connection.answer(answer, b"hello", Content_Type="text/html", Location="http://169.254.169.254/latest/")

    with serving(handle) as port:
        told = refused(HOME, f"http://admin:{CANARY}@127.0.0.1:{port}/a?token={CANARY}")
    assert told.state is state
    assert problem in told.problem


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.camera.web._ANSWER_SECONDS", 0.5)

    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(200):
            connection.send(b"y")
            time.sleep(0.05)

    with serving(handle) as port:
        assert "cannot be read" in refused(HOME, f"http://127.0.0.1:{port}/video.mjpg").problem


@pytest.fixture(scope="module")
def segments(folder: Path, shown: Film) -> list[bytes]:
    assert shown.codec == "h264"
    return segments_of(folder / "h264.mp4", folder / "ts")[0]


def test_hls_is_followed_from_near_its_end_until_it_ends(segments: list[bytes], shown: Film) -> None:
    cast = Cast(segments)
    with serving(cast) as port, HOME.opened(StreamUrl(f"http://127.0.0.1:{port}/main.m3u8")) as feed:
        assert (feed.demuxer, feed.paced) == ("mpegts", True)
        packets = [packet for packet in packets_of(feed) if packet.pts is not None]
    assert "/low.m3u8" not in cast.asked
    assert [each for each in cast.asked if "m3u8" not in each] == [
        f"/live/{number}" for number in range(1, len(segments))
    ]
    first = len(pictures_in(segments[0]))
    assert first
    assert len(packets) == len(shown.pictures) - first


def test_a_playlist_that_promises_more_at_once_is_still_read_at_leisure() -> None:
    again = threading.Event()

    def handle(connection: Connection) -> None:
        playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:0.1\n#EXTINF:0.1,\na.ts\n" + "#EXT-X-ENDLIST" * again.is_set()
        again.set()
        connection.answer("200 OK", playlist.encode() if connection.target.endswith("m3u8") else b"footage")

    with serving(handle) as port:
        began = time.monotonic()
        with HOME.opened(StreamUrl(f"http://127.0.0.1:{port}/live.m3u8")) as feed:
            assert feed.descriptor is not None
            with os.fdopen(os.dup(feed.descriptor), "rb") as file:
                assert file.read() == b"footage"
        assert time.monotonic() - began >= 1


def pictures_in(segment: bytes) -> list[av.Packet]:
    with av.open(BytesIO(segment), format="mpegts") as container:
        return [packet for packet in container.demux(video=0) if packet.pts is not None]


def test_hls_ends_where_its_time_jumps(segments: list[bytes]) -> None:
    cast = Cast(segments)
    cast.lines[3] = "#EXT-X-DISCONTINUITY"
    with serving(cast) as port, HOME.opened(StreamUrl(f"http://127.0.0.1:{port}/live/high.m3u8")) as feed:
        assert feed.descriptor is not None
        with os.fdopen(os.dup(feed.descriptor), "rb") as file:
            assert file.read() == segments[1] + segments[2]


def test_hls_in_fragments_begins_with_what_precedes_them() -> None:
    cast = Cast([b"a", b"b", b"c"], head=b"head ")
    with serving(cast) as port, HOME.opened(StreamUrl(f"http://127.0.0.1:{port}/live/high.m3u8")) as feed:
        assert feed.demuxer == "mov"
        assert feed.descriptor is not None
        with os.fdopen(os.dup(feed.descriptor), "rb") as file:
            assert file.read() == b"head abc"


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/part", "file:///etc/passwd", "http://[::1", "rtsp://127.0.0.1/"]
)
def test_each_segment_is_checked(address: str) -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST".encode()

    def handle(connection: Connection) -> None:
        connection.answer("200 OK", playlist, Content_Type="application/vnd.apple.mpegurl")

    with serving(handle) as port, HOME.opened(StreamUrl(f"http://127.0.0.1:{port}/a")) as feed:
        assert feed.descriptor is not None
        with os.fdopen(os.dup(feed.descriptor), "rb") as file:
            assert file.read() == b""


def test_a_file_is_played_in_real_time_and_what_is_none_is_not(folder: Path, shown: Film) -> None:
    with HOME.opened(StreamUrl(f"file:{folder / 'h264.mp4'}")) as feed:
        assert feed.paced
        assert not feed.url
        packets = [packet for packet in packets_of(feed) if packet.pts is not None]
        assert len(packets) == len(shown.pictures)
    assert refused(HOME, f"file:{folder / 'none.mp4'}").state is CameraState.NOT_FOUND
    os.mkfifo(folder / "pipe")
    for other in ("pipe", "."):
        assert refused(HOME, f"file:{folder / other}").state is CameraState.BAD_CODEC


def test_a_hundred_sessions_leave_no_descriptor_and_no_thread_behind(shown: Film) -> None:
    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    with RtspServer({"gate": Channel(shown)}) as server, serving(mjpeg(jpegs(1))) as port:
        urls = [StreamUrl(server.url("gate")), StreamUrl(f"http://127.0.0.1:{port}/a.mjpg")]
        for url in urls:
            with HOME.opened(url):
                pass
        until(lambda: not server.watching)
        before = held()
        for url in urls * 50:
            with HOME.opened(url):
                pass
        until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)))
