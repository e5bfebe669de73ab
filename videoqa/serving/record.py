"""The file by which other commands of this machine find a running model server."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from videoqa.errors import DataUnwritable

_FOLDER = "model"


@dataclass(frozen=True, slots=True)
class Running:
    """A front that runs on this machine: its URL up to ``/v1``, the names it answers to, its process."""

    url: str
    models: tuple[str, ...]
    pid: int


@contextlib.contextmanager
def recorded(folder: Path, port: int, running: Running) -> Iterator[None]:
    """Keeps ``running`` to be found in ``folder`` while inside.

    The file is locked for as long as this process lives, so that one left behind by a killed process is known for
    stale whatever its process number has since become.

    Raises:
        DataUnwritable: the file cannot be written.
    """
    path = folder / _FOLDER / f"{port}.json"
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = fresh.open("w", encoding="utf-8")
    except OSError as error:
        raise DataUnwritable(path=path.parent, problem=error.strerror or error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(asdict(running), file)
        file.flush()
        fresh.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def running(folder: Path) -> Running | None:
    """The front that was started last of those that run over the data directory ``folder``; None where none does."""
    newest = sorted((folder / _FOLDER).glob("*.json"), key=_modified, reverse=True)
    return next((found for path in newest if (found := _read(path)) is not None), None)


def found(folder: Path) -> str | None:
    """The URL, up to ``/v1``, of the model server that runs over ``folder``; None where none does."""
    front = running(folder)
    return None if front is None else front.url


def states(front: Running) -> dict[str, str]:
    """The state of each model of ``front``, in words; empty where it does not answer now."""
    import httpx2  # noqa: PLC0415  `ask` looks for a front on its way, and is to be quick

    root = front.url.removesuffix("/v1")
    try:
        told = httpx2.get(f"{root}/health", timeout=10, trust_env=False).json()
        return {str(name): str(state) for name, state in told["models"].items()}
    except (httpx2.HTTPError, ValueError, KeyError, AttributeError):
        return {}


def _modified(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _read(path: Path) -> Running | None:
    try:
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                told = json.load(file)
                return Running(str(told["url"]), tuple(map(str, told["models"])), int(told["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # Nobody holds it: its writer was killed.
    with contextlib.suppress(OSError):
        path.unlink()
    return None
