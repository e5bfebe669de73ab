"""Notices as they are told, and whom each is told to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from api.schemas.alerts import text_of
from videoqa.alerts import NoticeKind, Severity
from videoqa.ports import AlertFilter
from videoqa.wording import ToldNotice


class Line(NamedTuple):
    """A message of the feed as JSON; ``seq`` is None for what is not kept."""

    kind: str
    text: str
    seq: int | None = None


class Told(NamedTuple):
    """A notice as it is told, and by what it is chosen. ``rule`` and ``severity`` are None for what is no alert."""

    seq: int
    line: Line
    camera: str
    tags: tuple[str, ...]
    kind: NoticeKind
    rule: str | None = None
    severity: Severity | None = None


def told(notices: Iterable[ToldNotice], tags: Mapping[str, tuple[str, ...]], kept: Collection[str]) -> tuple[Told, ...]:
    """``notices`` as they are told: ``tags`` are those of cameras by their ids, ``kept`` the recordings still there."""
    return tuple(_told(notice, tags, kept) for notice in notices)


def wants(wanted: AlertFilter, told: Told) -> bool:
    """True where ``told`` is for whoever wants ``wanted``. One who asks for rules or severities wants alerts alone."""
    if not wanted.scope.covers(told.tags, told.camera):
        return False
    if wanted.cameras and told.camera not in wanted.cameras:
        return False
    if wanted.rules and told.rule not in wanted.rules:
        return False
    return not wanted.severities or told.severity in wanted.severities


def _told(notice: ToldNotice, tags: Mapping[str, tuple[str, ...]], kept: Collection[str]) -> Told:
    footage = notice.footage is not None and notice.footage.recording in kept
    return Told(
        notice.seq,
        Line(notice.kind.value, text_of(notice, footage=footage), notice.seq),
        notice.camera,
        # That a camera was removed is for those who reached it, whatever is there by its id now; what it had to tell
        # before, for those who reach its id.
        notice.tags or tags.get(notice.camera, ()),
        notice.kind,
        notice.rule,
        notice.severity,
    )
