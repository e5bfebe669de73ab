"""Follows an HLS stream: its segments one after the other, as one run of bytes."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2

from ingest.camera.feed import CannotOpen
from ingest.camera.playlist import Playlist, Segment, read
from ingest.camera.web import Answer, Visit
from videoqa.cameras import CameraState

_BEHIND = 3
"""RFC 8216, 6.3.3: who begins closer to the end of a live stream may have to wait."""

_LEAST_WAIT = 1.0
"""Between two readings of a playlist: a long one costs all cameras of the process something."""


class Hls:
    """The stream of one camera from where it stands now.

    Raises:
        CannotOpen: it cannot be read.
    """

    def __init__(self, visit: Visit, first: Answer) -> None:
        self._visit = visit
        self._url = first.url
        self._playlist = read(first.text())
        if self._playlist.best:
            self._url = _joined(self._url, self._playlist.best)
            self._playlist = self._reread()
            if self._playlist.best:
                raise CannotOpen(CameraState.BAD_CODEC, "its HLS playlists lead on to one another")
        if not self._playlist.segments:
            raise CannotOpen(CameraState.OFFLINE, "its HLS playlist is empty")

    @property
    def demuxer(self) -> str:
        return "mov" if self._playlist.segments[0].head else "mpegts"

    def blocks(self) -> Iterator[bytes]:
        """Ends where the stream does, and where what follows does not go on from what was sent.

        Raises:
            CannotOpen: it breaks off.
        """
        first = self._playlist.segments[0 if self._playlist.ended else -_BEHIND :][0]
        due, head, begun = first.number, "", False
        while True:
            new = [segment for segment in self._playlist.segments if segment.number >= due]
            for segment in new:
                if begun and (segment.apart or segment.number > due):
                    return
                yield from self._parts(segment, head)
                due, head, begun = due + 1, segment.head, True
            if self._playlist.ended:
                return
            # RFC 8216, 6.3.4: half as long where nothing was new.
            if self._visit.ended.wait(max(_LEAST_WAIT, self._playlist.target * (1 if new else 0.5))):
                return
            self._playlist = self._reread()

    def _parts(self, segment: Segment, head: str) -> Iterator[bytes]:
        if segment.head != head:
            with self._visit.ask(_joined(self._url, segment.head)) as answer:
                yield from answer.blocks()
        with self._visit.ask(_joined(self._url, segment.address)) as answer:
            yield from answer.blocks()

    def _reread(self) -> Playlist:
        with self._visit.ask(self._url) as answer:
            return read(answer.text())


def _joined(url: httpx2.URL, address: str) -> httpx2.URL:
    try:
        return url.join(address)
    except (httpx2.InvalidURL, ValueError) as error:
        raise CannotOpen(CameraState.BAD_CODEC, "its HLS playlist names what is no address") from error
