"""The commands a user types."""

from __future__ import annotations

import os
import sys

import typer

from videoqa.errors import Misuse, VideoqaError

FOUND, NOTHING_FOUND, MISUSE, FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """Runs the command line and exits with its code."""
    from videoqa.cli.commands import app

    code = _run(app)
    sys.stdout.flush()
    sys.stderr.flush()
    # Work that another process takes over may still run on threads here; the process ends like a killed one, which
    # everything that is kept is made for.
    os._exit(code)


def _run(app: typer.Typer) -> int:
    try:
        outcome = app(standalone_mode=False)
    except typer.Exit as ended:
        return int(ended.exit_code)
    except Misuse as error:
        return _say(error, MISUSE)
    except VideoqaError as error:
        return _say(error, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _say("stopped; the same command goes on from here", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FOUND
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            return MISUSE
        if os.environ.get("VIDEOQA_DEBUG"):
            raise
        return _say(f"unexpected {type(error).__name__}: {error} (VIDEOQA_DEBUG=1 shows where)", FAILED)
    return int(outcome or FOUND)


def _say(message: object, code: int) -> int:
    print(f"videoqa: {message}", file=sys.stderr)
    return code
