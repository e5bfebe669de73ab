"""The commands a user types."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any, NoReturn

import typer

from videoqa.errors import Misuse, Unexpected, VideoqaError

# Typer shows this class of its parser's only through the errors derived from it.
_UsageError: Any = typer.BadParameter.__bases__[0]

FOUND, NOTHING_FOUND, MISUSE, FAILED, INTERRUPTED = 0, 1, 2, 3, 130
_STDERR = 2


def main() -> None:
    """Runs the command line and exits with its code."""
    _prepare_streams()
    # Its threads wait for one another in a loop, and take the cores from whoever decodes beside them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    debugging = bool(os.environ.get("VIDEOQA_DEBUG"))
    logging.basicConfig(level=logging.DEBUG if debugging else logging.CRITICAL, format="videoqa: %(message)s")
    # Embeddings that cannot be had are no error, but a user who named them must know.
    logging.getLogger("indexer.embedding").setLevel(logging.WARNING)
    code = _run()
    # Work that another process takes over may still run on threads here; the process ends like a killed one, which
    # everything that is kept is made for.
    os._exit(code)


def _prepare_streams() -> None:
    """Makes printing safe: nothing that is opened later takes the place of a closed stream, no character is refused."""
    while (free := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(free)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  open until the end
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _run() -> int:
    try:
        from videoqa.cli.commands import app

        # Without its standalone mode the parser returns the code of what it ended itself, an interrupt included.
        code = int(app(standalone_mode=False) or FOUND)
        sys.stdout.flush()
        return _stopped() if code == INTERRUPTED else code
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except (BrokenPipeError, SystemExit):
        # The parser ends so where it is the one who finds that nobody reads on.
        return FOUND
    except Exception as error:  # noqa: BLE001  the last line before the user: told in a sentence, or traced on demand
        return _told(error)


def _told(error: Exception) -> int:
    if isinstance(error, Misuse):
        return _say(error, MISUSE)
    if isinstance(error, VideoqaError):
        return _say(error, FAILED)
    if isinstance(error, _UsageError):
        error.show()
        return MISUSE
    if os.environ.get("VIDEOQA_DEBUG"):
        traceback.print_exception(error)
    return _say(f"{Unexpected(kind=type(error).__name__, problem=error)} VIDEOQA_DEBUG=1 shows where", FAILED)


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:
    """Ends at once, like a kill: an exception raised here might be swallowed by whatever library was just at work."""
    # The progress bar has hidden the cursor.
    shown = b"\x1b[?25h\n" if os.isatty(_STDERR) else b""
    os.write(_STDERR, shown + b"videoqa: stopped; the same command goes on from here\n")
    os._exit(INTERRUPTED)


def _stopped() -> int:
    return _say("stopped; the same command goes on from here", INTERRUPTED)


def _say(message: object, code: int) -> int:
    with contextlib.suppress(OSError):
        print(f"videoqa: {message}", file=sys.stderr, flush=True)
    return code
