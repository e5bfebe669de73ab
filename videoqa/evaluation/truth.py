"""Reads a truth file of the user's own.

The file holds JSON lines. A question is ``{"id", "recording", "question", "spans": [[start, end], …], "answerable"}``,
with ``also_acceptable`` spans where there are some; times are seconds from the recording's start. One that nothing
answers may leave the recording out, and is put to all. An event that should have been seen is ``{"recording", "label",
"span": [start, end]}``. Rows of a lecture (``lecture``, ``question``, ``answers``) and of footage with its events
(``file``, ``events`` of ``id``, ``q``, ``spans``) are read as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from videoqa.errors import BadTruth

TOLERANCE = 15.0
"""Seconds by which a moment's start may miss that of a true span, where the row does not say."""

Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its true spans. ``recording`` is a title, a stem or an id; None asks all."""

    id: str
    question: str
    recording: str | None
    spans: tuple[Stretch, ...]
    acceptable: tuple[Stretch, ...]
    answerable: bool
    tolerance: float


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that should have been seen; an empty ``label`` is any."""

    recording: str
    label: str
    span: Stretch


def read(path: Path) -> Iterator[tuple[int, Asked | Happened]]:
    """The rows of the truth file at ``path`` with their line numbers.

    Raises:
        BadTruth: the file cannot be read, or a line is no row of truth.
    """
    ids: set[str] = set()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadTruth(path=path, line=0, problem=f"the file cannot be read ({error})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows = list(_rows(json.loads(line), number))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else error
            raise BadTruth(path=path, line=number, problem=problem) from error
        for row in rows:
            if isinstance(row, Asked):
                if row.id in ids:
                    raise BadTruth(path=path, line=number, problem=f"the id {row.id} is there twice")
                ids.add(row.id)
            yield number, row


def _rows(row: Mapping[str, object], number: int) -> Iterator[Asked | Happened]:
    if not isinstance(row, Mapping):
        raise TypeError("a row is a JSON object")
    if "events" in row:
        for event in _list(row["events"], "events"):
            yield _asked({"hit_tol_s": row.get("hit_tol_s"), "file": row["file"], **event}, number)
    elif "span" in row:
        yield Happened(str(row["recording"]), str(row.get("label") or ""), _stretch(row["span"]))
    else:
        yield _asked(row, number)


def _asked(row: Mapping[str, object], number: int) -> Asked:
    spans = _stretches(row.get("spans", row.get("answers", [])))
    answerable = row.get("answerable", bool(spans))
    question = row.get("question", row.get("q"))
    if not isinstance(question, str) or not question.strip():
        raise ValueError("there is no question in it")
    if answerable and not spans:
        raise ValueError("it is answerable, but has no spans")
    named = next((row[key] for key in ("recording", "lecture", "file") if row.get(key)), None)
    if answerable and named is None:
        raise ValueError("it has spans, but names no recording")
    tolerance = row.get("hit_tol_s")
    return Asked(
        id=str(row.get("id", f"line {number}")),
        question=question,
        recording=None if named is None else Path(str(named)).name,
        spans=spans,
        acceptable=_stretches(row.get("also_acceptable") or []),
        answerable=bool(answerable),
        tolerance=TOLERANCE if not isinstance(tolerance, int | float) else float(tolerance),
    )


def _stretches(value: object) -> tuple[Stretch, ...]:
    return tuple(_stretch(item) for item in _list(value, "spans"))


def _stretch(value: object) -> Stretch:
    pair = _list(value, "a span")[:2]
    if len(pair) != 2 or any(isinstance(time, bool) or not isinstance(time, int | float) for time in pair):
        raise ValueError(f"{value} is no span; write [start, end] in seconds")
    start, end = float(pair[0]), float(pair[1])
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
        raise ValueError(f"{value} is no span; it does not start at 0 or later and end after that")
    return start, end


def _list(value: object, name: str) -> list:  # type: ignore[type-arg]
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value
