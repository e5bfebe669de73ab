"""What is to be heard comes out of the child at its true time, cut at its pauses, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from ingest.limits import Limits
from ingest.pauses import LONGEST, WINDOW, Cutter
from ingest.sandbox import SandboxedReader
from tests.spoken import RATE, Line, spoken, track, write
from videoqa.errors import BadMedia, DecoderCrashed, DecoderOverran, NoSound, NoSuchFile, SourceChanged
from videoqa.ports import Sound

VAN, BAG = "The red van stops at the gate.", "A man leaves a black bag."
A_WINDOW = 0.05
HALF_A_MINUTE = timedelta(seconds=30)


def heard(path: Path, since: float = 0.0) -> list[Sound]:
    with SandboxedReader().sounds(str(path), timedelta(seconds=since)) as sounds:
        return list(sounds)


def loud(sounds: list[Sound]) -> list[tuple[float, float]]:
    """From where to where each sound is loud, in seconds."""
    return [(sound.loud[0].start.total_seconds(), sound.loud[-1].end.total_seconds()) for sound in sounds]


def lasts(text: str) -> float:
    return len(spoken(text)) / RATE


def test_a_recording_says_whether_there_is_sound_in_it(tmp_path: Path) -> None:
    with_sound = write(tmp_path / "with.mp4", track(1))
    without = write(tmp_path / "without.mp4", None)
    assert SandboxedReader().probe(str(with_sound)).sound
    assert not SandboxedReader().probe(str(without)).sound


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "libopus"), ("a.ts", "mp2"), ("a.avi", "pcm_s16le")]
)
def test_what_is_said_is_heard_where_it_is_said(tmp_path: Path, name: str, codec: str) -> None:
    path = write(tmp_path / name, track(14, [Line(3, VAN), Line(9, BAG)]), codec=codec)
    assert loud(heard(path)) == [
        (pytest.approx(3, abs=A_WINDOW), pytest.approx(3 + lasts(VAN), abs=2 * A_WINDOW)),
        (pytest.approx(9, abs=A_WINDOW), pytest.approx(9 + lasts(BAG), abs=2 * A_WINDOW)),
    ]


def test_sound_whose_counter_turns_over_before_the_picture_begins_is_on_the_clock_of_the_picture(
    tmp_path: Path,
) -> None:
    # The codec's priming is stamped just below zero, which in a transport stream is 26 hours later.
    path = write(tmp_path / "a.ts", track(6, [Line(3, VAN)]), codec="mp2")
    facts = SandboxedReader().probe(str(path))
    assert facts.length.total_seconds() == pytest.approx(6, abs=0.2)
    ((start, _),) = loud(heard(path))
    assert start == pytest.approx(3, abs=A_WINDOW)


def test_sound_that_begins_after_the_picture_is_on_the_clock_of_the_picture(tmp_path: Path) -> None:
    path = write(tmp_path / "late.mkv", track(6, [Line(2, VAN)]), codec="flac", late=4)
    ((start, _),) = loud(heard(path))
    assert start == pytest.approx(6, abs=A_WINDOW)


def test_sound_on_a_running_clock_begins_with_its_picture(tmp_path: Path) -> None:
    path = write(tmp_path / "camera.mkv", track(6, [Line(2, VAN)]), codec="flac", start=5000)
    ((start, _),) = loud(heard(path))
    assert start == pytest.approx(2, abs=A_WINDOW)


def test_missing_packets_shift_nothing(tmp_path: Path) -> None:
    sound = track(20, [Line(2, VAN), Line(15, BAG)])
    path = write(tmp_path / "gap.mkv", sound, codec="flac", gap=(6, 13))
    assert [start for start, _ in loud(heard(path))] == pytest.approx([2, 15], abs=A_WINDOW)
    short = write(tmp_path / "short.mkv", sound, codec="flac", gap=(6, 6.5))
    assert [start for start, _ in loud(heard(short))] == pytest.approx([2, 15], abs=A_WINDOW)


def test_a_gap_in_what_is_said_does_not_pull_its_sides_together(tmp_path: Path) -> None:
    sound = track(12, [Line(2, VAN), Line(6, BAG)])
    path = write(tmp_path / "gap.mkv", sound, codec="flac", gap=(4.4, 5.9))
    assert loud(heard(path))[-1][0] == pytest.approx(6, abs=A_WINDOW)


@pytest.mark.parametrize("noise", [0.0, 0.0005, 0.02])
def test_silence_and_even_noise_are_left_out(tmp_path: Path, noise: float) -> None:
    assert heard(write(tmp_path / "quiet.mkv", track(70, noise=noise), codec="flac")) == []


def test_speech_is_heard_over_noise(tmp_path: Path) -> None:
    ((start, end),) = loud(heard(write(tmp_path / "a.mkv", track(12, [Line(5, VAN)], noise=0.01), codec="flac")))
    assert start == pytest.approx(5, abs=3 * A_WINDOW)
    assert end == pytest.approx(5 + lasts(VAN), abs=8 * A_WINDOW)


def test_long_speech_is_cut_between_words_into_pieces_of_half_a_minute_at_most(tmp_path: Path) -> None:
    lines = [Line(1 + number * 2.4, VAN) for number in range(40)]
    sounds = heard(write(tmp_path / "talk.mkv", track(100, lines), codec="flac"))
    assert len(sounds) < 12
    assert all(sound.span.length <= HALF_A_MINUTE for sound in sounds)
    assert all(earlier.span.end <= later.start for earlier, later in pairwise(sounds))
    for line in lines:
        inside = [sound.span for sound in sounds if sound.span.start.total_seconds() <= line.at + A_WINDOW]
        assert inside[-1].end.total_seconds() >= line.at + lasts(VAN) - A_WINDOW, "a line was cut in two"


def test_nothing_is_lost_where_nobody_draws_breath() -> None:
    syllables = np.tile(np.repeat([9000.0, 300.0], [3200, 960]), 385)
    talk = (syllables * np.random.default_rng(1).normal(0, 0.3, len(syllables))).astype(np.int16)
    cutter = Cutter()
    sounds = [*cutter.feed(0, talk, begins=True), *cutter.finish()]
    assert all(len(sound.samples) <= LONGEST * WINDOW * 2 for sound in sounds)
    assert b"".join(bytes(sound.samples) for sound in sounds) in talk.tobytes()
    assert sum(len(sound.samples) for sound in sounds) > 1.99 * len(talk)
    assert all(np.abs(np.frombuffer(sound.samples, np.int16)[:160]).max() < 1000 for sound in sounds[1:]), (
        "cut in a word"
    )


def test_sound_is_cut_the_same_however_it_is_fed() -> None:
    talk = track(90, [Line(1 + number * 3.1, BAG) for number in range(27)], noise=0.001)[::3]
    pieces = []
    for step in (len(talk), 16_000, 1_024, 777):
        cutter = Cutter()
        sounds = [
            sound
            for start in range(0, len(talk), step)
            for sound in cutter.feed(start * 125 // 2, talk[start : start + step], begins=start == 0)
        ]
        pieces.append([*sounds, *cutter.finish()])
    assert len(pieces[0]) > 2
    assert all(other == pieces[0] for other in pieces[1:])


def test_what_was_heard_before_is_not_heard_again(tmp_path: Path) -> None:
    path = write(tmp_path / "talk.mkv", track(60, [Line(1 + number * 6, VAN) for number in range(9)]), codec="flac")
    every = heard(path)
    assert heard(path, every[2].span.end.total_seconds()) == every[3:]


def test_footage_without_sound_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoSound, match="no audio stream"):
        heard(write(tmp_path / "mute.mp4", None))


def test_sound_that_does_not_decode_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", track(6, [Line(1, VAN)]), codec="aac", picture=False)
    content = bytearray(path.read_bytes())
    content[2000:] = np.random.default_rng(3).bytes(len(content) - 2000)
    path.write_bytes(content)
    try:
        sounds = heard(path)
    except BadMedia:
        return
    assert all(sound.span.length <= HALF_A_MINUTE for sound in sounds)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "aac"), ("a.mkv", "libopus"), ("a.mkv", "flac"), ("a.avi", "libmp3lame"), ("a.ts", "ac3")],
)
def test_damage_ends_in_an_error_of_the_file_or_in_what_of_it_is_sound(tmp_path: Path, name: str, codec: str) -> None:
    whole = write(tmp_path / name, track(20, [Line(2, VAN), Line(12, BAG)]), codec=codec, picture=False).read_bytes()
    random = Random(codec)
    for number in (0, 3, 6):
        damaged = bytearray(whole)
        for _ in range(2 ** (number + 1)):
            damaged[random.randrange(len(damaged))] = random.randrange(256)
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(damaged)
        try:
            sounds = heard(path)
        except BadMedia:
            continue
        assert all(sound.span.length <= HALF_A_MINUTE for sound in sounds)
        assert all(earlier.span.end <= later.start for earlier, later in pairwise(sounds))


def test_footage_that_is_cut_off_is_heard_up_to_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", track(20, [Line(1, VAN), Line(14, BAG)]), codec="flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    ((start, _),) = loud(heard(path))
    assert start == pytest.approx(1, abs=A_WINDOW)


def test_sound_of_a_few_samples_a_second_is_refused(tmp_path: Path) -> None:
    # One second of it would be stretched to thousands of samples for each one.
    path = write(tmp_path / "slow.avi", track(2, [Line(0, BAG)]), codec="pcm_s16le")
    content = path.read_bytes()
    rate, slow = RATE.to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert rate in content
    path.write_bytes(content.replace(rate, slow).replace((2 * RATE).to_bytes(4, "little"), (20).to_bytes(4, "little")))
    with pytest.raises(BadMedia):
        heard(path)


def test_a_child_that_uses_up_its_processor_time_on_sound_is_ended(tmp_path: Path) -> None:
    path = write(tmp_path / "long.mkv", np.tile(track(60), 40), codec="flac", picture=False)
    reader = SandboxedReader(Limits(work=timedelta(seconds=1), work_per_mebibyte=timedelta(0)))
    with pytest.raises(DecoderOverran), reader.sounds(str(path)) as sounds:
        list(sounds)


def test_sound_without_end_is_given_up(tmp_path: Path) -> None:
    path = write(tmp_path / "talk.mkv", track(20, [Line(1, VAN), Line(8, VAN), Line(15, VAN)]), codec="flac")
    with pytest.raises(DecoderCrashed), SandboxedReader(Limits(max_frames=2)).sounds(str(path)) as sounds:
        list(sounds)


def test_a_file_that_is_gone_or_grows_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFile):
        heard(tmp_path / "none.mp4")
    path = write(tmp_path / "a.mkv", track(20, [Line(1, VAN), Line(15, BAG)]), codec="flac")
    with SandboxedReader().sounds(str(path)) as sounds:
        next(sounds)
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(SourceChanged):
            list(sounds)
