"""What every wire model stands on. Times are float seconds, to the microsecond."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from videoqa.media import Span


class WireModel(BaseModel):
    """A frozen JSON document."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangeBody(WireModel):
    """What is to be changed of something; what is left out stays."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give at least one of its fields")
        return self


def seconds(time: timedelta) -> float:
    """``time`` in seconds, to the microsecond."""
    return time.total_seconds()


def ends(span: Span) -> tuple[float, float]:
    return seconds(span.start), seconds(span.end)
