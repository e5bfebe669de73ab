"""Phrases of the wall clock: "yesterday evening", "on Monday after 9 pm", "昨天晚上", ISO 8601. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from videoqa.answers import WallClock

DAY = timedelta(days=1)
_FIRST = datetime(1900, 1, 1, tzinfo=UTC)
_LAST = datetime(9000, 1, 1, tzinfo=UTC)
_HOURS = {
    "night": (20, 30),
    "morning": (5, 12),
    "noon": (11, 14),
    "afternoon": (12, 18),
    "evening": (17, 24),
    "small hours": (0, 6),
}
"""First and last hour of each part of a day; beyond 24 it is the next day's."""

_PARTS = {
    "morning": ("morning", "早上", "早晨", "上午", "早", "아침", "오전"),
    "noon": ("noon", "中午", "점심"),
    "afternoon": ("afternoon", "下午", "오후"),
    "evening": ("evening", "傍晚", "晚上", "晚间", "晚", "저녁"),
    "night": ("night", "夜里", "夜间", "深夜", "밤"),
    "small hours": ("small hours", "凌晨", "새벽"),
}
_PART_OF = {word: part for part, words in _PARTS.items() for word in words}
_DAYS = {
    "today": 0, "tonight": 0, "this": 0, "今天": 0, "今日": 0, "今": 0, "오늘": 0,
    "yesterday": 1, "last": 1, "昨天": 1, "昨日": 1, "昨": 1, "어제": 1, "어젯": 1,
    "the day before yesterday": 2, "前天": 2, "그저께": 2,
}  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_PART = "|".join(sorted(_PART_OF, key=len, reverse=True))
_ISO = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_HOUR = r"\d{1,2}(?::\d{2})?\s*(?:a\.?m\.?|p\.?m\.?)(?![a-z])"


def _any(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_BETWEEN_ISO = _any(rf"\b(?:between|from)\s+(?P<a>{_ISO})\s+(?:and|to|until|till)\s+(?P<b>{_ISO})")
_ONE_ISO = _any(rf"(?:\b(?P<how>after|since|before|until|on|at|in)\s+)?(?P<a>{_ISO})")
_DAY_PHRASE = _any(
    rf"\b(?:on\s+)?(?:"
    rf"(?P<tonight>tonight)|(?P<near>last\s+night|this\s+(?:morning|afternoon|evening))|"
    rf"(?P<day>the\s+day\s+before\s+yesterday|yesterday|today)(?:\s+(?:in\s+the\s+|at\s+)?(?P<part>{_PART}))?|"
    rf"(?:(?:last|on)\s+)(?P<weekday>{'|'.join(_WEEKDAYS)})(?:\s+(?:in\s+the\s+)?(?P<weekpart>{_PART}))?)\b"
)
_CJK_DAY = _any(
    rf"(?P<day>今天|今日|昨天|昨日|前天|오늘|어제|그저께|어젯|昨(?=晚|夜)|今(?=早|晚))\s*(?:의\s*)?(?P<part>{_PART})?(?:에)?"
)
_OF_DAY = rf"(?:{_HOUR}|(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![:\d]))"
_BETWEEN_HOURS, _BETWEEN_TIMES = (
    _any(rf"\b(?:between|from)\s+(?P<a>{hour})\s+(?:and|to|until|till)\s+(?P<b>{hour})") for hour in (_HOUR, _OF_DAY)
)
_ONE_HOUR, _ONE_TIME = (
    _any(rf"\b(?P<how>after|since|before|until|at|around|by)\s+(?P<a>{hour})") for hour in (_HOUR, _OF_DAY)
)


@dataclass(frozen=True, slots=True)
class Daily:
    """The same hours of every day, in ``zone``; ``end`` before ``start`` goes past midnight."""

    start: time
    end: time
    zone: tzinfo

    def of(self, day: date) -> WallClock:
        start = datetime.combine(day, self.start, self.zone)
        end = datetime.combine(day, self.end, self.zone)
        return WallClock(start.astimezone(UTC), (end if end > start else end + DAY).astimezone(UTC))


def read_clock(
    text: str, now: datetime, zone: tzinfo, *, of_day: bool = False
) -> tuple[str, WallClock | None, Daily | None]:
    """``text`` without its phrases of the wall clock, the stretch they name, and the hours of every day they name.

    ``now`` is aware; days begin and end in ``zone``. A weekday is the last one that has begun before today. With
    ``of_day`` an hour needs no am or pm: 22:00.
    """
    try:
        return _read(text, now.astimezone(zone).date(), zone, of_day=of_day)
    except (ValueError, OverflowError):  # no such day: 2025-02-30
        return text, None, None


def _read(text: str, today: date, zone: tzinfo, *, of_day: bool) -> tuple[str, WallClock | None, Daily | None]:
    if (match := _BETWEEN_ISO.search(text)) is not None:
        start, end = _iso(match["a"], zone)[0], _iso(match["b"], zone)[int(len(match["b"]) == len("2025-11-21"))]
        return _cut(text, match), (WallClock(start, end) if start < end else None), None
    if (match := _ONE_ISO.search(text)) is not None:
        return _cut(text, match), _beside(match["how"], *_iso(match["a"], zone)), None
    text, daily = _hours(text, zone, of_day=of_day)
    found = _DAY_PHRASE.search(text) or _CJK_DAY.search(text)
    if found is None:
        return text, None, daily
    day, part = _which_day(found, today)
    if daily is not None and part is None:
        return _cut(text, found), daily.of(day), None
    first, last = _HOURS[part] if part is not None else (0, 24)
    midnight = datetime.combine(day, time(), zone)
    start, end = midnight + timedelta(hours=first), midnight + timedelta(hours=last)
    return _cut(text, found), WallClock(start.astimezone(UTC), end.astimezone(UTC)), None


def _which_day(match: re.Match[str], today: date) -> tuple[date, str | None]:
    named = match.groupdict()
    if named.get("tonight"):
        return today, "evening"
    if near := named.get("near"):
        which, part = near.lower().split()
        return today - _DAYS[which] * DAY, _PART_OF[part]
    if weekday := named.get("weekday"):
        back = (today.weekday() - _WEEKDAYS.index(weekday.lower())) % 7 or 7
        return today - back * DAY, _part(named["weekpart"])
    return today - _DAYS[" ".join(match["day"].lower().split())] * DAY, _part(match["part"])


def _part(word: str | None) -> str | None:
    return None if word is None else _PART_OF[word.lower()]


def _hours(text: str, zone: tzinfo, *, of_day: bool) -> tuple[str, Daily | None]:
    between, one = (_BETWEEN_TIMES, _ONE_TIME) if of_day else (_BETWEEN_HOURS, _ONE_HOUR)
    if (match := between.search(text)) is not None:
        return _cut(text, match), Daily(_hour(match["a"]), _hour(match["b"]), zone)
    if (match := one.search(text)) is None:
        return text, None
    hour, how = _hour(match["a"]), match["how"].lower()
    if how in {"after", "since"}:
        return _cut(text, match), Daily(hour, time(), zone)
    if how in {"before", "until", "by"}:
        return _cut(text, match), Daily(time(), hour, zone)
    return _cut(text, match), Daily(hour, hour.replace(hour=(hour.hour + 1) % 24), zone)


def _hour(text: str) -> time:
    digits = re.findall(r"\d+", text)
    of_twelve = re.search(r"[ap]", text, re.IGNORECASE)
    hour = int(digits[0]) % 12 + 12 * (of_twelve[0].lower() == "p") if of_twelve else int(digits[0])
    return time(hour, int(digits[1]) % 60 if len(digits) > 1 else 0)


def _iso(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """The stretch that ``text`` names: a whole day, or from a moment to a minute later."""
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.astimezone(UTC), (
        aware + (DAY if len(text) == len("2025-11-21") else timedelta(minutes=1))
    ).astimezone(UTC)


def _beside(how: str | None, start: datetime, end: datetime) -> WallClock:
    if how is not None and how.lower() in {"after", "since"}:
        return WallClock(start, _LAST)
    if how is not None and how.lower() in {"before", "until"}:
        return WallClock(_FIRST, start)
    return WallClock(start, end)


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"
