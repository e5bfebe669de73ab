"""What is read in a container without decoding a picture: its packets' times, and its lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from av.error import FFmpegError
from av.packet import Packet
from av.subtitles.subtitle import AssSubtitle

TEXT_CODECS = frozenset({"ass", "mov_text", "ssa", "srt", "subrip", "text", "webvtt"})
_LONGEST_LINE = 10_000


@dataclass(frozen=True, slots=True)
class Piece:
    """When a packet of picture or sound begins and how long it lasts, in units of ``time_base``."""

    stream: int
    is_video: bool
    stamp: int
    order: int | None
    duration: int
    time_base: Fraction
    hidden: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a subtitle track. ``end`` is not after ``start`` where the track does not say it."""

    start: timedelta
    end: timedelta
    text: str
    language: str | None
    track: str


def texts(packet: Packet[Any]) -> Iterator[str]:
    """The lines of text in a packet of a subtitle track; none where it cannot be read."""
    try:
        subtitles = packet.decode()
    except FFmpegError:
        return
    for subtitle in subtitles:
        if isinstance(subtitle, AssSubtitle):
            text = " ".join(subtitle.dialogue.decode("utf-8", "replace").split())
            if text:
                yield text[:_LONGEST_LINE]
