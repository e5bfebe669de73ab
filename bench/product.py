"""Runs the product's own commands and says what they cost: wall time, processor time, memory of the process tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from samples.encoding import repeat
from samples.render import SCENES, render

FOOTAGE = Path(__file__).parent / "footage"
SAMPLES = Path(__file__).parent.parent / "samples"
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost: seconds of wall and processor time, and its peak memory in mebibytes.

    The memory is the proportional set size summed over the process and all its children, the largest of ten looks a
    second: what the machine would get back if they all ended.
    """

    wall: float
    processor: float
    memory: float
    code: int
    output: str


def videoqa(arguments: Sequence[str | Path], data: Path) -> Cost:
    """Runs ``videoqa`` with ``arguments`` over the data directory ``data``."""
    command = [str(Path(sys.executable).with_name("videoqa")), *map(str, arguments)]
    environment = os.environ | {"VIDEOQA_DATA_DIR": str(data)}
    before = os.times()
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT) as process:
            memory = 0.0
            while process.poll() is None:
                memory = max(memory, _memory(process.pid))
                time.sleep(_LOOK_SECONDS)
        wall = time.monotonic() - begun
        after = os.times()
        output.seek(0)
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        return Cost(wall, spent, memory, process.returncode, output.read())


def footage(scene: str, minutes: float, *, drawn: bool) -> Path:
    """A recording of ``scene`` at least ``minutes`` long, made once and kept.

    ``drawn`` ones are drawn and encoded anew, several differing parts over and over, which takes minutes; the others
    are the kept sample over and over, made in a moment.
    """
    FOOTAGE.mkdir(exist_ok=True)
    path = FOOTAGE / f"{scene}-{minutes:g}min{'-drawn' if drawn else ''}.mp4"
    if path.exists():
        return path
    unfinished = path.with_stem(f"{path.stem}-unfinished")
    if drawn:
        render(scene, unfinished, minutes=minutes)
        for beside in FOOTAGE.glob(f"{unfinished.stem}.*"):
            beside.rename(FOOTAGE / beside.name.replace("-unfinished", ""))
    else:
        repeat([SAMPLES / f"{scene}.mp4"], ceil(minutes * 60 / SCENES[scene].length()), unfinished)
        unfinished.rename(path)
    return path


def _memory(pid: int) -> float:
    """Mebibytes of the process and of all that descend from it; what has just ended counts nothing."""
    kilobytes = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads = [task for task in Path(f"/proc/{pid}/task").iterdir() if task.name != str(pid)]
        children += [child for task in threads for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return kilobytes / 1024
    return kilobytes / 1024 + sum(_memory(int(child)) for child in children)
