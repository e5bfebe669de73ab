"""In which script a text is written. Words of one script cannot be found in another. Pure."""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum

A_LOT = 0.2
"""A passage speaks to a question if this share of it, weighed by letters, is in the question's script."""
_LETTERS_A_CHARACTER = 3
"""A Chinese, Japanese or Korean character says about as much as this many letters of an alphabet."""
_HAN = re.compile(r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_ALPHABET = re.compile(r"[^\W\d_\u1100-\u11ff\u2e80-\U0003ffff]")


class Script(StrEnum):
    ALPHABET = "alphabet"
    HAN = "han"
    HANGUL = "hangul"


def main_script(text: str) -> Script | None:
    """The script that most of ``text`` is written in; None where it has no letters."""
    if not any(char.isalpha() for char in text):
        return None
    weights = _weights(text)
    return max(weights, key=lambda script: weights[script])


def speaks(text: str, script: Script | None) -> bool:
    """True where enough of ``text`` is in ``script``, or where that is None."""
    weights = _weights(text)
    return script is None or weights[script] >= A_LOT * max(weights.total(), 1)


def _weights(text: str) -> Counter[Script]:
    """Chinese and Japanese count as one script: they share their characters, and the index divides both alike."""
    if text.isascii():
        return Counter({Script.ALPHABET: len(text)})
    han, hangul = len(_HAN.findall(text)), len(_HANGUL.findall(text))
    weights = {
        Script.ALPHABET: len(_ALPHABET.findall(text)),
        Script.HAN: han * _LETTERS_A_CHARACTER,
        Script.HANGUL: hangul * _LETTERS_A_CHARACTER,
    }
    return Counter({script: weight for script, weight in weights.items() if weight})
