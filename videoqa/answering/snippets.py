"""Cuts from a passage the words that bear a moment out. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from videoqa.ports import Lexicon

LONGEST = 160
"""Characters of a snippet, beside the marks at its cuts."""
CUT = "…"

_PIECE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff][^\w\s]*|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


def snippet(text: str, weights: Mapping[str, float], lexicon: Lexicon) -> str:
    """What of ``text`` holds most of ``weights``, at most ``LONGEST`` characters, with … where it was cut."""
    flat = " ".join(text.split())
    if len(flat) <= LONGEST:
        return flat
    pieces = [(match.start(), match.end()) for match in _PIECE.finditer(flat)]
    # Characters of a script without spaces weigh in pairs, so each piece is read with the first character behind it.
    gains = [_gain(flat[start : end + (not flat[start].isascii())], weights, lexicon) for start, end in pieces]
    best: list[tuple[int, int]] = []
    reached, held, behind = -1.0, 0.0, 0
    for first in range(len(pieces)):
        while behind < len(pieces) and pieces[behind][1] - pieces[first][0] <= LONGEST:
            held += gains[behind]
            behind += 1
        if held > reached + 1e-6:
            best, reached = [], held
        if held > reached - 1e-6:
            best.append((first, behind))
        if behind == len(pieces):
            break
        held = held - gains[first] if behind > first else 0.0
        behind = max(behind, first + 1)
    return _cut(flat, pieces, *best[len(best) // 2])


def _gain(piece: str, weights: Mapping[str, float], lexicon: Lexicon) -> float:
    return sum(weights.get(word, 0.0) for word in lexicon.words(piece))


def _cut(text: str, pieces: list[tuple[int, int]], first: int, behind: int) -> str:
    if first == behind:  # one piece longer than a snippet
        return text[:LONGEST] + CUT
    shown = text[pieces[first][0] : pieces[behind - 1][1]]
    return f"{CUT if first else ''}{shown}{CUT if behind < len(pieces) else ''}"
