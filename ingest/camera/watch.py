"""What the child of a camera does with an open stream: records it, looks at it, and tells of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ingest.camera.feed import CannotOpen
from ingest.camera.parameters import Parameters
from ingest.camera.wall import WallClock
from ingest.camera.wire import Alive, Begun, Bytes, Ended, Look, Message, Order, Rolled
from ingest.clock import MICROSECONDS, microseconds
from ingest.pyav import Packet
from ingest.pyav.live import Live
from ingest.pyav.looking import Looks, time_of
from ingest.pyav.pixels import Scaler
from ingest.pyav.recorder import Recorder
from ingest.sampling import size_of
from videoqa.cameras import CameraState
from videoqa.media import Sampling

_SIGN_OF_LIFE = 1.0
# What was held up on the way comes at once; behind it everything comes when it happens.
_SETTLED = 0.01
_LONGEST_SETTLING = 1.0
_LEAP = 10 * MICROSECONDS
_BLIND = 30.0


class Watch:
    """One session, from its first keyframe on."""

    def __init__(self, live: Live, order: Order, tell: Callable[[Message], None], ending: Callable[[], bool]) -> None:
        self._live = live
        self._order = order
        self._tell = tell
        self._ending = ending
        self._wall = WallClock()
        self._looks = Looks(live, order.period, keyframes_only=order.keyframes_only)
        self._scaler = Scaler()
        self._parameters = Parameters(live.codec, live.video.codec_context.extradata)
        self._told = self._seen = self._heard = time.monotonic()
        self._last: int | None = None
        self._zero = self._wall_zero = 0
        self._length: int | None = None
        self._shown = -1

    def run(self) -> Ended:
        state, problem = CameraState.OFF, ""
        coming = self._from_keyframe()
        recorder: Recorder | None = None
        try:
            if first := self._settled(coming):
                self._begin(first[0])
                recorder = Recorder(self._live, self._zero)
                for packet in self._all(first, coming):
                    recorder = self._put(recorder, packet)
        except CannotOpen as error:
            state, problem = error.state, error.problem
        if recorder is not None:
            self._close(recorder)
        return Ended(state, problem, self._length)

    def _all(self, first: list[Packet[Any]], coming: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
        yield from first
        yield from coming

    def _from_keyframe(self) -> Iterator[Packet[Any]]:
        """What comes, from the first keyframe on, as long as nobody wants it to end."""
        begun = False
        for packet in self._live.packets():
            if self._ending():
                return
            now = time.monotonic()
            if packet.stream is self._live.video:
                self._heard = now
                begun = begun or packet.is_keyframe
                self._check(packet)
                self._wall.arrived(_time(packet), time.time_ns() // 1000)
            elif now - self._heard > self._order.stall / MICROSECONDS:
                raise CannotOpen(CameraState.STALLED, "it sends sound and no picture any more")
            if begun:
                yield packet
            elif now - self._told > max(_BLIND, self._order.stall / MICROSECONDS):
                raise CannotOpen(CameraState.STALLED, "it sends no keyframe")

    def _settled(self, coming: Iterator[Packet[Any]]) -> list[Packet[Any]]:
        """The first packets, up to where they come when they happen: only then is the wall clock known."""
        first: list[Packet[Any]] = []
        began = time.monotonic()
        while True:
            asked = time.monotonic()
            packet = next(coming, None)
            if packet is None:
                return []
            first.append(packet)
            now = time.monotonic()
            ordered = packet.stream is self._live.video and packet.dts is not None
            if (ordered and len(first) > 1 and now - asked > _SETTLED) or now - began > _LONGEST_SETTLING:
                order([each for each in first if each.stream is self._live.video])
                return first

    def _begin(self, first: Packet[Any]) -> None:
        self._wall.reported(self._live.reported)
        self._wall_zero, clock = self._wall.zero()
        self._zero = _order(first)
        context = self._live.video.codec_context
        self._say(Begun(context.width, context.height, self._live.codec, self._wall_zero + self._zero, clock))
        self._length = 0

    def _put(self, recorder: Recorder, packet: Packet[Any]) -> Recorder:
        shown, decoded = _time(packet), _order(packet)
        if packet.stream is not self._live.video:
            recorder.put(packet)
            self._tell_bytes(recorder)
            return recorder
        key = packet.is_keyframe
        if key and self._parameters.changed(packet):
            raise CannotOpen(CameraState.OFFLINE, "its picture changed its size or its kind")
        if key and decoded - self._zero >= self._order.roll:
            recorder = self._roll(recorder, decoded)
        lasts = microseconds(packet.duration or 0, packet.time_base)
        if not recorder.put(packet):
            return recorder
        self._length = max(self._length or 0, shown + lasts - self._zero)
        self._tell_bytes(recorder)
        picture = self._looks.take(packet, shown, key=key)
        now = time.monotonic()
        if picture is not None and (at := time_of(picture)) > self._shown:
            self._shown, self._seen = at, now
            size = size_of(picture.width, picture.height, self._sampling)
            self._say(Look(at, self._scaler.picture(picture, size)))
        elif now - self._seen > max(_BLIND, 3 * self._order.period / MICROSECONDS):
            raise CannotOpen(CameraState.BAD_CODEC, "what it sends does not decode")
        elif now - self._told > _SIGN_OF_LIFE:
            self._say(Alive(self._length))
        return recorder

    def _roll(self, recorder: Recorder, at: int) -> Recorder:
        self._length = at - self._zero
        self._close(recorder)
        self._wall.reported(self._live.reported)
        self._wall_zero, clock = self._wall.again(self._wall_zero)
        length, self._zero, self._length, self._shown = self._length, at, 0, -1
        self._looks.forget()
        self._say(Rolled(length, self._wall_zero + at, clock))
        return Recorder(self._live, self._zero)

    def _close(self, recorder: Recorder) -> None:
        with recorder:
            pass
        self._tell_bytes(recorder)

    def _check(self, packet: Packet[Any]) -> None:
        at = _order(packet)
        if self._last is not None and not -MICROSECONDS < at - self._last < _LEAP:
            raise CannotOpen(CameraState.OFFLINE, "its time stamps leapt")
        self._last = at

    def _tell_bytes(self, recorder: Recorder) -> None:
        if recorder.written:
            self._say(Bytes(self._length or 0, recorder.taken()))

    def _say(self, message: Message) -> None:
        self._told = time.monotonic()
        self._tell(message)

    @property
    def _sampling(self) -> Sampling:
        return Sampling(long_side=self._order.long_side, multiple=self._order.multiple)


def order(packets: list[Packet[Any]]) -> None:
    """Gives decoding stamps to the first packets of a stream that have none: one picture before another.

    FFmpeg has none for those that come before it knows how far pictures are reordered.
    """
    known = next((at for at, packet in enumerate(packets) if packet.dts is not None), len(packets))
    following = packets[known].dts if known < len(packets) else None
    for packet in reversed(packets[:known]):
        lasts = packet.duration or 1
        following = packet.pts if following is None else min(packet.pts, following - lasts)
        packet.dts = following


def _time(packet: Packet[Any]) -> int:
    return microseconds(packet.pts, packet.time_base)


def _order(packet: Packet[Any]) -> int:
    return microseconds(packet.pts if packet.dts is None else packet.dts, packet.time_base)
