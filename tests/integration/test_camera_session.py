"""A camera's session over a real server: what is recorded, what is looked at, and how faults are told."""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.camera.addresses import camera_policy
from ingest.camera.feed import Feed, Feeds
from ingest.camera.file import RecordingFile, mend
from ingest.camera.session import LiveSettings, SandboxedCameras
from ingest.camera.sources import Sources
from tests.needs import ROOT
from tests.rtsp.doors import Digest
from tests.rtsp.film import Film, shot_anew
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer
from tests.rtsp.troubles import Troubles
from videoqa.cameras import Camera, CameraState, ClockSource, Detail, StreamUrl
from videoqa.errors import DiskFull
from videoqa.ports import LiveFrame, LiveItem, Lost, RolledOver, Tuned

YARD = ROOT / "samples" / "yard.mp4"
SOURCES = Sources(camera_policy(private=True))
CANARY = "canary-5d1e"
SECOND = timedelta(seconds=1)
PATIENT = LiveSettings(stall=3 * SECOND)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def shown(folder: Path) -> Film:
    return shot_anew(YARD, folder / "h264.mp4", seconds=4)


@pytest.fixture(scope="module")
def with_sound(folder: Path) -> Path:
    """Four seconds with sound, a keyframe a second, and pictures that rest on later ones."""
    path = folder / "sound.mp4"
    options = {"preset": "veryfast", "threads": "1", "sliced-threads": "0"}
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=10, options=options)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        video.codec_context.gop_size, video.codec_context.max_b_frames = 10, 2
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for number in range(40):
            picture = np.full((96, 160, 3), 6 * number, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 16_000, 1600 * number
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


@dataclass
class Shelf:
    """Names the files of recordings, and keeps what came."""

    folder: Path
    paths: list[Path] = field(default_factory=list)
    items: list[LiveItem] = field(default_factory=list)

    def path_of(self, started_at: datetime) -> str:
        self.paths.append(self.folder / f"{len(self.paths)}.mp4")
        return str(self.paths[-1])

    @property
    def frames(self) -> list[LiveFrame]:
        return [item for item in self.items if isinstance(item, LiveFrame)]

    @property
    def tuned(self) -> Tuned:
        return next(item for item in self.items if isinstance(item, Tuned))

    @property
    def lost(self) -> Lost:
        lost = self.items[-1]
        assert isinstance(lost, Lost)
        return lost


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def play(
    url: str,
    shelf: Shelf,
    upon: Callable[[LiveItem], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    *,
    detail: Detail = Detail.FULL,
    period: timedelta = SECOND / 2,
    settings: LiveSettings = PATIENT,
) -> Shelf:
    """Takes a session to its end, and calls ``upon`` with each item."""
    camera = Camera("gate", "Gate", StreamUrl(url), datetime.now(UTC), period=period, detail=detail)
    with SandboxedCameras(SOURCES, settings).session(camera, shelf.path_of, stop) as items:
        for item in items:
            shelf.items.append(item)
            upon(item)
    return shelf


def packets(path: Path, kind: str) -> list[str]:
    """The packets of one kind as digests, without what a muxer puts before the units of a picture."""
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [sha256(bytes(packet)).hexdigest() for packet in container.demux(stream) if packet.size]


def fragments_of(data: bytes) -> list[int]:
    """Where each fragment of an MP4 begins."""
    return [found.start() - 4 for found in re.finditer(rb"moof", data)]


def children() -> list[int]:
    """The processes that read cameras for this one."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        # Threads and processes end while they are counted.
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                if b"ingest.camera.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def test_nothing_is_lost_or_double_where_recordings_meet(with_sound: Path, shelf: Shelf) -> None:
    play(f"file:{with_sound}", shelf, settings=LiveSettings(roll=SECOND))
    assert len(shelf.paths) == 4
    pictures = [packet for path in shelf.paths for packet in packets(path, "video")]
    assert pictures == packets(with_sound, "video")
    sound = [packet for path in shelf.paths for packet in packets(path, "audio")]
    whole = packets(with_sound, "audio")
    assert [packet for packet in whole if packet in set(sound)] == whole
    rolled = [item for item in shelf.items if isinstance(item, RolledOver)]
    assert [item.length for item in rolled] == [SECOND] * 3


def test_a_frame_stands_in_the_recording_at_its_time(with_sound: Path, shelf: Shelf) -> None:
    play(f"file:{with_sound}", shelf)
    (path,) = shelf.paths
    with av.open(str(path)) as container:
        pictures = {
            round(float(frame.pts * frame.time_base) * 1e6): frame.to_ndarray(format="rgb24").mean()
            for frame in container.decode(video=0)
        }
    assert len(pictures) == 40
    assert len(shelf.frames) >= 7
    for live in shelf.frames:
        seen = np.frombuffer(live.frame.picture.pixels, np.uint8).mean()
        assert abs(pictures[round(live.frame.pts / timedelta(microseconds=1))] - seen) < 2


def test_a_recording_that_is_cut_off_anywhere_plays_up_to_there(with_sound: Path, shelf: Shelf) -> None:
    """As by a machine without power."""
    play(f"file:{with_sound}", shelf)
    (path,) = shelf.paths
    data, whole = path.read_bytes(), packets(path, "video")
    fragments = fragments_of(data)
    assert len(fragments) >= 4
    chance = random.Random(8)
    cuts = {place + off for place in fragments[1:] for off in (-1, 0, 1, 4, 8, 40, 200)}
    cuts |= {chance.randrange(fragments[1], len(data)) for _ in range(60)} | {len(data) - 5}
    for cut in sorted(cuts):
        path.write_bytes(data[:cut])
        mend(str(path))
        have = packets(path, "video")
        complete = sum(place <= cut for place in fragments) - 1
        # A fragment may hold a last picture in part; that is the price, and no more.
        assert len(have) >= 9 * complete, cut
        assert have[:-1] == whole[: len(have) - 1], cut


def test_a_recording_plays_wherever_whoever_writes_it_is_killed(with_sound: Path, shelf: Shelf) -> None:
    play(f"file:{with_sound}", shelf)
    (path,) = shelf.paths
    data, whole = path.read_bytes(), packets(path, "video")
    fragments = fragments_of(data)
    killed = RecordingFile(str(path.with_name("killed.mp4")), 2**30)
    killed.write(data[: fragments[0]])
    for place, end in itertools.pairwise(fragments):
        before = path.with_name("killed.mp4").read_bytes()
        for part in (1, 8, 9, 100, end - place - 1, end - place):
            half = struct.pack("!I4s", end - place, b"free") + data[place + 8 : end]
            path.write_bytes(before + half[:part])
            if place > fragments[0]:
                assert packets(path, "video") == whole[: len(packets(path.with_name("killed.mp4"), "video"))]
        killed.write(data[place:end])
    killed.close()
    assert path.with_name("killed.mp4").read_bytes() == data[: fragments[-1]]


def test_what_is_recorded_so_far_can_be_read_while_more_comes(shown: Film, shelf: Shelf) -> None:
    lengths = list[int]()

    def look(item: LiveItem) -> None:
        if isinstance(item, LiveFrame) and item.frame.pts >= 2 * SECOND:
            lengths.append(len(packets(shelf.paths[0], "video")))

    with RtspServer({"gate": Channel(shown)}) as server:
        play(server.url("gate"), shelf, look, stop=lambda: len(lengths) > 3)
    assert lengths[0] >= 5
    assert lengths[-1] > lengths[0]
    assert len(packets(shelf.paths[0], "video")) >= lengths[-1]


@pytest.mark.parametrize(
    ("codec", "detail"),
    [("h264", Detail.FULL), ("h264", Detail.KEYFRAMES), ("hevc", Detail.KEYFRAMES), ("mjpeg", Detail.FULL)],
)
def test_every_codec_is_recorded_and_looked_at(codec: str, detail: Detail, folder: Path, shelf: Shelf) -> None:
    # RTP tells the size of a JPEG in steps of eight.
    film = shot_anew(YARD, folder / f"each-{codec}.mp4", seconds=2, codec=codec, size=(320, 192))
    with RtspServer({"gate": Channel(film)}) as server:
        play(server.url("gate"), shelf, stop=lambda: len(shelf.frames) > 2, detail=detail)
    assert shelf.lost.state is CameraState.OFF
    assert (shelf.tuned.width, shelf.tuned.height, shelf.tuned.codec) == (320, 192, codec)
    assert shelf.frames[0].frame.picture.width == 320
    spacing = shelf.frames[2].frame.pts - shelf.frames[1].frame.pts
    expected = SECOND if detail is Detail.KEYFRAMES and codec != "mjpeg" else SECOND / 2
    assert abs(spacing - expected) < SECOND / 5
    assert len(packets(shelf.paths[0], "video")) >= 10


def test_the_time_of_day_is_the_senders_where_it_can_be_believed(shown: Film, shelf: Shelf) -> None:
    before = datetime.now(UTC)
    with RtspServer({"gate": Channel(shown, clock_off=1.5)}) as server:
        play(server.url("gate"), shelf, stop=lambda: bool(shelf.frames))
    assert shelf.tuned.clock is ClockSource.RTCP
    assert before + SECOND < shelf.tuned.started_at


@pytest.mark.parametrize("channel", [{"clock_off": 86_400.0}, {"report_every": None}])
def test_the_time_of_day_is_that_of_arrival_otherwise(channel: dict[str, float], shown: Film, shelf: Shelf) -> None:
    before = datetime.now(UTC)
    with RtspServer({"gate": Channel(shown, **channel)}) as server:  # type: ignore[arg-type]
        play(server.url("gate"), shelf, stop=lambda: bool(shelf.frames))
    assert shelf.tuned.clock is ClockSource.ARRIVAL
    assert before - SECOND < shelf.tuned.started_at < datetime.now(UTC)


@pytest.mark.parametrize(
    ("path", "troubles", "state"),
    [
        ("gate", Troubles(refusal="403 Forbidden"), CameraState.AUTH_FAILED),
        ("elsewhere", Troubles(), CameraState.NOT_FOUND),
        ("gate", Troubles(refusal="503 Service Unavailable"), CameraState.OFFLINE),
    ],
)
def test_a_refusal_is_told_for_what_it_is(
    path: str, troubles: Troubles, state: CameraState, shown: Film, shelf: Shelf
) -> None:
    with RtspServer({"gate": Channel(shown, troubles=troubles)}) as server:
        play(server.url(path, f"admin:{CANARY}"), shelf)
    assert len(shelf.items) == 1
    assert shelf.lost.state is state
    assert shelf.lost.problem
    assert CANARY not in f"{shelf.lost}"


def test_a_wrong_password_is_told_and_shown_to_nobody(shown: Film, shelf: Shelf) -> None:
    with RtspServer({"gate": Channel(shown, door=Digest("admin", "right"))}) as server:
        play(server.url("gate", f"admin:{CANARY}"), shelf)
    assert shelf.lost.state is CameraState.AUTH_FAILED
    assert CANARY not in f"{shelf.lost}"


def test_the_password_stands_in_no_process_list(shown: Film, shelf: Shelf) -> None:
    told = list[bytes]()

    def look(item: LiveItem) -> None:
        told.extend(
            Path(f"/proc/{child}/{name}").read_bytes() for child in children() for name in ("cmdline", "environ")
        )

    with RtspServer({"gate": Channel(shown, door=Digest("admin", CANARY))}) as server:
        play(server.url("gate", f"admin:{CANARY}"), shelf, look, stop=lambda: bool(shelf.frames))
    assert told
    assert not any(CANARY.encode() in each for each in told)


def test_a_camera_that_sends_no_pictures_any_more_is_stalled(shown: Film, shelf: Shelf) -> None:
    troubles = Troubles()

    def stall(item: LiveItem) -> None:
        if isinstance(item, LiveFrame):
            troubles.stalled.set()

    with RtspServer({"gate": Channel(shown, troubles=troubles)}) as server:
        play(server.url("gate"), shelf, stall)
    assert shelf.lost.state is CameraState.STALLED
    assert shelf.lost.length is not None
    assert packets(shelf.paths[0], "video")


def test_a_line_that_breaks_ends_the_session_and_all_that_came_is_there(shown: Film, shelf: Shelf) -> None:
    with RtspServer({"gate": Channel(shown)}) as server:
        play(server.url("gate"), shelf, lambda _: len(shelf.frames) > 3 and server.cut())
    assert shelf.lost.state is CameraState.OFFLINE
    assert shelf.lost.length is not None
    count = len(packets(shelf.paths[0], "video"))
    assert abs(shelf.lost.length - count * SECOND / 10) < SECOND / 2
    assert timedelta(0) <= shelf.lost.length - shelf.frames[-1].frame.pts


def test_a_camera_that_comes_back_finds_a_child_that_waits(shown: Film, shelf: Shelf) -> None:
    source = SandboxedCameras(SOURCES, replace(PATIENT, ahead=1))

    def watch(server: RtspServer, upon: Callable[[], object]) -> list[int]:
        """The children there are while it is watched; ``upon`` is called once it is."""
        camera = Camera("gate", "Gate", StreamUrl(server.url("gate")), datetime.now(UTC), period=SECOND / 2)
        found = list[int]()
        with source.session(camera, shelf.path_of, lambda: False) as items:
            for item in items:
                if isinstance(item, Tuned):
                    found = children()
                    upon()
        return found

    with RtspServer({"gate": Channel(shown)}) as server:
        (first,) = watch(server, server.cut)
        deadline = time.monotonic() + 30
        # A process has no name for a moment.
        while not (waiting := children()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(waiting) == 1
        assert waiting != [first]
        assert watch(server, server.cut) == waiting
        source.close()
    assert not children()


def test_what_mpeg_4_part_2_sends_is_a_bad_codec(folder: Path, shelf: Shelf) -> None:
    path = folder / "old.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    play(f"file:{path}", shelf)
    assert shelf.lost.state is CameraState.BAD_CODEC
    assert "mpeg4" in shelf.lost.problem


@pytest.mark.parametrize(
    ("sent", "state"), [(signal.SIGKILL, CameraState.OFFLINE), (signal.SIGSTOP, CameraState.STALLED)]
)
def test_a_child_that_dies_or_hangs_costs_its_session_alone(
    sent: signal.Signals, state: CameraState, shown: Film, shelf: Shelf
) -> None:
    def strike(item: LiveItem) -> None:
        if isinstance(item, LiveFrame):
            for child in children():
                os.kill(child, sent)

    with RtspServer({"gate": Channel(shown)}) as server:
        play(server.url("gate"), shelf, strike, settings=LiveSettings(stall=SECOND))
        assert shelf.lost.state is state
        assert shelf.lost.length is not None
        assert not children()
        again = Shelf(shelf.folder / "again")
        play(server.url("gate"), again, stop=lambda: bool(again.frames))
        assert again.frames


def test_pictures_of_another_size_begin_another_session(folder: Path, shown: Film, shelf: Shelf) -> None:
    other = shot_anew(YARD, folder / "small.mp4", seconds=2, size=(160, 96))
    channel = Channel(shown)

    def change(item: LiveItem) -> None:
        if isinstance(item, LiveFrame):
            channel.film = other

    with RtspServer({"gate": channel}) as server:
        play(server.url("gate"), shelf, change)
        assert "size" in shelf.lost.problem
        again = Shelf(shelf.folder / "again")
        play(server.url("gate"), again, stop=lambda: bool(again.frames))
    assert (again.tuned.width, again.tuned.height) == (160, 96)
    with av.open(str(shelf.paths[0])) as container:
        assert {(frame.width, frame.height) for frame in container.decode(video=0)} == {(320, 180)}


def test_garbage_in_pictures_ends_no_session(shown: Film, shelf: Shelf) -> None:
    troubles, began = Troubles(), time.monotonic()

    def spoil(item: LiveItem) -> None:
        # It comes and goes, and the camera is looked at again behind it.
        if len(shelf.frames) == 2:
            troubles.garbled = 0.5

    def past() -> bool:
        if troubles.garbled and time.monotonic() - began > 6:
            troubles.garbled = 0.0
        return len(shelf.frames) > 6

    with RtspServer({"gate": Channel(shown, troubles=troubles)}) as server:
        play(server.url("gate"), shelf, spoil, stop=past, settings=LiveSettings(stall=10 * SECOND))
    assert shelf.lost.state is CameraState.OFF


def test_where_nothing_can_be_written_that_is_why_it_is_lost(shown: Film, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    shelf = Shelf(tmp_path / "taken" / "below")
    with RtspServer({"gate": Channel(shown)}) as server:
        play(server.url("gate"), shelf)
    assert shelf.lost.state is CameraState.OFFLINE
    assert "cannot be written" in shelf.lost.problem


def test_frames_that_nobody_takes_are_dropped_the_oldest_first_and_counted(shown: Film, shelf: Shelf) -> None:
    def dawdle(item: LiveItem) -> None:
        if isinstance(item, LiveFrame) and len(shelf.frames) == 1:
            time.sleep(4)

    with RtspServer({"gate": Channel(shown)}) as server:
        play(server.url("gate"), shelf, dawdle, stop=lambda: len(shelf.frames) > 4, period=SECOND / 5)
    assert shelf.frames[-1].dropped >= shelf.frames[0].dropped + 5
    (path,) = shelf.paths
    assert len(packets(path, "video")) >= 40, "packets never are"


@dataclass
class Piped:
    """Hands over a pipe into which ``blocks`` go; a word of the test's own about how they are to be read."""

    demuxer: str
    blocks: Callable[[], Iterator[bytes]]
    paced: bool = False

    @contextmanager
    def opened(self, url: StreamUrl) -> Iterator[Feed]:
        out, into = os.pipe()
        thread = threading.Thread(target=self._fill, args=(into,))
        thread.start()
        try:
            yield Feed(self.demuxer, descriptor=out, paced=self.paced)
        finally:
            os.close(out)
            thread.join()

    def _fill(self, into: int) -> None:
        with suppress(BrokenPipeError):
            for block in self.blocks():
                left = memoryview(block)
                while left:
                    left = left[os.write(into, left) :]
        os.close(into)


def taken(feeds: Feeds, shelf: Shelf, period: timedelta = SECOND / 2) -> Shelf:
    camera = Camera("gate", "Gate", StreamUrl("http://10.0.0.7/"), datetime.now(UTC), period=period)
    with SandboxedCameras(feeds, PATIENT).session(camera, shelf.path_of, lambda: False) as items:
        shelf.items.extend(items)
    return shelf


def test_pictures_that_come_by_a_pipe_are_stamped_when_they_come(folder: Path, shelf: Shelf) -> None:
    film = shot_anew(YARD, folder / "piped.mp4", seconds=5, codec="mjpeg", size=(320, 192))

    def blocks() -> Iterator[bytes]:
        for picture in film.pictures:
            (jpeg,) = picture.parts
            yield b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"
            time.sleep(0.1)

    began = datetime.now(UTC)
    taken(Piped("mpjpeg", blocks), shelf)
    assert shelf.tuned.clock is ClockSource.ARRIVAL
    assert began - SECOND < shelf.tuned.started_at
    assert (shelf.tuned.width, shelf.tuned.codec) == (320, "mjpeg")
    assert shelf.lost.state is CameraState.OFFLINE
    assert shelf.lost.length is not None
    # What came before the child was there comes at once; the rest at a tenth of a second each, and not a 25th.
    assert shelf.lost.length > 2.5 * SECOND
    assert len(packets(shelf.paths[0], "video")) >= 48
    assert len(shelf.frames) >= 3


def test_a_stream_that_comes_too_soon_is_played_at_its_pace(with_sound: Path, folder: Path, shelf: Shelf) -> None:
    path = folder / "sound.ts"
    with av.open(str(with_sound)) as source, av.open(str(path), "w", format="mpegts") as target:
        streams = {each.index: target.add_stream_from_template(each) for each in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    began = time.monotonic()
    taken(Piped("mpegts", lambda: iter([path.read_bytes()]), paced=True), shelf)
    assert time.monotonic() - began > 3.5, shelf.lost
    assert shelf.lost.state is CameraState.OFFLINE
    assert len(packets(shelf.paths[0], "video")) >= 38
    assert packets(shelf.paths[0], "audio")
    assert len(shelf.frames) >= 5


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    yield
    assert not children()


def test_recording_goes_on_at_the_next_keyframe_once_there_is_room(with_sound: Path, shelf: Shelf) -> None:
    full = [True]
    path_of = shelf.path_of

    def room(started_at: datetime) -> str:
        if full:
            full.pop()
            raise DiskFull(path=shelf.folder)
        return path_of(started_at)

    shelf.path_of = room  # type: ignore[method-assign]
    play(f"file:{with_sound}", shelf, settings=replace(PATIENT, room=timedelta(0)))
    (rolled,) = [item for item in shelf.items if isinstance(item, RolledOver)]
    assert (shelf.tuned.kept, rolled.path, rolled.kept) == (False, "", True)
    assert timedelta(0) < rolled.length <= 3 * SECOND
    (path,) = shelf.paths
    assert 10 <= len(packets(path, "video")) <= 30
