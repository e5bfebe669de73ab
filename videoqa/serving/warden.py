"""Runs a command and sees to it that nothing of it outlives this process, nor the one that holds its standard input.

``python -m videoqa.serving.warden SECONDS COMMAND...``: the command becomes the leader of a process group. When
standard input ends, whoever started this is done or dead: the command is told to end, and after SECONDS its whole group
is killed. A byte on standard input asks for the kill at once. The exit code is the command's, or 128 and the signal
that ended it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1
_LOOK_S = 0.1


def main() -> int:
    grace, command = float(sys.argv[1]), sys.argv[2:]
    # Signals of the terminal are for whoever holds our input to hear; it closes it.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=_end_with_parent)  # noqa: PLW1509  this process has one thread
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        return 127
    _watch(child, grace)
    # What it started lies in its group still, and would go on to hold the GPU.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _watch(child: subprocess.Popen[bytes], grace: float) -> None:
    """Returns when the child has ended, or has had its time to."""
    deadline = None
    while child.poll() is None and (deadline is None or time.monotonic() < deadline):
        if deadline is not None:
            time.sleep(_LOOK_S)
        if not select.select([0], [], [], 0 if deadline else _LOOK_S)[0]:
            continue
        if os.read(0, 1):
            return
        if deadline is None:
            deadline = time.monotonic() + grace
            child.send_signal(signal.SIGTERM)


def _end_with_parent() -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    # Should this process itself be killed, which closes no input of the child's.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
