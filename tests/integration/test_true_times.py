"""Sampled pictures are those of sequential decoding, bit by bit, at the times another program shows for them."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.sandbox import SandboxedReader
from tests.clips import CLIPS
from tests.footage import clip, decode_all, digest, ffprobe_times
from tests.needs import dev_data, program
from videoqa.media import Sampling
from videoqa.ports import Checkpoint, Sampled, Unread

NAMES = [one.name for one in CLIPS]
EVERY_SECOND = Sampling()
DENSE = Sampling(period=timedelta(seconds=0.3), long_side=96, multiple=16)
KEYFRAMES = Sampling(keyframes_only=True)
REAL = (
    "aws_package_theft.mp4",
    "bbb_480p_30s.mp4",
    "bgs_video.avi",
    "cau_lecture.mp4",
    "dvrscan_brightness.avi",
    "dvrscan_traffic_vfr.mp4",
    "ekarton_lecture_6.mp4",
    "intel_bottle.mp4",
    "moviepy_noduration.webm",
    "polar_screencast.webm",
    "psd_delayed_start.mp4",
    "torchcodec_nasa.mp4",
    "vtest_crowd.avi",
)
# ffprobe shows no time for pictures of an AVI, or a made-up one.
UNSTAMPED = ("bgs_video.avi", "dvrscan_brightness.avi", "vtest_crowd.avi")


def survey(path: Path, sampling: Sampling, since: Checkpoint | None = None) -> list[Sampled | Unread]:
    with SandboxedReader().survey(str(path), sampling, gated=False, since=since) as items:
        return list(items)


def sampled(path: Path, sampling: Sampling, since: Checkpoint | None = None) -> list[Sampled]:
    return [item for item in survey(path, sampling, since) if isinstance(item, Sampled)]


def assert_true(path: Path, sampling: Sampling) -> list[Sampled]:
    truth = decode_all(path, sampling)
    everything = survey(path, sampling)
    assert not [item for item in everything if isinstance(item, Unread) and item.failed]
    items = [item for item in everything if isinstance(item, Sampled)]
    for item in items:
        assert item.frame is not None
        picture = item.frame.picture
        assert truth.pictures[_stamp(item) + truth.zero] == digest(memoryview(picture.pixels)), item.pts
    return items


@pytest.mark.parametrize("sampling", [EVERY_SECOND, DENSE, KEYFRAMES], ids=["every second", "dense", "keyframes"])
@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_bit_identical_to_sequential_decoding(name: str, sampling: Sampling) -> None:
    items = assert_true(clip(name), sampling)
    assert items
    if not sampling.keyframes_only and not name.startswith(("variable", "leap")):
        distances = [later.pts - earlier.pts for earlier, later in pairwise(items)]
        assert max(distances) <= sampling.period * 4 / 3 + timedelta(seconds=0.04)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(".avi")])
def test_times_are_those_of_ffprobe(name: str) -> None:
    path = clip(name)
    times = ffprobe_times(program("ffprobe"), path)
    zero = 0 if 0 <= min(times) <= 60_000_000 else min(times)
    assert {_stamp(item) + zero for item in sampled(path, EVERY_SECOND)} <= times


@pytest.mark.parametrize("name", NAMES)
def test_a_survey_goes_on_at_each_of_its_checkpoints_as_if_never_stopped(name: str) -> None:
    whole = sampled(clip(name), DENSE)
    checkpoints = [item.checkpoint for item in whole if item.checkpoint is not None]
    assert checkpoints
    for checkpoint in checkpoints:
        again = sampled(clip(name), DENSE, checkpoint)
        assert [(item.pts, item.frame) for item in again] == [
            (item.pts, item.frame) for item in whole if item.pts >= checkpoint.pts
        ]


@pytest.mark.parametrize("name", REAL)
def test_real_clips_are_sampled_bit_identically_at_ffprobes_times(name: str) -> None:
    path = dev_data(f"footage/{name}")
    items = assert_true(path, EVERY_SECOND)
    if name not in UNSTAMPED:
        assert {_stamp(item) for item in items} <= ffprobe_times(program("ffprobe"), path)


def test_pictures_without_stamps_are_counted_at_their_real_rate() -> None:
    path = dev_data("footage/vtest_crowd.avi")
    assert SandboxedReader().probe(str(path)).length < timedelta(seconds=14)
    items = sampled(path, EVERY_SECOND)
    assert len(items) == 14
    assert not any(item.pts % timedelta(milliseconds=40) for item in items)


def test_a_first_picture_that_comes_late_keeps_its_time() -> None:
    assert sampled(clip("late-start.mp4"), EVERY_SECOND)[0].pts == timedelta(seconds=1.075)


def test_a_rotated_recording_is_shown_upright() -> None:
    facts = SandboxedReader().probe(str(clip("rotated.mp4")))
    assert facts.video is not None
    assert (facts.video.width, facts.video.height) == (96, 160)
    item = sampled(clip("rotated.mp4"), EVERY_SECOND)[0]
    assert item.frame is not None
    assert (item.frame.picture.width, item.frame.picture.height) == (96, 160)


def test_a_leap_in_the_time_stamps_is_reported_as_a_gap() -> None:
    unread = [item for item in survey(clip("leap.mkv"), EVERY_SECOND) if isinstance(item, Unread)]
    assert [(item.span.start.total_seconds(), item.span.end.total_seconds()) for item in unread] == [(4, 7200)]
    assert not unread[0].failed


def test_stamps_that_begin_again_go_on_behind_what_was_before(tmp_path: Path) -> None:
    twice = tmp_path / "twice.ts"
    twice.write_bytes(clip("broadcast.ts").read_bytes() * 2)
    facts = SandboxedReader().probe(str(twice))
    assert facts.length == pytest.approx(timedelta(seconds=20), abs=timedelta(seconds=0.3))
    assert any("leap" in problem for problem in facts.problems)
    items = sampled(twice, EVERY_SECOND)
    assert len(items) == 20
    assert all(earlier.pts < later.pts for earlier, later in pairwise(items))


def _stamp(item: Sampled) -> int:
    return item.pts // timedelta(microseconds=1)
