"""When a model may run: stretches of the day, and how long anything may last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from videoqa.errors import BadSetting

_DAY = timedelta(days=1)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "": 1}


@dataclass(frozen=True, slots=True)
class Schedule:
    """Stretches of every day, each from a time to a time of day; one that ends before it begins goes over midnight."""

    stretches: tuple[tuple[time, time], ...]

    @classmethod
    def read(cls, text: str) -> Schedule:
        """Reads ``08:00-20:00``, or several of them with commas between.

        Raises:
            BadSetting: it is none.
        """
        try:
            stretches = tuple(_stretch(part) for part in text.split(","))
        except ValueError as error:
            raise BadSetting(name="--schedule", value=text, expected="HH:MM-HH:MM") from error
        return cls(stretches)

    def open_at(self, now: datetime) -> bool:
        """Whether ``now``, in the zone that the times of day are meant in, lies in a stretch."""
        clock = now.time().replace(tzinfo=None)
        return any(
            start <= clock < end if start < end else clock >= start or clock < end for start, end in self.stretches
        )

    def opens_in(self, now: datetime) -> timedelta:
        """How long it is until the next stretch begins; nothing while one is on."""
        if self.open_at(now):
            return timedelta()
        clock = now.time().replace(tzinfo=None)
        since = timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
        waits = [(timedelta(hours=start.hour, minutes=start.minute) - since) % _DAY for start, _ in self.stretches]
        return min(waits)


def duration(option: str, text: str) -> float:
    """The seconds of ``90s``, ``15m``, ``2h`` or a plain number of seconds.

    Raises:
        BadSetting: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip().lower())
    if found is None or not (seconds := float(found[1]) * _UNITS[found[2]]):
        raise BadSetting(name=option, value=text, expected="a time such as 90s, 15m or 2h")
    return seconds


def _stretch(text: str) -> tuple[time, time]:
    found = re.fullmatch(r"\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\s*", text)
    if found is None:
        raise ValueError
    first, second, third, fourth = map(int, found.groups())
    # 24:00 ends a day.
    start, end = time(first, second), time(0) if (third, fourth) == (24, 0) else time(third, fourth)
    if start == end and (third, fourth) != (24, 0):
        raise ValueError
    return start, end
