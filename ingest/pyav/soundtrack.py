"""The sound that goes along with a clip: copied where a browser plays it, or else encoded anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition

from ingest.clock import MICROSECONDS, Clock
from ingest.pyav.container import opened
from ingest.pyav.decoder import out_of_memory
from ingest.pyav.encoding import SoundEncoder
from ingest.pyav.footage import Footage

COPIED = frozenset({"aac", "mp3", "opus", "flac"})
# A seek may land behind the time that was asked for.
_BEFORE = 1_000_000
_AAC_PACKETS_A_SECOND = 48


class Soundtrack:
    """The best audio stream of a file, read beside its pictures. Times are microseconds of the recording."""

    def __init__(self, footage: Footage, container: InputContainer, stream: AudioStream | None, *, leaps: bool) -> None:
        self._zero = footage.zero
        self._container = container
        self._stream = stream
        self._leaps = leaps
        self.copied = stream is not None and stream.codec_context.codec.canonical_name in COPIED

    @classmethod
    def beside(cls, footage: Footage, leaps: bool, stack: ExitStack) -> Soundtrack:
        """The soundtrack of ``footage`` by a container of its own, open as long as ``stack``."""
        container = stack.enter_context(opened(f"file:{footage.path}"))
        streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
        stream = max(streams, key=lambda each: bool(each.disposition & Disposition.default), default=None)
        for each in container.streams:
            if each is not stream:
                each.discard = Discard.all
        return cls(footage, container, stream, leaps=leaps)

    def begins(self, since: int, until: int) -> int | None:
        """When the first packet from ``since`` on begins; None where there is none before ``until``."""
        return next((time for time, _ in self._packets(since, until)), None)

    def count(self, since: int, until: int) -> int:
        """How many packets there are at most."""
        if not self.copied:
            return (until - since) * _AAC_PACKETS_A_SECOND // MICROSECONDS + 64
        return sum(1 for _ in self._packets(since, until))

    def into(self, container: OutputContainer, zero: int, until: int) -> Iterator[tuple[int, list[Packet[Any]]]]:
        """Packets for a stream of ``container``, on a clock that begins at ``zero``."""
        if self._stream is None:
            return iter(())
        made = self._copies if self.copied else self._encoded
        return made(self._stream, container, zero, until)

    def _copies(
        self, template: AudioStream, container: OutputContainer, zero: int, until: int
    ) -> Iterator[tuple[int, list[Packet[Any]]]]:
        base = template.time_base or Fraction(1, MICROSECONDS)
        stream = container.add_stream_from_template(template, opaque=True)
        stream.time_base = base

        def packets() -> Iterator[tuple[int, list[Packet[Any]]]]:
            last = -1
            for time, packet in self._packets(zero, until):
                stamp = round(Fraction(time - zero, MICROSECONDS) / base)
                if stamp <= last:
                    continue
                packet.pts = packet.dts = last = stamp
                packet.stream = stream
                yield time - zero, [packet]

        return packets()

    def _encoded(
        self, source: AudioStream, container: OutputContainer, zero: int, until: int
    ) -> Iterator[tuple[int, list[Packet[Any]]]]:
        encoder = SoundEncoder(container)

        def packets() -> Iterator[tuple[int, list[Packet[Any]]]]:
            last = -1
            for time, packet in self._packets(zero, until):
                try:
                    frames = source.codec_context.decode(packet)
                except FFmpegError as error:
                    if (memory := out_of_memory(error)) is not None:
                        raise memory from error
                    continue
                at = time - zero
                for frame in frames:
                    if at > last:
                        last = at
                        lasts = frame.samples * MICROSECONDS // max(1, frame.sample_rate)
                        yield last, encoder.encode(frame, last)
                        at += lasts
            yield max(last, 0), encoder.end() if last >= 0 else []

        return packets()

    def _packets(self, since: int, until: int) -> Iterator[tuple[int, Packet[Any]]]:
        """The packets that begin from ``since`` on and before ``until``, and when they do."""
        if self._stream is None:
            return
        base = self._stream.time_base or Fraction(1, MICROSECONDS)
        clock = Clock(base, self._zero)
        before = self._zero + since - _BEFORE
        try:
            if self._leaps or since <= _BEFORE:
                self._container.seek(min(self._zero, 0))
            else:
                self._container.seek(int(Fraction(before, MICROSECONDS) / base), stream=self._stream, backward=True)
            for packet in self._container.demux(self._stream):
                stamp = packet.dts if packet.pts is None else packet.pts
                if not packet.size or stamp is None:
                    continue
                time = clock.at(stamp, packet.dts, packet.duration or 0)
                if time >= until:
                    return
                if time >= since:
                    yield time, packet
        except FFmpegError as error:
            # What was sound has been given.
            if (memory := out_of_memory(error)) is not None:
                raise memory from error
