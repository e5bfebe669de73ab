"""Takes from the running process, for good, what the decoding of one file, or of one camera, does not need."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from ingest import seccomp
from ingest.limits import Limits

_OPEN_FILES = 32
_LAST_SECONDS = 5
_CLONE_NEWNET, _CLONE_NEWUSER = 0x40000000, 0x10000000
_PR_SET_NO_NEW_PRIVS = 38
# linux/landlock.h; the system calls have the same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WITH_PORTS = 4
"""The version of Landlock from which on it knows of the network."""
_BENEATH, _AT_PORT = 1, 2
_CONNECT = 1 << 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_FILE_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_CONNECT_AND_BIND, _SOCKETS_AND_SIGNALS = 3, 3


def confine(limits: Limits, work: int, readable: int | None) -> tuple[str, ...]:
    """Confines this process as far as the system allows; the measures then in force, as `doctor` names them.

    It has to have a single thread: the kernel confines threads, and what a thread starts.

    Args:
        work: seconds of processor time.
        readable: the descriptor of the one file that may be opened again.
    """
    # The hard limit kills without saying why.
    work_limit = ("processor time limit", lambda: _limit(resource.RLIMIT_CPU, work, _LAST_SECONDS))
    return _taken([work_limit, *_limits(limits.memory), *_no_network(readable)])


def confine_camera(memory: int, port: int | None, readable: int | None) -> tuple[str, ...]:
    """Like ``confine``, for as long as a camera runs: its processor time is not limited.

    Args:
        memory: bytes of address space.
        port: the one on the network that may be connected to; None where all comes by ``readable``.
    """
    if port is None:
        return _taken([*_limits(memory), *_no_network(readable)])
    if sys.platform != "linux":
        return _taken(_limits(memory))
    beside = ", no other port" if _landlock_version() >= _WITH_PORTS else ""
    return _taken(
        [
            *_limits(memory),
            ("no new privileges", _no_new_privileges),
            (f"Landlock: no other file but code{beside}", lambda: _landlock(readable, port)),
            ("seccomp: connections only, no programs, no file changes", lambda: seccomp.install(connections=True)),
        ]
    )


_Step = tuple[str, Callable[[], bool]]


def _limits(memory: int) -> list[_Step]:
    return [
        ("memory limit", lambda: _limit(resource.RLIMIT_AS, memory)),
        ("nothing written", lambda: _limit(resource.RLIMIT_FSIZE, 0)),
        ("no core dump", lambda: _limit(resource.RLIMIT_CORE, 0)),
        ("few open files", lambda: _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)),
    ]


def _no_network(readable: int | None) -> list[_Step]:
    if sys.platform != "linux":
        return []
    return [
        ("own network namespace", _leave_network),
        ("no new privileges", _no_new_privileges),
        ("Landlock: no other file but code", lambda: _landlock(readable)),
        ("seccomp: no network, no programs, no file changes", seccomp.install),
    ]


def _taken(steps: list[_Step]) -> tuple[str, ...]:
    return tuple(name for name, step in steps if step())


def _no_new_privileges() -> bool:
    return bool(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def _limit(what: int, most: int, beyond: int = 0) -> bool:
    try:
        resource.setrlimit(what, (most, most + beyond))
    except (OSError, ValueError):
        return False
    return True


def _leave_network() -> bool:
    """Moves into a network namespace without an interface; an ordinary user needs a user namespace for it."""
    return any(_libc().unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


class _Port(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def _landlock(readable: int | None, port: int | None = None) -> bool:
    """Forbids to open any file but the one behind ``readable`` and installed code (PyAV imports late); only to read.

    Forbids any TCP connection too but those to ``port``, where the system can.
    """
    libc, abi = _libc(), _landlock_version()
    if abi < 1:
        return False
    rights = _FILE_RIGHTS_BY_ABI[min(abi, max(_FILE_RIGHTS_BY_ABI))]
    rules = _Ruleset((1 << rights) - 1, _CONNECT_AND_BIND * (abi >= _WITH_PORTS), _SOCKETS_AND_SIGNALS * (abi >= 6))
    size = ctypes.sizeof(_Ruleset) if abi >= 6 else 8 * (1 + (abi >= _WITH_PORTS))
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return False
    allowed = [] if readable is None else [(_READ_FILE, readable)]
    for folder in {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}:
        if not Path(folder).is_dir():
            continue
        allowed.append((_READ_FILE | _READ_FOLDER, os.open(folder, os.O_RDONLY | os.O_CLOEXEC)))
    done = all(_allow(libc, ruleset, _BENEATH, _PathBeneath(*rule)) for rule in allowed)
    if port is not None and abi >= _WITH_PORTS:
        done = done and _allow(libc, ruleset, _AT_PORT, _Port(_CONNECT, port))
    return done and int(libc.syscall(_RESTRICT_SELF, ruleset, 0)) == 0


def _landlock_version() -> int:
    """Below 1 where there is none."""
    return int(_libc().syscall(_CREATE_RULESET, None, 0, 1))


def _allow(libc: ctypes.CDLL, ruleset: int, kind: int, rule: ctypes.Structure) -> bool:
    return int(libc.syscall(_ADD_RULE, ruleset, kind, ctypes.byref(rule), 0)) == 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
