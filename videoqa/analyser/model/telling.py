"""Puts true times into what a model writes: the stamps it cites become the times of the frames under them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from videoqa.analyser.model.stamps import Stamps
from videoqa.times import clock

_LONGEST = 24
_CITED = re.compile(r"\[\s*<?\s*([0-9]{1,7}(?:\.[0-9]{1,3})?)\s*(?:s|seconds)?\s*>?\s*\]")


def timed(pieces: Iterable[str], stamps: Stamps) -> Iterator[str]:
    """``pieces`` of text with each ``[12.5]`` as ``[00:00:12]``; a stamp that was not shown is left out."""
    held = ""
    for piece in pieces:
        held += piece
        while held:
            place = held.find("[")
            if place:
                yield held if place < 0 else held[:place]
                held = "" if place < 0 else held[place:]
                continue
            end = held.find("]")
            if end < 0 and len(held) < _LONGEST:
                break
            cut = end + 1 if 0 <= end < _LONGEST else 1
            yield _true(held[:cut], stamps)
            held = held[cut:]
    if held:
        yield held


def _true(text: str, stamps: Stamps) -> str:
    if (found := _CITED.fullmatch(text)) is None:
        return text
    cited = stamps.cited(float(found[1]), float(found[1]))
    return "" if cited is None else f"[{clock(cited.frames[0])}]"
