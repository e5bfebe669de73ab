"""Who is at the other end of a connection over the loopback of this machine."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
# The table is no picture of one moment: an entry may be passed over while others come and go.
_LOOKS = 3


def is_ours(line: socket.socket) -> bool:
    """True where the process that connected belongs to our own user.

    Linux tells; elsewhere nobody does, and everybody is taken for one of ours.
    """
    if sys.platform != "linux":
        return True
    try:
        ends = f"{_written(*line.getpeername())} {_written(*line.getsockname())}"
        return any(_owner(ends) == os.getuid() for _ in range(_LOOKS))
    except OSError:
        return False


def _owner(ends: str) -> int | None:
    """The user who has the open connection between ``ends``, as proc(5) writes them."""
    for row in _TABLE.read_text("ascii").splitlines()[1:]:
        _, near, far, state, _, _, _, user, _, inode, *_ = row.split()
        # One that nobody has open any more counts as root's.
        if f"{near} {far}" == ends and state == "01" and inode != "0":
            return int(user)
    return None


def _written(address: str, port: int) -> str:
    number = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    return f"{number:08X}:{port:04X}"
