"""What is known of a rendered recording, as JSON lines: questions with their true spans, and events."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Seconds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; ``spans`` is empty where the recording does not answer it."""

    text: str
    spans: tuple[Seconds, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that is to be seen during ``span``: an event tells of it where the words of ``label`` stand in it.

    ``what`` is the same for people to read.
    """

    label: str
    span: Seconds
    what: str = ""


def write_truth(path: Path, recording: str, asked: Iterable[Asked], happened: Iterable[Happened]) -> None:
    """Writes one line a question, then one line an event; ``recording`` is the file's name."""
    stem = Path(recording).stem
    lines: list[dict[str, object]] = [
        {
            "id": f"{stem}-q{number:02}",
            "recording": recording,
            "question": question.text,
            "spans": [_rounded(span) for span in question.spans],
            "answerable": bool(question.spans),
        }
        for number, question in enumerate(asked, 1)
    ]
    lines += [
        {
            "id": f"{stem}-e{number:02}",
            "recording": recording,
            "label": event.label,
            "span": _rounded(event.span),
            **({"what": event.what} if event.what else {}),
        }
        for number, event in enumerate(happened, 1)
    ]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _rounded(span: Seconds) -> list[float]:
    return [round(span[0], 2), round(span[1], 2)]
