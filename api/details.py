"""Everything that was found in a recording, as one document."""

from __future__ import annotations

from api.schemas.coverage import CoverageBody
from api.schemas.details import LookBody, RecordingDetails
from api.schemas.recordings import RecordingBody
from api.schemas.timeline import ChapterBody, CueBody, EventBody
from api.schemas.usage import UsageBody
from videoqa.media import Recording
from videoqa.ports import AnalysisKind, Archive


def details(archive: Archive, recording: Recording) -> RecordingDetails:
    """What ``archive`` knows of ``recording``."""
    coverage = archive.coverage(recording.id)
    return RecordingDetails(
        recording=RecordingBody.from_domain(recording),
        coverage=None if coverage is None else CoverageBody.from_domain(coverage),
        model=_look(archive, recording),
        chapters=tuple(ChapterBody.from_domain(chapter) for chapter in archive.chapters(recording.id)),
        events=tuple(EventBody.from_domain(event) for event in archive.events(recording.id)),
        cues=tuple(CueBody.from_domain(cue) for cue in archive.cues(recording.id)),
    )


def _look(archive: Archive, recording: Recording) -> LookBody | None:
    analysis = archive.finished_analysis(recording.id, AnalysisKind.MODEL)
    coverage = archive.coverage(recording.id, AnalysisKind.MODEL)
    if analysis is None or coverage is None:
        return None
    looks = archive.looks(analysis.id).values()
    return LookBody(
        model=analysis.seen_by,
        prompt=analysis.prompt,
        coverage=CoverageBody.from_domain(coverage),
        failures=tuple(recorded.failure for recorded in looks if recorded.failure is not None),
        usage=UsageBody.from_domain(archive.usage(recording.id)),
    )
