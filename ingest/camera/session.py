"""Opens a camera in a confined child process, keeps what it sends and hands over what there is to look at."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ingest.camera.ahead import Ahead
from ingest.camera.feed import CannotOpen, Feed, Feeds
from ingest.camera.file import NoFile, RecordingFile
from ingest.camera.process import ChildLost, Process
from ingest.camera.wire import Alive, Begun, Bytes, Ended, Held, Look, Message, Order, Rolled
from ingest.plain import MICROSECOND
from videoqa.cameras import Camera, CameraState, ClockSource, Detail
from videoqa.errors import DiskFull, StorageError
from videoqa.media import Frame, Picture
from videoqa.ports.live import LiveFrame, LiveItem, Lost, RolledOver, Tuned

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WAITING_FRAMES = 2
# Beside frames: recordings that nobody asks for.
_WAITING_ITEMS = 64
_LEAST_ROLL = timedelta(seconds=1)
_POLL_SECONDS = 0.25
# How far from our clock the times of a child may be.
_BELIEVED = timedelta(minutes=2)
_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How cameras are watched.

    Attributes:
        roll: a recording ends at the first keyframe behind this length.
        stall: a session from which no picture came for this long is over.
        long_side, multiple: of the pictures that are looked at, as in ``Sampling``.
        memory: bytes of address space of one child.
        most_bytes: of one recording; a session that sends more is over.
        ahead: children that are begun for cameras that have gone, at most.
        reserve: bytes of the disk; where less would be free, nothing is recorded.
        room: after so long without room it is seen whether there is some again.
    """

    roll: timedelta = timedelta(minutes=10)
    stall: timedelta = timedelta(seconds=10)
    long_side: int = 768
    multiple: int = 32
    memory: int = 768 * 2**20
    max_pixels: int = 40_000_000
    most_bytes: int = 64 * 2**30
    ahead: int = 0
    reserve: int = 0
    room: timedelta = timedelta(seconds=30)

    @property
    def least_roll(self) -> timedelta:
        """What rolls over before that was not rolled over by a child of ours."""
        return min(self.roll, max(_LEAST_ROLL, self.roll / 10))

    def looks_at(self, picture: Picture) -> bool:
        """False where no child of ours makes ``picture`` so large."""
        return max(picture.width, picture.height) <= max(self.long_side, self.multiple)


class SandboxedCameras:
    """Implements ``LiveSource``; each session has a child process and a thread of its own."""

    def __init__(self, feeds: Feeds, settings: LiveSettings = LiveSettings()) -> None:
        self._feeds = feeds
        self._settings = settings
        self._ahead = Ahead(settings.ahead)

    @contextmanager
    def session(
        self, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
    ) -> Iterator[Iterator[LiveItem]]:
        try:
            with self._feeds.opened(camera.url) as feed:
                # Who is to inherit a descriptor cannot have been begun before that was there.
                ahead = self._ahead.taken() if feed.descriptor is None else None
                with (
                    Process(_order(feed, camera, self._settings), ahead) as process,
                    _Session(process, path_of, self._settings) as session,
                ):
                    yield session.items(stop)
            if session.gone and feed.descriptor is None:
                self._ahead.begin()
        except CannotOpen as error:
            yield iter([Lost(error.state, error.problem, datetime.now(UTC))])

    def close(self) -> None:
        """No camera that has gone is waited for any more."""
        self._ahead.close()


class _Session:
    """Takes what the child says on a thread of its own, so that nothing is lost while nobody asks for it.

    ``gone`` tells that the camera went, and may come back soon.
    """

    def __init__(self, process: Process, path_of: Callable[[datetime], str], settings: LiveSettings) -> None:
        self.gone = False
        self._process = process
        self._path_of = path_of
        self._settings = settings
        self._file: RecordingFile | NoFile | None = None
        # When room is looked for next; a disk that took nothing is not believed before that when it says it has some.
        self._room_at = 0.0
        self._asks = self._doubts = False
        self._started_at = _EPOCH
        self._clock = ClockSource.ARRIVAL
        self._length: timedelta | None = None
        # What the file holds for certain, and where what is under way begins in what the child takes for one recording.
        self._whole = self._since = timedelta(0)
        self._items = deque[LiveItem]()
        self._dropped = self._rolls = self._asked = 0
        self._begun = time.monotonic()
        self._failure: BaseException | None = None
        self._came = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def items(self, stop: Callable[[], bool]) -> Iterator[LiveItem]:
        asked = False
        while True:
            if not asked and stop():
                asked = True
                self._process.end()
            with self._came:
                self._came.wait_for(lambda: bool(self._items or self._failure), _POLL_SECONDS)
                item = self._items.popleft() if self._items else None
                if item is None and self._failure is not None:
                    raise self._failure
            if item is not None:
                yield item
                if isinstance(item, Lost):
                    return

    def __enter__(self) -> _Session:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()
        self._thread.join(self._process.grace)
        self._process.kill()
        self._thread.join()

    def _run(self) -> None:
        try:
            lost = self._end()
            self.gone = lost.state in (CameraState.OFFLINE, CameraState.STALLED)
            self._put(lost)
        except BaseException as error:  # noqa: BLE001 - whoever asks for the next item gets it
            with self._came:
                self._failure = error
                self._came.notify()
        finally:
            self._process.kill()
            with suppress(StorageError):
                self._close()

    def _end(self) -> Lost:
        try:
            end = self._ended()
        except ChildLost as error:
            end = Lost(error.state, error.problem, datetime.now(UTC), self._lasted)
            if self._process.ending:
                end = replace(end, state=CameraState.OFF, problem="")
        except StorageError as error:
            end = Lost(CameraState.OFFLINE, str(error), datetime.now(UTC), self._whole - self._since)
        try:
            self._close()
        except StorageError as error:
            end = replace(end, problem=str(error))
        return end

    def _ended(self) -> Lost:
        stall = self._settings.stall.total_seconds()
        for message in self._process.messages(stall):
            if isinstance(message, Ended):
                return Lost(message.state, message.problem, datetime.now(UTC), self._lasted)
            self._take(message)
        raise ChildLost(CameraState.OFFLINE, "what reads it ended")

    def _take(self, message: Message) -> None:
        match message:
            case Begun(width, height, codec, started_at, clock) if self._file is None:
                self._begin(started_at, clock)
                self._put(Tuned(width, height, codec, self._started_at, clock, self._kept))
            case Rolled(length, started_at, clock) if self._file is not None:
                self._roll(self._file.path, length, started_at, clock)
            case Bytes(length, data) if self._file is not None:
                self._lasts(length)
                self._write(self._file, data, length * MICROSECOND)
            case Alive(length) if self._file is not None:
                self._lasts(length)
            case Look(pts, picture) if self._file is not None and self._settings.looks_at(picture):
                at = pts * MICROSECOND
                self._check(self._started_at + at)
                # A decoder may be some pictures behind what is written.
                self._put(LiveFrame(Frame(max(at - self._since, timedelta(0)), picture), self._started_at + at))
            case Held():
                pass
            case _:
                raise ChildLost(CameraState.OFFLINE, "what reads it answered what was not asked")

    def _roll(self, path: str, length: int, started_at: int, clock: ClockSource) -> None:
        self._lasts(length)
        self._rolls += 1
        # A child that was taken over could make files without end.
        watched = timedelta(seconds=time.monotonic() - self._begun) + _BELIEVED
        short = length * MICROSECOND < self._settings.least_roll
        if short and self._asked:
            self._asked, self._rolls = self._asked - 1, self._rolls - 1
        elif short or self._rolls * self._settings.least_roll > watched:
            raise ChildLost(CameraState.OFFLINE, "what reads it ends recordings too soon")
        with self._came:
            if len(self._items) >= _WAITING_ITEMS:
                raise ChildLost(CameraState.OFFLINE, "nobody takes what was recorded of it")
        self._close()
        lasted = length * MICROSECOND - self._since
        self._begin(started_at, clock)
        self._put(RolledOver(path, lasted, self._started_at, clock, self._kept))

    def _begin(self, started_at: int, clock: ClockSource) -> None:
        try:
            begins = _EPOCH + started_at * MICROSECOND
        except OverflowError as error:
            raise ChildLost(CameraState.OFFLINE, "what reads it told no time of day") from error
        self._check(begins)
        self._file, self._asks = self._opened(begins), False
        self._started_at, self._clock = begins, clock
        self._length = self._whole = self._since = timedelta(0)

    def _opened(self, started_at: datetime) -> RecordingFile | NoFile:
        if not self._doubts or time.monotonic() >= self._room_at:
            self._doubts = False
            try:
                return RecordingFile(self._path_of(started_at), self._settings.most_bytes, self._settings.reserve)
            except DiskFull:
                self._wait_for_room()
        # Watching needs no room.
        return NoFile()

    @property
    def _kept(self) -> bool:
        return isinstance(self._file, RecordingFile)

    @property
    def _lasted(self) -> timedelta | None:
        """How long what is under way has lasted."""
        return None if self._length is None else self._length - self._since

    def _write(self, file: RecordingFile | NoFile, data: bytes | memoryview, until: timedelta) -> None:
        """``until`` is where the pictures in ``data`` end."""
        try:
            file.write(data)
            self._whole = max(self._whole, until)
        except DiskFull:
            self._end_for_want_of_room(file)
        # The next one begins at a keyframe, and is kept where there is room then.
        if not self._kept and not self._asks and time.monotonic() >= self._room_at:
            self._asks = True
            self._asked += 1
            self._process.roll()

    def _end_for_want_of_room(self, file: RecordingFile | NoFile) -> None:
        """What is written of it plays, and is over there; what the child goes on with is looked at alone."""
        self._file, lasted = NoFile(), self._whole
        self._doubts = True
        self._wait_for_room()
        with suppress(DiskFull):
            file.close()
        self._since = lasted
        self._put(RolledOver(file.path, lasted, self._started_at + lasted, self._clock, kept=False))

    def _wait_for_room(self) -> None:
        self._room_at = time.monotonic() + self._settings.room.total_seconds()

    def _lasts(self, length: int) -> None:
        lasts = length * MICROSECOND
        self._check(self._started_at + lasts)
        self._length = max(lasts, self._length or lasts)

    def _check(self, at: datetime) -> None:
        """A child that was taken over could put footage anywhere in time."""
        if abs(at - datetime.now(UTC)) > _BELIEVED:
            raise ChildLost(CameraState.OFFLINE, "its time stamps run away from the clock")

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _put(self, item: LiveItem) -> None:
        with self._came:
            if isinstance(item, LiveFrame):
                waiting = [at for at, each in enumerate(self._items) if isinstance(each, LiveFrame)]
                if len(waiting) >= _WAITING_FRAMES:
                    del self._items[waiting[0]]
                    self._dropped += 1
                item = replace(item, dropped=self._dropped)
            self._items.append(item)
            self._came.notify()


def _order(feed: Feed, camera: Camera, settings: LiveSettings) -> Order:
    address = urlsplit(feed.url)
    return Order(
        demuxer=feed.demuxer,
        url=feed.url,
        descriptor=feed.descriptor,
        paced=feed.paced,
        period=camera.period // MICROSECOND,
        keyframes_only=camera.detail is Detail.KEYFRAMES,
        long_side=settings.long_side,
        multiple=settings.multiple,
        roll=settings.roll // MICROSECOND,
        stall=settings.stall // MICROSECOND,
        port=(address.port or _RTSP_PORTS.get(address.scheme, 554)) if feed.url else None,
        memory=settings.memory,
        max_pixels=settings.max_pixels,
    )
