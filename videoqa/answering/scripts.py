"""In which script a text is written. Words of one script cannot be found in another. Pure."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

A_LOT = 0.2
"""A passage speaks to a question if this share of it, weighed by letters, is in the question's script."""
_LETTERS_A_CHARACTER = 3
"""A Chinese, Japanese or Korean character says about as much as this many letters of an alphabet."""


class Script(StrEnum):
    ALPHABET = "alphabet"
    HAN = "han"
    HANGUL = "hangul"


def main_script(text: str) -> Script | None:
    """The script that most of ``text`` is written in; None where it has no letters."""
    weights = _weights(text)
    return max(weights, key=lambda script: weights[script]) if weights else None


def speaks(text: str, script: Script | None) -> bool:
    """True where enough of ``text`` is in ``script``, or where that is None."""
    weights = _weights(text)
    return script is None or weights[script] >= A_LOT * max(weights.total(), 1)


def _weights(text: str) -> Counter[Script]:
    """Chinese and Japanese count as one script: they share their characters, and the index divides both alike."""
    weights: Counter[Script] = Counter()
    for char in text:
        if not char.isalpha():
            continue
        if char < "\u1100" or "\u1200" <= char < "\u2e80":
            weights[Script.ALPHABET] += 1
        elif char < "\u1200" or "\u3130" <= char < "\u3190" or "\uac00" <= char < "\ud7b0":
            weights[Script.HANGUL] += _LETTERS_A_CHARACTER
        elif char < "\uff00" or char > "\uffff":
            weights[Script.HAN] += _LETTERS_A_CHARACTER
    return weights
