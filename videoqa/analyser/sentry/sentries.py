"""Puts those who look together: signals at once, text and models on threads that all cameras share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from videoqa.alerting.blind import WITHOUT_MODEL
from videoqa.alerts import Alert, AlertRule, ConditionKind
from videoqa.analyser.ocr import TextReader
from videoqa.analyser.sentry.described import DescribedWatch
from videoqa.analyser.sentry.desk import Desk
from videoqa.analyser.sentry.glance import Glances
from videoqa.analyser.sentry.sentences import Sentences
from videoqa.analyser.sentry.signals import SignalWatch
from videoqa.analyser.sentry.text import TextWatch
from videoqa.analyser.sentry.view import View
from videoqa.events import Usage
from videoqa.media import Span
from videoqa.ports import Grounder, LiveFrame, Looked, LookedAway, Scenery

LOOKS_AT_ONCE = 4
NO_MODEL = "it needs a model to look with; start one with `videoqa model serve`, or set VIDEOQA_MODEL_URL"


@dataclass(frozen=True, slots=True)
class Eyes:
    """What looks for rules in plain language: the fast look, and the finer one that confirms it."""

    glances: Glances
    grounder: Grounder


class CameraSentries:
    """Implements the port ``Sentries``.

    Args:
        scenery: makes what learns the empty scene of the frames that come every so often from the camera of that id;
            where that is empty, of footage that is there already.
        eyes: None where there is no model.
    """

    def __init__(self, scenery: Callable[[timedelta, str], Scenery], eyes: Eyes | None = None) -> None:
        self._scenery = scenery
        self._eyes = eyes
        self._looking = Desk(LOOKS_AT_ONCE)
        self._reading = Desk(1)
        self._reader = TextReader()

    def sentry(
        self, camera: str, period: timedelta, known: Sequence[Alert] = (), *, waiting: bool = False
    ) -> CameraSentry:
        looking, reading = self._looking.bench(), self._reading.bench()
        described = None
        if self._eyes is not None:
            told: dict[str, list[str]] = {}
            for alert in known:
                told.setdefault(alert.rule, []).append(alert.identity)
            sentences = {rule: Sentences(words) for rule, words in told.items()}
            described = DescribedWatch(
                self._eyes.glances, self._eyes.grounder, looking, period, sentences, waiting=waiting
            )
        text = TextWatch(self._reader, reading, period, waiting=waiting)
        scenery = self._scenery(period, "" if waiting else camera)
        closing = (looking.close, reading.close)
        return CameraSentry(scenery, SignalWatch(known), text, described, closing, period=period)


class CameraSentry:
    """Implements the port ``Sentry``."""

    def __init__(
        self,
        scenery: Scenery,
        signals: SignalWatch,
        text: TextWatch,
        described: DescribedWatch | None,
        closing: Sequence[Callable[[], None]],
        *,
        period: timedelta,
    ) -> None:
        self._scenery = scenery
        self._signals = signals
        self._text = text
        self._described = described
        self._closing = closing
        self._period = period

    @property
    def usage(self) -> Usage:
        return Usage() if self._described is None else self._described.usage

    def begin(self) -> None:
        self._text.begin()
        if self._described is not None:
            self._described.begin()

    def look(self, live: LiveFrame, rules: Collection[AlertRule]) -> Looked:
        view = View.of(live, self._scenery.change(live.frame))
        seen = dict(self._signals.look(view, rules))
        read, illegible, why, unread = self._text.look(view, rules)
        seen |= read
        if self._described is None:
            blind = frozenset(rule.id for rule in rules if rule.condition.kind is ConditionKind.DESCRIBED)
            return Looked(seen, blind | illegible, NO_MODEL if blind else why, (*unread, *self._unjudged(live, blind)))
        told, blind, problem, away = self._described.look(view, rules)
        return Looked(seen | dict(told), blind | illegible, problem or why, (*unread, *away))

    def _unjudged(self, live: LiveFrame, blind: Collection[str]) -> tuple[LookedAway, ...]:
        """What nobody can judge is told as not looked at, as if a model had no time for it."""
        span = Span(live.frame.pts, live.frame.pts + self._period)
        return (LookedAway(span, tuple(sorted(blind)), WITHOUT_MODEL),) if blind else ()

    def close(self) -> None:
        for close in self._closing:
            close()
