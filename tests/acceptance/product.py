"""The commands as a user types them, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance import canaries

VIDEOQA = Path(sys.executable).with_name("videoqa")
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Videoqa:
    """The product over one data directory."""

    data: Path

    def __call__(self, *arguments: str | Path, timeout: float = 240, **environment: str) -> Ran:
        with self.start(*arguments, **environment) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        assert not canaries.sing(out, err), "a secret is read in what it writes"
        return Ran(process.returncode, out, err)

    def start(self, *arguments: str | Path, stdin: int | None = None, **environment: str) -> subprocess.Popen[str]:
        """The command, running, in a process group of its own."""
        return subprocess.Popen(
            [VIDEOQA, *map(str, arguments)],
            env=os.environ | canaries.SETTINGS | {"VIDEOQA_DATA_DIR": str(self.data)} | environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell has what it starts in the background ignore interrupts, and so would the product under test.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no thread is at work here
        )
