"""The way of a recording into the archive, on real footage, a real spool and a real database."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.spool import DiskSpool
from tests.acceptance.product import SAMPLES
from tests.needs import program
from videoqa.bootstrap import House
from videoqa.media import CoverageState, Cue, FrameGroup, RecordingState, Sampling, Span
from videoqa.pipeline.indexing import Indexing
from videoqa.pipeline.looking import Cancelled
from videoqa.ports import AnalysisKind, Brief, IndexRequest, Look, Pictures, Sampled, Unread
from videoqa.settings import Settings

NEVER = bool


def clip(path: Path, seconds: int, gop: int = 20) -> Path:
    source = f"testsrc2=size=320x192:rate=10:duration={seconds}"
    command = [program("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", source, "-g", str(gop), "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-preset", "ultrafast", str(path)], check=True)
    return path


@pytest.fixture
def indexing(tmp_path: Path) -> Indexing:
    return House(Settings(data_dir=tmp_path / "data")).indexing()


class CountingSpool(DiskSpool):
    """A spool that remembers what it was given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1 << 30)
        self.given: list[timedelta] = []

    def add(self, analysis_id: str, item: Sampled | Unread) -> None:
        if isinstance(item, Sampled):
            self.given.append(item.pts)
        super().add(analysis_id, item)


def test_a_survey_stopped_at_nine_tenths_decodes_at_most_a_minute_again(indexing: Indexing, tmp_path: Path) -> None:
    path = str(clip(tmp_path / "long.mp4", 600))
    admitted = indexing.admission.admit(IndexRequest(path))
    before = CountingSpool(tmp_path / "spool")

    with pytest.raises(Cancelled):
        replace(indexing, spool=before).survey(path, admitted, lambda: len(before.given) >= 540)
    after = CountingSpool(tmp_path / "spool")
    replace(indexing, spool=after).survey(path, admitted, NEVER)

    assert before.given[-1] - after.given[0] <= timedelta(seconds=60)
    assert admitted.analysis_id is not None
    seen = after.surveyed(admitted.analysis_id)
    with indexing.reader.survey(path, indexing.analyser.sampling) as items:
        undisturbed = [item.pts for item in items if isinstance(item, Sampled)]
    assert sorted(seen.kept + seen.static) == undisturbed


def test_a_survey_in_two_parts_keeps_the_frames_of_one_in_a_single_part(indexing: Indexing, tmp_path: Path) -> None:
    path = str(SAMPLES / "yard.mp4")
    admitted = indexing.admission.admit(IndexRequest(path))
    assert admitted.analysis_id is not None
    whole = CountingSpool(tmp_path / "whole")
    replace(indexing, spool=whole).survey(path, admitted, NEVER)
    parted = CountingSpool(tmp_path / "parted")
    for instants in (100, 200):
        with pytest.raises(Cancelled):
            replace(indexing, spool=parted).survey(path, admitted, lambda most=instants: len(parted.given) >= most)
    replace(indexing, spool=parted).survey(path, admitted, NEVER)
    assert parted.surveyed(admitted.analysis_id) == whole.surveyed(admitted.analysis_id)


class FailsOnSecond:
    """An analyser that fails on every second group."""

    kind = AnalysisKind.SIGNALS
    seen_by = "signals"
    in_turn = False
    fingerprint = "fails-on-second"
    sampling = Sampling()

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:
        borders = [*times[::5], length]
        return tuple(
            FrameGroup(number, Span(start, end), tuple(pts for pts in times if start <= pts < end))
            for number, (start, end) in enumerate(pairwise(borders))
        )

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        if group.number % 2:
            raise RuntimeError("no reply")
        return Look()


def test_a_group_that_fails_is_failed_coverage_and_the_line_goes_on(indexing: Indexing, tmp_path: Path) -> None:
    path = str(clip(tmp_path / "short.mp4", 20))
    indexing = replace(indexing, analyser=FailsOnSecond())
    admitted = indexing.admission.admit(IndexRequest(path))
    indexing.survey(path, admitted, NEVER)
    indexing.analyse(admitted, NEVER)
    indexing.finish(admitted)

    coverage = indexing.archive.coverage(admitted.recording_id)
    recording = indexing.archive.recording(admitted.recording_id)
    assert coverage is not None
    assert recording is not None
    assert coverage.total(CoverageState.FAILED) >= timedelta(seconds=5)
    assert coverage.analysed >= timedelta(seconds=5)
    assert recording.state is RecordingState.INDEXED
    assert any("no reply" in problem for problem in recording.problems)


def test_every_stage_may_be_begun_again(indexing: Indexing, tmp_path: Path) -> None:
    path = str(clip(tmp_path / "short.mp4", 10))
    for _ in range(2):
        admitted = indexing.admission.admit(IndexRequest(path))
        indexing.survey(path, admitted, NEVER)
    for stage in (indexing.analyse, indexing.analyse):
        stage(admitted, NEVER)
    for _ in range(2):
        indexing.finish(admitted)
    assert len(indexing.archive.recordings()) == 1
    assert indexing.admission.admit(IndexRequest(path)).analysis_id is None


def test_new_subtitles_beside_an_indexed_file_are_taken_in(indexing: Indexing, tmp_path: Path) -> None:
    path = clip(tmp_path / "talk.mp4", 10)
    first = indexing.admission.admit(IndexRequest(str(path)))
    indexing.survey(str(path), first, NEVER)
    indexing.analyse(first, NEVER)
    indexing.finish(first)

    (tmp_path / "talk.srt").write_text("1\n00:00:02,000 --> 00:00:04,000\nthe chain rule\n")
    again = indexing.admission.admit(IndexRequest(str(path)))
    assert again.recording_id == first.recording_id
    indexing.survey(str(path), again, NEVER)
    indexing.analyse(again, NEVER)
    indexing.finish(again)
    assert [cue.text for cue in indexing.archive.cues(first.recording_id)] == ["the chain rule"]
