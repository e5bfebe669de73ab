"""Packets as they come, put into a fragmented MP4; nothing is encoded anew."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.pyav.decoder import out_of_memory
from ingest.pyav.live import Live

SOUND = frozenset({"aac", "mp3", "opus", "flac", "ac3"})
"""Codecs of sound that MP4 takes."""
# With the bytes on their way, about as much as a crash may cost.
_FRAGMENT_MICROSECONDS = 1_000_000
# Each fragment can be played on its own, and nothing written is ever changed.
_FRAGMENTS = "frag_keyframe+default_base_moof"
_OPTIONS = {
    "use_editlist": "0",
    "frag_duration": str(_FRAGMENT_MICROSECONDS),
    "flush_packets": "1",
    # Of a stream that falls silent, FFmpeg would wait ten seconds for more, and hold all else back.
    "max_interleave_delta": "1000000",
    "fflags": "+bitexact",
}


class Recorder:
    """One recording of ``live``, whose clock begins at ``zero`` microseconds. What it writes is in ``written``."""

    def __init__(self, live: Live, zero: int) -> None:
        self.written = bytearray()
        plain = _plain_sound(live)
        # What is to be said of the sound of a transport stream is in its packets alone; the file's head waits for them
        # where none came yet.
        known = plain is None or live.told_of_sound is not None
        flags = {"movflags": f"{_FRAGMENTS}+{'empty_moov' if known else 'delay_moov'}"}
        self._container = av.open(self, "w", format="mp4", options=_OPTIONS | flags, buffer_size=2**16)
        self._plain = plain
        sources: list[VideoStream | AudioStream] = [live.video]
        if live.audio is not None and live.audio.codec_context.codec.canonical_name in SOUND:
            sources.append(live.audio)
        self._streams: dict[int, VideoStream | AudioStream] = {}
        self._zeros: dict[int, int] = {}
        for source in sources:
            stream = self._container.add_stream_from_template(source, opaque=True)
            stream.time_base = live.base(source)
            if plain is not None and source is live.audio and live.told_of_sound is not None:
                stream.codec_context.extradata = live.told_of_sound
            many, few = live.ticks(source)
            self._streams[source.index] = stream
            self._zeros[source.index] = (2 * zero * few + many) // (2 * many)
        self._last = dict.fromkeys(self._streams, -1)

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)

    def put(self, packet: Packet[Any]) -> bool:
        """Puts it on the clock of the recording, and into the file; False where it does not belong there."""
        index = packet.stream_index
        if (stream := self._streams.get(index)) is None:
            return False
        assert packet.pts is not None
        shown, last = packet.pts - self._zeros[index], self._last[index]
        decoded = shown if packet.dts is None else packet.dts - self._zeros[index]
        # Stamps that stand still are no reason to lose a picture.
        decoded = max(decoded, last + 1) if decoded >= 0 else decoded
        if not 0 <= decoded <= max(shown, last + 1):
            return False
        packet.pts, packet.dts = max(shown, decoded), decoded
        self._last[index] = decoded
        try:
            if self._plain is None or isinstance(stream, VideoStream):
                packet.stream = stream
                self._container.mux(packet)
            else:
                for plain in self._plain.filter(packet):
                    plain.stream = stream
                    self._container.mux(plain)
        except FFmpegError as error:
            if (memory := out_of_memory(error)) is not None:
                raise memory from error
            return False
        return True

    def taken(self) -> bytes:
        """What was written since it was last asked."""
        data, self.written = bytes(self.written), bytearray()
        return data

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()


def _plain_sound(live: Live) -> BitStreamFilterContext | None:
    """Takes the headers off packets of AAC that carry their own, as MP4 wants them (ADTS: ISO/IEC 13818-7, 6.2)."""
    sound = live.audio
    if sound is None or sound.codec_context.codec.canonical_name != "aac" or sound.codec_context.extradata:
        return None
    return BitStreamFilterContext("aac_adtstoasc", sound)
