"""Numbers as questions write them: digits, and small ones in English, Chinese and Korean words. Pure."""

from __future__ import annotations

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TEENS = ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
ENGLISH = {word: number for number, word in enumerate(_ONES + _TEENS)}
ENGLISH |= {"a": 1, "an": 1, "couple of": 2, "few": 3}
ENGLISH |= {"twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60}

_CHINESE = {char: number for number, char in enumerate("零一二三四五六七八九十")} | {"两": 2}
_KOREAN = {
    "한": 1,
    "두": 2,
    "세": 3,
    "네": 4,
    "다섯": 5,
    "여섯": 6,
    "일곱": 7,
    "여덟": 8,
    "아홉": 9,
    "열": 10,
    "삼십": 30,
}
_KOREAN |= {"오": 5, "십": 10, "십오": 15, "이십": 20}

NUMBER = (
    r"(?:\d+(?:\.\d+)?|(?:" + "|".join(sorted(ENGLISH, key=len, reverse=True)) + r")(?![a-z])"
    r"|[零一二三四五六七八九十两]{1,3}|" + "|".join(sorted(_KOREAN, key=len, reverse=True)) + ")"
)
"""A regular expression of what ``number`` reads."""


def number(text: str) -> float:
    """The number that ``text``, a match of ``NUMBER``, stands for."""
    if text in ENGLISH:
        return ENGLISH[text]
    if text in _KOREAN:
        return _KOREAN[text]
    if text[0] in _CHINESE:
        tens, ten, ones = text.partition("十")
        if not ten:
            return _CHINESE[text[0]]
        return (_CHINESE[tens[0]] if tens else 1) * 10 + (_CHINESE[ones[0]] if ones else 0)
    return float(text)
