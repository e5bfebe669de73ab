"""Clock times that a sentence states: code owns them, so one that is neither its moment's nor read there goes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from videoqa.errors import BadTime
from videoqa.media import Span
from videoqa.times import clock_span, parse_offset

TOLERANCE = timedelta(seconds=1)
"""How far outside of its moment a sentence may put a time: clocks are cut to the second."""
_CLOCK = r"(?<![\d:])(?:\d{1,3}:)?\d{1,3}:\d{2}(?:\.\d+)?(?![\d:])"
_IN = r"(?<![\d:.])\d+(?:\.\d+)?[ -](?:seconds?|minutes?|hours?) in(?=[,.;!?)]|$| ?\[| to the | into the )"
_STATED = re.compile(rf"{_CLOCK}|{_IN}", re.IGNORECASE)
_PHRASE = re.compile(
    r"[ ,]*(?:\((?:at |from )?|"
    r"\b(?:at|from|between|until|till|around|about|by|since|after|before) (?:about |around )?)"
    rf"(?:{_CLOCK}|{_IN})(?:\s*(?:-|–|to|until|and)\s*{_CLOCK})?(?: ?[ap]\.?m\b)?\)?",
    re.IGNORECASE,
)
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}


def borne_out(text: str, spans: Iterable[Span], known: str) -> bool:
    """Whether every time in ``text`` lies in one of ``spans``, or stands in ``known``."""
    held = tuple(spans)
    return all(_held(stated, held, known) for stated in _STATED.findall(text))


def without_foreign(text: str, span: Span, known: str, instead: str) -> str:
    """``text`` less the phrases with a time that is neither in ``span`` nor in ``known``.

    Where such a time stands in no phrase that may be cut, ``instead``, or nothing where that has one too.
    """
    if borne_out(text, (span,), known):
        return text
    cut = _PHRASE.sub(lambda phrase: phrase[0] if borne_out(phrase[0], (span,), known) else "", text).strip(" ,")
    for told in (cut, instead):
        if borne_out(told, (span,), known) and any(char.isalnum() for char in told):
            return told[:1].upper() + told[1:]
    return ""


def _held(stated: str, spans: tuple[Span, ...], known: str) -> bool:
    if stated in f"{known} {' '.join(map(clock_span, spans))}":
        return True
    try:
        time = _time(stated)
    except (BadTime, OverflowError):
        return False
    return any(span.touches(Span(time, time + TOLERANCE), TOLERANCE) for span in spans)


def _time(stated: str) -> timedelta:
    if ":" in stated:
        return parse_offset(stated)
    number, unit, *_ = stated.replace("-", " ").split()
    return float(number) * _UNITS[unit[0].lower()]
