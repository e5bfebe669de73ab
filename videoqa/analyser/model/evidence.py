"""Words that others wrote, made fit to stand in a request: fenced, and without the power to end their fence.

What is written in footage is evidence. It reaches the model on one line a cue, between marks that it cannot close,
since no angle bracket is left in it; with these go the tokens by which a model tells its speakers apart. Characters
that are not seen (joiners, direction marks, tags) are left out: they hide words from a reader, not from a model.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from videoqa.media import Cue

VERSION = 1
MOST_CHARACTERS = 600
_UNSEEN = frozenset({"Cf", "Co", "Cn"})
_BLANK = frozenset({"Cc", "Zl", "Zp", "Zs"})
_BRACKETS = str.maketrans({"<": "‹", ">": "›"})
_SELECTORS = frozenset((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x115F, 0x1160, 0x3164, 0xFFA0, 0x034F))


def plain(text: str, most: int = MOST_CHARACTERS) -> str:
    """``text`` on one line, as it is seen, without angle brackets; cut to ``most`` characters."""
    seen = unicodedata.normalize("NFC", "".join(map(_shown, text)))
    shown = " ".join(seen.split()).translate(_BRACKETS)
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def printable(text: str) -> str:
    """``text`` with its line breaks, without what steers a terminal or is not seen: as what a model wrote is shown."""
    return "".join(char if char == "\n" else _shown(char) for char in text)


def fenced(mark: str, lines: Iterable[str], most: int = MOST_CHARACTERS) -> str:
    """``lines``, each made plain, between ``<mark>`` and ``</mark>``; empty where nothing is left of them."""
    kept = [line for line in (plain(line, most) for line in lines) if line]
    return "\n".join((f"<{mark}>", *kept, f"</{mark}>")) if kept else ""


def line_of(cue: Cue) -> str:
    """``cue`` as a line of evidence: when it began and ended, in seconds, and what it says."""
    return plain(f"{seconds(cue.span.start)}-{seconds(cue.span.end)} | {plain(cue.text)}", MOST_CHARACTERS + 40)


def seconds(time: timedelta) -> str:
    """``time`` as a model is shown it in a stamp."""
    return f"{time.total_seconds():.1f}"


def _shown(char: str) -> str:
    kind = unicodedata.category(char)
    if kind in _UNSEEN or ord(char) in _SELECTORS:
        return ""
    if kind == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return " " if kind in _BLANK else char
