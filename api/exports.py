"""A recording in the formats of other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from enum import StrEnum

from api.details import details
from api.schemas.details import RecordingDetails
from videoqa.errors import NotIndexed
from videoqa.events import Chapter, Event
from videoqa.media import Cue, Recording, Span
from videoqa.ports import Archive
from videoqa.times import clock_ms


class ExportFormat(StrEnum):
    """``vtt`` and ``srt`` hold the subtitles, or the events of footage that has none; ``chapters`` is WebVTT."""

    VTT = "vtt"
    SRT = "srt"
    CHAPTERS = "chapters"
    JSON = "json"
    CSV = "csv"


def exported(form: ExportFormat, archive: Archive, recording: Recording) -> str:
    """``recording`` as a document of ``form``.

    Raises:
        NotIndexed: nothing was found in it yet.
    """
    if archive.coverage(recording.id) is None:
        raise NotIndexed(title=recording.title)
    return export(
        form,
        details(archive, recording),
        archive.cues(recording.id),
        archive.events(recording.id),
        archive.chapters(recording.id),
    )


def export(
    form: ExportFormat,
    details: RecordingDetails,
    cues: Sequence[Cue],
    events: Sequence[Event],
    chapters: Sequence[Chapter],
) -> str:
    """The document, ending in a line break."""
    lines = [(cue.span, cue.text) for cue in cues] or [(event.span, event.description) for event in events]
    match form:
        case ExportFormat.VTT:
            return _vtt(lines)
        case ExportFormat.SRT:
            return _srt(lines)
        case ExportFormat.CHAPTERS:
            return _vtt([(chapter.span, chapter.title) for chapter in chapters])
        case ExportFormat.JSON:
            return details.model_dump_json(indent=2) + "\n"
        case ExportFormat.CSV:
            return _csv(events)


def captions(cues: Sequence[Cue]) -> str:
    """``cues`` as WebVTT, also where there are none."""
    return _vtt([(cue.span, cue.text) for cue in cues])


def _vtt(lines: Sequence[tuple[Span, str]]) -> str:
    blocks = [f"{clock_ms(span.start)} --> {clock_ms(span.end)}\n{_vtt_text(text)}\n" for span, text in lines]
    return "\n".join(["WEBVTT\n", *blocks])


def _srt(lines: Sequence[tuple[Span, str]]) -> str:
    blocks = [
        f"{number}\n{clock_ms(span.start, ',')} --> {clock_ms(span.end, ',')}\n{_block(text)}\n"
        for number, (span, text) in enumerate(lines, 1)
    ]
    return "\n".join(blocks) or "\n"


def _csv(events: Sequence[Event]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["start", "end", "label", "source", "confidence", "description"])
    for event in events:
        start, end = event.span.start.total_seconds(), event.span.end.total_seconds()
        label, description = _cell(event.label), _cell(event.description)
        writer.writerow([start, end, label, event.source.value, event.confidence, description])
    return table.getvalue()


def _block(text: str) -> str:
    """``text`` without empty lines, which would end the cue."""
    return "\n".join(line for line in text.splitlines() if line.strip()) or "-"


def _vtt_text(text: str) -> str:
    return _block(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cell(text: str) -> str:
    """``text`` as a spreadsheet shows it: one that begins like a formula would otherwise be run as one."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
