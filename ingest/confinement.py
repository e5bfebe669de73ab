"""Takes from the running process what decoding a file does not need."""

from __future__ import annotations

import resource

from ingest.limits import Limits

_OPEN_FILES = 32


def confine(limits: Limits, work: int, readable: int | None) -> tuple[str, ...]:
    """Confines this process for good, as far as the system allows; the measures in force, by name.

    Args:
        work: seconds of processor time.
        readable: the descriptor of the one file that may be opened again.
    """
    measures = []
    for name, what, most in (
        ("memory limit", resource.RLIMIT_AS, limits.memory),
        ("processor time limit", resource.RLIMIT_CPU, work),
        ("no file can be written", resource.RLIMIT_FSIZE, 0),
        ("no core dump", resource.RLIMIT_CORE, 0),
        ("few open files", resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue
        measures.append(name)
    return tuple(measures)
