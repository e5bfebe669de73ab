"""The commands a user types."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Any

import typer

from videoqa.errors import Misuse, Unexpected, VideoqaError

# Typer shows this class of its parser's only through the errors derived from it.
_UsageError: Any = typer.BadParameter.__bases__[0]

FOUND, NOTHING_FOUND, MISUSE, FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """Runs the command line and exits with its code."""
    from videoqa.cli.commands import app

    logging.basicConfig(level=logging.DEBUG if os.environ.get("VIDEOQA_DEBUG") else logging.CRITICAL)
    code = _run(app)
    sys.stdout.flush()
    sys.stderr.flush()
    # Work that another process takes over may still run on threads here; the process ends like a killed one, which
    # everything that is kept is made for.
    os._exit(code)


def _run(app: typer.Typer) -> int:
    try:
        return int(app(standalone_mode=False) or FOUND)
    except typer.Exit as ended:
        return _stopped() if ended.exit_code == INTERRUPTED else int(ended.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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


def _stopped() -> int:
    return _say("stopped; the same command goes on from here", INTERRUPTED)


def _say(message: object, code: int) -> int:
    print(f"videoqa: {message}", file=sys.stderr)
    return code
