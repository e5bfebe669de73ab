"""Footage through PyAV; the only module that knows it."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import av.logging
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.subtitles.subtitle import AssSubtitle
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.clock import MICROSECONDS, Clock, microseconds, zero_of
from ingest.limits import Limits
from ingest.nal import H264
from ingest.plan import Coded
from videoqa.errors import EmptyFootage, FootageTooLarge, NotFootage
from videoqa.media import Picture

__all__ = ["FORMATS", "Footage", "Packet", "VideoFrame", "VideoStream", "open_footage"]

FORMATS = "MP4, MOV, MKV, WebM, AVI and MPEG-TS"
_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
    "protocol_whitelist": "file",
}


_TEXT_CODECS = frozenset({"ass", "mov_text", "ssa", "srt", "subrip", "text", "webvtt"})
# An order to forget a picture that was never decoded, because nothing wanted rests on it.
_UNHARMED = "mmco: unref short failure"
_LONGEST_LINE = 10_000
_PACKETS_TO_FIRST_PICTURE = 300
# How far behind a sought time the search for its keyframe goes on, in microseconds.
_BEHIND = 5_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """When a packet of picture or sound begins and how long it lasts, in units of ``time_base``."""

    stream: int
    is_video: bool
    stamp: int
    order: int | None
    duration: int
    time_base: Fraction
    hidden: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a subtitle track. ``end`` is not after ``start`` where the track does not say it."""

    start: timedelta
    end: timedelta
    text: str
    language: str | None
    track: str


@contextmanager
def open_footage(url: str, limits: Limits) -> Iterator[Footage]:
    """Opens ``url``, which begins with ``file:``.

    Raises:
        NotFootage: it is in none of the formats that are opened.
        FootageTooLarge: it has more streams, or larger pictures, than ``limits`` allow.
    """
    # A decoder that conceals damage tells of it here alone; on sound footage it says nothing at this level.
    av.logging.set_level(av.logging.ERROR)
    try:
        container = av.open(url, options=dict(_OPTIONS), metadata_errors="replace")
    except FFmpegError as error:
        raise _out_of_memory(error) or NotFootage(problem=_why_not(url), formats=FORMATS) from error
    with container:
        if len(container.streams) > limits.max_streams:
            raise FootageTooLarge(
                what="a number of streams",
                value=len(container.streams),
                limit=limits.max_streams,
                setting="VIDEOQA_MAX_STREAMS",
            )
        yield Footage(container, limits)


class Footage:
    """An open container and its best video stream."""

    def __init__(self, container: InputContainer, limits: Limits) -> None:
        self.container = container
        self.video = _best(container)
        self._limits = limits
        self.broken = False
        self._clock = Clock(self._time_base, self.zero)
        self._in_order: deque[int] = deque()
        self._times: dict[int, int] = {}
        self._to_small, self._to_rgb, self._to_luma = VideoReformatter(), VideoReformatter(), VideoReformatter()
        if self.video is not None:
            self._prepare(self.video)

    def _prepare(self, video: VideoStream) -> None:
        context = video.codec_context
        if context.width * context.height > self._limits.max_pixels:
            raise FootageTooLarge(
                what="pictures",
                value=f"{context.width}x{context.height} pixels",
                limit=f"{self._limits.max_pixels} pixels",
                setting="VIDEOQA_MAX_PIXELS",
            )
        # It does not get here through the options of av.open.
        context.options = {"max_pixels": str(self._limits.max_pixels)}
        # Threads in the decoder cost up to a third more processor time, and mostly find no slices to share.
        context.thread_count = 1

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
    def claimed(self) -> timedelta | None:
        """The duration the container states."""
        duration = self.container.duration
        return None if duration is None or duration <= 0 else timedelta(microseconds=duration)

    @property
    def created_at(self) -> datetime | None:
        """The creation time the container states, in UTC."""
        metadata = dict(self.container.metadata)
        for stream in self.container.streams:
            metadata = dict(stream.metadata) | metadata
        text = metadata.get("creation_time") or metadata.get("DATE_UTC") or ""
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            return None
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        # A camera whose clock was never set says one of the epochs.
        return None if time.year <= 1970 else time

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
            duration = packet.duration or 0
            if stream.type != "subtitle":
                is_video = stream is self.video
                yield Piece(stream.index, is_video, stamp, packet.dts, duration, base, packet.is_discard)
                continue
            start = timedelta(microseconds=microseconds(stamp, base) - self.zero)
            end = start + timedelta(microseconds=microseconds(duration, base))
            for text in _texts(packet):
                yield Line(start, end, text, stream.language, f"track {stream.index}")

    def first_size(self) -> tuple[int, int] | None:
        """Width and height of the first picture that decodes, as shown; None where none does."""
        video = self._need_video()
        try:
            self.container.seek(0)
        except FFmpegError:
            return None
        for coded, _ in zip(self._coded(video), range(_PACKETS_TO_FIRST_PICTURE), strict=False):
            try:
                frames = video.codec_context.decode(coded.packet)
            except FFmpegError:
                continue
            for frame in frames:
                return self.size_as_shown(frame)
        try:
            return next((self.size_as_shown(frame) for frame in video.codec_context.decode(None)), None)
        except FFmpegError:
            return None

    def _listened_to(self) -> list[Stream]:
        """The best video stream, all sound, and all text; where there is a picture, no other one."""
        text = [stream for stream in self.container.streams.subtitles if stream.codec_context.name in _TEXT_CODECS]
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

    def _seek(self, video: VideoStream, time: int | None) -> bool:
        """Goes to the last keyframe not after ``time`` microseconds on the container's axis, or to the beginning."""
        self._clock = Clock(self._time_base, self.zero)
        try:
            if time is None:
                self.container.seek(0)
            else:
                offset = int(time / MICROSECONDS / self._time_base)
                self.container.seek(offset, stream=video, backward=True)
        except FFmpegError:
            return False
        return True

    def _coded(self, video: VideoStream) -> Iterator[Coded[Packet[VideoStream]]]:
        clock = self._clock
        last, begun = 0, False
        for packet in self._demux(video):
            stamp = packet.dts if self.counted else packet.pts
            if stamp is None:
                yield Coded(packet, last, 0, packet.size, key=False, hidden=True)
                continue
            duration = packet.duration or 0
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
            if (memory := _out_of_memory(error)) is not None:
                raise memory from error
            # What was sound has been given.
            self.broken = True

    def decode(self, coded: Coded[Packet[VideoStream]]) -> tuple[list[tuple[int, VideoFrame]], bool]:
        """The pictures that ``coded`` completes, with their times in microseconds, and whether it was sound."""
        context = self._need_video().codec_context
        if self.counted:
            self._in_order.append(coded.time)
        elif coded.packet.pts is not None:
            self._times[coded.packet.pts] = coded.time
        context.skip_frame = "DEFAULT" if coded.wanted or self.counted else "NONREF"
        with av.logging.Capture(local=True) as complaints:
            try:
                frames = context.decode(coded.packet)
            except FFmpegError as error:
                if (memory := _out_of_memory(error)) is not None:
                    raise memory from error
                return [], False
        damaged = coded.packet.is_corrupt or any(_UNHARMED not in said for _, _, said in complaints)
        return list(self._timed(frames)), not damaged

    def settle(self) -> list[tuple[int, VideoFrame]]:
        """The pictures the decoder still holds; it forgets everything."""
        context = self._need_video().codec_context
        context.skip_frame = "DEFAULT"
        try:
            frames = context.decode(None)
        except FFmpegError as error:
            if (memory := _out_of_memory(error)) is not None:
                raise memory from error
            frames = []
        context.flush_buffers()
        timed = list(self._timed(frames))
        self._in_order.clear()
        self._times.clear()
        return timed

    def _timed(self, frames: list[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        for frame in frames:
            if self.counted:
                time = self._in_order.popleft() if self._in_order else None
            else:
                time = None if frame.pts is None else self._times.pop(frame.pts, None)
            if time is not None:
                yield time, frame

    def picture(self, frame: VideoFrame, size: tuple[int, int]) -> Picture:
        """``frame`` as shown, scaled to ``size`` (width, height)."""
        width, height = size if not frame.rotation % 180 else size[::-1]
        small = self._to_small.reformat(frame, width, height, "yuv420p", interpolation="AREA", threads=1)
        pixels: NDArray[Any] = self._to_rgb.reformat(small, format="rgb24", threads=1).to_ndarray()
        if turns := round(frame.rotation / 90) % 4:
            pixels = np.ascontiguousarray(np.rot90(pixels, turns))
        return Picture(size[0], size[1], pixels.data.cast("B"))

    def luma(self, frame: VideoFrame, long_side: int) -> NDArray[np.uint8]:
        """The brightness of ``frame``, its longer side at most ``long_side``; shape (height, width), not rotated."""
        scale = min(1.0, long_side / max(frame.width, frame.height))
        width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        small = self._to_luma.reformat(frame, width, height, "gray", interpolation="AREA", threads=1)
        return small.to_ndarray()  # type: ignore[return-value]

    def size_as_shown(self, frame: VideoFrame) -> tuple[int, int]:
        """Width and height of the footage, turned as ``frame`` is."""
        context = self._need_video().codec_context
        size = context.width or frame.width, context.height or frame.height
        return size if not frame.rotation % 180 else size[::-1]

    def _need_video(self) -> VideoStream:
        if self.video is None:
            raise EmptyFootage(problem="it has no video stream")
        return self.video


def _best(container: InputContainer) -> VideoStream | None:
    """The largest video stream that is no cover art."""
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
    ]
    return max(moving, key=lambda stream: stream.codec_context.width * stream.codec_context.height, default=None)


def _out_of_memory(error: FFmpegError) -> MemoryError | None:
    return MemoryError() if error.errno == errno.ENOMEM else None


def _why_not(url: str) -> str:
    with Path(url.removeprefix("file:")).open("rb") as file:
        head = file.read(12)
    if not head:
        return "it is empty"
    if head[4:8] == b"ftyp":
        return "its index is missing or damaged: it was cut off, or never finished"
    return "its content is none of these, whatever its name says"


def _texts(packet: Packet[Any]) -> Iterator[str]:
    try:
        subtitles = packet.decode()
    except FFmpegError:
        return
    for subtitle in subtitles:
        if isinstance(subtitle, AssSubtitle):
            text = " ".join(subtitle.dialogue.decode("utf-8", "replace").split())
            if text:
                yield text[:_LONGEST_LINE]
