"""A seccomp filter: system calls that reading pixels from an open file, or a camera, never needs fail with EPERM.

Sources: linux/filter.h, linux/seccomp.h, and the system call tables of x86_64 and of the generic ABI (aarch64).
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Iterator

_PR_SET_SECCOMP, _FILTER = 22, 2
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_MASKED = 0x54
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_AF_INET, _AF_INET6, _SOCK_STREAM, _KIND_OF_SOCKET = 2, 10, 1, 0xF
_X32 = 0x40000000
_CLONE_THREAD = 0x10000

# name: number on x86_64 (None where there is none), number on aarch64.
_FORBIDDEN: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "connect": (42, 203),
    "accept": (43, 202),
    "bind": (49, 200),
    "listen": (50, 201),
    "socketpair": (53, 199),
    "accept4": (288, 242),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "setrlimit": (160, 164),
    "prlimit64": (302, 261),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "creat": (85, None),
    "link": (86, None),
    "linkat": (265, 37),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "fsetxattr": (190, 7),
    "mount": (165, 40),
    "umount2": (166, 39),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
}
_TO_CONNECT = frozenset({"socket", "connect"})
_CLONE, _CLONE3 = (56, 220), (435, 435)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(*, connections: bool = False) -> bool:
    """Puts this thread, and all it starts, under the filter; False where the system has none.

    Args:
        connections: lets it open connections of TCP, and nothing else on the network.
    """
    if (known := _ARCHITECTURES.get(platform.machine())) is None:
        return False
    code = b"".join(_program(*known, connections=connections))
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(column: int, architecture: int, *, connections: bool) -> Iterator[bytes]:
    """The instructions, each a ``struct sock_filter``: code, jump if true, jump if false, operand."""
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_EQUAL, architecture, 1, 0)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_LOAD, _NUMBER)
    if column == 0:
        yield _instruction(_AT_LEAST, _X32, 0, 1)
        yield _instruction(_RETURN, _KILL)
    if connections:
        yield from _only_tcp(_FORBIDDEN["socket"][column] or 0)
    for name, numbers in _FORBIDDEN.items():
        if (number := numbers[column]) is not None and not (connections and name in _TO_CONNECT):
            yield _instruction(_EQUAL, number, 0, 1)
            yield _instruction(_RETURN, _ERRNO | errno.EPERM)
    # glibc asks clone3 first, whose flags a filter cannot see; without it, it asks clone.
    yield _instruction(_EQUAL, _CLONE3[column], 0, 1)
    yield _instruction(_RETURN, _ERRNO | errno.ENOSYS)
    yield _instruction(_EQUAL, _CLONE[column], 0, 3)
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield _instruction(_ANY_BIT, _CLONE_THREAD, 1, 0)
    yield _instruction(_RETURN, _ERRNO | errno.EPERM)
    yield _instruction(_RETURN, _ALLOW)


def _only_tcp(socket: int) -> Iterator[bytes]:
    """Forbids any socket but a stream over IPv4 or IPv6; the number of the call stays loaded."""
    yield _instruction(_EQUAL, socket, 0, 7)
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield _instruction(_EQUAL, _AF_INET, 1, 0)
    yield _instruction(_EQUAL, _AF_INET6, 0, 3)
    yield _instruction(_LOAD, _SECOND_ARGUMENT)
    yield _instruction(_MASKED, _KIND_OF_SOCKET)
    yield _instruction(_EQUAL, _SOCK_STREAM, 1, 0)
    yield _instruction(_RETURN, _ERRNO | errno.EPERM)
    yield _instruction(_LOAD, _NUMBER)


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, operand)
