"""What every close look at footage keeps to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.closeups import FootageCloseups
from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from ingest.spool import encode
from tests.footage import clip, ffprobe_times
from tests.needs import dev_data, program
from videoqa.errors import BadMedia, EmptyFootage
from videoqa.media import Recording, RecordingState, Sampling, Span
from videoqa.ports import Closeups

NATIVE = Sampling(period=timedelta(milliseconds=20), long_side=128)
NAMES = (
    "b-frames.mp4",
    "odd-groups.mkv",
    "variable-rate.mkv",
    "late-start.mkv",
    "open-groups-h264.mp4",
    "open-groups-hevc.ts",
    "wrapping.ts",
    "broadcast.ts",
    "sparse-keyframes.mp4",
    "intra-refresh.mp4",
    "edit-list.mp4",
    "reordered.avi",
    "plain.avi",
    "vp9.webm",
    "live.webm",
    "fragmented.mp4",
)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def span(start: float, end: float) -> Span:
    return Span(s(start), s(end))


def recording_of(path: Path) -> Recording:
    digest = LocalFiles().identify(str(path)).digest
    length = SandboxedReader().probe(str(path)).length
    return Recording("id", path.name, str(path), digest, length, RecordingState.INDEXED)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[], Closeups]:
    """Closeups of one folder, as each process makes its own."""
    return lambda: FootageCloseups(SandboxedReader(), tmp_path / "closeups", 2**24)


def surveyed(path: Path) -> dict[timedelta, bytes]:
    """Every picture of ``path`` by a survey from its beginning."""
    with SandboxedReader().survey(str(path), replace(NATIVE, period=timedelta(milliseconds=1)), gated=False) as items:
        return {item.pts: encode(item.frame.picture) for item in items if getattr(item, "frame", None) is not None}


@pytest.mark.parametrize("name", NAMES)
def test_a_short_span_is_seen_in_every_picture_it_has(make: Callable[[], Closeups], name: str) -> None:
    path = clip(name)
    true, recording, closeups = surveyed(path), recording_of(path), make()
    for within in (span(2.3, 3.1), span(1.2, 1.7), span(4.02, 4.6)):
        closeup = closeups.take(recording, within, replace(NATIVE, period=timedelta(milliseconds=1)))
        expected = [pts for pts in true if within.start <= pts < within.end]
        assert list(closeup.times) == (expected or [max(pts for pts in true if pts <= within.start)])
        assert [closeup.pictures.jpeg(pts) for pts in closeup.times] == [true[pts] for pts in closeup.times]


@pytest.mark.parametrize("name", ["vtest_crowd.avi", "dvrscan_traffic_vfr.mp4", "polar_screencast.webm"])
def test_real_footage_is_seen_as_it_was_surveyed(make: Callable[[], Closeups], name: str) -> None:
    path = dev_data(f"footage/{name}")
    true = surveyed(path)
    closeup = make().take(recording_of(path), span(5.5, 6.3), replace(NATIVE, period=timedelta(milliseconds=1)))
    assert list(closeup.times) == [pts for pts in true if s(5.5) <= pts < s(6.3)]
    assert [closeup.pictures.jpeg(pts) for pts in closeup.times] == [true[pts] for pts in closeup.times]


def test_footage_whose_stamps_leap_is_seen_where_it_was_surveyed(make: Callable[[], Closeups], tmp_path: Path) -> None:
    path = tmp_path / "twice.ts"
    path.write_bytes(clip("broadcast.ts").read_bytes() * 2)
    true, recording = surveyed(path), recording_of(path)
    for within in (span(2.3, 3.1), span(13.3, 14.1)):
        closeup = make().take(recording, within, replace(NATIVE, period=timedelta(milliseconds=1)))
        assert list(closeup.times) == [pts for pts in true if within.start <= pts < within.end]
        assert [closeup.pictures.jpeg(pts) for pts in closeup.times] == [true[pts] for pts in closeup.times]


def test_whatever_decodes_the_survey_a_close_look_is_the_same(tmp_path: Path) -> None:
    recording = recording_of(clip("b-frames.mp4"))
    one, other = (
        FootageCloseups(SandboxedReader(decoder=decoder), tmp_path / decoder, 2**24).take(recording, span(2, 3), NATIVE)
        for decoder in ("pyav", "decord")
    )
    assert one.times == other.times
    assert [one.pictures.jpeg(pts) for pts in one.times] == [other.pictures.jpeg(pts) for pts in other.times]


def test_times_are_those_of_another_program(make: Callable[[], Closeups]) -> None:
    path = clip("variable-rate.mp4")
    closeup = make().take(recording_of(path), span(10, 14), NATIVE)
    assert {pts // timedelta(microseconds=1) for pts in closeup.times} <= ffprobe_times(program("ffprobe"), path)


def test_frames_are_as_far_apart_as_the_sampling_says(make: Callable[[], Closeups]) -> None:
    sampling = replace(NATIVE, period=s(0.2))
    closeup = make().take(recording_of(clip("b-frames.mp4")), span(3, 7), sampling)
    assert len(closeup.times) == pytest.approx(20, abs=2)
    assert all(
        s(0.1) < later - earlier <= sampling.period * 4 / 3 + s(0.04) for earlier, later in pairwise(closeup.times)
    )


def test_pictures_have_the_size_that_is_said(make: Callable[[], Closeups]) -> None:
    closeup = make().take(recording_of(clip("rotated.mp4")), span(1, 2), NATIVE)
    assert closeup.size[0] < closeup.size[1]
    for pts in closeup.times:
        decoded = cv2.imdecode(np.frombuffer(closeup.pictures.jpeg(pts), np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape[1::-1] == closeup.size


def test_the_same_call_gives_the_same_bytes_to_another_process(make: Callable[[], Closeups]) -> None:
    recording = recording_of(clip("b-frames.mp4"))
    once, again = (make().take(recording, span(2, 4), NATIVE) for _ in range(2))
    assert once.times == again.times
    assert once.size == again.size
    assert [once.pictures.jpeg(pts) for pts in once.times] == [again.pictures.jpeg(pts) for pts in again.times]


def test_a_still_is_the_picture_that_stands(make: Callable[[], Closeups]) -> None:
    path = clip("variable-rate.mkv")
    true = sorted(surveyed(path))
    before, after = next((one, two) for one, two in pairwise(true) if two - one > s(0.5) and one > s(5))
    closeup = make().take(recording_of(path), Span(before + s(0.1), after - s(0.1)), NATIVE)
    assert closeup.times == (before,)


def test_a_gap_in_the_span_is_left_out(make: Callable[[], Closeups]) -> None:
    recording = recording_of(clip("leap.mkv"))
    closeup = make().take(recording, span(3.5, 7200.5), NATIVE)
    assert closeup.times[0] >= s(3.5)
    assert closeup.times[-1] < s(7200.5)
    assert not any(s(4.1) < pts < s(7200) for pts in closeup.times)
    assert any(pts >= s(7200) for pts in closeup.times)


def test_in_a_gap_there_is_no_picture(make: Callable[[], Closeups]) -> None:
    with pytest.raises(EmptyFootage):
        make().take(recording_of(clip("leap.mkv")), span(100, 110), NATIVE)


def test_what_lies_behind_a_gap_is_found(make: Callable[[], Closeups]) -> None:
    closeup = make().take(recording_of(clip("leap.mkv")), span(7201, 7202), NATIVE)
    assert len(closeup.times) == 25


def test_a_span_goes_no_further_than_its_recording(make: Callable[[], Closeups]) -> None:
    recording = recording_of(clip("b-frames.mp4"))
    closeup = make().take(recording, span(11.5, 30), NATIVE)
    assert s(11.5) <= closeup.times[0]
    assert closeup.times[-1] < recording.length
    with pytest.raises(EmptyFootage):
        make().take(recording, span(20, 30), NATIVE)


def test_a_file_that_is_gone_or_another_one_is_an_error_of_media(make: Callable[[], Closeups], tmp_path: Path) -> None:
    path = tmp_path / "one.mp4"
    path.write_bytes(clip("b-frames.mp4").read_bytes())
    recording = recording_of(path)
    make().take(recording, span(2, 3), NATIVE)
    path.write_bytes(clip("short-groups.mp4").read_bytes())
    with pytest.raises(BadMedia):
        make().take(recording, span(2, 3), NATIVE)
    path.unlink()
    with pytest.raises(BadMedia):
        make().take(recording, span(2, 3), NATIVE)
