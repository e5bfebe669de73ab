"""What people are told of alerts, and say of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.alerts import AlertBody
from api.schemas.recordings import Page
from api.schemas.wire import WireModel


class AlertPage(Page[AlertBody]):
    """Alerts, the youngest first."""


class Comment(WireModel):
    """What is to be written to an alert."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class FalseAlarm(WireModel):
    """Says that an alert was none, or with ``false`` that it was one after all."""

    false_alarm: Annotated[bool, Field(strict=True)] = True
