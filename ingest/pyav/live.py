"""A camera's stream through PyAV, as fresh as it comes."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.logging
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import (
    ExitError,
    FFmpegError,
    HTTPClientError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
    InvalidDataError,
    ProtocolNotFoundError,
)
from av.packet import Packet
from av.stream import Discard, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ingest.camera.feed import CannotOpen
from ingest.camera.wire import Order
from ingest.clock import MICROSECONDS
from ingest.formats import DEMUXERS
from ingest.pyav.container import best
from videoqa.cameras import CameraState

CODECS = {"h264": "H.264", "hevc": "H.265", "mjpeg": "MJPEG"}
# As much as a keyframe of a large picture takes.
_PROBED = 2**21
_PROBED_MICROSECONDS = 3_000_000
_OPENING_SECONDS = 15.0
_DAMAGED_IN_A_ROW = 200
_BLOCK = 2**15
_LONGEST_WAIT = 5.0
_ARRIVALS = Fraction(1, 1000)


@contextmanager
def open_live(order: Order) -> Iterator[Live]:
    """
    Raises:
        CannotOpen: nothing comes, or nothing that can be used.
    """
    av.logging.set_level(av.logging.FATAL)
    patience = order.stall / MICROSECONDS
    options = {
        "probesize": str(_PROBED),
        "analyzeduration": str(_PROBED_MICROSECONDS),
        # The rate is told by the time stamps; to measure it would take seconds. What is probed is kept all the same:
        # with "nobuffer" the first keyframe would be lost.
        "fpsprobesize": "0",
    }
    source: Any
    if order.url:
        source = order.url
        options |= {
            "rtsp_transport": "tcp",
            "allowed_media_types": "video+audio",
            "protocol_whitelist": "rtsp,rtp,tcp",
            "timeout": str(order.stall),
        }
    elif is_file(order.descriptor):
        source = f"file:/dev/fd/{order.descriptor}"
        options |= {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
    else:
        assert order.descriptor is not None
        source = _Reader(order.descriptor, patience)
        options["protocol_whitelist"] = ""
    try:
        with av.open(
            source,
            format=order.demuxer or None,
            options=options,
            # Asked for the time at each wait, Python costs as much as the waits. "timeout" tells whoever reads then
            # that nothing comes, and the parent sees to the rest.
            timeout=(max(patience, _OPENING_SECONDS), None),
            metadata_errors="replace",
            buffer_size=_BLOCK,
        ) as container:
            yield Live(container, order)
    except (FFmpegError, TimeoutError) as error:
        raise cannot(error) from error


def is_file(descriptor: int | None) -> bool:
    """True where it can be opened once more, and sought in."""
    return descriptor is not None and stat.S_ISREG(os.fstat(descriptor).st_mode)


@dataclass(slots=True)
class Sent:
    """A packet as it came, and its stamps in microseconds of the session."""

    packet: Packet[Any]
    is_video: bool
    shown: int
    decoded: int


class Live:
    """An open stream: its pictures, and its sound where there is some."""

    def __init__(self, container: InputContainer, order: Order) -> None:
        self._container = container
        self._order = order
        video = best(container)
        if video is None:
            raise CannotOpen(CameraState.BAD_CODEC, "it sends no picture")
        context = video.codec_context
        self.codec = context.codec.canonical_name if context is not None else "unknown"
        if self.codec not in CODECS:
            raise CannotOpen(CameraState.BAD_CODEC, f"it sends {self.codec}; set the camera to H.264, H.265 or MJPEG")
        if context.width * context.height == 0:
            raise CannotOpen(CameraState.STALLED, "it sends no keyframe, which would tell the size of its pictures")
        if context.width * context.height > order.max_pixels:
            raise CannotOpen(CameraState.BAD_CODEC, f"its pictures have {context.width}x{context.height} pixels")
        self.video: VideoStream = video
        self.audio: AudioStream | None = next(
            (each for each in container.streams.audio if each.codec_context and each.codec_context.sample_rate), None
        )
        for each in container.streams:
            if each not in (self.video, self.audio):
                each.discard = Discard.all
        self.told_of_sound: bytes | None = None
        """What packets of AAC with heads of their own say of the sound, once one came (ISO/IEC 14496-3, 1.6.2.1)."""
        # A row of JPEGs has no time stamps; FFmpeg makes up some.
        self._stamped_here = order.demuxer == "mpjpeg"
        context.options = {"max_pixels": str(order.max_pixels)}
        context.thread_count = 1
        context.thread_type = "SLICE"

    @property
    def reported(self) -> int | None:
        """By the sender's reports the time of day at pts 0, in microseconds since 1970; None before the first one."""
        told = self._container.start_time_realtime
        return told if told is not None and told > 0 else None

    def base(self, stream: Stream) -> Fraction:
        """The unit of the stamps of ``stream``, in seconds."""
        return _ARRIVALS if self._stamped_here else stream.time_base or Fraction(1, MICROSECONDS)

    def ticks(self, stream: Stream) -> tuple[int, int]:
        """A unit of the stamps of ``stream`` is the first number of microseconds, divided by the second."""
        base = self.base(stream)
        return base.numerator * MICROSECONDS, base.denominator

    def decodes(self, keyframe: Packet[Any]) -> bool:
        """True where ``keyframe`` is a picture to a decoder that knows nothing from before."""
        context = CodecContext.create(self.video.codec_context.codec.name, "r")
        assert isinstance(context, VideoCodecContext)
        context.extradata = self.video.codec_context.extradata
        context.options = {"max_pixels": str(self._order.max_pixels)}
        try:
            frames = context.decode(keyframe) + context.decode(None)
        except FFmpegError:
            return False
        return any(not frame.is_corrupt for frame in frames)

    def packets(self) -> Iterator[Sent]:
        """Pictures and sound in the order they come.

        Raises:
            CannotOpen: nothing comes any more; at the end of a stream too.
        """
        video, paced, opened = self.video, self._order.paced, time.monotonic()
        streams = (video,) if self.audio is None else (video, self.audio)
        # A fraction for each stamp costs more than all else that is done here.
        ticks = {stream.index: self.ticks(stream) for stream in streams}
        pace, begun = _Pace(), False
        for packet in self._demuxed(*streams):
            index = packet.stream_index
            is_video = index == video.index
            if is_video:
                if self._stamped_here:
                    packet.pts = packet.dts = int((time.monotonic() - opened) / _ARRIVALS)
                    packet.time_base, packet.duration = _ARRIVALS, 0
                elif packet.pts is None and not begun and self._order.url:
                    # FFmpeg counts the stamps of RTP from it on, and leaves its own away.
                    packet.pts = 0
                begun = True
            elif self.told_of_sound is None:
                self.told_of_sound = _told(bytes(packet))
            pts, dts, (many, few) = packet.pts, packet.dts, ticks[index]
            if pts is None:
                continue
            shown = (2 * pts * many + few) // (2 * few)
            decoded = shown if dts is None else (2 * dts * many + few) // (2 * few)
            if paced:
                pace.wait(decoded)
            yield Sent(packet, is_video, shown, decoded)

    def _demuxed(self, *streams: VideoStream | AudioStream) -> Iterator[Packet[Any]]:
        coming, damaged = self._container.demux(*streams), 0
        while True:
            try:
                packet = next(coming, None)
            except InvalidDataError as error:
                damaged += 1
                if damaged > _DAMAGED_IN_A_ROW:
                    raise cannot(error) from error
                coming = self._container.demux(*streams)
                continue
            except (FFmpegError, TimeoutError) as error:
                raise cannot(error) from error
            if packet is None or not packet.size:
                ended = "the file has ended" if is_file(self._order.descriptor) else "the camera ended the connection"
                raise CannotOpen(CameraState.OFFLINE, ended)
            damaged = 0
            yield packet


def _told(packet: bytes) -> bytes | None:
    """The AudioSpecificConfig of a packet of AAC with a head of ADTS (ISO/IEC 13818-7, 6.2); None where it has none."""
    if len(packet) < 7 or packet[0] != 0xFF or packet[1] & 0xF6 != 0xF0:
        return None
    kind, rate, channels = (packet[2] >> 6) + 1, packet[2] >> 2 & 15, (packet[2] & 1) << 2 | packet[3] >> 6
    # Without a number of channels it is told in what follows; rates from 13 on are none.
    return (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big") if channels and rate < 13 else None


def cannot(error: BaseException) -> CannotOpen:
    """What ``error`` means for the camera. Its own words may hold the address, and with it a password."""
    for kinds, state, problem in _FAULTS:
        if isinstance(error, kinds):
            return CannotOpen(state, problem)
    number = error.errno if isinstance(error, OSError) and error.errno else 0
    return CannotOpen(
        CameraState.OFFLINE, f"the connection failed ({os.strerror(number)})" if number > 0 else "the connection failed"
    )


_FAULTS: tuple[tuple[tuple[type[BaseException], ...], CameraState, str], ...] = (
    (
        (HTTPUnauthorizedError, HTTPForbiddenError),
        CameraState.AUTH_FAILED,
        "it does not take the name and the password of its address",
    ),
    ((HTTPNotFoundError,), CameraState.NOT_FOUND, "it is there, and has nothing at the path of its address"),
    ((HTTPClientError,), CameraState.OFFLINE, "it refuses to play"),
    ((ConnectionRefusedError,), CameraState.OFFLINE, "nobody answers at its address and port"),
    ((TimeoutError, ExitError), CameraState.STALLED, "it sends nothing any more"),
    ((InvalidDataError, ProtocolNotFoundError), CameraState.OFFLINE, "what comes from there is no footage"),
)


class _Pace:
    """Lets packets through when they are due by their decoding stamps."""

    def __init__(self) -> None:
        self._zero: float | None = None

    def wait(self, stamp: int) -> None:
        """Until ``stamp`` microseconds; begins anew where the stamps leap."""
        now = time.monotonic()
        due = stamp / MICROSECONDS + (0.0 if self._zero is None else self._zero)
        if self._zero is None or abs(due - now) > _LONGEST_WAIT:
            self._zero = now - stamp / MICROSECONDS
        elif due > now:
            time.sleep(due - now)


class _Reader:
    """A pipe to read from that somebody else fills, for as long as something comes."""

    def __init__(self, descriptor: int, patience: float) -> None:
        self._descriptor = descriptor
        self._patience = patience
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def read(self, size: int) -> bytes:
        if not self._poll.poll(self._patience * 1000):
            raise TimeoutError
        return os.read(self._descriptor, size)
