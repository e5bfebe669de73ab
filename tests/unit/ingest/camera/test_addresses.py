from __future__ import annotations

import pytest

from ingest.camera.addresses import camera_policy, check, path_of, place_of
from videoqa.cameras import StreamUrl
from videoqa.errors import BadCamera

CANARY = "canary"
HOME = camera_policy(private=True)


@pytest.mark.parametrize(
    ("text", "server", "port", "rest"),
    [
        ("rtsp://10.0.0.7/stream", "10.0.0.7", 554, "/stream"),
        ("RTSP://gate.example:8554", "gate.example", 8554, "/"),
        ("rtsp://user:p%40ss@[fd12::7]:554/a/b?channel=1", "fd12::7", 554, "/a/b?channel=1"),
        ("rtsp://user:p@ss:word@10.0.0.7/stream", "10.0.0.7", 554, "/stream"),
        ("http://10.0.0.7/video.mjpg", "10.0.0.7", 80, "/video.mjpg"),
        ("https://cams.example?id=3", "cams.example", 443, "?id=3"),
    ],
)
def test_an_address_is_taken_apart(text: str, server: str, port: int, rest: str) -> None:
    place = place_of(StreamUrl(text))
    assert (place.host, place.port, place.rest) == (server, port, rest)
    assert "@" not in place.text
    check(StreamUrl(text), HOME)


@pytest.mark.parametrize(
    ("login", "told"),
    [("admin:secret", "admin:secret"), ("admin:p@s[s]%2F", "admin:p%40s%5Bs%5D%2F"), ("admin:wörd", "admin:w%C3%B6rd")],
)
def test_a_password_may_be_written_as_it_is(login: str, told: str) -> None:
    assert place_of(StreamUrl(f"rtsp://{login}@10.0.0.7/")).login == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rtsp",
        "rtsp:",
        "rtsp://",
        "rtsp:///stream",
        "rtsp://:554/stream",
        "rtsp://user@/stream",
        "rtsp://10.0.0.7:0/",
        "rtsp://10.0.0.7:65536/",
        "rtsp://10.0.0.7:port/",
        "rtsp://[10.0.0.7/",
        "rtsp://10.0.0.7 /",
        "rtsp://10.0.0.7/a\r\nHost: b",
        "rtsp://10.0.0.7/" + "a" * 3000,
        "rtmp://10.0.0.7/stream",
        "ftp://10.0.0.7/a.mp4",
        "concat:/etc/passwd|/etc/hosts",
        "pipe:0",
        "/etc/passwd",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "file:clip.mp4",
        "file://elsewhere/clip.mp4",
        "file:////server/share/clip.mp4",
        "file:/a%00.mp4",
        f"rtsp://admin:{CANARY}/{CANARY}@10.0.0.7/stream",
        f"rtsp://admin:12/{CANARY}@10.0.0.7/stream",
        f"rtsp://admin:12?{CANARY}@10.0.0.7/stream",
        f"rtsp://admin:12#{CANARY}@10.0.0.7/stream",
        f"rtsp://10.0.0.7/stream#{CANARY}",
        f"{CANARY}://10.0.0.7/",
    ],
)
def test_what_is_no_address_of_a_camera_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadCamera) as told:
        check(StreamUrl(text), HOME)
    assert CANARY not in str(told.value)


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "[fe80::1]", "224.0.0.1", "[::ffff:169.254.169.254]"])
def test_nothing_is_watched_at_addresses_that_no_camera_has(host: str) -> None:
    with pytest.raises(BadCamera):
        check(StreamUrl(f"rtsp://{host}/stream"), HOME)


@pytest.mark.parametrize("host", ["10.0.0.7", "192.168.1.4", "127.0.0.1", "[::1]", "[fd12::7]"])
def test_private_networks_are_watched_unless_the_setting_says_no(host: str) -> None:
    url = StreamUrl(f"rtsp://{host}/stream")
    check(url, HOME)
    with pytest.raises(BadCamera, match="VIDEOQA_CAMERA_PRIVATE"):
        check(url, camera_policy(private=False))


@pytest.mark.parametrize(
    "text", ["file:/srv/a b.mp4", "file:///srv/a%20b.mp4", "FILE:/srv/a%20b.mp4", "file://localhost/srv/a b.mp4"]
)
def test_a_file_is_named_by_its_whole_path(text: str) -> None:
    assert path_of(StreamUrl(text)) == "/srv/a b.mp4"
