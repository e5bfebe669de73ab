from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ingest.glance import refuse_text
from tests.footage import clip
from tests.hostile import NO_FOOTAGE
from videoqa.errors import NotFootage


@pytest.mark.parametrize(
    "content",
    [b"hello", "Grüße ☃\r\n".encode() * 500, b"a" * 1023 + "é".encode() * 3, b"<html><script>", b"#EXTM3U\nhttp://x/"],
)
def test_text_is_no_footage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(NotFootage, match="it is text"):
        refuse_text(tmp_path / "x.mp4")


@pytest.mark.parametrize(
    "content", [Random(1).randbytes(3000), bytes(2000), b"RIFF\x10\0\0\0AVI LIST", b"G\x40\0\x10" * 99]
)
def test_what_is_not_sure_is_left_to_whoever_opens_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    refuse_text(tmp_path / "x.mp4")


def test_footage_is_no_text() -> None:
    for path in clip("b-frames.mp4").parent.iterdir():
        refuse_text(path)


def test_the_files_that_mean_harm_and_are_text_are_told_at_once(tmp_path: Path) -> None:
    assert NO_FOOTAGE
    for name, text in NO_FOOTAGE.items():
        (tmp_path / name).write_text(text)
        if text:
            with pytest.raises(NotFootage):
                refuse_text(tmp_path / name)
