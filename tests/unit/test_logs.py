"""What is logged says what it is about, and holds no secret."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from videoqa.logs import Redactor, about, begin, note

CANARY = "canary-4711"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = tuple(root.handlers), root.level
    stream = io.StringIO()
    begin("json", [CANARY], "service", to=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    logging.raiseExceptions = True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_document_that_says_what_it_is_about(written: io.StringIO) -> None:
    log = logging.getLogger("videoqa.something")
    with about(request="r1"):
        note(key="k1")
        with about(recording="rec", job=None):
            log.info("two\nlines")
        log.warning("after")
    log.info("outside")
    first, second, third = lines(written)
    assert first["message"] == "two\nlines"
    assert (first["request"], first["key"], first["recording"]) == ("r1", "k1", "rec")
    assert first["process"] == "service"
    assert "job" not in first
    assert "recording" not in second
    assert second["level"] == "warning"
    assert "request" not in third


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        f"rtsp://admin:pass-{CANARY}@10.0.0.5/stream",
        "rtsp://admin:hidden-word@10.0.0.5/stream",
        "postgresql://user:hidden-word@db/videoqa",
        "https://u:p@ss/hidden-word@host/",
        "Authorization: Bearer hidden-word-12",
        "{'authorization': 'Bearer hidden-word-12'}",
        "GET /x?token=hidden-word&b=1",
        '{"password": "hidden-word"}',
        "password=hidden-word",
        "key vqa_hidden-word_12345678 is wrong",
    ],
)
def test_no_secret_is_read_in_any_part_of_a_line(written: io.StringIO, text: str) -> None:
    log = logging.getLogger("videoqa.something")
    log.info(text)
    log.info("%s", text, extra={"fields": {"path": text}})
    with about(request=text):
        try:
            raise ValueError(text)
        except ValueError:
            log.exception("it failed")
    told = written.getvalue()
    assert CANARY not in told
    assert "hidden-word" not in told
    assert len(lines(written)) == 3
    assert "ValueError" in told


@pytest.mark.parametrize(
    "text",
    ["10 tokens in, 20 out", "https://host/path?a=b", "mail to a@b.example", "the secret is out", "GET /v1/keys 200"],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert Redactor()(text) == text


def test_a_long_text_is_redacted_soon_and_shows_no_half_secret() -> None:
    begun = time.monotonic()
    assert len(Redactor()("a" * 200_000)) <= 16_003
    told = "x" * 15_970 + " password=hidden-word rtsp://u:hidden-word@host"
    for shift in range(60):
        padded = "x" * shift + told
        assert "hidden-w" not in Redactor()(padded + " y" * 9_000)
        assert "hidden-w" not in Redactor()(padded[-60:] + " y" * (7_970 + shift // 2), from_end=True)
    assert time.monotonic() - begun < 5


def test_others_talk_is_left_out_unless_it_is_a_warning(written: io.StringIO) -> None:
    logging.getLogger("httpx2").info("HTTP Request: GET http://u:p@host")
    logging.getLogger("asyncio").error("it broke")
    (line,) = lines(written)
    assert line["logger"] == "asyncio"


def test_a_thread_that_dies_is_told(written: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert "RuntimeError" in written.getvalue()
    assert CANARY not in written.getvalue()
