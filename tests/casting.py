"""Cameras on the web, on this machine: MJPEG as one endless answer, and HLS whose stream grows."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import av

from tests.web import Connection


def jpegs(count: int) -> list[bytes]:
    """Small grey pictures, each another one."""
    made = list[bytes]()
    for number in range(count):
        with BytesIO() as file:
            with av.open(file, "w", format="mjpeg") as container:
                stream = container.add_stream("mjpeg", rate=10)
                stream.width, stream.height, stream.pix_fmt = 160, 96, "yuvj420p"
                frame = av.VideoFrame(160, 96, "yuvj420p")
                for plane in frame.planes:
                    plane.update(bytes([number * 9 % 256]) * plane.buffer_size)
                container.mux(stream.encode(frame))
                container.mux(stream.encode(None))
            made.append(file.getvalue())
    return made


def mjpeg(pictures: Sequence[bytes], every: float = 0.02) -> Callable[[Connection], None]:
    """Sends ``pictures`` over and over, one in ``every`` seconds."""

    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n")
        for picture in itertools.cycle(pictures):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
            connection.send(head + picture + b"\r\n")
            time.sleep(every)

    return handle


def segments_of(clip: Path, folder: Path, kind: str = "ts") -> tuple[list[bytes], bytes]:
    """``clip`` as segments of half a second, and what precedes them: nothing for MPEG-TS, a head for MP4."""
    folder.mkdir()
    types = {"ts": "mpegts", "m4s": "fmp4"}
    options = {"hls_time": "0.4", "hls_list_size": "0", "hls_segment_type": types[kind]}
    options["hls_segment_filename"] = str(folder / f"part%03d.{kind}")
    with av.open(str(clip)) as source, av.open(str(folder / "list.m3u8"), "w", format="hls", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    head = folder / "init.mp4"
    return [part.read_bytes() for part in sorted(folder.glob("part*"))], head.read_bytes() if head.exists() else b""


class Cast:
    """An HLS server whose stream grows by a segment each time that its playlist is asked for.

    ``lines`` are put in front of the segments of their numbers; ``asked`` are the paths that were.
    """

    def __init__(self, segments: Sequence[bytes], head: bytes = b"") -> None:
        self.lines: dict[int, str] = {}
        self.asked: list[str] = []
        self._segments = segments
        self._head = head
        self._known = 4

    def __call__(self, connection: Connection) -> None:
        target = connection.target.partition("?")[0]
        self.asked.append(target)
        if target == "/main.m3u8":
            streams = ((100, "low.m3u8"), (900, "live/high.m3u8"))
            lines = [f'#EXT-X-STREAM-INF:BANDWIDTH={rate},CODECS="avc1,mp4a"\n{name}' for rate, name in streams]
            connection.answer("200 OK", "\n".join(["#EXTM3U", *lines]).encode())
        elif target == "/live/high.m3u8":
            connection.answer("200 OK", self._playlist().encode(), Content_Type="application/vnd.apple.mpegURL")
        elif target == "/live/head":
            connection.answer("200 OK", self._head)
        else:
            connection.answer("200 OK", self._segments[int(target.rpartition("/")[2])])

    def _playlist(self) -> str:
        known = range(max(0, self._known - 4), min(self._known, len(self._segments)))
        self._known += 1
        head = ['#EXT-X-MAP:URI="head"'] if self._head else []
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:0.4", f"#EXT-X-MEDIA-SEQUENCE:{known.start}", *head]
        for number in known:
            lines += [*([self.lines[number]] if number in self.lines else []), "#EXTINF:0.5,", f"{number}"]
        return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if known.stop == len(self._segments) else [])])
