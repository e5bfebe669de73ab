"""Nothing outlives the warden, nor the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# Heeds no request to end, has a child that does not either, and tells both numbers.
HEEDLESS = (
    "import os, signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal, time; "
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)'])\n"
    "time.sleep(0.3); print(os.getpid(), child.pid, flush=True); time.sleep(60)"
)
POLITE = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(flush=True); time.sleep(60)"
)


def _start(*command: str, grace: float = 0.3) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "videoqa.serving.warden", str(grace), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _pids(warden: subprocess.Popen[str]) -> list[int]:
    assert warden.stdout is not None
    return [int(word) for word in warden.stdout.readline().split()]


def _gone(pids: list[int], within: float = 5) -> bool:
    deadline = time.monotonic() + within
    while any(_lives(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _close(warden: subprocess.Popen[str]) -> None:
    assert warden.stdin is not None
    warden.stdin.close()


def _ask_for_the_kill(warden: subprocess.Popen[str]) -> None:
    assert warden.stdin is not None
    warden.stdin.write("!")
    warden.stdin.flush()


def _kill_the_command(warden: subprocess.Popen[str]) -> None:
    (command,) = Path(f"/proc/{warden.pid}/task/{warden.pid}/children").read_text().split()
    os.kill(int(command), signal.SIGKILL)


@pytest.mark.parametrize("end", [_close, _ask_for_the_kill, _kill_the_command])
def test_the_whole_group_ends(end: Callable[[subprocess.Popen[str]], None]) -> None:
    with _start(sys.executable, "-c", HEEDLESS) as warden:
        pids = _pids(warden)
        assert len(pids) == 2
        end(warden)
        assert warden.wait(10) == 128 + signal.SIGKILL
        assert _gone(pids)


def test_a_command_that_ends_when_told_to_is_let_end() -> None:
    with _start(sys.executable, "-c", POLITE, grace=20) as warden:
        _pids(warden)
        _close(warden)
        assert warden.wait(10) == 7


def test_a_commands_own_end_is_passed_on() -> None:
    with _start(sys.executable, "-c", "raise SystemExit(5)") as warden:
        assert warden.wait(10) == 5


def test_a_command_that_is_not_there_is_told() -> None:
    with _start("/no/such/python") as warden:
        assert warden.wait(10) == 127
        assert warden.stdout is not None
        assert "/no/such/python" in warden.stdout.read()


def test_signals_of_the_terminal_are_left_to_its_parent() -> None:
    with _start(sys.executable, "-c", POLITE, grace=20) as warden:
        _pids(warden)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            warden.send_signal(number)
        time.sleep(0.3)
        assert warden.poll() is None
        _close(warden)
        assert warden.wait(10) == 7


def test_a_command_ends_when_its_warden_is_killed() -> None:
    with _start(sys.executable, "-c", POLITE) as warden:
        _pids(warden)
        (command,) = Path(f"/proc/{warden.pid}/task/{warden.pid}/children").read_text().split()
        warden.kill()
        assert _gone([int(command)])
