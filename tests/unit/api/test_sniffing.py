"""What a file is called and what it is are two things."""

from __future__ import annotations

import re

import pytest

from api.sniffing import HEAD, MP4, UNKNOWN, disposition, sniffed
from tests.footage import clip


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("b-frames.mp4", "video/mp4"),
        ("fragmented.mp4", "video/mp4"),
        ("odd-groups.mkv", "video/x-matroska"),
        ("vp9.webm", "video/webm"),
        ("plain.avi", "video/x-msvideo"),
        ("broadcast.ts", "video/mp2t"),
    ],
)
def test_every_container_is_known_by_its_content(name: str, media_type: str) -> None:
    with clip(name).open("rb") as file:
        assert sniffed(file.read(HEAD)).media_type == media_type


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"<svg xmlns=",
        b"%PDF-1.7",
        b"GIF89a",
        b"MZ",
        b"G" + b"x" * 300,
        b"RIFF1234WAVE",
    ],
)
def test_what_is_no_footage_is_nothing_a_browser_opens(head: bytes) -> None:
    assert sniffed(head) == UNKNOWN
    assert disposition("page.html", sniffed(head)).startswith("attachment;")


@pytest.mark.parametrize(
    "title",
    [
        'a"; filename="evil.html',
        "a\r\nSet-Cookie: x=1",
        "../../etc/passwd",
        "C:\\boot.ini",
        "日本語 \u202e4pm.exe",
        "x" * 5000,
        "",
        "...",
        "\x00\x7f",
        "half \udcff a character",
    ],
)
def test_a_name_stays_in_its_quotes_whatever_it_is(title: str) -> None:
    value = disposition(title, MP4)
    match = re.fullmatch(r"""inline; filename="([\w. ()-]+)"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)""", value, re.ASCII)
    assert match is not None, value
    assert match[1].endswith(".mp4")
    assert match[2].endswith(".mp4")
    assert "%2F" not in match[2]
    assert "%E2%80%AE" not in match[2]
    assert len(value) < 2500


def test_a_name_in_any_script_is_kept() -> None:
    assert disposition("Hof Süd.MP4", MP4) == "inline; filename=\"Hof Sud.MP4\"; filename*=UTF-8''Hof%20S%C3%BCd.MP4"
    assert "%E6%97%A5" in disposition("日本", MP4)
    assert disposition("a.mp4", MP4, download=True).startswith("attachment;")
