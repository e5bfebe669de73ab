"""What sampling costs: processor time against ``ffmpeg -vf fps=1,scale`` in pairs, and against other libraries.

Everything is measured through the product's own child process, its start included.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.figure import Figure
from bench.product import FOOTAGE, footage
from ingest.sandbox import SandboxedReader
from videoqa.media import Sampling

_X264 = "-pix_fmt yuv420p -c:v libx264 -preset veryfast -crf 28 -sc_threshold 0 -x264-params sliced-threads=0"
_X265 = "-pix_fmt yuv420p -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=250:bframes=3"
_BUSY = "testsrc2=size={size}:rate=30:duration=60,noise=alls=4:allf=t"
_PEERS = {
    "decord": "decord==0.6.0",
    "decord2": "decord2",
    "torchcodec": "torchcodec<0.14 torch numpy",
    "opencv": "opencv-python-headless",
}
_MEDIAN, _WORST, _KEYFRAMES = 0.5, 0.7, 0.3


@dataclass(frozen=True, slots=True)
class _Clip:
    """``encode`` makes it with ffmpeg where it is not one of the product's own scenes."""

    name: str
    scene: str = ""
    source: str = ""
    encode: str = ""

    def path(self, full: bool) -> Path:
        if self.scene:
            return footage(self.scene, 2, drawn=full)
        path = FOOTAGE / f"{self.name.replace(' ', '-').replace(',', '')}.mp4"
        if not path.exists():
            FOOTAGE.mkdir(exist_ok=True)
            unfinished = path.with_suffix(".unfinished.mp4")
            command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", self.source]
            subprocess.run([*command, *self.encode.split(), str(unfinished)], check=True)
            unfinished.rename(path)
        return path


_CLIPS = (
    _Clip("quiet yard, 720p15, GOP 2 s", scene="yard"),
    _Clip("slides, 720p30, GOP 250", scene="lecture"),
    _Clip("busy, 720p30, GOP 8 s", source=_BUSY.format(size="1280x720"), encode=f"{_X264} -g 240"),
    _Clip("busy, 720p30, GOP 1 s", source=_BUSY.format(size="1280x720"), encode=f"{_X264} -g 30"),
    _Clip("busy, HEVC 720p30, GOP 250", source=_BUSY.format(size="1280x720"), encode=_X265),
    _Clip("busy, 1080p30, GOP 2 s", source=_BUSY.format(size="1920x1080"), encode=f"{_X264} -g 60"),
)


def figures(full: bool) -> list[Figure]:
    """Ratios over every clip, once in the quick form, the median of five pairs when ``full``, which adds the peers."""
    if shutil.which("ffmpeg") is None:
        return [
            Figure("sampling", float("nan"), "", "", None, "ffmpeg, which it is measured against, is not installed")
        ]
    found: list[Figure] = []
    plain, gated, keyframes = [], [], []
    peers = [name for name in _PEERS if full and _install(name)]
    for clip in _CLIPS:
        path = clip.path(full)
        pairs = [_pair(path) for _ in range(5 if full else 1)]
        plain.append(median(pair.plain for pair in pairs))
        gated.append(median(pair.gated for pair in pairs))
        keyframes.append(median(pair.keyframes for pair in pairs))
        detail = (
            f"with the gate {gated[-1]:.2f}, keyframes only {keyframes[-1]:.2f}; ffmpeg {pairs[-1].ffmpeg:.1f} s CPU"
        )
        found.append(_ratio(clip.name, plain[-1], _WORST, detail))
        for name in peers:
            try:
                cost = _cost(lambda name=name, path=path: _run_peer(name, path)) / pairs[-1].ffmpeg
            except subprocess.CalledProcessError as error:
                found.append(Figure(f"  {name}", float("nan"), "", "", None, f"it failed with exit {error.returncode}"))
                continue
            found.append(Figure(f"  {name}", cost, "x ffmpeg", "more than ours", cost > plain[-1]))
    found.append(_ratio("median over the clips", median(plain), _MEDIAN))
    found.append(_ratio("keyframe plan, worst clip", max(keyframes), _KEYFRAMES))
    found.append(Figure("with the gate, median", median(gated), "x ffmpeg", "", None))
    return found


@dataclass(frozen=True, slots=True)
class _Pair:
    """Processor time as shares of ``ffmpeg``, which is in seconds."""

    ffmpeg: float
    plain: float
    gated: float
    keyframes: float


def _pair(path: Path) -> _Pair:
    ffmpeg = _cost(lambda: _ffmpeg(path))
    plain = _cost(lambda: _survey(path, Sampling(), gated=False))
    gated = _cost(lambda: _survey(path, Sampling(), gated=True))
    keyframes = _cost(lambda: _survey(path, Sampling(keyframes_only=True), gated=False))
    return _Pair(ffmpeg, plain / ffmpeg, gated / ffmpeg, keyframes / ffmpeg)


def _ffmpeg(path: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-vf", "fps=1,scale=-2:448", "-f", "null", "-"]
    subprocess.run(command, check=True)


def _survey(path: Path, sampling: Sampling, *, gated: bool) -> None:
    with SandboxedReader().survey(str(path), sampling, gated=gated) as items:
        if not sum(1 for _ in items):
            raise RuntimeError(f"nothing was sampled of {path}")


def _cost(work: Callable[[], None]) -> float:
    """Seconds of processor time, of this process and of the children that ended meanwhile."""
    before = _spent()
    work()
    return _spent() - before


def _spent() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _ratio(name: str, value: float, target: float, detail: str = "") -> Figure:
    return Figure(name, value, "x ffmpeg", f"<= {target}", value <= target, detail)


def _peer_python(name: str) -> Path:
    return FOOTAGE / "peers" / name / "bin" / "python"


def _install(name: str) -> bool:
    """An environment of the peer's own, made once; False where it cannot be had."""
    python = _peer_python(name)
    if not python.exists():
        venv.create(python.parent.parent, with_pip=True, symlinks=True)
    command: Sequence[str] = [str(python), "-m", "pip", "install", "-q", *_PEERS[name].split()]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"{name} cannot be installed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return done.returncode == 0


def _run_peer(name: str, path: Path) -> None:
    command = [str(_peer_python(name)), str(Path(__file__).with_name("peer_samplers.py")), name, str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sampling", description=__doc__)
    parser.add_argument("--full", action="store_true")
    for figure in figures(parser.parse_args().full):
        mark = {True: "met", False: "MISSED", None: ""}[figure.met]
        print(f"{figure.name:40} {figure.value:6.2f} {figure.unit:9} {figure.target:16} {mark:6} {figure.detail}")


if __name__ == "__main__":
    main()
