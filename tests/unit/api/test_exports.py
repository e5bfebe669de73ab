"""Exports are what other programs read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pysubs2
import pytest

from api.exports import ExportFormat, export
from api.schemas.details import RecordingDetails
from api.schemas.recordings import RecordingBody
from videoqa.events import Chapter, Event, Source
from videoqa.media import Cue, Recording, RecordingState, Span


def s(number: float) -> timedelta:
    return timedelta(seconds=number)


CUES = [Cue(Span(s(0.5), s(2)), "one <b>&\n\n-->two"), Cue(Span(s(3600), s(3601.25)), "last")]
EVENTS = [Event("e", "r", Span(s(1), s(2)), "+motion", "=HYPERLINK(1), left", Source.MOTION, (s(1),))]
CHAPTERS = [Chapter(Span(s(0), s(10)), "Opening"), Chapter(Span(s(10), s(20)), "Proof")]
RECORDING = Recording("r", "a.mp4", "/a.mp4", "0", s(20), RecordingState.INDEXED)
DETAILS = RecordingDetails(
    recording=RecordingBody.from_domain(RECORDING), coverage=None, model=None, chapters=(), events=(), cues=()
)


@pytest.mark.parametrize("form", [ExportFormat.VTT, ExportFormat.SRT])
def test_subtitles_read_back_with_their_times(form: ExportFormat) -> None:
    text = export(form, DETAILS, CUES, EVENTS, CHAPTERS)
    read = pysubs2.SSAFile.from_string(text, format_=form.value)
    assert [(line.start, line.end) for line in read] == [(500, 2000), (3600000, 3601250)]
    assert read[1].plaintext == "last"


def test_footage_without_subtitles_exports_its_events() -> None:
    assert "HYPERLINK" in export(ExportFormat.VTT, DETAILS, [], EVENTS, CHAPTERS)


def test_no_text_can_end_its_cue_or_begin_another() -> None:
    text = export(ExportFormat.VTT, DETAILS, CUES, [], [])
    assert text.count("-->") == 2
    assert "\n\n--" not in text


def test_chapters_follow_one_another() -> None:
    text = export(ExportFormat.CHAPTERS, DETAILS, CUES, EVENTS, CHAPTERS)
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:10.000\nOpening\n\n00:00:10.000 --> 00:00:20.000\nProof\n")


def test_a_table_runs_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(export(ExportFormat.CSV, DETAILS, CUES, EVENTS, CHAPTERS))))
    assert rows[0]["label"] == "'+motion"
    assert rows[0]["description"] == "'=HYPERLINK(1), left"
    assert float(rows[0]["start"]) == 1


def test_json_is_one_document() -> None:
    assert json.loads(export(ExportFormat.JSON, DETAILS, [], [], []))["recording"]["id"] == "r"


def test_a_path_that_is_no_valid_text_is_valid_json() -> None:
    body = RecordingBody.from_domain(replace(RECORDING, source="/b\udcff.mp4"))
    assert json.loads(body.model_dump_json())["source"] == "/b\\udcff.mp4"
