"""The camera of the tests sends what a camera does: FFmpeg reads from it what is in the clip."""

from __future__ import annotations

import itertools
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import av
import pytest

from tests.needs import ROOT, missing, program
from tests.rtsp.doors import Basic, Digest, Door
from tests.rtsp.faulty_line import FaultyLine
from tests.rtsp.film import Film, film, shot_anew
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer

YARD = ROOT / "samples" / "yard.mp4"


Clip = Callable[..., Film]
QUICK = {"rtsp_transport": "tcp", "timeout": "10000000", "analyzeduration": "100000"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("clips")

    @cache
    def shot(codec: str = "h264", size: tuple[int, int] = (160, 96)) -> Film:
        return shot_anew(YARD, folder / f"{codec}{size[0]}.mp4", codec=codec, seconds=2, size=size, gop=5)

    return shot


def reading(url: str) -> Iterator[av.Packet]:
    """Packets as FFmpeg reads them, but for those at the beginning that it gives no time."""
    with av.open(url, options=QUICK) as container:
        yield from (packet for packet in container.demux(video=0) if packet.pts is not None)


def seconds(packet: av.Packet) -> float:
    assert packet.pts is not None
    assert packet.time_base is not None
    return float(packet.pts * packet.time_base)


def units_of(packet: av.Packet) -> list[bytes]:
    return [unit.rstrip(b"\0") for unit in bytes(packet).split(b"\0\0\1") if unit.strip(b"\0")]


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
def test_a_clip_is_read_over_and_over_without_a_jump(codec: str, clip: Clip) -> None:
    shown = clip(codec)
    with RtspServer({"gate": Channel(shown, speed=8)}) as server:
        packets = list(itertools.islice(reading(server.url("gate")), 2 * len(shown.pictures)))
        assert server.played == 1
    assert {round((seconds(b) - seconds(a)) * 1000) for a, b in itertools.pairwise(packets)} == {100}
    pictures = [frame for packet in packets for frame in packet.decode()]
    assert len(pictures) > len(shown.pictures)
    assert {(frame.width, frame.height) for frame in pictures} == {(shown.width, shown.height)}


def test_what_is_read_is_bit_for_bit_what_is_in_the_clip(clip: Clip) -> None:
    shown = clip()
    sent = {part for picture in shown.pictures for part in picture.parts}
    with RtspServer({"gate": Channel(shown, speed=8)}) as server:
        packets = list(itertools.islice(reading(server.url("gate")), len(shown.pictures)))
    for packet in packets:
        assert {*units_of(packet)} <= sent


def test_a_clip_whose_pictures_wait_for_later_ones_is_read_in_their_order() -> None:
    with RtspServer({"yard": Channel(film(YARD), speed=8)}) as server:
        packets = list(itertools.islice(reading(server.url("yard")), 60))
    decoded = [packet.dts for packet in packets if packet.dts is not None]
    assert decoded == sorted(decoded)
    assert any(packet.dts != packet.pts for packet in packets)


def test_it_reads_like_the_same_clip_from_gstreamers_server(clip: Clip, tmp_path: Path) -> None:
    shown, stored = clip(), tmp_path / "clip.mp4"
    shot_anew(YARD, stored, seconds=2, size=(160, 96), gop=5)
    with gstreamer(stored) as url:
        truth = list(reading(url))
    with RtspServer({"gate": Channel(shown)}) as server:
        ours = list(itertools.islice(reading(server.url("gate")), len(shown.pictures) + 10))
    assert len(truth) > 10
    sent = [(packet.is_keyframe, units_of(packet)) for packet in ours]
    # It repeats parameter sets less often.
    pictures = [(key, [unit for unit in units if unit[0] & 31 not in (7, 8)]) for key, units in sent]
    for packet in truth:
        kept = [unit for unit in units_of(packet) if unit[0] & 31 not in (7, 8)]
        assert (packet.is_keyframe, kept) in pictures
    assert {steps_of(truth), steps_of(ours)} == {(100,)}


def steps_of(packets: list[av.Packet]) -> tuple[int, ...]:
    return tuple(sorted({round((seconds(b) - seconds(a)) * 1000) for a, b in itertools.pairwise(packets)}))


@contextmanager
def gstreamer(clip: Path) -> Iterator[str]:
    """The address at which GStreamer's own RTSP server plays ``clip``; its parts come with the system's Python."""
    python = program("/usr/bin/python3")
    command = [python, str(ROOT / "tests" / "rtsp" / "gstreamer.py"), str(clip)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                missing(f"GStreamer's RTSP server is not installed ({process.stderr.read()[-200:].strip()})")
            yield url
        finally:
            process.kill()


@pytest.mark.parametrize("clock_off", [0.0, -3600.0])
def test_sender_reports_tell_the_clock_of_the_camera(clock_off: float, clip: Clip) -> None:
    channel = Channel(clip(), clock_off=clock_off, report_every=1)
    with RtspServer({"gate": channel}) as server:
        began = time.time()
        with av.open(server.url("gate"), options=QUICK) as container:
            packet = next(packet for packet in container.demux(video=0) if packet.pts is not None)
            wall = container.start_time_realtime / 1e6 + seconds(packet)
    assert began - 1 < wall - clock_off < time.time() + 1


@pytest.mark.parametrize("door", [Basic("admin", "pa ss:wörd"), Digest("admin", "pa ss:wörd")], ids=type)
def test_only_who_knows_the_password_sees_anything(door: Door, clip: Clip) -> None:
    with RtspServer({"gate": Channel(clip(), door=door)}) as server:
        assert next(reading(server.url("gate", "admin:pa%20ss:w%C3%B6rd"))).size
        for user in ("", "admin:wrong", "root:pa%20ss:w%C3%B6rd"):
            with pytest.raises(av.error.HTTPUnauthorizedError):
                next(reading(server.url("gate", user)))
    assert server.played == 1


def test_what_is_not_there_is_not_found_and_nobody_answers_when_it_is_down(clip: Clip) -> None:
    with RtspServer({"gate": Channel(clip())}) as server:
        with pytest.raises(av.error.HTTPNotFoundError):
            next(reading(server.url("yard")))
        url = server.url("gate")
    with pytest.raises(av.error.ConnectionRefusedError):
        next(reading(url))
    server.start()
    assert server.url("gate") == url
    assert next(reading(url)).size
    server.stop()


def test_another_film_takes_over_with_its_own_size(clip: Clip) -> None:
    channel = Channel(clip(), speed=8)
    with RtspServer({"gate": channel}) as server:
        sizes = list[int]()
        for packet in reading(server.url("gate")):
            sizes += [frame.width for frame in packet.decode()]
            if len(sizes) == 5:
                channel.film = clip(size=(320, 192))
            if sizes and sizes[-1] == 320:
                break
    assert sizes[0] == 160


def test_a_stalled_camera_goes_on_with_a_keyframe_at_the_time_that_it_is(clip: Clip) -> None:
    channel = Channel(clip(), speed=8)
    with RtspServer({"gate": channel}) as server:
        packets = reading(server.url("gate"))
        before = [next(packets) for _ in range(10)][-1]
        channel.troubles.stalled.set()
        time.sleep(0.5)
        channel.troubles.stalled.clear()
        after = next(packet for packet in packets if seconds(packet) - seconds(before) > 1)
        assert after.is_keyframe


def test_a_lossy_line_still_carries_pictures_and_a_garbled_one_other_bytes(clip: Clip) -> None:
    channel = Channel(clip(), speed=8)
    channel.troubles.lost = channel.troubles.garbled = 0.2
    damaged = good = 0
    with RtspServer({"gate": channel}) as server:
        for packet in itertools.islice(reading(server.url("gate")), 60):
            try:
                good += len(packet.decode())
            except av.error.InvalidDataError:
                damaged += 1
    assert good
    assert damaged


def test_a_line_is_cut_and_stalled_and_comes_back(clip: Clip) -> None:
    with RtspServer({"gate": Channel(clip(), speed=8)}) as server, FaultyLine(server.port) as line:
        packets = reading(line.url("gate"))
        assert next(packets).size
        line.cut()
        assert list(packets) is not None, "it ends without an error"
        line.stall()
        with (
            pytest.raises((TimeoutError, av.error.FFmpegError)),
            av.open(line.url("gate"), options={"rtsp_transport": "tcp", "timeout": "500000"}),
        ):
            pass
        line.stop()
        with pytest.raises(av.error.ConnectionRefusedError):
            next(reading(line.url("gate")))
        line.start()
        assert next(reading(line.url("gate"))).size
        assert line.passed == 3


def test_a_line_garbles_what_comes_over_it(clip: Clip) -> None:
    sent = {part for picture in clip().pictures for part in picture.parts}
    with RtspServer({"gate": Channel(clip(), speed=8)}) as server, FaultyLine(server.port, seed=3) as line:
        packets = reading(line.url("gate"))
        assert next(packets).size
        line.delay, line.garbled = 0.01, 0.5
        read = [unit for packet in itertools.islice(packets, 60) for unit in units_of(packet)]
        line.cut()
    assert not {*read} <= sent
