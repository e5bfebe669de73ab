"""Questions and search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from videoqa.client.documents import Answer, Citation, Moment, read
from videoqa.client.flows import Call, Emit, Flow, Items, at
from videoqa.client.footage import instant
from videoqa.client.line import Line
from videoqa.client.problems import error_of_event
from videoqa.client.retrying import answered

Between: TypeAlias = tuple[float, float] | tuple[datetime, datetime]
"""Two times of the footage in seconds, or two aware ones of the wall clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The question is heard; ``task_id`` leads back to its answer, for another process too."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The index proposes a moment, and it is going to be looked at."""

    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A close look found that a moment does not show what was asked for; ``sentence`` says why."""

    sentence: str
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The next sentence of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What could not be done for the answer; ``moment`` where it is about one."""

    note: str
    moment: Moment | None = None


Part: TypeAlias = Task | Proposed | Rejected | Citation | Token | Note | Answer
"""What a stream hands out; the ``Answer`` is the last."""
_PARTS: Mapping[str, type[Any]] = {
    "task": Task,
    "proposed": Proposed,
    "rejected": Rejected,
    "citation": Citation,
    "token": Token,
    "note": Note,
    "final": Answer,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Ranked moments."""

    moments: tuple[Moment, ...]


def ask(
    question: str,
    *,
    recordings: Sequence[str] = (),
    cameras: Sequence[str] = (),
    between: Between | None = None,
    limit: int | None = None,
) -> Flow[Answer]:
    """The answer to a question. ``recordings`` are ids or titles; ``cameras`` names or ids, all of whose recordings are
    asked; where neither are given, all that the key reaches.

    It is streamed: a connection that breaks costs no second question.
    """
    line = _line(question, _asked(recordings, cameras), between, limit)
    while not isinstance(part := (yield from _next(line)), Answer):
        pass
    return part


def ask_stream(
    question: str,
    *,
    recordings: Sequence[str] = (),
    cameras: Sequence[str] = (),
    between: Between | None = None,
    limit: int | None = None,
) -> Items[Part]:
    """The answer as it comes into being; sentences are told once they are checked."""
    yield from _parts(_line(question, _asked(recordings, cameras), between, limit))


def come_back(task_id: str) -> Items[Part]:
    """The answer to a question that was asked before, from its beginning."""
    yield from _parts(Line(_task(task_id)))


def search(
    words: str,
    *,
    recordings: Sequence[str] = (),
    cameras: Sequence[str] = (),
    between: Between | None = None,
    sources: Sequence[str] = (),
    limit: int | None = None,
) -> Flow[tuple[Moment, ...]]:
    """The moments nearest to some words, the best first."""
    body = {"q": words, "sources": list(sources), **_asked(recordings, cameras), **_where(between, limit)}
    reply = yield from answered(Call("POST", "/v1/search", json=body, harmless=True))
    return read(Found, reply).moments


def _parts(line: Line) -> Items[Part]:
    while True:
        part = yield from _next(line)
        yield Emit(part)
        if isinstance(part, Answer):
            return


def _next(line: Line) -> Flow[Part]:
    """The next part; what a later service tells of and is not known here is passed over."""
    while True:
        event = yield from line.next()
        if event.event == "problem":
            raise error_of_event(event.data)
        kind = _PARTS.get(event.event)
        if kind is None:
            continue
        part: Part = read(kind, event.data)
        if isinstance(part, Task):
            line.come_back_by(_task(part.task_id))
        return part


def _line(question: str, asked: Mapping[str, object], between: Between | None, limit: int | None) -> Line:
    body = {"question": question, "stream": True, **asked, **_where(between, limit)}
    return Line(Call("POST", "/v1/ask", json=body))


def _task(task_id: str) -> Call:
    return Call("GET", at("/v1/ask/{}", task_id))


def _asked(recordings: Sequence[str], cameras: Sequence[str]) -> Mapping[str, object]:
    """What is asked. Without cameras it is what a service understands that knows of none."""
    told: dict[str, object] = {"recordings": list(recordings)}
    if cameras:
        told["cameras"] = list(cameras)
    return told


def _where(between: Between | None, limit: int | None) -> Mapping[str, object]:
    told: dict[str, object] = {} if limit is None else {"limit": limit}
    if between is not None:
        told["between"] = [instant(end) if isinstance(end, datetime) else float(end) for end in between]
    return told
