"""Packets as they come, put into a fragmented MP4; nothing is encoded anew."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.pyav.live import Live, microsecond_ticks

SOUND = frozenset({"aac", "mp3", "opus", "flac", "ac3"})
"""Codecs of sound that MP4 takes."""
# With the bytes on their way, about as much as a crash may cost.
_FRAGMENT_MICROSECONDS = 1_000_000
_OPTIONS = {
    # Each fragment can be played on its own, and nothing written is ever changed.
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": str(_FRAGMENT_MICROSECONDS),
    "flush_packets": "1",
    "fflags": "+bitexact",
}


class Recorder:
    """One recording of ``live``, whose clock begins at ``zero`` microseconds. What it writes is in ``written``."""

    def __init__(self, live: Live, zero: int) -> None:
        self.written = bytearray()
        self._container = av.open(self, "w", format="mp4", options=dict(_OPTIONS), buffer_size=2**16)
        sources: list[VideoStream | AudioStream] = [live.video]
        if live.audio is not None and live.audio.codec_context.codec.canonical_name in SOUND:
            sources.append(live.audio)
        self._streams: dict[int, VideoStream | AudioStream] = {}
        self._zeros: dict[int, int] = {}
        for source in sources:
            stream = self._container.add_stream_from_template(source, opaque=True)
            stream.time_base = source.time_base
            many, few = microsecond_ticks(source)
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
        packet.stream = stream
        self._container.mux(packet)
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
