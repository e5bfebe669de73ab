"""What the child of a camera does with an open stream: records it, looks at it, and tells of both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain

from ingest.camera.feed import CannotOpen
from ingest.camera.parameters import Parameters
from ingest.camera.wall import WallClock
from ingest.camera.wire import Alive, Begun, Bytes, Ended, Look, Message, Order, Rolled
from ingest.clock import MICROSECONDS
from ingest.pyav.live import Live, Sent
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
    """One session, from its first keyframe on.

    Args:
        rolling: set where the recording under way is to end at the next keyframe, however long it is.
    """

    def __init__(
        self,
        live: Live,
        order: Order,
        tell: Callable[[Message], None],
        ending: Callable[[], bool],
        rolling: threading.Event,
    ) -> None:
        self._live = live
        self._order = order
        self._tell = tell
        self._ending = ending
        self._rolling = rolling
        self._wall = WallClock()
        self._looks = Looks(live, order.period, keyframes_only=order.keyframes_only)
        self._scaler = Scaler()
        self._parameters = Parameters(live.codec, live.video.codec_context.extradata)
        self._ticks = live.ticks(live.video)
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
                for sent in chain(first, coming):
                    recorder = self._put(recorder, sent)
        except CannotOpen as error:
            state, problem = error.state, error.problem
        if recorder is not None:
            self._close(recorder)
        return Ended(state, problem, self._length)

    def _from_keyframe(self) -> Iterator[Sent]:
        """What comes, from the first keyframe on, as long as nobody wants it to end."""
        begun = False
        for sent in self._live.packets():
            if self._ending():
                return
            now = time.monotonic()
            if sent.is_video:
                self._heard = now
                begun = begun or sent.packet.is_keyframe
                self._check(sent)
                self._wall.arrived(sent.shown, time.time_ns() // 1000)
            elif now - self._heard > self._order.stall / MICROSECONDS:
                raise CannotOpen(CameraState.STALLED, "it sends sound and no picture any more")
            if begun:
                yield sent
            elif now - self._told > max(_BLIND, self._order.stall / MICROSECONDS):
                raise CannotOpen(CameraState.STALLED, "it sends no keyframe")

    def _settled(self, coming: Iterator[Sent]) -> list[Sent]:
        """The first packets, up to where they come when they happen: only then is the wall clock known."""
        first: list[Sent] = []
        began = time.monotonic()
        while True:
            asked = time.monotonic()
            sent = next(coming, None)
            if sent is None:
                return []
            first.append(sent)
            now = time.monotonic()
            ordered = sent.is_video and sent.packet.dts is not None
            if (ordered and len(first) > 1 and now - asked > _SETTLED) or now - began > _LONGEST_SETTLING:
                order([each for each in first if each.is_video], *self._ticks)
                return first

    def _begin(self, first: Sent) -> None:
        self._wall.reported(self._live.reported)
        self._wall_zero, clock = self._wall.zero()
        self._zero = first.decoded
        context = self._live.video.codec_context
        self._say(Begun(context.width, context.height, self._live.codec, self._wall_zero + self._zero, clock))
        self._length = 0

    def _put(self, recorder: Recorder, sent: Sent) -> Recorder:
        packet, shown, decoded = sent.packet, sent.shown, sent.decoded
        if not sent.is_video:
            recorder.put(packet)
            self._tell_bytes(recorder)
            return recorder
        key = packet.is_keyframe
        # Damage looks like a change too, and no decoder takes it for a picture.
        if key and self._parameters.changed(packet) and self._live.decodes(packet):
            raise CannotOpen(CameraState.OFFLINE, "its picture changed its size or its kind")
        if key and (decoded - self._zero >= self._order.roll or self._is_told_to_roll(decoded)):
            recorder = self._roll(recorder, decoded)
        many, few = self._ticks
        lasts = (packet.duration or 0) * many // few
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

    def _is_told_to_roll(self, at: int) -> bool:
        return at > self._zero and self._rolling.is_set()

    def _roll(self, recorder: Recorder, at: int) -> Recorder:
        self._rolling.clear()
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

    def _check(self, sent: Sent) -> None:
        at = sent.decoded
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


def order(first: list[Sent], many: int, few: int) -> None:
    """Gives decoding stamps to the first packets of a stream that have none: one picture before another.

    FFmpeg has none for those that come before it knows how far pictures are reordered. A unit of the stream's time is
    ``many`` by ``few`` microseconds.
    """
    known = next((at for at, sent in enumerate(first) if sent.packet.dts is not None), len(first))
    following = first[known].packet.dts if known < len(first) else None
    for sent in reversed(first[:known]):
        packet = sent.packet
        shown = packet.pts or 0
        following = shown if following is None else min(shown, following - (packet.duration or 1))
        packet.dts, sent.decoded = following, following * many // few
