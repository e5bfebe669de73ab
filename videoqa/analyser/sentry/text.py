"""Looks for text: reads a picture when something new stands in it, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from videoqa.alerts import AlertRule, ConditionKind
from videoqa.analyser.ocr import Line, TextReader
from videoqa.analyser.sentry.desk import Bench
from videoqa.analyser.sentry.view import View, mask_of
from videoqa.analyser.sentry.waiting import Album, Queue, Shot
from videoqa.media import ZERO, Span
from videoqa.ports import LookedAway, Sighting

LIKE = 0.8
"""Two pieces of text are the same where they agree in that share of their letters: readers mix up 8 and B."""
LEAST_LETTERS = 3
SURE = 0.8
"""How sure a reading has to be that nobody waited for: a fence is read as letters with up to 0.75."""
SPACING = timedelta(seconds=2)
"""A picture is read at most so often: reading one takes a second of a core."""
MOST_DOUBTS = 3
AGAIN = timedelta(seconds=10)
"""What was read is read again so often, to see that it is still there."""
BROKEN = "reading failed ({error})"
_log = logging.getLogger(__name__)
USUAL = 2
"""Readings at the beginning whose text belongs to the scene."""


@dataclass(slots=True)
class _Read:
    """``lines`` were read in ``shot``; ``usual`` is what stands there always; ``problem`` is why nothing was read."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    lines: tuple[Line, ...] = ()
    before: tuple[Line, ...] = ()
    doubts: int = 0
    shot: Shot | None = None
    usual: list[str] = field(default_factory=list)
    readings: int = 0
    problem: str = ""


class TextWatch:
    """Watches one camera. It is asked by one thread; reading is done by those of ``bench``."""

    def __init__(self, reader: TextReader, bench: Bench, period: timedelta, *, waiting: bool) -> None:
        self._reader = reader
        self._bench = bench
        self._period = period
        self._waiting = waiting
        self._album = Album(1)
        self._queue = Queue(1)
        self._read = _Read()
        self._asked_at: datetime | None = None
        self._changed = False
        self._held = False

    def begin(self) -> None:
        self._album.begin()

    def look(
        self, view: View, rules: Collection[AlertRule]
    ) -> tuple[Mapping[str, Sighting], frozenset[str], str, tuple[LookedAway, ...]]:
        """Sightings, the rules that nobody can look for, why, and what was given up."""
        mine = [rule for rule in rules if rule.condition.kind is ConditionKind.TEXT]
        if not mine:
            return {}, frozenset(), "", ()
        self._changed = self._changed or any(
            bool((view.news & mask_of(rule.condition.zone, view.grid)).any()) for rule in mine
        )
        if self._is_due(view.at):
            self._asked_at, self._changed = view.at, False
            self._queue.add(self._album.add(view.pixels, view.live.frame.pts, view.at))
            if self._waiting:
                self._work()
            else:
                self._bench.ask(self._work)
        names = tuple(rule.id for rule in mine)
        away = self._queue.away(self._album.recording, self._period, names, "text is read more slowly than it comes")
        settled = not self._changed and len(self._queue) == 0 and (self._waiting or self._bench.idle)
        with self._read.lock:
            shot, problem = self._read.shot, self._read.problem
            if problem:
                unread = LookedAway(Span(view.live.frame.pts, view.live.frame.pts + self._period), names, problem)
                return {}, frozenset(names), problem, (*away, unread)
            found = {} if shot is None else {rule.id: self._sighting(rule, shot, view, settled) for rule in mine}
        sightings = {name: sighting for name, sighting in found.items() if sighting is not None}
        self._held = bool(sightings)
        return sightings, frozenset(), "", away

    def _is_due(self, at: datetime) -> bool:
        if self._asked_at is None:
            return True
        since = at - self._asked_at
        if since < ZERO:
            return True  # the clock was put back
        with self._read.lock:
            again = self._held or self._read.readings < USUAL or bool(self._read.problem)
            # What is read otherwise each time would be read without end.
            doubted = 0 < self._read.doubts <= MOST_DOUBTS
        return since >= SPACING and (self._changed or doubted or (again and since >= AGAIN))

    def _work(self) -> None:
        for shot in self._queue.take():
            try:
                lines = self._reader.read(shot.jpeg)
            except Exception as error:  # noqa: BLE001  whatever it is, nobody has read it
                _log.exception("reading what a camera shows failed")
                with self._read.lock:
                    self._read.problem = BROKEN.format(error=type(error).__name__)
                continue
            with self._read.lock:
                read = self._read
                read.before, read.lines = read.lines, lines
                read.shot, read.problem = shot, ""
                if read.readings < USUAL:
                    read.usual += [plain(line.text) for line in lines]
                    read.readings += 1
                doubted = any(self._is_new(line) and not _stands_in(line, read.before) for line in lines)
                read.doubts = read.doubts + 1 if doubted else 0

    def _sighting(self, rule: AlertRule, shot: Shot, view: View, settled: bool) -> Sighting | None:
        wanted = plain(rule.condition.text)
        for line in self._read.lines:
            middle = ((line.region.left + line.region.right) / 2, (line.region.top + line.region.bottom) / 2)
            place = (int(middle[1] * view.grid[0]), int(middle[0] * view.grid[1]))
            if not mask_of(rule.condition.zone, view.grid)[place]:
                continue
            if reads(line.text, wanted) if wanted else self._is_new(line) and _stands_in(line, self._read.before):
                return Sighting(
                    confidence=round(line.score, 3),
                    description=f"the text “{line.text}” can be read",
                    region=line.region,
                    identity=f"text:{wanted or plain(line.text)}",
                    frames=(shot.pts,) if shot.recording == self._album.recording else (),
                    seen_at=view.at if settled else shot.taken_at,
                )
        return None

    def _is_new(self, line: Line) -> bool:
        return is_text(line) and not any(_alike(plain(line.text), usual) for usual in self._read.usual)


def is_text(line: Line) -> bool:
    """False for what is hardly a text, and for a clock, which is new every second."""
    worded = any(sum(map(str.isalnum, word)) >= max(LEAST_LETTERS, (len(word) + 1) // 2) for word in line.text.split())
    return line.score >= SURE and worded and sum(map(str.isalpha, line.text)) >= LEAST_LETTERS


def _stands_in(line: Line, lines: Collection[Line]) -> bool:
    return any(_alike(plain(line.text), plain(other.text)) for other in lines)


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other).ratio() >= LIKE


def plain(text: str) -> str:
    """The letters and digits of ``text``, without case."""
    return "".join(char for char in text.casefold() if char.isalnum())


def reads(text: str, wanted: str) -> bool:
    """True where ``wanted``, as ``plain`` gives it, stands in ``text``, be it a little misread."""
    said = plain(text)
    if wanted in said:
        return True
    if len(wanted) < LEAST_LETTERS:
        return False
    windows = (said[start : start + len(wanted)] for start in range(max(1, len(said) - len(wanted) + 1)))
    return any(SequenceMatcher(None, wanted, window).ratio() >= LIKE for window in windows)
