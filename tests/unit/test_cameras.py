from __future__ import annotations

import pytest

from videoqa.cameras import StreamUrl

CANARY = "canary"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://10.0.0.7/stream", "rtsp://10.0.0.7/stream"),
        (f"rtsp://admin:{CANARY}@10.0.0.7:8554/stream", "rtsp://10.0.0.7:8554/stream"),
        (f"rtsp://admin:p@ss{CANARY}@10.0.0.7/stream", "rtsp://10.0.0.7/stream"),
        (f"rtsp://admin:{CANARY}/{CANARY}@10.0.0.7/stream", "rtsp://10.0.0.7/stream"),
        (f"rtsp://admin:12?{CANARY}#{CANARY}@10.0.0.7/stream", "rtsp://10.0.0.7/stream"),
        (f"rtsp:admin:{CANARY}@10.0.0.7/stream", "rtsp:10.0.0.7/stream"),
        (f"admin:{CANARY}@10.0.0.7/stream", "10.0.0.7/stream"),
        (f"rtsp://admin:{CANARY}\n{CANARY}@10.0.0.7/stream", "rtsp://10.0.0.7/stream"),
        (f"http://10.0.0.7/video.mjpg?token={CANARY}", "http://10.0.0.7/video.mjpg?***"),
        (f"http://10.0.0.7/video.mjpg#{CANARY}", "http://10.0.0.7/video.mjpg#***"),
        (f"rtsp://10.0.0.7/user=admin_password={CANARY}_channel=1.sdp", "rtsp://10.0.0.7/user=***"),
        ("file:/srv/clips/me@home=1.mp4", "file:/srv/clips/me@home=1.mp4"),
    ],
)
def test_an_address_shows_neither_name_nor_password(text: str, shown: str) -> None:
    url = StreamUrl(text)
    assert url.shown == f"{url}" == shown
    assert CANARY not in repr(url)
    assert url.text == text


@pytest.mark.parametrize(
    ("text", "site"),
    [
        (f"https://hooks.example/services/{CANARY}", "https://hooks.example"),
        (f"https://hooks.example:8443/{CANARY}@{CANARY}?{CANARY}#{CANARY}", "https://hooks.example:8443"),
        (f"https://{CANARY}:{CANARY}@hooks.example", "https://hooks.example"),
        (f"https://[2001:db8::1]:9/{CANARY}", "https://[2001:db8::1]:9"),
        (f"HTTP://hooks.example?{CANARY}", "HTTP://hooks.example"),
        (CANARY, "***"),
    ],
)
def test_a_site_shows_nothing_of_the_path(text: str, site: str) -> None:
    assert StreamUrl(text).site == site
