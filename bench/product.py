"""Runs the product's own commands and says what they cost: wall time, processor time, memory of the whole process tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samples.render import render

FOOTAGE = Path(__file__).parent / "footage"
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


def footage(scene: str, minutes: float) -> Path:
    """A recording of ``scene`` at least ``minutes`` long, rendered once and kept."""
    FOOTAGE.mkdir(exist_ok=True)
    path = FOOTAGE / f"{scene}-{minutes:g}min.mp4"
    if not path.exists():
        unfinished = FOOTAGE / f"{scene}-{minutes:g}min-unfinished.mp4"
        render(scene, unfinished, minutes=minutes)
        for beside in FOOTAGE.glob(f"{unfinished.stem}.*"):
            beside.rename(FOOTAGE / beside.name.replace("-unfinished", ""))
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
