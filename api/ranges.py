"""Which bytes of a file a request is for, and whether it needs them at all: RFC 9110, sections 13 and 14. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers

from videoqa.errors import NoSuchRange, StaleCopy

MOST_RANGES = 16
"""Who asks for more in one request gets the whole; many small ones are a known way to keep a server busy."""
_RANGE = re.compile(r"([0-9]*)-([0-9]*)")
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Slice:
    """The bytes from ``start`` to ``end``, which is not among them; never empty."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def of(self, size: int) -> str:
        """The value of Content-Range in a file of ``size`` bytes."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Version:
    """What a file is known by: its entity tag, in its quotes, and when it was changed, where that is told."""

    etag: str
    modified: datetime | None = None

    @property
    def last_modified(self) -> str | None:
        return None if self.modified is None else format_datetime(self.modified.astimezone(UTC), usegmt=True)


def not_modified(headers: Headers, version: Version) -> bool:
    """True where whoever asks has this very version already.

    Raises:
        StaleCopy: the request is about another version.
    """
    if (wanted := headers.get("if-match")) is not None:
        if not _names(wanted, version.etag, weakly=False):
            raise StaleCopy
    elif (since := _date(headers.get("if-unmodified-since"))) is not None and _later(version, since):
        raise StaleCopy
    if (known := headers.get("if-none-match")) is not None:
        return _names(known, version.etag, weakly=True)
    since = _date(headers.get("if-modified-since"))
    return since is not None and version.modified is not None and not _later(version, since)


def wanted(headers: Headers, size: int, version: Version) -> tuple[Slice, ...]:
    """The parts of a file of ``size`` bytes that are asked for; none where that is the whole of it.

    What cannot be read is no range, and is left out of account. Of ranges that overlap one is made.

    Raises:
        NoSuchRange: all that is asked for lies behind its end.
    """
    unit, _, text = headers.get("range", "").partition("=")
    if unit.strip().lower() != "bytes" or not _is_still(headers.get("if-range"), version):
        return ()
    asked = [each.strip() for each in text.split(",") if each.strip()]
    slices = [_slice(each, size) for each in asked]
    if not asked or len(asked) > MOST_RANGES or any(each is None for each in slices):
        return ()
    found = [each for each in slices if isinstance(each, Slice)]
    if not found:
        raise NoSuchRange(wanted=text.strip(), size=size)
    return _apart(found)


@dataclass(frozen=True, slots=True)
class _Nothing:
    """A range that is well formed and holds no byte of the file."""


def _slice(text: str, size: int) -> Slice | _Nothing | None:
    match = _RANGE.fullmatch(text)
    if match is None or max(map(len, match.groups())) > _LONGEST_NUMBER:
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        return Slice(max(0, size - int(last)), size) if int(last) and size else _Nothing()
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        return _Nothing()
    return Slice(int(first), min(size, int(last) + 1) if last else size)


def _apart(slices: list[Slice]) -> tuple[Slice, ...]:
    """The slices as they are where none overlaps another; else in order, those that do made one."""
    ordered = sorted(slices, key=lambda each: each.start)
    joined = [ordered[0]]
    for each in ordered[1:]:
        if each.start < joined[-1].end:
            joined[-1] = Slice(joined[-1].start, max(joined[-1].end, each.end))
        else:
            joined.append(each)
    return tuple(slices) if len(joined) == len(slices) else tuple(joined)


def _is_still(condition: str | None, version: Version) -> bool:
    """True where a range of what the client has would go with the rest of it."""
    if condition is None:
        return True
    text = condition.strip()
    return text == version.etag if text.startswith(('"', "W/")) else text == version.last_modified


def _names(text: str, etag: str, *, weakly: bool) -> bool:
    named = [each.strip() for each in text.split(",")]
    return "*" in named or any((each.removeprefix("W/") if weakly else each) == etag for each in named)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _later(version: Version, since: datetime) -> bool:
    # A date on the wire has whole seconds.
    return version.modified is not None and version.modified.replace(microsecond=0) > since
