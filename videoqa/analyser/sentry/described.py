"""Looks for what rules say in plain language: a fast look at what is new, and a second, finer one before it counts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from videoqa.alerts import AlertRule, ConditionKind, Verdict
from videoqa.analyser.sentry.desk import Bench
from videoqa.analyser.sentry.glance import Glances, spent
from videoqa.analyser.sentry.held import AGAIN, SELDOM, Held, State
from videoqa.analyser.sentry.sentences import Sentences
from videoqa.analyser.sentry.view import View
from videoqa.analyser.sentry.waiting import Album, Queue, Shot, Shown
from videoqa.errors import BadReply, ModelError, Undecided
from videoqa.events import Usage
from videoqa.media import FrameGroup, Span
from videoqa.ports import Finding, Grounder, LookedAway, Sighting

AT_ONCE = 4
"""Frames of one fast look: those that came while the last one was under way."""
BACK = timedelta(seconds=8)
"""The second look goes back so far."""
ALBUM = 24
DOUBTS = 2
"""Second looks that could not tell, after which the alert goes out unconfirmed."""
RETRY = timedelta(seconds=10)
"""A still scene that nobody could look at is tried again so often."""
UNUSABLE = "what the model says of it cannot be used"
BROKEN = "looking at it failed ({error})"
_LEAST_SURE = 0.3
_log = logging.getLogger(__name__)


class DescribedWatch:
    """Watches one camera. It is asked by one thread; the looks are those of ``bench``.

    Args:
        waiting: True where each look waits for the model.
    """

    def __init__(
        self,
        glances: Glances,
        grounder: Grounder,
        bench: Bench,
        period: timedelta,
        sentences: Mapping[str, Sentences],
        *,
        waiting: bool,
    ) -> None:
        self._glances = glances
        self._grounder = grounder
        self._bench = bench
        self._period = period
        self._sentences = dict(sentences)
        self._waiting = waiting
        self._album = Album(ALBUM)
        self._queue = Queue(AT_ONCE)
        self._state = State()
        self._last: Shot | None = None
        self._at: datetime | None = None
        self._moving = False

    @property
    def usage(self) -> Usage:
        with self._state.lock:
            return self._state.usage

    def begin(self) -> None:
        self._album.begin()

    def look(
        self, view: View, rules: Collection[AlertRule]
    ) -> tuple[Mapping[str, Sighting], frozenset[str], str, tuple[LookedAway, ...]]:
        """Sightings, the rules that nobody can look for, why, and what was given up."""
        mine = tuple(rule for rule in rules if rule.condition.kind is ConditionKind.DESCRIBED)
        self._forget(mine)
        self._keep_time(view.at)
        if not mine:
            self._queue.take()
            return {}, frozenset(), "", ()
        shot = self._album.add(view.pixels, view.live.frame.pts, view.at)
        # What leaves gives back the empty scene, which is no news to the gate, but to whoever looked for it.
        moving, self._moving = self._moving, bool(view.moving.any())
        left = moving and not self._moving
        if view.admitted or left or self._wanted(mine, view.at):
            self._queue.add(shot)
            self._last = shot
            if self._waiting:
                self._work(mine)
            else:
                self._bench.ask(lambda: self._work(mine))
        elif len(self._queue):
            self._bench.ask(lambda: self._work(mine))
        names = tuple(rule.id for rule in mine)
        with self._state.lock:
            problem = self._state.problem
            blind = self._state.blind(names)
        cause = problem or UNUSABLE
        if blind:
            self._queue.fail([shot], blind, cause)
        away = self._queue.away(
            self._album.recording, self._period, names, problem or "the model does not keep up with the cameras"
        )
        return self._told(mine, blind, view), blind, cause if blind else "", away

    def _told(self, rules: Collection[AlertRule], blind: Collection[str], view: View) -> dict[str, Sighting]:
        """What holds now: what was seen last is still so as long as nothing new came."""
        settled = len(self._queue) == 0 and (self._waiting or self._bench.idle)
        told: dict[str, Sighting] = {}
        with self._state.lock:
            for rule in rules:
                held = self._state.held.get(rule.id)
                if held is None or held.sighting is None or held.seen_at is None or rule.id in blind:
                    continue
                if settled:
                    held.seen_at = max(held.seen_at, view.at)
                frames = tuple(shot.pts for shot in held.shots if shot.recording == self._album.recording)
                told[rule.id] = replace(held.sighting, frames=frames, seen_at=held.seen_at)
        return told

    def _wanted(self, rules: Collection[AlertRule], at: datetime) -> bool:
        """True where a still scene has to be looked at: for a rule that nobody looked for yet, or could."""
        with self._state.lock:
            state = self._state
            blind = state.blind([rule.id for rule in rules])
            if blind and (state.tried_at is None or _is_time(state.tried_at, at)):
                return True
            able = [rule.id for rule in rules if rule.id not in blind]
            if any(name not in state.held for name in able):
                return self._last is None or _is_time(self._last.taken_at, at)
            return any(state.held[name].is_due(at) for name in able)

    def _forget(self, rules: Collection[AlertRule]) -> None:
        """What is known of rules that are not watched for any more, or are about something else now."""
        texts = {rule.id: _text(rule) for rule in rules}
        with self._state.lock:
            for rule_id in [name for name, held in self._state.held.items() if texts.get(name) != held.text]:
                del self._state.held[rule_id]

    def _keep_time(self, at: datetime) -> None:
        """Waits are for times by the wall clock: where that was put back, these move with it."""
        before, self._at = self._at, at
        if before is None or at >= before:
            return
        with self._state.lock:
            for held in self._state.held.values():
                held.put_back(before - at)

    def _work(self, rules: Sequence[AlertRule]) -> None:
        """Looks at what waits."""
        shots = self._queue.take()
        if not shots:
            return
        try:
            self._look_at(shots, rules)
        except ModelError as error:
            _log.info("nobody can look at what a camera shows: %s", error)
            self._queue.put_back(shots)
            with self._state.lock:
                self._state.usage += spent(error)
                self._state.problem, self._state.tried_at = str(error), shots[-1].taken_at
        except Exception as error:  # noqa: BLE001  whatever it is, nobody has looked
            # It may be for what they show: they are not tried again.
            _log.exception("a look at what a camera shows failed")
            problem = BROKEN.format(error=type(error).__name__)
            self._queue.fail(shots, [rule.id for rule in rules], problem)
            with self._state.lock:
                self._state.problem, self._state.tried_at = problem, shots[-1].taken_at

    def _look_at(self, shots: Sequence[Shot], rules: Sequence[AlertRule]) -> None:
        # What is done is seen in two frames, and a pair of them costs no more than one.
        before = self._album.before(shots[0], within=BACK)
        glance = self._glances.look([*before, *shots], rules, 2 * self._period)
        if glance.failed:
            _log.info("what the model says of %d rules cannot be used", len(glance.failed))
            self._queue.fail(shots, glance.failed, UNUSABLE)
        with self._state.lock:
            self._state.usage += glance.usage
            self._state.problem, self._state.failed, self._state.tried_at = "", glance.failed, shots[-1].taken_at
        for rule in rules:
            if rule.id in glance.may_be:
                self._settle(rule, shots, may_be=glance.may_be[rule.id])

    def _settle(self, rule: AlertRule, shots: Sequence[Shot], *, may_be: bool) -> None:
        now = shots[-1].taken_at
        with self._state.lock:
            held = self._state.held.setdefault(rule.id, Held(_text(rule)))
            if not may_be:
                self._state.held[rule.id] = held.without(now)
                return
            if held.sighting is not None and held.sighting.verdict is Verdict.CONFIRMED:
                held.patience = min(SELDOM, 2 * held.patience) if held.looked_at is not None else AGAIN
                held.seen_at = held.looked_at = now
                held.shots = (*held.shots[-1:], *shots[-1:])
                return
            if held.not_before is not None and now < held.not_before:
                held.seen_at = now if held.sighting is not None else None
                return
        self._confirm(rule, held, shots)

    def _confirm(self, rule: AlertRule, held: Held, shots: Sequence[Shot]) -> None:
        """The second look: more frames, as large as they came."""
        now = shots[-1].taken_at
        seen = self._album.latest(max(timedelta(0), shots[0].time - BACK))
        seen = tuple(shot for shot in seen if shot.time <= shots[-1].time)
        times = tuple(shot.time for shot in seen)
        group = FrameGroup(0, Span(times[0], times[-1] + self._period), times)
        try:
            finding = self._grounder.ground(rule.condition.text, group, Shown(seen))
        except (Undecided, BadReply) as error:
            self._doubt(rule, held, error, shots)
            return
        with self._state.lock:
            self._state.usage += finding.usage
            if finding.span is None:
                held.sighting, held.seen_at, held.doubts = None, None, 0
                held.not_before = now + min(SELDOM, AGAIN * 2**held.rejected)
                held.rejected += 1
                return
            held.sighting = self._sighting(rule, finding)
            held.seen_at = held.looked_at = now
            held.rejected, held.doubts, held.not_before, held.patience = 0, 0, None, AGAIN
            held.shots = tuple(shot for shot in seen if shot.time in set(finding.frames))

    def _doubt(self, rule: AlertRule, held: Held, error: ModelError, shots: Sequence[Shot]) -> None:
        now = shots[-1].taken_at
        with self._state.lock:
            self._state.usage += spent(error)
            held.doubts += 1
            held.not_before = now + min(SELDOM, AGAIN * 2 ** (held.doubts - 1))
            if held.doubts >= DOUBTS:
                told = f"it may be: {rule.condition.text} (a closer look could not tell)"
                held.sighting = Sighting(_LEAST_SURE, told, verdict=Verdict.UNCONFIRMED, seen_by=self._grounder.seen_by)
                held.seen_at, held.shots = now, tuple(shots)

    def _sighting(self, rule: AlertRule, finding: Finding) -> Sighting:
        return Sighting(
            confidence=finding.confidence,
            description=finding.sentence,
            identity=self._sentences.setdefault(rule.id, Sentences()).identity(finding.sentence),
            verdict=Verdict.CONFIRMED,
            seen_by=self._grounder.seen_by,
        )


def _is_time(tried_at: datetime, at: datetime) -> bool:
    """True where what was tried then is tried again; a try that is still to come was before the clock was put back."""
    return not timedelta(0) <= at - tried_at < RETRY


def _text(rule: AlertRule) -> str:
    return f"{rule.condition.text}\0{rule.condition.zone}"
