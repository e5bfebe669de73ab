"""Everything that was found in one recording."""

from __future__ import annotations

from api.schemas.coverage import CoverageBody
from api.schemas.recordings import RecordingBody
from api.schemas.timeline import ChapterBody, CueBody, EventBody
from api.schemas.usage import UsageBody
from api.schemas.wire import WireModel


class RecordingDetails(WireModel):
    """Everything that was found in a recording."""

    recording: RecordingBody
    coverage: CoverageBody | None
    model: LookBody | None
    chapters: tuple[ChapterBody, ...]
    events: tuple[EventBody, ...]
    cues: tuple[CueBody, ...]


class LookBody(WireModel):
    """What a model did with a recording: what it was told to look for, what it looked at, what of that failed."""

    model: str
    prompt: str
    coverage: CoverageBody
    failures: tuple[str, ...]
    usage: UsageBody
