"""What a process that serves writes of itself: one JSON document a line, or a line for a terminal; secrets in neither.

What a line is about (a request, a key, a recording, a job) is noted once, and stands in every line written under it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TextIO

OURS = ("videoqa", "api", "ingest", "indexer")
_LONGEST = 16_000
_LEAST_SECRET = 4
"""What is shorter than that would be found everywhere, and guessed as easily."""
_HIDDEN = (
    # The user and the password of a URL: cameras' are written down with slashes and all.
    (re.compile(r"(?i)([a-z][a-z0-9+.-]{0,30}://)[^\s\"'<>]*@"), r"\1***@"),
    (re.compile(r"(?i)\b(bearer|basic)(\s+|%20|\+)[a-z0-9._~+/=-]{4,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)((?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|authorization|signature)[\"']?\s*[=:]\s*[\"']?)"
            r"(?!\*\*\*)[^\s\"'&,;)}\]]{4,}"
        ),
        r"\1***",
    ),
    # Our own keys, wherever they turn up.
    (re.compile(r"\bvqa_[A-Za-z0-9_-]{8,}"), "vqa_***"),
)
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(**what: str | None) -> Iterator[None]:
    """Every line that is written inside says what it is about: ``about(request=..., recording=...)``."""
    token = _about.set({**_about.get(), **{name: value for name, value in what.items() if value}})
    try:
        yield
    finally:
        _about.reset(token)


def note(**what: str | None) -> None:
    """The like of ``about``, from here to where the one around it ends."""
    _about.set({**_about.get(), **{name: value for name, value in what.items() if value}})


class Redactor:
    """Takes out of a text what must not be read in it: ``secrets`` as they stand, and what looks like one."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = sorted({each for each in secrets if len(each) >= _LEAST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str, *, from_end: bool = False) -> str:
        """``text`` without them, of a long one its beginning, or its end where ``from_end``."""
        if self._known is not None:
            text = self._known.sub("***", text)
        if len(text) > _LONGEST:
            text = _tail(text) if from_end else _head(text)
        for pattern, instead in _HIDDEN:
            text = pattern.sub(instead, text)
        return text


class JsonLines(logging.Formatter):
    """A record as one line of JSON, in which no secret stands."""

    def __init__(self, redact: Redactor, process: str = "") -> None:
        super().__init__()
        self._redact = redact
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
        } | self._fields(record)
        if record.exc_info:
            line["error"] = self._redact(self.formatException(record.exc_info), from_end=True)
        return json.dumps(line, default=str)

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        told = {**self._process, **_about.get(), **getattr(record, "fields", {})}
        return {name: self._redact(value) if isinstance(value, str) else value for name, value in told.items()}


class Readable(JsonLines):
    """A record for whoever sits before a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        told = "".join(f"  {name}={value}" for name, value in self._fields(record).items())
        line = f"{when} {record.levelname.lower():7} {self._redact(record.getMessage())}{told}"
        if record.exc_info:
            line += "\n" + self._redact(self.formatException(record.exc_info), from_end=True)
        return line


def begin(
    form: str, secrets: Collection[str], process: str = "", *, debugging: bool = False, to: TextIO | None = None
) -> None:
    """From now on everything that is logged in this ``process`` goes ``to`` standard error.

    Args:
        form: ``json``, ``text``, or nothing for the latter on a terminal and the former elsewhere.
        secrets: texts that are never to be read in it.
    """
    stream = to or sys.stderr
    handler = logging.StreamHandler(stream)
    redact = Redactor(secrets)
    readable = form == "text" or (not form and stream.isatty())
    handler.setFormatter(Readable(redact, process) if readable else JsonLines(redact, process))
    root = logging.getLogger()
    for former in tuple(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    # Others' talk is about themselves, and some of it holds whole URLs.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if debugging else logging.INFO)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_died
    # A broken pipe to whoever reads the lines is no reason to write a traceback to it.
    logging.raiseExceptions = False


def _head(text: str) -> str:
    # Half a secret is not known for one: the word that is cut through goes.
    kept = text[:_LONGEST]
    return kept[: len(kept) - len(re.split(r"[\s\"'<>]", kept)[-1])] + "***"


def _tail(text: str) -> str:
    # Nor is one whose name was cut away before it.
    return "*** " + "".join(text[-_LONGEST:].split(None, 2)[2:])


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None and not isinstance(died.exc_value, SystemExit):
        told = (died.exc_type, died.exc_value, died.exc_traceback)
        logging.getLogger("videoqa.threads").error(
            "the thread %s died", died.thread and died.thread.name, exc_info=told
        )
