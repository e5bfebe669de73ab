"""Sends the pictures of a film over and over, as RTP packets with sender reports between them (RFC 3550)."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.rtsp.description import PAYLOAD_TYPE
from tests.rtsp.doors import Door, Open
from tests.rtsp.film import CLOCK, Film
from tests.rtsp.payload import payloads
from tests.rtsp.troubles import Troubles

_1900 = 2_208_988_800
"""Seconds from the beginning of NTP's time to that of Unix's."""
SOURCE = 0x0CAFE
_RTP = struct.Struct("!BBHII")
_REPORT = struct.Struct("!BBHIIIIII")


@dataclass
class Channel:
    """What stands at one path. It may be changed while it plays: another film takes over at its first keyframe.

    ``speed`` plays faster than time stamps tell, and sender reports with it; a report comes with the first picture and
    then every ``report_every`` seconds of film, None for never. ``clock_off`` is how many seconds its clock goes wrong.
    ``shared`` has one time line for all who look, as a camera has; without it the film begins anew for each of them.
    """

    film: Film
    door: Door = field(default_factory=Open)
    troubles: Troubles = field(default_factory=Troubles)
    speed: float = 1.0
    report_every: float | None = 5.0
    clock_off: float = 0.0
    shared: bool = False


class Player:
    """Sends the pictures of a channel when they are due, numbered and stamped without a jump over the film's end."""

    def __init__(self, channel: Channel, interleaved: tuple[int, int], began: float) -> None:
        self._channel = channel
        self._media, self._control = interleaved
        self._began = began if channel.shared else time.monotonic()
        self._wall = time.time() - (time.monotonic() - self._began)
        self._number = 65_000
        self._packets = self._octets = 0
        self._reported: float | None = None
        self._ready = dict[int, list[bytes]]()

    def run(self, ended: threading.Event, send: Callable[[bytes], None], count: Callable[[], None]) -> None:
        channel, film, at = self._channel, self._channel.film, 0
        waiting = True
        late = round((time.monotonic() - self._began) * channel.speed * CLOCK)
        loop_at = late // film.length * film.length
        while not ended.is_set():
            picture = film.pictures[at]
            if picture.key and channel.film is not film:
                loop_at += picture.due
                film, at = channel.film, 0
                self._ready.clear()
                continue
            due = loop_at + picture.due
            at += 1
            if at == len(film.pictures):
                at, loop_at = 0, loop_at + film.length
            if due < late:
                continue
            wait = self._began + due / CLOCK / channel.speed - time.monotonic()
            if wait > 0 and ended.wait(wait):
                return
            waiting = (waiting and not picture.key) or channel.troubles.stalled.is_set()
            if waiting:
                continue
            stamp = due - picture.due + picture.shown
            send(self._report(stamp, due) + self._packed(film, (at or len(film.pictures)) - 1, stamp))
            count()

    def _packed(self, film: Film, index: int, stamp: int) -> bytes:
        """One picture as interleaved RTP packets."""
        if index not in self._ready:
            self._ready[index] = payloads(film, film.pictures[index])
        pieces, kind, out = self._ready[index], PAYLOAD_TYPE[film.codec], list[bytes]()
        for place, piece in enumerate(pieces):
            self._number = self._number + 1 & 0xFFFF
            if (sent := self._channel.troubles.on_the_way(piece)) is None:
                continue
            last = 0x80 if place == len(pieces) - 1 else 0
            packet = _RTP.pack(0x80, last | kind, self._number, stamp & 0xFFFFFFFF, SOURCE) + sent
            out.append(struct.pack("!cBH", b"$", self._media, len(packet)) + packet)
            self._packets += 1
            self._octets += len(sent)
        return b"".join(out)

    def _report(self, stamp: int, due: int) -> bytes:
        """A sender report where one is due: which wall clock the time stamp ``stamp`` stands for."""
        every, now = self._channel.report_every, due / CLOCK
        if every is None or now < self._channel.troubles.first_report_after:
            return b""
        if self._reported is not None and now - self._reported < every:
            return b""
        self._reported = now
        wall = self._wall + stamp / CLOCK + _1900 + self._channel.clock_off
        whole, part = int(wall), int(wall % 1 * 2**32)
        counts = (self._packets & 0xFFFFFFFF, self._octets & 0xFFFFFFFF)
        report = _REPORT.pack(0x80, 200, 6, SOURCE, whole, part, stamp & 0xFFFFFFFF, *counts)
        return struct.pack("!cBH", b"$", self._control, len(report)) + report
