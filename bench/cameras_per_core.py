"""How many cameras one processor core watches at a look a second, and what memory each takes.

Everything of the product is counted: what carries the connection, the child that records and decodes, and the process
that writes the recording and takes the frames; not the server that plays the cameras.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av

from bench.figure import Figure
from ingest.camera.addresses import camera_policy
from ingest.camera.session import LiveSettings, SandboxedCameras
from ingest.camera.sources import Sources
from ingest.pyav.pixels import Scaler
from tests.rtsp.film import shot_anew
from videoqa.cameras import Camera, Detail, StreamUrl
from videoqa.ports import LiveFrame, LiveItem

_ROOT = Path(__file__).resolve().parent.parent
_YARD = _ROOT / "samples" / "yard.mp4"
_TARGETS = {Detail.FULL: 24, Detail.KEYFRAMES: 120}
_CAMERAS = {Detail.FULL: 8, Detail.KEYFRAMES: 16}
# Cameras that are looked at by their keyframes are set to one a second.
_GOP = {Detail.FULL: 30, Detail.KEYFRAMES: 15}
_MEMORY = 40
_WARM_UP = 10.0


def figures(full: bool) -> list[Figure]:
    """At the pace of life; the yard as a camera encodes it: 720p15, H.264."""
    seconds = 120.0 if full else 30.0
    found = []
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for detail, target in _TARGETS.items():
            clip = folder / f"{detail.value}.mp4"
            shot_anew(_YARD, clip, seconds=40, size=(1280, 720), rate=15, gop=_GOP[detail])
            with _played(clip) as url:
                work, memory, looks = _watched(url, detail, folder / detail.value, seconds)
                bare = _bare(url, seconds) if detail is Detail.KEYFRAMES else None
            name = "decoded for each look" if detail is Detail.FULL else "by keyframes"
            told = f"{work * 100:.2f} % of a core a camera, {looks:.2f} looks a second"
            if bare is not None:
                told += f"; a bare reader beside it takes {bare * 100:.2f} %"
            found.append(
                Figure(f"720p15 cameras a core, {name}", 1 / work, "", f">= {target}", 1 / work >= target, told)
            )
            found.append(
                Figure(
                    f"memory of a camera's child, {name}",
                    memory,
                    "MB",
                    f"<= {_MEMORY} MB",
                    memory <= _MEMORY,
                    "PSS, the largest",
                )
            )
    return found


@contextmanager
def _played(clip: Path) -> Iterator[str]:
    """The address of a server that plays ``clip``."""
    command = [sys.executable, "-m", "tests.rtsp", str(clip)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def _watched(url: str, detail: Detail, folder: Path, seconds: float) -> tuple[float, float, float]:
    """Of a camera: the share of a core, the memory of its child in MB, and the looks a second."""
    source = SandboxedCameras(Sources(camera_policy(private=True)), LiveSettings(roll=timedelta(minutes=10)))
    ended = threading.Event()
    watchers = [_Watcher(source, url, detail, folder / str(number), ended) for number in range(_CAMERAS[detail])]
    with ExitStack() as stack:
        for watcher in watchers:
            watcher.start()
            stack.callback(watcher.join)
        stack.callback(ended.set)
        while not all(watcher.looks for watcher in watchers):
            time.sleep(0.1)
        time.sleep(_WARM_UP)
        children = _children()
        began, before, looked = time.monotonic(), _worked(children), sum(watcher.looks for watcher in watchers)
        time.sleep(seconds)
        lasted = time.monotonic() - began
        work, looks = _worked(children) - before, sum(watcher.looks for watcher in watchers) - looked
        memory = max(_memory(child) for child in children)
    return work / lasted / len(watchers), memory, looks / lasted / len(watchers)


def _bare(url: str, seconds: float) -> float:
    """The share of a core that it takes to read, decode and scale the keyframes, and to do nothing else with them."""
    commands = [[sys.executable, "-m", "bench.cameras_per_core", url, str(seconds)]] * 4
    readers = [subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) for command in commands]
    return sum(float(reader.communicate()[0]) for reader in readers) / len(readers)


def _read_barely(url: str, seconds: float) -> float:
    scaler, began, before = Scaler(), math.inf, 0.0
    with av.open(url, options={"rtsp_transport": "tcp"}) as container:
        video = container.streams.video[0]
        video.codec_context.thread_count = 1
        for number, packet in enumerate(container.demux(video)):
            if number == 90:
                began, before = time.monotonic(), time.process_time()
            if packet.is_keyframe:
                for frame in video.codec_context.decode(packet) + video.codec_context.decode(None):
                    scaler.picture(frame, (768, 448))
                video.codec_context.flush_buffers()
            if time.monotonic() - began > seconds:
                break
    return (time.process_time() - before) / (time.monotonic() - began)


class _Watcher(threading.Thread):
    """Takes what comes from one camera."""

    def __init__(
        self, source: SandboxedCameras, url: str, detail: Detail, folder: Path, ended: threading.Event
    ) -> None:
        super().__init__()
        self.looks = 0
        self._source = source
        self._camera = Camera(folder.name, folder.name, StreamUrl(url), datetime.now(UTC), detail=detail)
        self._folder = folder
        self._ended = ended

    def run(self) -> None:
        with self._source.session(self._camera, self._path_of, self._ended.is_set) as items:
            for item in items:
                self._take(item)

    def _take(self, item: LiveItem) -> None:
        if isinstance(item, LiveFrame):
            self.looks += 1

    def _path_of(self, started_at: datetime) -> str:
        return str(self._folder / f"{started_at:%H%M%S.%f}.mp4")


def _children() -> list[int]:
    """The processes that read cameras."""
    own = os.getpid()
    found = []
    for task in Path(f"/proc/{own}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if b"ingest.camera.child" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def _worked(children: list[int]) -> float:
    """The processor time of this process and of ``children``, in seconds."""
    ticks = 0
    for child in children:
        told = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(told[11]) + int(told[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _memory(child: int) -> float:
    """MB of its own, and its share of what it has in common with others."""
    lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


if __name__ == "__main__":
    print(_read_barely(sys.argv[1], float(sys.argv[2])))
