"""What was found in a recording: its events, chapters and subtitles, and what of it was looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import Viewer, visible
from api.exports import captions
from api.live_reach import rule_names
from api.schemas.coverage import CoverageBody, CoverageDetails, CoveredSpanBody
from api.schemas.recordings import ChapterPage, CoveragePage, EventPage
from api.schemas.refs import RecordingRef
from api.schemas.timeline import ChapterBody, EventBody
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import BadCursor, NotIndexed
from videoqa.media import Recording
from videoqa.ports import AnalysisKind

router = APIRouter(prefix="/v1/recordings/{recording_id}", tags=["recordings"])


@router.get("/events")
async def events_of_recording(
    *,
    service: Parts,
    caller: Viewer,
    recording_id: str,
    begin: Annotated[float, Query(alias="from", ge=0, le=10**9, allow_inf_nan=False)] = 0.0,
    end: Annotated[float | None, Query(alias="to", ge=0, le=10**9, allow_inf_nan=False)] = None,
    label: Annotated[str, Query(max_length=200, description="A part of the label, whatever its case.")] = "",
    after: Annotated[str | None, Query(max_length=200, description="The `next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> EventPage:
    """The events of a recording in order of time: those any part of which lies between `from` and `to`."""
    recording = await visible(service, caller, recording_id)
    since = timedelta(seconds=begin)
    until = timedelta.max if end is None else timedelta(seconds=end)

    def page() -> EventPage:
        every = [
            event
            for event in service.archive.events(recording.id)
            if since < event.span.end and event.span.start < until and label.casefold() in event.label.casefold()
        ]
        first = 0
        if after is not None:
            first = next((number for number, event in enumerate(every, 1) if event.id == after), 0)
            if not first:
                raise BadCursor(cursor=after)
        shown = every[first : first + limit]
        return EventPage(
            items=tuple(EventBody.from_domain(event) for event in shown),
            next=shown[-1].id if first + limit < len(every) else None,
        )

    return await in_thread(page)


@router.get("/chapters")
async def chapters_of_recording(*, service: Parts, caller: Viewer, recording_id: str) -> ChapterPage:
    """The chapters of a recording in order of time."""
    recording = await visible(service, caller, recording_id)
    found = await in_thread(lambda: service.archive.chapters(recording.id))
    return ChapterPage(items=tuple(ChapterBody.from_domain(chapter) for chapter in found))


@router.get(
    "/captions.vtt",
    response_class=Response,
    responses={200: {"content": {"text/vtt": {"schema": {"type": "string"}}}}},
)
async def captions_of_recording(*, service: Parts, caller: Viewer, recording_id: str) -> Response:
    """The subtitles of a recording, and what was written down from its sound, as WebVTT."""
    recording = await visible(service, caller, recording_id)

    def written() -> str:
        if service.archive.finished_analysis(recording.id) is None:
            raise NotIndexed(title=recording.title)
        return captions(service.archive.cues(recording.id))

    return Response(await in_thread(written), media_type="text/vtt")


@router.get("/coverage")
async def coverage_of_recording(
    *, service: Parts, caller: Viewer, recording_id: str, kind: AnalysisKind | None = None
) -> CoveragePage:
    """What was looked at and what was not, by each kind of analysis that has finished."""
    recording = await visible(service, caller, recording_id)
    kinds = tuple(AnalysisKind) if kind is None else (kind,)
    return await in_thread(lambda: _coverage(service, caller, recording, kinds))


def _coverage(service: Service, caller: Caller, recording: Recording, kinds: tuple[AnalysisKind, ...]) -> CoveragePage:
    items, rules = [], rule_names(service, caller)
    for kind in kinds:
        coverage = service.archive.coverage(recording.id, kind)
        if coverage is not None:
            items.append(
                CoverageDetails(
                    recording=RecordingRef(id=recording.id, title=recording.title),
                    kind=kind,
                    coverage=CoverageBody.from_domain(coverage),
                    spans=tuple(CoveredSpanBody.from_domain(covered, rules) for covered in coverage.spans),
                )
            )
    if not items:
        raise NotIndexed(title=recording.title)
    return CoveragePage(items=tuple(items))
