"""What the tools answer: what a language model has a use for, and no more, since it reads all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict

from videoqa.client import Alert, Answer, Camera, Event, Moment, Recording


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class MomentTold(_Told):
    """A stretch of footage. ``start`` and ``end`` are seconds from the recording's start, ``at`` the same in words.

    ``camera`` is the name of the one that filmed it, empty where it was brought; ``happened_at`` is the wall clock at
    its start where that is known; ``score`` is how likely it is what was meant.
    """

    recording_id: str
    title: str
    camera: str
    start: float
    end: float
    at: str
    happened_at: datetime | None
    text: str
    score: float

    @classmethod
    def of(cls, moment: Moment) -> Self:
        return cls(
            recording_id=moment.recording.id,
            title=moment.recording.title,
            camera="" if moment.camera is None else moment.camera.name,
            start=moment.start,
            end=moment.end,
            at=f"{clock(moment.start)}-{clock(moment.end)}",
            happened_at=moment.happened_at,
            text=moment.text,
            score=moment.score,
        )


class AnswerTold(_Told):
    """An answer. Where ``found`` is false there is no evidence, and nothing is to be made up.

    A [number] in ``answer`` counts ``moments`` from 1. ``notes`` say what the answer does not know; of the ``footage``
    seconds that were asked about, ``analysed`` were looked at and ``static`` showed no change.
    """

    id: str
    found: bool
    answer: str | None
    moments: tuple[MomentTold, ...]
    notes: tuple[str, ...]
    given_by: str
    footage: float
    analysed: float
    static: float

    @classmethod
    def of(cls, answer: Answer) -> Self:
        return cls(
            id=answer.id,
            found=answer.found,
            answer=answer.answer,
            moments=tuple(map(MomentTold.of, answer.moments)),
            notes=answer.notes,
            given_by=answer.given_by,
            footage=answer.coverage.length,
            analysed=answer.coverage.analysed,
            static=answer.coverage.static,
        )


class MomentsTold(_Told):
    """Moments, the nearest first. They are proposals: nothing was checked."""

    moments: tuple[MomentTold, ...]


class RecordingTold(_Told):
    """A recording; ``state`` is queued, indexing, indexed or failed, ``length`` is in seconds."""

    id: str
    title: str
    state: str
    length: float
    started_at: datetime | None
    tags: tuple[str, ...]
    camera: str
    problems: tuple[str, ...]

    @classmethod
    def of(cls, recording: Recording) -> Self:
        return cls(
            id=recording.id,
            title=recording.title,
            state=recording.state,
            length=recording.length,
            started_at=recording.started_at,
            tags=recording.tags,
            camera=recording.camera,
            problems=recording.problems,
        )


class RecordingsTold(_Told):
    """Recordings, those added last first; ``more`` says that there are others."""

    recordings: tuple[RecordingTold, ...]
    more: bool


class EventTold(_Told):
    """Something that happened; ``seen_by`` is signals or the name of a model."""

    start: float
    end: float
    at: str
    label: str
    description: str
    confidence: float
    seen_by: str

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls(
            start=event.start,
            end=event.end,
            at=f"{clock(event.start)}-{clock(event.end)}",
            label=event.label,
            description=event.description,
            confidence=event.confidence,
            seen_by=event.seen_by,
        )


class EventsTold(_Told):
    """What happened, in order of time; ``more`` says that it was cut off."""

    events: tuple[EventTold, ...]
    more: bool


class CameraTold(_Told):
    """A camera; ``state`` is how it is, ``problem`` what is wrong. Its footage is in the recordings of its id."""

    id: str
    name: str
    state: str
    problem: str
    last_picture_at: datetime | None

    @classmethod
    def of(cls, camera: Camera) -> Self:
        status = camera.status
        return cls(
            id=camera.id,
            name=camera.name,
            state="off" if not camera.enabled else "starting" if status is None else status.state,
            problem="" if status is None else status.problem,
            last_picture_at=None if status is None else status.last_frame_at,
        )


class CamerasTold(_Told):
    """The cameras, in the order of their names."""

    cameras: tuple[CameraTold, ...]


class AlertTold(_Told):
    """What a rule told of. ``recording_id`` and ``at``, seconds from its start, are for thumbnail and clip.

    Both are None once its footage is gone; ``ended_at`` is None while it lasts.
    """

    id: str
    camera: str
    started_at: datetime
    ended_at: datetime | None
    severity: str
    label: str
    description: str
    verdict: str
    confidence: float
    acknowledged_by: str
    false_alarm: bool
    recording_id: str | None
    at: float | None

    @classmethod
    def of(cls, alert: Alert) -> Self:
        return cls(
            id=alert.id,
            camera=alert.camera,
            started_at=alert.start,
            ended_at=alert.end,
            severity=alert.severity,
            label=alert.label,
            description=alert.description,
            verdict=alert.verdict,
            confidence=alert.confidence,
            acknowledged_by=alert.acknowledged_by,
            false_alarm=alert.false_alarm,
            recording_id=alert.recording,
            at=None if alert.snapshot_url is None else _second(alert.snapshot_url),
        )


class AlertsTold(_Told):
    """Alerts, the youngest first; ``more`` says that there are others."""

    alerts: tuple[AlertTold, ...]
    more: bool


class ClipTold(_Told):
    """An MP4 file on this machine. It begins at the recording's second ``start``, which may be before the one asked."""

    path: str
    recording_id: str
    start: float
    end: float


def clock(seconds: float) -> str:
    """HH:MM:SS."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _second(url: str) -> float | None:
    """The second that a still is of."""
    told = parse_qs(urlsplit(url).query).get("at", ())
    return next((float(text) for text in told), None)
