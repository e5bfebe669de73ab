"""Sound out of an open container: 16-bit samples of one channel, 16 000 a second, and where on the clock they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition
from numpy.typing import NDArray

from ingest.clock import MICROSECONDS, Clock, microseconds
from ingest.pyav.decoder import out_of_memory
from ingest.pyav.footage import Footage
from videoqa.errors import NoSound
from videoqa.ports import Sound

# Stamps that are rounded, or taken when a packet came in, lie about the true ones by less.
_TOLERATED = 100_000
# A shorter hole is filled with silence: what is said around it belongs together.
_SHORTEST_GAP = 1_000_000
# One sample of a slower sound would be stretched to thousands.
_SLOWEST = 4_000


@dataclass(frozen=True, slots=True)
class Pcm:
    """Decoded sound: ``time`` is where its first sample lies, in microseconds from the recording's start.

    ``begins`` where it does not go on directly behind what came before it.
    """

    time: int
    samples: NDArray[np.int16]
    begins: bool


def decode_sound(footage: Footage) -> Iterator[Pcm | None]:
    """The sound of ``footage``, in order of time; None where the work goes on and there is nothing to tell yet.

    Raises:
        NoSound: there is no audio stream in it, or nothing of it decodes.
    """
    stream = _best(footage)
    if stream is None:
        raise NoSound(problem="there is no audio stream in it that can be decoded")
    yield from _Decoding(footage, stream).run()


def _best(footage: Footage) -> AudioStream | None:
    """The audio stream that a player would begin with."""
    streams = [stream for stream in footage.container.streams.audio if stream.codec_context is not None]
    return max(streams, key=lambda stream: bool(stream.disposition & Disposition.default), default=None)


class _Decoding:
    def __init__(self, footage: Footage, stream: AudioStream) -> None:
        self._footage = footage
        self._stream = stream
        self._context: AudioCodecContext = stream.codec_context
        self._context.thread_count = 1
        self._clock: Clock | None = None
        self._shift = 0
        self._resampler: AudioResampler | None = None
        self._format: tuple[str, str, int] | None = None
        # The clock at the first sample of the run, and how many samples of the run were given so far.
        self._start: int | None = None
        self._given = 0
        # What was decoded goes on from ``_since`` for ``_samples`` of the rate of the format.
        self._since = 0
        self._samples = 0
        self._begins = True
        self._decoded = False

    def run(self) -> Iterator[Pcm | None]:
        for packet in self._packets():
            yield None
            time = self._time_of(packet)
            for frame in self._decode(packet):
                yield from self._place(frame, time)
                time = None
        for frame in self._decode(None):
            yield from self._place(frame, None)
        yield from self._flush()
        if not self._decoded:
            raise NoSound(problem="nothing of it decodes")

    def _packets(self) -> Iterator[Packet[AudioStream]]:
        for stream in self._footage.container.streams:
            if stream is not self._stream:
                stream.discard = Discard.all
        try:
            yield from (packet for packet in self._footage.container.demux(self._stream) if packet.size)
        except FFmpegError as error:
            if (memory := out_of_memory(error)) is not None:
                raise memory from error
            # What was sound has been given.
            self._footage.broken = True

    def _decode(self, packet: Packet[AudioStream] | None) -> list[AudioFrame]:
        try:
            return self._context.decode(packet)
        except FFmpegError as error:
            if (memory := out_of_memory(error)) is not None:
                raise memory from error
            # A damaged packet leaves a hole, which the stamps behind it tell of.
            return []

    def _time_of(self, packet: Packet[AudioStream]) -> int | None:
        """When ``packet`` begins; remembers by how much the clock and the stamps differ there."""
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None:
            return None
        if self._clock is None:
            self._clock = Clock(packet.time_base, self._footage.zero)
        time = self._clock.at(stamp, packet.dts, packet.duration or 0)
        self._shift = time - microseconds(stamp, packet.time_base)
        return time

    def _place(self, frame: AudioFrame, packet_time: int | None) -> Iterator[Pcm]:
        """Puts ``frame`` where its stamp says; a decoder that leaves out the priming of a codec stamps it later."""
        if frame.sample_rate < _SLOWEST:
            raise NoSound(problem=f"it has {frame.sample_rate} samples a second")
        if frame.pts is not None and frame.time_base is not None:
            time = microseconds(frame.pts, frame.time_base) + self._shift
        elif packet_time is not None and self._start is None:
            time = packet_time
        else:
            time = self._end
        if self._start is None or time - self._end > _SHORTEST_GAP:
            yield from self._flush()
            self._start, self._given, self._begins = time, 0, True
            self._since, self._samples = time, 0
        elif time - self._end > _TOLERATED:
            yield from self._flush()
            yield from self._silence(time)
        elif self._end - time > _TOLERATED:
            # It would sound at the same time as what is already there.
            return
        yield from self._resample(frame)

    @property
    def _end(self) -> int:
        """Where the sound decoded so far ends, in microseconds."""
        return self._since + (self._samples * MICROSECONDS // self._format[2] if self._format else 0)

    def _silence(self, time: int) -> Iterator[Pcm]:
        """Silence up to ``time``."""
        assert self._start is not None
        missing = (time - self._start) * Sound.RATE // MICROSECONDS - self._given
        self._since, self._samples = time, 0
        if missing > 0:
            yield from self._pcm(np.zeros(missing, np.int16))

    def _resample(self, frame: AudioFrame) -> Iterator[Pcm]:
        form = frame.format.name, frame.layout.name, frame.sample_rate
        if form != self._format:
            yield from self._flush()
            self._since, self._samples = self._end, 0
            self._format = form
        self._samples += frame.samples
        if self._resampler is None:
            self._resampler = AudioResampler(format="s16", layout="mono", rate=Sound.RATE)
        # Holes are dealt with here; the resampler would fill some of them by itself.
        frame.pts = None
        yield from self._given_by(self._resampler, frame)

    def _flush(self) -> Iterator[Pcm]:
        """What the resampler still holds."""
        if self._resampler is not None:
            resampler, self._resampler = self._resampler, None
            yield from self._given_by(resampler, None)

    def _given_by(self, resampler: AudioResampler, frame: AudioFrame | None) -> Iterator[Pcm]:
        try:
            resampled = resampler.resample(frame)
        except (FFmpegError, ValueError) as error:
            memory = out_of_memory(error) if isinstance(error, FFmpegError) else None
            raise memory or NoSound(problem=f"it cannot be resampled: {error}") from error
        for part in resampled:
            if part.samples:
                yield from self._pcm(part.to_ndarray().reshape(-1).astype(np.int16, copy=False))

    def _pcm(self, samples: NDArray[np.int16]) -> Iterator[Pcm]:
        assert self._start is not None
        time = self._start + self._given * MICROSECONDS // Sound.RATE
        self._given += len(samples)
        self._decoded = True
        if time < 0:
            # A recording begins with its first picture.
            early = -(time * Sound.RATE // MICROSECONDS)
            time, samples = 0, samples[early:]
        if len(samples):
            yield Pcm(time, samples, self._begins)
            self._begins = False
