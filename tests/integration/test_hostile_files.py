"""Every file that is no footage, or means harm, ends in one clear error or in what of it is sound."""

from __future__ import annotations

import os
import struct
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

import av
import av.logging
import numpy as np
import pytest

from ingest.limits import Limits
from ingest.pyav import open_footage
from ingest.sandbox import SandboxedReader
from tests.clips import H264_B, Clip, steady
from tests.footage import clip, decode_all, digest
from tests.hostile import NO_FOOTAGE
from videoqa.errors import EmptyFootage, FootageTooLarge, NoSuchFile, NotFootage
from videoqa.media import Sampling
from videoqa.ports import Sampled, Unread

READER = SandboxedReader()


def survey(path: Path) -> list[Sampled | Unread]:
    with READER.survey(str(path), Sampling(), gated=False) as items:
        return list(items)


@pytest.mark.parametrize("name", NO_FOOTAGE)
def test_what_only_calls_itself_footage_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "harmless.mp4"
    path.write_text(NO_FOOTAGE[name].format(victim=clip("b-frames.mp4")))
    with pytest.raises(NotFootage):
        READER.probe(str(path))
    with pytest.raises(NotFootage):
        survey(path)


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(NotFootage, match="it is empty"):
        READER.probe(str(tmp_path / "empty.mp4"))


def test_an_mp4_that_was_cut_off_before_its_index_says_so(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip("b-frames.mp4").read_bytes()[:20_000])
    with pytest.raises(NotFootage, match="cut off"):
        READER.probe(str(path))


@pytest.mark.parametrize(
    "name",
    ["-i.mp4", "http:x.mp4", "pipe:0.mp4", "a\nb.mp4", "%03d.mp4", "x" * 251 + ".mp4", "日本\udcff.mp4", "file:"],
)
def test_odd_names_are_only_names(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(clip("b-frames.mp4").read_bytes())
    assert READER.probe(str(path)).length.total_seconds() == 12
    assert len(survey(path)) == 12


def test_a_name_too_long_for_the_system_a_folder_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFile):
        READER.probe(str(tmp_path / ("x" * 300 + ".mp4")))
    with pytest.raises(NoSuchFile):
        READER.probe(str(tmp_path / "nul\0.mp4"))
    with pytest.raises(NotFootage):
        READER.probe(str(tmp_path))
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(NotFootage):
        READER.probe(str(tmp_path / "pipe.mp4"))


def test_sound_alone_has_a_length_and_no_pictures(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "sound.mp4")
    facts = READER.probe(str(path))
    assert facts.video is None
    assert facts.length.total_seconds() == pytest.approx(3, abs=0.1)
    with pytest.raises(EmptyFootage):
        survey(path)


def test_cover_art_is_no_footage(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "cover.mkv", cover=True)
    facts = READER.probe(str(path))
    assert facts.length.total_seconds() == pytest.approx(3, abs=0.2)


def test_pictures_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 16384, 8192, "yuv420p"
        frame = av.VideoFrame(16384, 8192, "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(FootageTooLarge, match="16384x8192"):
        READER.probe(str(path))


def test_150_streams_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=8000) for _ in range(150)]
        for stream in streams:
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
            sound.sample_rate, sound.pts = 8000, 0
            container.mux(stream.encode(sound))
    with pytest.raises(FootageTooLarge, match="150"):
        READER.probe(str(path))


def test_a_claim_of_three_years_is_checked_against_the_packets(tmp_path: Path) -> None:
    path = tmp_path / "claim.mkv"
    data = bytearray(clip("odd-groups.mkv").read_bytes())
    at = data.index(b"\x44\x89\x88") + 3
    struct.pack_into(">d", data, at, 3 * 365.25 * 86_400_000)
    path.write_bytes(data)
    facts = READER.probe(str(path))
    assert facts.length.total_seconds() == pytest.approx(12, abs=0.1)
    assert facts.claimed is not None
    assert facts.claimed.days > 1000
    assert any("claims" in problem for problem in facts.problems)
    assert len(survey(path)) == 10


@pytest.mark.parametrize("name", ["odd-groups.mkv", "broadcast.ts", "plain.avi", "vp9.webm", "fragmented.mp4"])
def test_of_a_truncated_file_what_is_sound_is_sampled(name: str, tmp_path: Path) -> None:
    whole = clip(name)
    path = tmp_path / name
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    facts, items = READER.probe(str(path)), survey(path)
    assert 4 < facts.length.total_seconds() < 9
    assert not unsound(whole, items)
    assert max(item.pts for item in items if isinstance(item, Sampled)) >= facts.length * 0.7


@pytest.mark.parametrize("name", ["b-frames.mp4", "odd-groups.mkv", "broadcast.ts"])
def test_of_a_damaged_file_what_is_sound_is_sampled_and_what_is_not_is_told(name: str, tmp_path: Path) -> None:
    whole, path = clip(name), tmp_path / name
    taken = false = told = 0
    for seed in range(4):
        random, data = Random(seed), bytearray(whole.read_bytes())
        for _ in range(12):
            at = random.randrange(len(data) // 10, len(data) * 8 // 10)
            data[at : at + 64] = random.randbytes(64)
        path.write_bytes(data)
        items = survey(path)
        told += sum(isinstance(item, Unread) and item.failed for item in items)
        taken += sum(isinstance(item, Sampled) for item in items)
        false += len(unsound(whole, items))
    assert told >= 3
    assert taken >= 10
    # Now and then random bytes are valid H.264.
    assert false <= taken * 0.05


def test_damage_is_told_of_each_picture_though_it_is_the_same() -> None:
    with open_footage(f"file:{clip('b-frames.mp4')}", Limits()):
        for _ in range(2):
            with av.logging.Capture() as complaints:
                av.logging.log(av.logging.ERROR, "h264", "concealing errors")
            assert len(complaints) == 1


def test_a_picture_that_changes_its_size_is_scaled_to_the_first(tmp_path: Path) -> None:
    small = Clip("small.ts", steady(4), options=H264_B, gop=50).write(tmp_path)
    large = Clip("large.ts", steady(4, start=4000), options=H264_B, gop=50, size=(320, 192)).write(tmp_path)
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    sizes = [(item.frame.picture.width, item.frame.picture.height) for item in survey(path) if _has_frame(item)]
    assert len(sizes) >= 7
    assert len(set(sizes)) == 1


def unsound(whole: Path, items: list[Sampled | Unread]) -> list[Sampled]:
    """What was sampled of the damaged file and is not in the whole one, at the same time and bit by bit."""
    truth = decode_all(whole, Sampling())
    return [
        item
        for item in items
        if isinstance(item, Sampled)
        and item.frame is not None
        and truth.pictures.get(item.pts // timedelta(microseconds=1) + truth.zero)
        != digest(memoryview(item.frame.picture.pixels))
    ]


def write_sound(path: Path, *, cover: bool = False) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        picture = container.add_stream("mjpeg", rate=1) if cover else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        for number in range(130):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 44_100, number * 1024
            container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    return path


def _has_frame(item: Sampled | Unread) -> bool:
    return isinstance(item, Sampled) and item.frame is not None
