"""An open container: what it is, its packets and their times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

import av
import av.logging
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ingest.clock import MICROSECONDS, Clock, microseconds, zero_of
from ingest.limits import Limits
from ingest.nal import H264
from ingest.plan import Coded
from ingest.pyav.container import best, created_at, opened, restrain
from ingest.pyav.decoder import Decoder, out_of_memory
from ingest.pyav.pieces import TEXT_CODECS, Line, Piece, texts
from videoqa.errors import EmptyFootage, FootageTooLarge

_PACKETS_TO_FIRST_PICTURE = 300
# How far behind a sought time the search for its keyframe goes on, in microseconds.
_BEHIND = 5_000_000
_FURTHER_BACK = 20_000_000


@contextmanager
def open_footage(url: str, limits: Limits) -> Iterator[Footage]:
    """Opens ``url``, which begins with ``file:``.

    Raises:
        NotFootage: it is in none of the formats that are opened.
        FootageTooLarge: it has more streams, or larger pictures, than ``limits`` allow.
    """
    # A decoder that conceals damage tells of it here alone; on sound footage it says nothing at this level.
    av.logging.set_level(av.logging.ERROR)
    # Two pictures may be damaged in the same way, and be with decoders on two threads: PyAV would tell of the first.
    av.logging.set_skip_repeated(False)
    with ExitStack() as stack:
        container = stack.enter_context(opened(url))
        if len(container.streams) > limits.max_streams:
            raise FootageTooLarge(
                what="a number of streams",
                value=len(container.streams),
                limit=limits.max_streams,
                setting="VIDEOQA_MAX_STREAMS",
            )
        yield Footage(url, container, limits, stack)


class Footage:
    """An open container and its best video stream."""

    def __init__(self, url: str, container: InputContainer, limits: Limits, stack: ExitStack) -> None:
        self.container = container
        self.video = best(container)
        self.broken = False
        self._url = url
        self._limits = limits
        self._open = stack
        self._decoders = 0
        self._clock = Clock(self._time_base, self.zero)
        if self.video is not None:
            restrain(self.video, limits)

    @cached_property
    def counted(self) -> bool:
        """True where the pictures' times are not in their packets and have to be counted.

        AVI knows no presentation times. ffmpeg makes some up from the order of the packets, which for reordered
        pictures are those of others; so does it where a stream has no stamps at all.
        """
        video = self._need_video()
        return self.container.format.name == "avi" and bool(video.codec_context.has_b_frames)

    @property
    def leaps(self) -> int:
        """How often the stamps of the packets so far have leapt."""
        return self._clock.leaps

    @cached_property
    def zero(self) -> int:
        """Where on the container's axis the recording begins, in microseconds."""
        stream = self.video or next(iter(self.container.streams.audio), None)
        if stream is None or stream.start_time is None or stream.time_base is None:
            return 0
        return zero_of(microseconds(stream.start_time, stream.time_base))

    @cached_property
    def _time_base(self) -> Fraction:
        return (self.video and self.video.time_base) or Fraction(1, MICROSECONDS)

    @property
    def codec(self) -> str:
        return self._need_video().codec_context.name

    @property
    def path(self) -> str:
        return self._url.removeprefix("file:")

    @property
    def pixels(self) -> int:
        """Of one picture."""
        context = self._need_video().codec_context
        return max(1, context.width * context.height)

    @property
    def claimed(self) -> timedelta | None:
        """The duration the container states."""
        duration = self.container.duration
        return None if duration is None or duration <= 0 else timedelta(microseconds=duration)

    @property
    def created_at(self) -> datetime | None:
        """The creation time the container states, in UTC."""
        return created_at(self.container)

    def pieces(self) -> Iterator[Piece | Line]:
        """Every packet of picture and sound, and every line of text, in the order of the file; nothing is decoded."""
        known = {stream.index: stream for stream in self._listened_to()}
        for stream in self.container.streams:
            if stream.index not in known:
                stream.discard = Discard.all
        for packet in self._demux(*known.values()):
            stream, base = packet.stream, packet.time_base
            stamp = packet.dts if stream is self.video and self.counted else packet.pts
            stamp = packet.dts if stamp is None else stamp
            if stamp is None:
                continue
            is_video = stream is self.video
            duration = packet.duration or (self._one_picture if is_video else 0)
            if stream.type != "subtitle":
                yield Piece(stream.index, is_video, stamp, packet.dts, duration, base, packet.is_discard)
                continue
            start = timedelta(microseconds=microseconds(stamp, base) - self.zero)
            end = start + timedelta(microseconds=microseconds(duration, base))
            for text in texts(packet):
                yield Line(start, end, text, stream.language, f"track {stream.index}")

    def first_size(self) -> tuple[int, int] | None:
        """Width and height of the first picture that decodes, as shown; None where none does."""
        video = self._need_video()
        if not self._seek(video, None):
            return None
        decoder = self.decoder()
        for coded, _ in zip(self._coded(video), range(_PACKETS_TO_FIRST_PICTURE), strict=False):
            for _, frame in decoder.decode(coded)[0]:
                return self.size_as_shown(frame)
        return next((self.size_as_shown(frame) for _, frame in decoder.settle()), None)

    def size_as_shown(self, frame: VideoFrame) -> tuple[int, int]:
        """Width and height of the footage, turned as ``frame`` is."""
        context = self._need_video().codec_context
        size = context.width or frame.width, context.height or frame.height
        # Other decoders have turned it already.
        turned = frame.rotation % 180 or (frame.width, frame.height) == size[::-1]
        return size[::-1] if turned else size

    def _listened_to(self) -> list[Stream]:
        """The best video stream, all sound, and all text; where there is a picture, no other one."""
        text = [stream for stream in self.container.streams.subtitles if stream.codec_context.name in TEXT_CODECS]
        return [*([self.video] if self.video else []), *self.container.streams.audio, *text]

    def packets(self, since: int) -> Iterator[Coded[Packet[VideoStream]]]:
        """The packets of the video stream in decoding order, from the keyframe at ``since`` microseconds on."""
        video = self._need_video()
        for stream in self.container.streams:
            if stream is not video:
                stream.discard = Discard.all
        if since <= 0:
            yield from self._coded(video)
            return
        # Where the stamps leapt, the same stamp may be met twice: only a keyframe at this very time is the right one.
        for attempt in (since + self.zero, None):
            if not self._seek(video, attempt):
                continue
            found = False
            for coded in self._coded(video):
                found = found or (coded.key and coded.time == since)
                if found:
                    yield coded
                elif attempt is not None and coded.time > since + _BEHIND:
                    break
            if found:
                return

    def packets_near(self, time: int, *, leaps: bool) -> Iterator[Coded[Packet[VideoStream]]]:
        """The packets from the last keyframe on that is shown no later than ``time`` microseconds.

        From the first one where there is none, and sought from the beginning of the file where its stamps leap.
        """
        video = self._need_video()
        for stream in self.container.streams:
            if stream is not video:
                stream.discard = Discard.all
        # Without an index a seek lands between keyframes.
        attempts = [] if leaps else [time, time - _FURTHER_BACK]
        for attempt in [*(self.zero + before for before in attempts if before > 0), None]:
            if not self._seek(video, attempt):
                continue
            # In mid-footage a keyframe that merely begins a refresh has something better before it.
            coming = self._coded(video, begun=attempt is not None)
            held: list[Coded[Packet[VideoStream]]] = []
            for coded in coming:
                begins = coded.key and not coded.hidden
                if begins and coded.time <= time:
                    held.clear()
                held.append(coded)
                if coded.time > time + _BEHIND or (begins and coded.time > time):
                    break
            if attempt is None or any(coded.key and coded.time <= time for coded in held):
                yield from held
                yield from coming
                return

    def _seek(self, video: VideoStream, time: int | None) -> bool:
        """Goes to the last keyframe not after ``time`` microseconds on the container's axis, or to the beginning."""
        self._clock = Clock(self._time_base, self.zero)
        try:
            if time is None:
                # A seek to the very stamp of the first packet lands behind it where the counter turns over.
                self.container.seek(self.zero - _BEHIND if self.zero < 0 else 0)
            else:
                offset = int(time / MICROSECONDS / self._time_base)
                self.container.seek(offset, stream=video, backward=True)
        except FFmpegError:
            return False
        return True

    def _coded(self, video: VideoStream, *, begun: bool = False) -> Iterator[Coded[Packet[VideoStream]]]:
        clock, last = self._clock, 0
        for packet in self._demux(video):
            stamp = packet.dts if self.counted else packet.pts
            if stamp is None:
                yield Coded(packet, last, 0, packet.size, key=False, hidden=True)
                continue
            duration = packet.duration or self._one_picture
            last = clock.at(stamp, packet.dts, duration)
            length = microseconds(duration, self._time_base)
            # Footage that begins in mid-refresh has nothing better to begin with than its first keyframe.
            key = packet.is_keyframe and (not begun or self._is_key(packet))
            begun = begun or key
            yield Coded(packet, last, length, packet.size, key, packet.is_discard or last < 0)

    def _is_key(self, packet: Packet[VideoStream]) -> bool:
        """True where decoding may begin with the keyframe ``packet``."""
        if self.codec == "h264":
            picture = bytes(packet)
            return self._h264.is_idr(picture) if self.counted else self._h264.stands_alone(picture)
        # A keyframe's leading pictures are shown before it, so that counting cannot begin there.
        return not self.counted

    @cached_property
    def _h264(self) -> H264:
        return H264(self._need_video().codec_context.extradata)

    def _demux(self, *streams: Stream) -> Iterator[Packet[Any]]:
        try:
            for packet in self.container.demux(*streams):
                if packet.size:
                    yield packet
        except FFmpegError as error:
            if (memory := out_of_memory(error)) is not None:
                raise memory from error
            # What was sound has been given.
            self.broken = True

    def decoder(self) -> Decoder:
        """A decoder of the video stream; every call gives one more, independent of the others."""
        video = self._need_video()
        if self._decoders:
            # A decoder made from the stream's parameters alone would lack what the container adds to them.
            container = self._open.enter_context(opened(self._url))
            video = next(stream for stream in container.streams.video if stream.index == video.index)
            restrain(video, self._limits)
        self._decoders += 1
        return Decoder(video.codec_context, counted=self.counted)

    @cached_property
    def _one_picture(self) -> int:
        """How long a picture lasts at the stream's rate, in units of its time base; for packets that do not say it."""
        rate = self.video and (self.video.guessed_rate or self.video.average_rate)
        return max(1, round(1 / (rate * self._time_base))) if rate else 1

    def _need_video(self) -> VideoStream:
        if self.video is None:
            raise EmptyFootage(problem="it has no video stream")
        return self.video
