"""Tells whether two readings of on-screen text are of the same text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain

from videoqa.events import Event, Source

SAME_LINE = 0.8
MOSTLY = 0.7
SAME_SLIDE = 0.8
ENOUGH_OF_IT = 0.5


@dataclass(frozen=True, slots=True)
class Text:
    """Lines of text, and the same without case, spaces and signs."""

    lines: tuple[str, ...]
    plain: tuple[str, ...]

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(description: str) -> Text:
        lines = tuple(line for line in description.split("\n") if line.strip())
        return Text(lines, tuple(_plain(line) for line in lines))

    @staticmethod
    def joined(parts: Sequence[Text]) -> Text:
        return Text(tuple(chain(*(part.lines for part in parts))), tuple(chain(*(part.plain for part in parts))))

    @property
    def letters(self) -> int:
        return sum(map(len, self.plain))

    def without(self, others: Sequence[Text]) -> Text:
        """The lines that are in none of ``others``."""
        known = [plain for other in others for plain in other.plain]
        fresh = [number for number, plain in enumerate(self.plain) if plain and not _among(plain, known)]
        return Text(tuple(self.lines[number] for number in fresh), tuple(self.plain[number] for number in fresh))

    def share_of(self, other: Text) -> float:
        """The share of ``other``'s letters that stand in lines which are here too."""
        if not other.letters:
            return 0.0
        return sum(len(plain) for plain in other.plain if _among(plain, self.plain)) / other.letters

    def holds(self, other: Text) -> bool:
        return self.share_of(other) >= MOSTLY


def known_text(events: Iterable[Event]) -> tuple[tuple[Event, Text], ...]:
    """The slides among ``events``: the first event of each, and all the text that came up on it."""
    slides: list[list[Event]] = []
    latest: dict[str, list[Event]] = {}
    for event in sorted((e for e in events if e.source is Source.SLIDE), key=lambda e: (e.span.start, e.id)):
        parts = latest.get(event.label)
        if parts is not None and parts[0].span.overlaps(event.span):
            parts.append(event)
        else:
            latest[event.label] = [event]
            slides.append(latest[event.label])
    return tuple((parts[0], Text.joined([Text.of(part.description) for part in parts])) for parts in slides)


def revisited(slides: Sequence[tuple[Event, Text]], text: Text, start: timedelta) -> str | None:
    """The id of the first event of the slide of which ``text``, seen from ``start`` on, is another showing."""
    lines = set(text.plain)
    for first, whole in slides:
        if first.span.end >= start and first.span.start <= start:
            continue
        # Two readings of several lines have one in common to the letter; comparing all is slow.
        if len(lines) > 2 and lines.isdisjoint(whole.plain):
            continue
        if whole.share_of(text) >= SAME_SLIDE and text.share_of(whole) >= ENOUGH_OF_IT:
            return first.revisits or first.id
    return None


def _plain(line: str) -> str:
    return "".join(filter(str.isalnum, line.casefold()))


def _among(plain: str, others: Iterable[str]) -> bool:
    return any(plain == other or _alike(plain, other) for other in others)


def _alike(one: str, other: str) -> bool:
    shorter, longer = sorted((len(one), len(other)))
    if shorter < SAME_LINE / (2 - SAME_LINE) * longer:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= SAME_LINE and matcher.ratio() >= SAME_LINE
