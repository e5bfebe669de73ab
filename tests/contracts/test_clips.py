"""What everybody who shows footage keeps to; and that clips are the very pictures of their recording."""

from __future__ import annotations

import contextlib
import io
from bisect import bisect
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ingest import clips as kept
from ingest.clips import SandboxedClips
from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from tests.clips import H264_B, MILLISECONDS, X264, Clip, picture, steady
from tests.footage import Truth, clip, decode_all
from videoqa.errors import BadMedia, CannotCut, ClipTooLong, EmptyFootage, NoSuchFile, SourceChanged
from videoqa.media import ZERO, Recording, RecordingState, Sampling, Span
from videoqa.ports import Clips, Cut
from videoqa.testing.clips import DrawnClips

COPIED = (
    "b-frames.mp4",
    "short-groups.mp4",
    "odd-groups.mkv",
    "all-keyframes.mp4",
    "variable-rate.mp4",
    "variable-rate.mkv",
    "late-start.mkv",
    "late-start.mp4",
    "open-groups-h264.mp4",
    "open-groups-hevc.mp4",
    "open-groups-hevc.ts",
    "broadcast.ts",
    "wrapping.ts",
    "sparse-keyframes.mp4",
    "intra-refresh.mp4",
    "edit-list.mp4",
    "rotated.mp4",
    "plain.avi",
    "vp9.webm",
    "live.webm",
    "av1.mkv",
    "fragmented.mp4",
)
ENCODED = ("reordered.avi", "reordered-mpeg4.avi")
SMALL = Sampling(long_side=128)
BEEP = 3.0


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def span(start: float, end: float) -> Span:
    return Span(s(start), s(end))


def recording_of(path: Path, *, length: timedelta | None = None) -> Recording:
    digest = LocalFiles().identify(str(path)).digest
    known = SandboxedReader().probe(str(path)).length if length is None else length
    return Recording(digest[:8], path.name, str(path), digest, known, RecordingState.INDEXED)


@pytest.fixture
def real(tmp_path: Path) -> SandboxedClips:
    return SandboxedClips(SandboxedReader(), tmp_path / "data", most_bytes=2**26)


@pytest.fixture(params=["drawn", "sandboxed"])
def clips(request: pytest.FixtureRequest, tmp_path: Path, real: SandboxedClips) -> Clips:
    return real if request.param == "sandboxed" else DrawnClips(tmp_path)


def test_a_clip_holds_what_was_asked_and_begins_before_it(clips: Clips) -> None:
    cut = clips.clip(recording_of(clip("b-frames.mp4")), span(3.1, 4.7))
    assert s(1.1) <= cut.span.start <= s(3.1)
    assert s(4.7) <= cut.span.end <= s(6)
    assert cut.copied
    assert cut.path.read_bytes()[4:8] == b"ftyp"


def test_the_same_stretch_is_the_same_clip(clips: Clips) -> None:
    recording = recording_of(clip("b-frames.mp4"))
    once, again = (clips.clip(recording, span(3.1, 4.7)) for _ in range(2))
    assert (once.path, once.span) == (again.path, again.span)


def test_a_clip_ends_with_its_recording(clips: Clips) -> None:
    recording = recording_of(clip("b-frames.mp4"))
    cut = clips.clip(recording, span(11, 500))
    assert cut.span.end <= recording.length + s(0.1)
    with pytest.raises(EmptyFootage):
        clips.clip(recording, span(12.5, 13))


def test_too_long_a_clip_is_refused(clips: Clips) -> None:
    with pytest.raises(ClipTooLong):
        clips.clip(recording_of(clip("b-frames.mp4")), span(0, 601))


def test_a_clip_is_encoded_anew_where_that_is_asked_for(clips: Clips) -> None:
    cut = clips.clip(recording_of(clip("b-frames.mp4")), span(3.1, 4.7), anew=True)
    assert (cut.copied, cut.span) == (False, span(3.1, 4.7))
    assert clips.clip(recording_of(clip("b-frames.mp4")), span(3.1, 4.7)).copied


def test_a_still_is_a_picture_no_larger_than_asked(clips: Clips) -> None:
    still = Image.open(io.BytesIO(clips.thumbnail(recording_of(clip("b-frames.mp4")), s(3.1), 96)))
    assert still.format == "JPEG"
    assert max(still.size) <= 96
    with pytest.raises(EmptyFootage):
        clips.thumbnail(recording_of(clip("b-frames.mp4")), s(20))


def test_the_file_itself_is_open_to_be_read(clips: Clips) -> None:
    path = clip("b-frames.mp4")
    with clips.original(recording_of(path)) as file:
        assert file.read() == path.read_bytes()


def test_a_file_that_is_gone_is_told(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "one.mp4"
    path.write_bytes(clip("b-frames.mp4").read_bytes())
    recording = recording_of(path)
    path.unlink()
    with pytest.raises(NoSuchFile):
        clips.original(recording)
    with pytest.raises(BadMedia):
        clips.clip(recording, span(1, 2))


@pytest.mark.parametrize("name", COPIED)
def test_a_copied_clip_is_the_very_pictures_of_its_recording(real: SandboxedClips, name: str) -> None:
    truth = truth_of(clip(name))
    shown = {microseconds - truth.zero: told for microseconds, told in truth.pictures.items()}
    times, recording = sorted(shown), recording_of(clip(name))
    for within in (span(2.3, 3.1), span(0, 0.4), span(3.6, 30)):
        if s(times[0] / 1_000_000) >= within.end:
            with pytest.raises(EmptyFootage):
                real.clip(recording, within)
            continue
        cut = real.clip(recording, within)
        assert cut.copied
        zero = round(cut.span.start.total_seconds() * 1_000_000)
        found = []
        for time, told in sorted(decode_all(cut.path, SMALL).pictures.items()):
            nearest = min(times[max(0, bisect(times, zero + time) - 1) :][:2], key=lambda each: abs(each - zero - time))
            assert abs(nearest - zero - time) <= 1_000, "a picture at another time"
            assert shown[nearest] == told, f"another picture at {nearest}"
            found.append(nearest)
        start, end = within.start.total_seconds() * 1_000_000, within.end.total_seconds() * 1_000_000
        first = max((time for time in times if time <= start), default=times[0])
        # What is shown behind the end is there because something before it rests on it.
        wanted = [time for time in times if found[0] <= time < end]
        assert [time for time in found if time < end] == wanted, "a picture is missing"
        assert found[0] <= first
        content = cut.path.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("name", ["b-frames.mp4", "odd-groups.mkv", "vp9.webm", "plain.avi", "av1.mkv"])
def test_no_packet_of_a_copied_clip_differs_from_the_recordings(real: SandboxedClips, name: str) -> None:
    path = clip(name)
    cut = real.clip(recording_of(path), span(2.3, 3.1))
    theirs, ours = packets(path), packets(cut.path)
    first = theirs.index(ours[0])
    assert ours == theirs[first : first + len(ours)]
    with av.open(str(path)) as container:
        marks = [packet for packet in container.demux(video=0) if packet.size]
    keys = [number for number, packet in enumerate(marks) if packet.is_keyframe]
    start = float((marks[first].pts or 0) * marks[first].time_base)
    assert first == max(number for number in keys if float((marks[number].pts or 0) * marks[number].time_base) <= 2.3)
    assert start == pytest.approx(cut.span.start.total_seconds(), abs=0.001)


@pytest.mark.parametrize("name", ENCODED)
def test_pictures_that_have_no_times_of_their_own_are_encoded_anew(real: SandboxedClips, name: str) -> None:
    cut = real.clip(recording_of(clip(name)), span(2.3, 3.1))
    assert not cut.copied
    assert cut.span == span(2.3, 3.1)
    times = [frame.time for frame in pictures(cut.path)]
    assert times[0] == 0
    assert len(times) == pytest.approx(21, abs=1)
    assert max(times) < 0.8


def test_a_codec_that_does_not_go_into_an_mp4_is_encoded_anew_and_small(real: SandboxedClips, tmp_path: Path) -> None:
    path = Clip("wide.mkv", steady(3), codec="mjpeg", size=(1280, 720), options={"strict": "-1"}).write(tmp_path)
    cut = real.clip(recording_of(path), span(1, 2))
    assert (cut.copied, cut.span) == (False, span(1, 2))
    frames = pictures(cut.path)
    assert {(frame.width, frame.height) for frame in frames} == {(960, 540)}
    assert len(frames) == pytest.approx(25, abs=1)


def test_a_keyframe_too_far_before_is_not_gone_back_to(real: SandboxedClips, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LEAD", s(5))
    path = clip("sparse-keyframes.mp4")
    cut = real.clip(recording_of(path), span(20, 21))
    assert (cut.copied, cut.span) == (False, span(20, 21))
    assert len(pictures(cut.path)) == pytest.approx(25, abs=1)


def test_a_picture_that_stands_is_shown_as_long_as_was_asked(real: SandboxedClips, tmp_path: Path) -> None:
    path = Clip("still.mp4", [0, 1000, 9000], options=X264, gop=1).write(tmp_path)
    cut = real.clip(recording_of(path), span(3, 6))
    assert cut.span.start == s(1)
    with av.open(str(cut.path)) as container:
        assert container.duration is not None
        assert container.duration / 1_000_000 == pytest.approx(5, abs=0.1)


def test_in_a_gap_there_is_nothing_to_cut(real: SandboxedClips) -> None:
    recording = recording_of(clip("leap.mkv"))
    with pytest.raises(EmptyFootage):
        real.clip(recording, span(100, 110))
    assert len(pictures(real.clip(recording, span(7201, 7202)).path)) >= 25


def test_footage_whose_stamps_leap_is_cut_where_it_was_surveyed(real: SandboxedClips, tmp_path: Path) -> None:
    path = tmp_path / "twice.ts"
    path.write_bytes(clip("broadcast.ts").read_bytes() * 2)
    truth, cut = truth_of(clip("broadcast.ts")), real.clip(recording_of(path), span(13.3, 14.1))
    seen = decode_all(cut.path, SMALL).pictures
    assert cut.span.start > s(11)
    assert set(seen.values()) <= set(truth.pictures.values())


@pytest.mark.parametrize(
    ("name", "codec", "becomes"),
    [
        ("sound.mp4", "aac", "aac"),
        ("sound.mkv", "libopus", "opus"),
        ("sound.ts", "aac", "aac"),
        ("sound.avi", "pcm_s16le", "aac"),
        ("sound.mov", "libmp3lame", "mp3float"),
    ],
)
def test_sound_goes_along_and_stays_with_its_picture(
    real: SandboxedClips, tmp_path: Path, name: str, codec: str, becomes: str
) -> None:
    path = write_beep(tmp_path / name, codec)
    cut = real.clip(recording_of(path), span(2.4, 4.4))
    with av.open(str(cut.path)) as container:
        assert container.streams.audio[0].codec_context.name == becomes
    heard, flashed = onset(cut.path), flash(cut.path)
    assert flashed + cut.span.start.total_seconds() == pytest.approx(flash(path), abs=0.05)
    assert heard - flashed == pytest.approx(onset(path) - flash(path), abs=0.06)


def test_sound_alone_is_cut_too(real: SandboxedClips, tmp_path: Path) -> None:
    path = write_beep(tmp_path / "sound.mp4", "aac", seen=False)
    cut = real.clip(recording_of(path), span(2, 4))
    assert cut.span.start == pytest.approx(s(2), abs=s(0.05))
    assert onset(cut.path) + cut.span.start.total_seconds() == pytest.approx(onset(path), abs=0.05)
    with pytest.raises(BadMedia):
        real.thumbnail(recording_of(path), s(2))


@pytest.mark.parametrize("name", ["odd-groups.mkv", "broadcast.ts", "plain.avi", "vp9.webm"])
def test_of_damaged_footage_what_is_sound_is_cut(real: SandboxedClips, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = bytearray(clip(name).read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
    path.write_bytes(content[: len(content) * 8 // 10])
    recording = recording_of(path)
    for within in (span(0, 2), span(3.5, 5), span(5, 30)):
        with contextlib.suppress(BadMedia):
            assert real.clip(recording, within).path.stat().st_size > 0


def test_what_is_no_footage_is_an_error_of_media(real: SandboxedClips, tmp_path: Path) -> None:
    path = tmp_path / "no.mp4"
    path.write_bytes(b"ffconcat version 1.0\nfile 'b-frames.mp4'\n" * 20)
    with pytest.raises(BadMedia):
        real.clip(recording_of(path, length=ZERO), span(0, 1))
    with pytest.raises(BadMedia):
        real.thumbnail(recording_of(path, length=ZERO), s(0))


def test_another_file_is_not_shown_in_the_place_of_the_one_that_was_indexed(
    real: SandboxedClips, tmp_path: Path
) -> None:
    path = tmp_path / "one.mp4"
    path.write_bytes(clip("b-frames.mp4").read_bytes())
    recording = recording_of(path)
    real.clip(recording, span(1, 2))
    path.write_bytes(clip("short-groups.mp4").read_bytes())
    for call in (lambda: real.clip(recording, span(1, 2)), lambda: real.original(recording)):
        with pytest.raises(SourceChanged):
            call()


def test_a_recording_to_which_its_camera_adds_is_shown_as_far_as_it_has_come(
    real: SandboxedClips, tmp_path: Path
) -> None:
    content = clip("fragmented.mp4").read_bytes()
    path = tmp_path / "under way.mp4"
    path.write_bytes(content[: len(content) * 2 // 3])
    state = RecordingState.RECORDING
    recording = Recording("now", "now", str(path), "live:now", ZERO, state, camera="gate", kept=True)
    whole = recording_of(clip("fragmented.mp4"))
    assert real.thumbnail(recording, s(0.5)) == real.thumbnail(whole, s(0.5))
    so_far = real.clip(recording, Span(ZERO, whole.length))
    assert ZERO < so_far.span.length < whole.length
    path.write_bytes(content)
    assert real.clip(recording, Span(ZERO, whole.length)).span == real.clip(whole, Span(ZERO, whole.length)).span
    with real.original(recording) as file:
        assert file.read() == content


def test_what_was_not_used_for_longest_makes_room_and_half_clips_are_never_kept(tmp_path: Path) -> None:
    recording = recording_of(clip("b-frames.mp4"))
    wide = SandboxedClips(SandboxedReader(), tmp_path, most_bytes=2**26)
    one = wide.clip(recording, span(1, 2)).path.stat().st_size
    narrow = SandboxedClips(SandboxedReader(), tmp_path, most_bytes=one * 2 + 1000)
    cuts = [narrow.clip(recording, span(start, start + 1)) for start in (3, 5, 7)]
    assert cuts[-1].path.exists()
    assert sum(path.stat().st_size for path in (tmp_path / "clips").iterdir()) <= one * 2 + 1000
    with pytest.raises(CannotCut, match="MiB"):
        SandboxedClips(SandboxedReader(), tmp_path, most_bytes=1000).clip(recording, span(9, 10))
    assert not list((tmp_path / "clips").glob(".*"))
    kept.forget(tmp_path, recording.digest)
    assert not list((tmp_path / "clips").iterdir())


def test_a_clip_is_cut_once_for_all_who_ask_at_once(real: SandboxedClips) -> None:
    recording = recording_of(clip("b-frames.mp4"))
    with ThreadPoolExecutor(4) as threads:
        cuts: list[Cut] = list(threads.map(lambda _: real.clip(recording, span(1, 2)), range(4)))
    assert len({(cut.path, cut.path.stat().st_ino) for cut in cuts}) == 1


@pytest.mark.parametrize("name", ["b-frames.mp4", "variable-rate.mkv", "broadcast.ts", "edit-list.mp4", "vp9.webm"])
def test_a_still_is_the_picture_on_show(real: SandboxedClips, name: str) -> None:
    path = clip(name)
    truth = truth_of(path)
    times = sorted(time - truth.zero for time in truth.pictures)
    shown = max(time for time in times if time <= 2_345_000)
    recording = recording_of(path)
    at_once = real.thumbnail(recording, timedelta(microseconds=shown), 128)
    assert real.thumbnail(recording, s(2.345), 128) == at_once
    following = min(time for time in times if time > shown)
    assert real.thumbnail(recording, timedelta(microseconds=following), 128) != at_once


@cache
def truth_of(path: Path) -> Truth:
    return decode_all(path, SMALL)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def pictures(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def write_beep(path: Path, codec: str, *, seen: bool = True) -> Path:
    """Six seconds in which a beep and a white picture come at once, at ``BEEP``."""
    rate = 48_000
    time = np.arange(6 * rate) / rate
    wave = np.where((time >= BEEP) & (time < BEEP + 0.5), np.sin(2 * np.pi * 880 * time), 0)
    samples = (wave * 20_000).astype(np.int16)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options=dict(H264_B)) if seen else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
            video.time_base = video.codec_context.time_base = MILLISECONDS
            video.codec_context.gop_size = 50
        audio = container.add_stream(codec, rate=rate, layout="mono")
        for number in range(150):
            if video is not None:
                white = number / 25 >= BEEP
                image = np.full((96, 160, 3), 250, np.uint8) if white else picture(number) // 2
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number * 40, MILLISECONDS
                container.mux(video.encode(frame))
            part = samples[number * rate // 25 : (number + 1) * rate // 25]
            sound = av.AudioFrame.from_ndarray(part[None], format="s16", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = rate, number * rate // 25, Fraction(1, rate)
            container.mux(audio.encode(sound))
        for stream in (video, audio):
            if stream is not None:
                container.mux(stream.encode(None))
    return path


def onset(path: Path) -> float:
    """When the beep begins, on the container's axis."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        for decoded in container.decode(audio=0):
            for frame in resampler.resample(decoded):
                loud = np.abs(frame.to_ndarray().reshape(-1)) > 0.2
                if loud.any():
                    return float(decoded.time) + float(loud.argmax()) / frame.sample_rate
    raise AssertionError("nothing is to be heard")


def flash(path: Path) -> float:
    """When the picture turns white, on the container's axis."""
    return next(frame.time for frame in pictures(path) if frame.to_ndarray(format="gray").mean() > 200)
