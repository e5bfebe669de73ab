"""Phrases that say where in a recording to look: "in the first ten minutes", "after 01:10:00", "前十分钟". Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from videoqa.answering.numbers import NUMBER, number
from videoqa.media import ZERO, Span

NEARBY = timedelta(seconds=60)
"""How far from a time "around" it reaches."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A time of a recording whose length is not known yet: ``share`` of it, and ``offset`` from there."""

    share: float = 0.0
    offset: timedelta = ZERO

    def at(self, length: timedelta) -> timedelta:
        return min(max(length * self.share + self.offset, ZERO), length)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of any recording, from one edge to the other."""

    start: Edge = Edge()
    end: Edge = Edge(1.0)

    def within(self, length: timedelta) -> Span | None:
        """Where it lies in a recording of ``length``; None where nothing of it does."""
        start, end = self.start.at(length), self.end.at(length)
        return Span(start, end) if start < end else None


def read_stretches(text: str) -> tuple[str, tuple[Stretch, ...]]:
    """``text`` without its phrases of footage time, and these. What they name is asked for all at once."""
    found: list[Stretch] = []
    for pattern, reading in _PHRASES:

        def take(match: re.Match[str], reading: Callable[[re.Match[str]], Stretch] = reading) -> str:
            found.append(reading(match))
            return " "

        text = pattern.sub(take, text)
    return text, tuple(found)


_UNIT = r"(?:hours?|hrs?|minutes?|mins?|seconds?|secs?|个?小时|分钟|分|秒钟?|시간|분|초)"
_AMOUNT = rf"(?:{NUMBER}[\s-]*{_UNIT}|half an hour|半个?小时|半分钟)"
_CLOCK = r"\d{1,3}:\d{2}(?::\d{2})?(?![:\d])"
_TIME = rf"(?:{_CLOCK}|(?:the\s+)?minute\s+{NUMBER}|(?:the\s+)?{_AMOUNT}(?:\s*{_AMOUNT})*(?:[\s-]+(?:mark|in\b))?)"
_THE = r"(?:(?:in|during|within|over|for|at|throughout)\s+)?the\s+(?:very\s+)?"
_FOOTAGE = r"(?:\s+of\s+(?:the|this)\s+(?:video|recording|lecture|talk|footage|film|clip|class|session|meeting))?"
_OF_FOOTAGE = _FOOTAGE.removesuffix("?")
_HALFWAY = r"(?:the\s+)?(?:half-?\s?way|mid-?)(?:\s*-?\s*(?:point|mark))?"

_SHARES = {"half": 2, "third": 3, "quarter": 4}
_ORDINALS = {"first": 0, "opening": 0, "second": 1, "middle": 1, "third": 2, "fourth": 3}


def _share(match: re.Match[str]) -> Stretch:
    parts = _SHARES[match["part"].lower()]
    which = match["which"].lower()
    place = parts - 1 if which in {"last", "final", "closing"} else min(_ORDINALS[which], parts - 1)
    return Stretch(Edge(place / parts), Edge((place + 1) / parts))


def _to(time: timedelta) -> Stretch:
    return Stretch(end=Edge(0, time))


def _from(time: timedelta) -> Stretch:
    return Stretch(start=Edge(0, time))


def _around(time: timedelta) -> Stretch:
    return Stretch(Edge(0, time - NEARBY), Edge(0, time + NEARBY))


def _time(text: str) -> timedelta:
    text = text.lower()
    if ":" in text:
        parts = [int(part) for part in text.split(":")]
        hours, minutes, seconds = parts if len(parts) == 3 else (0, *parts)
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if (minute := re.search(rf"minute\s+({NUMBER})", text)) is not None:
        return timedelta(minutes=number(minute[1]))
    return sum((_amount(match) for match in _AMOUNTS.finditer(text)), ZERO)


def _amount(match: re.Match[str]) -> timedelta:
    if match["n"] is None:
        return timedelta(seconds=30) if "分" in match[0] else timedelta(minutes=30)
    unit = match["unit"]
    if unit.startswith(("h", "小时", "个", "시간")):
        return timedelta(hours=number(match["n"]))
    if unit.startswith(("m", "分", "분")):
        return timedelta(minutes=number(match["n"]))
    return timedelta(seconds=number(match["n"]))


_AMOUNTS = re.compile(rf"(?P<n>{NUMBER})[\s-]*(?P<unit>{_UNIT})|half an hour|半个?小时|半分钟")


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PHRASES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Stretch]], ...] = (
    (
        _compile(rf"\b(?:between|from)\s+(?P<a>{_TIME})\s+(?:and|to|until|till)\s+(?P<b>{_TIME}){_FOOTAGE}"),
        lambda match: Stretch(Edge(0, _time(match["a"])), Edge(0, _time(match["b"]))),
    ),
    (
        _compile(rf"从?(?P<a>{_CLOCK}|{_AMOUNT}+)\s*(?:到|至|부터)\s*(?P<b>{_CLOCK}|{_AMOUNT}+)\s*(?:之间|期间|까지)?"),
        lambda match: Stretch(Edge(0, _time(match["a"])), Edge(0, _time(match["b"]))),
    ),
    (
        _compile(
            rf"\b{_THE}(?P<which>first|opening|second|middle|third|fourth|last|final|closing)\s+"
            rf"(?P<part>half|third|quarter)\b{_FOOTAGE}"
        ),
        _share,
    ),
    (
        _compile(rf"\b{_THE}(?:first|opening|initial)\s+(?P<t>{_AMOUNT}){_FOOTAGE}"),
        lambda match: _to(_time(match["t"])),
    ),
    (
        _compile(rf"\b{_THE}(?:last|final|closing)\s+(?P<t>{_AMOUNT}){_FOOTAGE}"),
        lambda match: Stretch(Edge(1, -_time(match["t"]))),
    ),
    (
        _compile(rf"\b{_THE}(?:first|opening|initial)\s+(?P<t>minute|hour)\b{_FOOTAGE}"),
        lambda match: _to(_time(f"1 {match['t']}")),
    ),
    (
        _compile(rf"\b{_THE}(?:last|final|closing)\s+(?P<t>minute|hour)\b{_FOOTAGE}"),
        lambda match: Stretch(Edge(1, -_time(f"1 {match['t']}"))),
    ),
    (_compile(rf"\b(?:after|past|beyond)\s+{_HALFWAY}\b{_FOOTAGE}"), lambda _: Stretch(Edge(0.5))),
    (_compile(rf"\b(?:before|until)\s+{_HALFWAY}\b{_FOOTAGE}"), lambda _: Stretch(end=Edge(0.5))),
    (_compile(rf"\bin\s+the\s+middle{_OF_FOOTAGE}"), lambda _: Stretch(Edge(1 / 3), Edge(2 / 3))),
    (_compile(rf"\b(?:at|near|towards?)\s+the\s+(?:very\s+)?end{_OF_FOOTAGE}"), lambda _: Stretch(Edge(0.8))),
    (
        _compile(rf"\b(?:at|near|in)\s+the\s+(?:very\s+)?(?:beginning|start|opening){_OF_FOOTAGE}"),
        lambda _: Stretch(end=Edge(0.2)),
    ),
    (
        _compile(rf"\b(?:after|since|past|from)\s+(?P<t>{_TIME})(?:\s+(?:on|onwards?))?{_FOOTAGE}"),
        lambda match: _from(_time(match["t"])),
    ),
    (_compile(rf"\b(?:before|until|till|up\s+to|by)\s+(?P<t>{_TIME}){_FOOTAGE}"), lambda match: _to(_time(match["t"]))),
    (_compile(rf"\b(?:at|around|about|near)\s+(?P<t>{_CLOCK}){_FOOTAGE}"), lambda match: _around(_time(match["t"]))),
    (
        _compile(rf"在?(?:最?前|最初|开头|처음)\s*(?P<t>{_AMOUNT})(?:之?内|里|以内|\s*동안|\s*안에)?"),
        lambda match: _to(_time(match["t"])),
    ),
    (
        _compile(rf"在?(?:最后|末尾|마지막)\s*(?P<t>{_AMOUNT})(?:之?内|里|以内|\s*동안|\s*안에)?"),
        lambda match: Stretch(Edge(1, -_time(match["t"]))),
    ),
    (_compile(r"在?(?:前半|上半|전반)(?:部分|段|场|부|기)?(?:에서|에|里|中)?"), lambda _: Stretch(end=Edge(0.5))),
    (_compile(r"在?(?:后半|下半|후반)(?:部分|段|场|부|기)?(?:에서|에|里|中)?"), lambda _: Stretch(Edge(0.5))),
    (
        _compile(rf"在?(?P<t>{_CLOCK}|{_AMOUNT}+)\s*(?:之后|以后|后|이후|후)(?:에|，|,)?"),
        lambda match: _from(_time(match["t"])),
    ),
    (
        _compile(rf"在?(?P<t>{_CLOCK}|{_AMOUNT}+)\s*(?:之前|以前|前|이전|전)(?:에|，|,)?"),
        lambda match: _to(_time(match["t"])),
    ),
)
