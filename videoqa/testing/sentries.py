"""A sentry that sees white."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from videoqa.alerts import Alert, AlertRule
from videoqa.events import Region, Usage
from videoqa.ports import LiveFrame, Looked, Sighting

WHITE = 3 * b"\xff"


@dataclass(slots=True)
class WhiteSentry:
    """Implements ``Sentry``: every rule's condition holds while a pixel of the picture is white.

    While it is ``away`` it is blind.
    """

    away: bool = False
    usage: Usage = Usage()
    closed: bool = False

    def look(self, live: LiveFrame, rules: Collection[AlertRule]) -> Looked:
        names = [rule.id for rule in rules]
        if self.away:
            return Looked(blind=frozenset(names), problem="it is away")
        picture = live.frame.picture
        pixels, pitch = bytes(picture.pixels), len(WHITE)
        white = next((at for at in range(0, len(pixels), pitch) if pixels[at : at + pitch] == WHITE), None)
        if white is None:
            return Looked()
        row, column = divmod(white // pitch, picture.width)
        left, top = column / picture.width, row / picture.height
        region = Region(left, top, left + 1 / picture.width, top + 1 / picture.height)
        return Looked(dict.fromkeys(names, Sighting(0.9, "something white", region)))

    def begin(self) -> None:
        """Nothing: it looks at one picture at a time."""

    def close(self) -> None:
        self.closed = True


@dataclass(slots=True)
class WhiteSentries:
    """Implements ``Sentries``; ``made`` are those it made, by camera."""

    made: dict[str, WhiteSentry] = field(default_factory=dict)

    def sentry(
        self, camera: str, period: timedelta, known: Sequence[Alert] = (), *, waiting: bool = False
    ) -> WhiteSentry:
        return self.made.setdefault(camera, WhiteSentry())
