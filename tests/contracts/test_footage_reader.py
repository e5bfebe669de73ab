"""What every reader of footage keeps to, whichever library decodes."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest

from ingest.sandbox import SandboxedReader
from tests.footage import clip, decode_all, digest
from tests.needs import missing
from videoqa.errors import BadMedia, DecoderUnfit
from videoqa.media import Sampling
from videoqa.ports import FootageReader, Sampled, Unread

CLIPS = ("b-frames.mp4", "variable-rate.mkv", "late-start.mkv", "vp9.webm", "rotated.mp4", "plain.avi")
RISKY = ("broadcast.ts", "edit-list.mp4", "open-groups-hevc.mp4", "open-groups-h264.mp4", "reordered.avi", "leap.mkv")
SAMPLING = Sampling(period=timedelta(seconds=0.5), long_side=128, multiple=32)


@pytest.fixture(params=["pyav", "decord"])
def decoder(request: pytest.FixtureRequest) -> str:
    if request.param == "decord" and importlib.util.find_spec("decord") is None:
        missing("decord2 is not installed: pip install videoqa[decord]")
    return str(request.param)


@pytest.fixture
def reader(decoder: str) -> FootageReader:
    return SandboxedReader(decoder=decoder)


def survey(reader: FootageReader, path: Path, *, gated: bool = False) -> list[Sampled | Unread]:
    with reader.survey(str(path), SAMPLING, gated=gated) as items:
        return list(items)


def sampled(items: list[Sampled | Unread]) -> list[Sampled]:
    return [item for item in items if isinstance(item, Sampled)]


@pytest.mark.parametrize("name", CLIPS + RISKY)
def test_every_picture_is_the_one_on_show_at_its_time(reader: FootageReader, decoder: str, name: str) -> None:
    if decoder == "decord" and name == "rotated.mp4":
        pytest.skip("decord turns pictures before it converts them, which changes some by a level")
    truth = decode_all(clip(name), SAMPLING, through_rgb=decoder == "decord")
    try:
        items = sampled(survey(reader, clip(name)))
    except DecoderUnfit:
        assert decoder == "decord"
        assert name in RISKY
        return
    assert items
    assert items[0].pts // timedelta(microseconds=1) + truth.zero == min(truth.pictures)
    assert all(earlier.pts < later.pts for earlier, later in pairwise(items))
    for item in items:
        assert item.frame is not None
        assert item.frame.pts == item.pts
        stamp = item.pts // timedelta(microseconds=1) + truth.zero
        assert truth.pictures[stamp] == digest(memoryview(item.frame.picture.pixels)), item.pts


@pytest.mark.parametrize("name", CLIPS)
def test_pictures_lie_on_the_models_grid(reader: FootageReader, name: str) -> None:
    facts = reader.probe(str(clip(name)))
    assert facts.video is not None
    for item in sampled(survey(reader, clip(name))):
        assert item.frame is not None
        width, height = item.frame.picture.width, item.frame.picture.height
        assert (width % 32, height % 32) == (0, 0)
        assert max(width, height) <= 128
        assert (width > height) == (facts.video.width > facts.video.height)


def test_a_survey_goes_on_at_its_checkpoints(reader: FootageReader) -> None:
    whole = sampled(survey(reader, clip("sparse-keyframes.mp4")))
    checkpoints = [item.checkpoint for item in whole if item.checkpoint is not None]
    assert len(checkpoints) == 2
    with reader.survey(str(clip("sparse-keyframes.mp4")), SAMPLING, gated=False, since=checkpoints[1]) as items:
        again = [item for item in items if isinstance(item, Sampled)]
    assert [(item.pts, item.frame) for item in again] == [
        (item.pts, item.frame) for item in whole if item.pts >= checkpoints[1].pts
    ]


def test_a_gated_survey_tells_of_every_instant_and_shows_the_first(reader: FootageReader) -> None:
    path = clip("b-frames.mp4")
    gated, all_of_them = sampled(survey(reader, path, gated=True)), sampled(survey(reader, path))
    assert [item.pts for item in gated] == [item.pts for item in all_of_them]
    assert gated[0].frame is not None


@pytest.mark.parametrize("name", CLIPS)
def test_the_length_is_where_the_last_packet_ends(reader: FootageReader, name: str) -> None:
    truth = decode_all(clip(name), SAMPLING)
    last = timedelta(microseconds=max(truth.pictures) - truth.zero)
    assert last < reader.probe(str(clip(name))).length <= last + timedelta(seconds=1)


def test_subtitle_tracks_become_cues_in_order_of_time(reader: FootageReader, tmp_path: Path) -> None:
    path = write_subtitled(tmp_path / "subtitled.mkv")
    facts = reader.probe(str(path))
    assert [cue.text for cue in facts.cues] == ["first line", "日本語の字幕"]
    assert [(cue.span.start.total_seconds(), cue.span.end.total_seconds()) for cue in facts.cues] == [(1, 2), (2.5, 4)]
    assert facts.created_at == datetime(2026, 5, 9, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_clock_that_was_never_set_tells_nothing(reader: FootageReader, tmp_path: Path, moment: str) -> None:
    path = tmp_path / "odd.mkv"
    with av.open(str(clip("b-frames.mp4"))) as pictures, av.open(str(path), "w") as container:
        container.metadata["DATE_UTC"] = moment
        copy = container.add_stream_from_template(pictures.streams.video[0])
        for packet in pictures.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                container.mux(packet)
    with av.open(str(path)) as written:
        assert written.metadata["DATE_UTC"] == moment
    assert reader.probe(str(path)).created_at is None


def test_what_is_no_footage_is_an_error_of_media(reader: FootageReader, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no footage at all" * 10)
    with pytest.raises(BadMedia):
        reader.probe(str(tmp_path / "no.mp4"))
    with pytest.raises(BadMedia):
        survey(reader, tmp_path / "no.mp4")
    with pytest.raises(BadMedia):
        reader.probe(str(tmp_path / "nowhere.mp4"))


def write_subtitled(path: Path) -> Path:
    lines = path.with_suffix(".srt")
    lines.write_text("1\n00:00:01,000 --> 00:00:02,000\nfirst line\n\n2\n00:00:02,500 --> 00:00:04,000\n日本語の字幕\n")
    with (
        av.open(str(clip("b-frames.mp4"))) as pictures,
        av.open(str(lines)) as subtitles,
        av.open(str(path), "w") as container,
    ):
        container.metadata["creation_time"] = "2026-05-09T12:30:00.000000Z"
        sources = [pictures.streams.video[0], subtitles.streams.subtitles[0]]
        copies = [container.add_stream_from_template(source) for source in sources]
        for source, copy in zip(sources, copies, strict=True):
            for packet in source.container.demux(source):
                if packet.dts is not None:
                    packet.stream = copy
                    container.mux(packet)
    return path
