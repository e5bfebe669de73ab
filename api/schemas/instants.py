"""Times of the wall clock as requests tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator


def _written(moment: object) -> object:
    # A bare number is a time of footage, never a second since 1970.
    if isinstance(moment, datetime) or (isinstance(moment, str) and "-" in moment.strip()[1:]):
        return moment
    raise ValueError("a time of the wall clock is written in ISO 8601, with its zone")


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, as in 2026-11-22T01:42:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no calendar goes there") from error


Instant = Annotated[datetime, BeforeValidator(_written), AfterValidator(_in_utc)]
"""ISO 8601 with its zone; in UTC once it is read."""


def _with_room(moment: datetime) -> datetime:
    # What happens in footage is dated from its beginning, years later where a file says so.
    if moment.year > _LATEST_YEAR:
        raise ValueError("footage that begins so late would end behind the last day of the calendar")
    return moment


_LATEST_YEAR = 9000

Beginning = Annotated[Instant, AfterValidator(_with_room)]
"""When footage began: an ``Instant`` with room behind it."""
