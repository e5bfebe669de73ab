"""Every way in which a camera is opened: RTSP through a relay, HTTP fetched here, and files for trying things out."""

from __future__ import annotations

import logging
import os
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from ingest.addresses import Policy
from ingest.camera.addresses import Place, path_of, place_of
from ingest.camera.feed import CannotOpen, Feed
from ingest.camera.hls import Hls
from ingest.camera.relay import relayed
from ingest.camera.web import Visit
from ingest.pinning import Refused
from videoqa.cameras import CameraState, StreamUrl
from videoqa.errors import BadCamera

_PLAYLISTS = frozenset({"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"})
_STREAMS = {"multipart/x-mixed-replace": "mpjpeg", "video/mp2t": "mpegts"}
_PATIENCE = 15.0
_log = logging.getLogger(__name__)


class Sources:
    """Implements ``Feeds``. ``context`` is that of HTTPS, with the authorities that are trusted."""

    def __init__(self, policy: Policy, context: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._context = context or ssl.create_default_context()

    @contextmanager
    def opened(self, url: StreamUrl) -> Iterator[Feed]:
        with ExitStack() as stack:
            try:
                feed = stack.enter_context(self._source(url))
            except BadCamera as error:
                raise CannotOpen(CameraState.OFFLINE, str(error.fields["problem"])) from error
            except Refused as error:
                raise CannotOpen(CameraState.OFFLINE, str(error)) from error
            yield feed

    @contextmanager
    def _source(self, url: StreamUrl) -> Iterator[Feed]:
        if url.scheme == "file":
            with _played(path_of(url)) as feed:
                yield feed
            return
        place = place_of(url)
        with relayed(place, self._policy) if place.scheme == "rtsp" else self._fetched(place) as feed:
            yield feed

    @contextmanager
    def _fetched(self, place: Place) -> Iterator[Feed]:
        visit = Visit(place, self._policy, self._context)
        with ExitStack() as stack:
            stack.callback(visit.close)
            answer = stack.enter_context(visit.ask())
            if answer.kind in _PLAYLISTS or answer.url.path.lower().endswith((".m3u8", ".m3u")):
                stream = Hls(visit, answer)
                demuxer, blocks, paced = stream.demuxer, stream.blocks(), True
            elif answer.kind in _STREAMS:
                demuxer, blocks, paced = _STREAMS[answer.kind], answer.blocks(), False
            else:
                kind = answer.kind or "what it does not name"
                raise CannotOpen(CameraState.BAD_CODEC, f"it sends {kind[:60]}, and neither MJPEG nor HLS")
            with _piped(blocks, visit) as descriptor:
                yield Feed(demuxer, descriptor=descriptor, paced=paced)


@contextmanager
def _played(path: str) -> Iterator[Feed]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CannotOpen(CameraState.NOT_FOUND, f"the file cannot be opened ({error.strerror})") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CannotOpen(CameraState.BAD_CODEC, "it is no file")
        os.set_blocking(descriptor, True)
        yield Feed("", descriptor=descriptor, paced=True)
    finally:
        os.close(descriptor)


@contextmanager
def _piped(blocks: Iterator[bytes], visit: Visit) -> Iterator[int]:
    """The end of a pipe into which ``blocks`` go, as fast as somebody reads them."""
    out, into = os.pipe()
    thread = threading.Thread(target=_fill, args=(blocks, into, visit), name="camera fetcher", daemon=True)
    thread.start()
    try:
        yield out
    finally:
        # Whoever still writes is told by the pipe that nobody reads.
        os.close(out)
        visit.end()
        thread.join(_PATIENCE)


def _fill(blocks: Iterator[bytes], into: int, visit: Visit) -> None:
    try:
        with suppress(BrokenPipeError):
            for block in blocks:
                left = memoryview(block)
                while left:
                    left = left[os.write(into, left) :]
    except CannotOpen as error:
        if not visit.ended.is_set():
            _log.info("a camera's stream broke off: %s", error)
    finally:
        os.close(into)
