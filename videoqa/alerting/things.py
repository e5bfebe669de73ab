"""One thing that a rule's condition holds for, from when it is first seen to when it is gone. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from videoqa.alerts import Alert, AlertRule, AlertState, ConditionKind, Verdict
from videoqa.events import Event, Region, Source
from videoqa.media import Span
from videoqa.ports import Sighting

MOST_FRAMES = 8
A_MOMENT = timedelta(seconds=1)
_TICK = timedelta(microseconds=1)
_SOURCES = {
    ConditionKind.DESCRIBED: Source.MODEL,
    ConditionKind.TEXT: Source.SLIDE,
    ConditionKind.COVERED: Source.SHOT,
    ConditionKind.TURNED: Source.SHOT,
}


@dataclass(slots=True)
class Part:
    """What of a thing lies in one recording: from the frame that first shows it to the one that does last.

    ``continues`` is the id of its event in the recording before; ``best`` the frame that shows it best so far, which is
    worth ``worth``.
    """

    recording: str
    start: timedelta
    end: timedelta
    frames: list[timedelta] = field(default_factory=list)
    continues: str | None = None
    best: timedelta | None = None
    worth: tuple[bool, float] = (False, 0.0)

    def show(self, frames: tuple[timedelta, ...], worth: tuple[bool, float]) -> None:
        """Takes in the first frames that show it, always the last one, and the first of those that are worth most: in
        its very first frame who comes is hardly in the picture.
        """
        if self.best is None or worth > self.worth:
            self.best, self.worth = frames[(len(frames) - 1) // 2], worth
        for pts in frames:
            if not self.frames or pts > self.frames[-1]:
                del self.frames[MOST_FRAMES - 1 :]
                self.frames.append(pts)


@dataclass(slots=True)
class Thing:
    """``since`` and ``seen`` are when it was first and last seen, by the wall clock; ``noted_at`` is when the frame was
    taken with which that was told.

    ``region`` is where it was in all that time, ``origin`` where it was first. ``part`` is what of it lies in the
    recording under way, None where it was not seen in that yet; ``before`` the id of its event in the one before.
    ``alert`` is None as long as it gives none, and ``told_at`` when that was last told.
    """

    rule: AlertRule
    camera: str
    since: datetime
    seen: datetime
    noted_at: datetime
    identity: str = ""
    region: Region | None = None
    origin: Region | None = None
    confidence: float = 0.0
    sighting: Sighting | None = None
    part: Part | None = None
    before: str | None = None
    alert: Alert | None = None
    told_at: datetime | None = None

    @classmethod
    def of_alert(cls, alert: Alert, rule: AlertRule, seen: datetime, before: str) -> Thing:
        """What ``alert`` is about, which was last seen at ``seen``, in the event ``before``."""
        return cls(
            rule=rule,
            camera=alert.camera,
            since=alert.start,
            seen=seen,
            noted_at=seen,
            identity=alert.identity,
            region=alert.region,
            confidence=alert.confidence,
            before=before,
            alert=alert,
            told_at=seen,
        )

    def see(self, sighting: Sighting, at: datetime, recording: str, pts: timedelta) -> None:
        """It is seen at ``at``, which is ``pts`` of the recording under way."""
        self.seen = max(self.seen, at)
        if self.part is None:
            self.part = Part(recording, pts, pts, continues=self.before)
        self.part.end = max(self.part.end, pts)
        self.part.show(sighting.frames or (pts,), _shows(sighting))
        self.identity = self.identity or sighting.identity
        self.confidence = max(self.confidence, sighting.confidence)
        if self.sighting is None or _worth(sighting) >= _worth(self.sighting):
            self.sighting = sighting
        if sighting.region is not None:
            self.origin = self.origin or sighting.region
            self.region = sighting.region if self.region is None else self.region.union(sighting.region)

    def put_back(self, now: datetime) -> None:
        """The wall clock was put back to ``now`` since it was noted last: its times move with it, but for its alert's
        start, which was told.
        """
        by = self.noted_at - now
        self.since, self.seen, self.noted_at = self.since - by, self.seen - by, now
        self.told_at = None if self.told_at is None else self.told_at - by

    def leave(self) -> None:
        """The recording under way has ended."""
        if self.alert is not None and self.part is not None:
            self.before = event_id(self.alert.id, self.part.recording)
        self.part = None

    def open(self) -> None:
        """From now on it gives an alert."""
        if self.part is None or self.sighting is None:
            raise ValueError("what was not seen gives no alert")
        alert_id = _id(self.rule.id, self.camera, self.since.astimezone(UTC).isoformat(), self.identity)
        self.alert = Alert(
            id=alert_id,
            rule=self.rule.id,
            camera=self.camera,
            event=event_id(alert_id, self.part.recording),
            state=AlertState.OPEN,
            start=self.since,
            end=None,
            severity=self.rule.severity,
            label=self.rule.name,
            description=self.sighting.description,
            confidence=self.confidence,
            verdict=self.sighting.verdict,
            recording=self.part.recording,
            offset=self.part.start,
        )

    def tell(self, *, ended: bool = False) -> Alert:
        """Its alert as it is now."""
        if self.alert is None:
            raise ValueError("there is no alert to tell of")
        # By a clock that was put back since it may be gone before it came.
        seen = max(self.alert.start, self.seen)
        alert = replace(
            self.alert,
            state=AlertState.ENDED if ended else AlertState.OPEN,
            end=seen if ended else None,
            confidence=self.confidence,
            region=self.region,
            identity=self.identity,
            seen_at=seen,
        )
        if self.sighting is not None:
            alert = replace(alert, verdict=self.sighting.verdict, description=self.sighting.description)
        if self.part is not None and self.part.recording == alert.recording:
            others = (pts for pts in self.part.frames if pts != self.part.best)
            best = () if self.part.best is None else (self.part.best,)
            alert = replace(alert, frames=(*best, *others)[:MOST_FRAMES])
        self.alert, self.told_at = alert, self.seen
        return alert

    def event(self, length: timedelta | None = None) -> Event | None:
        """Its event in the recording under way, cut at ``length`` where that has ended; None where it is not in it."""
        part, alert = self.part, self.alert
        if part is None or alert is None or self.sighting is None:
            return None
        end = part.end + A_MOMENT if length is None else max(min(part.end + A_MOMENT, length), part.start + _TICK)
        return Event(
            id=event_id(alert.id, part.recording),
            recording_id=part.recording,
            span=Span(part.start, end),
            label=alert.label,
            description=alert.description,
            source=_SOURCES.get(self.rule.condition.kind, Source.MOTION),
            frames=tuple(part.frames),
            confidence=self.confidence,
            identity=self.identity,
            region=self.region,
            strength=self.sighting.strength,
            seen_by=self.sighting.seen_by,
            continues=part.continues,
        )


def event_id(alert_id: str, recording_id: str) -> str:
    """The id of the event that ``alert_id`` is about in one recording: the same whoever works it out."""
    return _id(alert_id, recording_id)


def _id(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _worth(sighting: Sighting) -> tuple[bool, float]:
    return sighting.verdict is not Verdict.UNCONFIRMED, sighting.confidence


def _shows(sighting: Sighting) -> tuple[bool, float]:
    """How well its frame shows it: the larger what moves, the better."""
    strength = sighting.confidence if sighting.strength is None else sighting.strength
    return sighting.verdict is not Verdict.UNCONFIRMED, strength
