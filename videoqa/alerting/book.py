"""Which sighting is which alert: the book of one camera's alerts. Pure: it is told the time, and writes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from videoqa.alerting.rules import to_watch
from videoqa.alerting.things import Thing, event_id
from videoqa.alerts import Alert, AlertRule, ConditionKind, NoticeKind, last_seen, let_go
from videoqa.cameras import CameraStatus
from videoqa.events import Region
from videoqa.media import ZERO, Recording
from videoqa.ports import AlertChange, LiveFrame, Looked, Sighting

BREAK = timedelta(seconds=30)
"""What goes on behind a break of the footage, or of looking, that is at most so long is the same."""
PATIENCE = timedelta(seconds=3)
"""How long what is looked for may be unseen and still be there."""
PATIENCE_WITH_MODELS = timedelta(seconds=8)
REMIND = timedelta(minutes=1)
"""An alert that lasts is told of again so often."""
APART = 0.05
"""Two regions are of different places where they lie so far apart, as a share of the picture."""
ASTRAY = timedelta(seconds=10)
"""What lies further ahead of the clock was written down before that was put back: cameras tell it to some seconds."""
_KEPT = 20


class Book:
    """Decides what the sightings of one camera are: the beginning of an alert, its going on, its end, or none.

    One watcher uses it, like this; every method gives the changes to be written, in order, at once:

        changes = book.restore(log.open_alerts(id), latest, rules.rules(), cameras.status(id), youngest)   # once
        changes = book.begin(recording)                  # a recording begins: a new session, or a roll-over
        changes = book.advance(live, rules, sentry.look(live, to_watch(rules, id, live.taken_at)))  # each frame
        changes = book.finish(length)                    # the recording under way has ended at its ``length``
        changes = book.idle(now)                         # every few seconds while there is no session
        changes = book.close()                           # the camera is switched off or removed; not at a restart

    Where one watcher takes another's place there is nothing to hand over but the log.
    """

    def __init__(self, camera: str, period: timedelta = timedelta(seconds=1)) -> None:
        self._camera = camera
        self._period = period
        self._things: list[Thing] = []
        self._ended: dict[str, deque[Alert]] = {}
        self._recording: Recording | None = None
        self._since: datetime | None = None

    def restore(
        self,
        open_alerts: Collection[Alert],
        latest: Collection[Alert],
        rules: Collection[AlertRule],
        status: CameraStatus | None = None,
        last: Recording | None = None,
    ) -> tuple[AlertChange, ...]:
        """Takes up what another watcher left.

        Args:
            open_alerts: those of the camera.
            latest: of each rule, the alerts that ended last.
            rules: all there are; what a rule had found that is gone ends.
            status: the camera's, as the other one wrote it last.
            last: the camera's youngest recording; without it, what goes on is linked to its first event.
        """
        by_id = {rule.id: rule for rule in rules}
        changes: list[AlertChange] = []
        for alert in sorted(latest, key=lambda alert: alert.end or alert.start):
            self._remember(alert)
        for alert in open_alerts:
            rule = by_id.get(alert.rule)
            if rule is not None:
                self._things.append(Thing.of_alert(alert, rule, last_seen(alert, status), _last_event(alert, last)))
            else:
                changes.append(AlertChange(NoticeKind.ALERT_END, let_go(alert, status)))
        return tuple(changes)

    def begin(self, recording: Recording) -> tuple[AlertChange, ...]:
        """``recording`` begins; its ``started_at`` is known. What was open before a longer break ends."""
        self._recording = recording
        if recording.started_at is None:
            raise ValueError("a camera's recording has a wall clock")
        self._since = recording.started_at
        return self.idle(recording.started_at)

    def advance(self, live: LiveFrame, rules: Collection[AlertRule], looked: Looked) -> tuple[AlertChange, ...]:
        """What ``looked``, a look at ``live``, changes. ``rules`` are all that there are."""
        if self._recording is None or self._since is None:
            raise ValueError("no recording has begun")
        self._keep_time(live.taken_at)
        self._since = min(self._since, live.taken_at)
        watched = {rule.id: rule for rule in to_watch(rules, self._camera, live.taken_at)}
        changes: list[AlertChange] = []
        for thing in [thing for thing in self._things if thing.rule.id not in watched]:
            changes += self._end(thing)
        for thing in self._things:
            thing.rule = watched[thing.rule.id]
        for rule_id, sighting in looked.sightings.items():
            if rule_id in watched:
                changes += self._seen(watched[rule_id], sighting, live, self._recording.id)
        over = [thing for thing in self._things if self._is_over(thing, live.taken_at, looked.blind, self._since)]
        for thing in over:
            changes += self._end(thing)
        return tuple(changes)

    def finish(self, length: timedelta) -> tuple[AlertChange, ...]:
        """The recording under way has ended: its events are written as they are at its end. What is open stays so."""
        changes = []
        for thing in self._things:
            event = thing.event(length)
            if event is not None:
                changes.append(AlertChange(NoticeKind.ALERT_UPDATE, thing.tell(), event))
            thing.leave()
        self._recording = None
        return tuple(changes)

    def idle(self, now: datetime) -> tuple[AlertChange, ...]:
        """There is no picture at ``now``: what was not seen for longer than a break has ended."""
        self._keep_time(now)
        over = [thing for thing in self._things if now - thing.noted_at > BREAK]
        return tuple(change for thing in over for change in self._end(thing))

    def close(self) -> tuple[AlertChange, ...]:
        """Nobody watches from now on: all that is open ends when it was last seen."""
        return tuple(change for thing in tuple(self._things) for change in self._end(thing))

    def _keep_time(self, now: datetime) -> None:
        """Where the clock was put back: what is open goes on by the new time, what ended by the old one is forgotten.

        Otherwise nothing would be over, and all that comes would be within a cool-down, until the old time is reached.
        """
        for thing in self._things:
            if thing.noted_at - now > ASTRAY:
                thing.put_back(now)
        for rule, ended in self._ended.items():
            if any(alert.end is not None and alert.end - now > ASTRAY for alert in ended):
                past = (alert for alert in ended if alert.end is not None and alert.end - now <= ASTRAY)
                self._ended[rule] = deque(past, maxlen=_KEPT)

    def _seen(self, rule: AlertRule, sighting: Sighting, live: LiveFrame, recording: str) -> Iterator[AlertChange]:
        at = min(sighting.seen_at or live.taken_at, live.taken_at)
        pts = max(ZERO, live.frame.pts - (live.taken_at - at))
        thing = self._of(rule, sighting)
        if thing is None:
            thing = Thing(rule, self._camera, since=at, seen=at, noted_at=live.taken_at)
            self._things.append(thing)
        doubted = thing.sighting is not None and thing.sighting.verdict is not sighting.verdict
        arrived = thing.part is None  # in this recording: its event there has to be known from now on
        thing.noted_at = live.taken_at
        thing.see(sighting, at, recording, pts)
        if thing.alert is not None:
            if doubted or arrived or thing.told_at is None or thing.seen - thing.told_at >= REMIND:
                yield AlertChange(NoticeKind.ALERT_UPDATE, thing.tell(), thing.event())
        elif thing.seen - thing.since >= rule.condition.lasting and self._is_let_through(thing):
            thing.open()
            yield AlertChange(NoticeKind.ALERT_NEW, thing.tell(), thing.event())

    def _of(self, rule: AlertRule, sighting: Sighting) -> Thing | None:
        """The thing that is seen in ``sighting``: one with its identity, or one that nothing tells apart from it."""
        same = [thing for thing in self._things if thing.rule.id == rule.id and _same(thing, sighting)]
        return next((thing for thing in same if thing.identity == sighting.identity), same[0] if same else None)

    def _is_let_through(self, thing: Thing) -> bool:
        """False within the cool-down of an alert, unless that is known to have been about something else.

        What began within a cool-down gives no alert when that is over: it is the same all along.
        """
        for alert in self._ended.get(thing.rule.id, ()):
            within = alert.end is not None and -ASTRAY <= thing.since - alert.end < thing.rule.cooldown
            if within and not _differ(thing, alert):
                return False
        return True

    def _is_over(self, thing: Thing, now: datetime, blind: Collection[str], since: datetime) -> bool:
        if thing.rule.id in blind:
            return now - thing.noted_at > BREAK
        # Behind a break, what is still there is given the time to be seen.
        return now - max(thing.noted_at, since) > self._patience(thing)

    def _patience(self, thing: Thing) -> timedelta:
        kind = thing.rule.condition.kind
        if kind is ConditionKind.STILLNESS and thing.alert is None:
            return ZERO  # a single movement begins it anew
        least = PATIENCE_WITH_MODELS if kind in {ConditionKind.DESCRIBED, ConditionKind.TEXT} else PATIENCE
        return max(least, 3 * self._period)

    def _end(self, thing: Thing) -> Iterator[AlertChange]:
        self._things.remove(thing)
        if thing.alert is not None:
            event = thing.event()
            alert = thing.tell(ended=True)
            # It cannot have ended before it began, but by the clock as it is now it may.
            self._remember(replace(alert, end=thing.seen))
            yield AlertChange(NoticeKind.ALERT_END, alert, event)

    def _remember(self, alert: Alert) -> None:
        self._ended.setdefault(alert.rule, deque(maxlen=_KEPT)).append(alert)


def _last_event(alert: Alert, last: Recording | None) -> str:
    """The event of ``alert`` in the last recording in which it was seen, as far as that can be told."""
    if last is None or last.started_at is None or alert.seen_at is None or alert.seen_at < last.started_at:
        return alert.event
    return event_id(alert.id, last.id)


def _same(thing: Thing, sighting: Sighting) -> bool:
    """True where nothing tells the two apart."""
    return not thing.identity or not sighting.identity or thing.identity == sighting.identity


def _differ(thing: Thing, alert: Alert) -> bool:
    """True where they are known to be about two things: by what these look like, or by where they are."""
    if thing.identity and alert.identity:
        return thing.identity != alert.identity
    return thing.origin is not None and alert.region is not None and not _near(thing.origin, alert.region)


def _near(one: Region, other: Region) -> bool:
    return (
        one.left <= other.right + APART
        and other.left <= one.right + APART
        and one.top <= other.bottom + APART
        and other.top <= one.bottom + APART
    )
