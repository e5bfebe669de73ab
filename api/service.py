"""What the routes work with: every part behind its port, put together by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from videoqa.alerting.setting_up import SettingUp
from videoqa.alerting.trying import Trials
from videoqa.answering.answering import Answering
from videoqa.answering.grounded import GroundedAnswering
from videoqa.health import Check, Figures
from videoqa.intake import Intake
from videoqa.media import Recording
from videoqa.ports import (
    AlertLog,
    AnswerLog,
    Archive,
    AuditLog,
    Clips,
    Fetcher,
    Inbox,
    JobQueue,
    Keys,
    Pins,
    Poster,
    Snapshots,
    Subtitles,
    Webhooks,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one key, or one address where no key is asked for, may use. Sizes in bytes, times in seconds.

    ``requests`` and ``wrong_keys`` are rates as the `limits` package writes them ("600/minute"). ``upload_bytes`` is
    the largest file, ``day_bytes`` and ``footage_seconds`` are what may be brought in a day, 0 for all.
    A body that brings less than ``body_rate`` bytes a second over ``body_seconds`` is given up.
    """

    requests: str = "6000/minute"
    wrong_keys: str = "20/minute"
    upload_bytes: int = 100 * 2**30
    uploads_at_once: int = 256
    day_bytes: int = 0
    footage_seconds: float = 0.0
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    body_rate: int = 1024
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker, and what its topics begin with."""

    host: str
    port: int
    topic: str = "videoqa"
    discovery: str = "homeassistant"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that the routes use. ``keys_needed`` is False where whoever is at this machine may do everything.

    ``grounded`` are answers that a model has checked, None while there is no model.
    ``remove`` forgets a recording with all that was kept of it; ``checks`` tells how the parts are, ``figures`` how
    much there is. ``broker`` is told of alerts, None where there is none.
    """

    archive: Archive
    answering: Answering
    grounded: Callable[[], GroundedAnswering | None]
    jobs: JobQueue
    intake: Intake
    inbox: Inbox
    subtitles: Subtitles
    fetcher: Fetcher
    clips: Clips
    keys: Keys
    answers: AnswerLog
    audit: AuditLog
    setting_up: SettingUp
    alerts: AlertLog
    snapshots: Snapshots
    pins: Pins
    trials: Callable[[], Trials]
    webhooks: Webhooks
    poster: Poster
    remove: Callable[[Recording], None]
    checks: Callable[[], tuple[Check, ...]]
    folder: Path
    figures: Callable[[], Figures] = Figures
    keys_needed: bool = False
    limits: Limits = Limits()
    broker: Broker | None = None


# Asynchronous, all of them that do nothing slow: the framework would have another one wait for a thread.
async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Parts = Annotated[Service, Depends(_service)]
"""A route's parameter of this type is the service."""
