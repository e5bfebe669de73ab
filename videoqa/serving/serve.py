"""The whole of a running model server: its engines, the front before them, and the file it is found by."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

import httpx2
import uvicorn

from videoqa.errors import DataUnwritable, ModelNotStarted
from videoqa.serving.command import Served, command
from videoqa.serving.engine import Care, Engine
from videoqa.serving.front import Front
from videoqa.serving.record import Running, recorded

_LOG_BYTES = 10 * 2**20
_DRAIN_S = 5
_BACKLOG = 2048
_LAST_LINES = 15
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is served: an address that requests come to, the data directory, and vLLM's Python.

    A request waits ``wait`` seconds for its model to start. Where it is ``verbose``, what vLLM writes is told too.
    """

    folder: Path
    python: str
    host: str = "127.0.0.1"
    port: int = 8000
    key: str = ""
    wait: float = 100.0
    verbose: bool = False

    @property
    def is_private(self) -> bool:
        """True where this machine alone reaches it."""
        return self.host == "localhost" or self.host.startswith("127.") or self.host == "::1"

    @property
    def url(self) -> str:
        """As it is reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104  compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/v1"


def serve(models: Sequence[Served], place: Place, care: Care, tell: Callable[[str], None]) -> None:
    """Serves ``models`` until a signal asks for the end; ``tell`` is given a line on every change.

    Raises:
        ModelNotStarted: none of them can be started, or the address is taken.
        DataUnwritable: the data directory is.
    """
    asyncio.run(_serve(models, place, care, tell))


async def _serve(models: Sequence[Served], place: Place, care: Care, tell: Callable[[str], None]) -> None:
    # vLLM closes a connection that is idle for five seconds, maybe in the very moment in which it is used again.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=3)
    # Proxies of the environment are for other machines; an answer takes as long as it takes.
    client = httpx2.AsyncClient(trust_env=False, limits=limits, timeout=httpx2.Timeout(None, connect=10))
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(_bound(place))
        engines = [_engine(served, place, care, client=client, tell=tell, stack=stack) for served in models]
        names = tuple(name for engine in engines for name in engine.served.all_names)
        stack.enter_context(recorded(place.folder, place.port, Running(place.url, names, os.getpid())))
        async with client:
            front = _Server(
                uvicorn.Config(
                    Front(engines, client, place.key, place.wait),
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    date_header=False,
                    timeout_graceful_shutdown=_DRAIN_S,
                    ws="none",
                )
            )
            tell(f"serving {', '.join(names)} at {place.url}")
            if not place.key and not place.is_private:
                tell("note: whoever reaches this address may ask; set VIDEOQA_MODEL_KEY here and where it is asked")
            await _until_told(front, listening, engines, tell)


async def _until_told(
    front: _Server, listening: socket.socket, engines: Sequence[Engine], tell: Callable[[str], None]
) -> None:
    told = asyncio.Event()

    def stop() -> None:
        if told.is_set():
            # The wardens see to the rest.
            os._exit(1)
        tell("stopping; once more stops it at once")
        told.set()

    for number in _SIGNALS:
        # One that is ignored stays so: under nohup the end of the terminal is not the end of this.
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stop)
    lives = [asyncio.create_task(engine.run()) for engine in engines]
    answering = asyncio.create_task(front.serve([listening]))
    asked = asyncio.create_task(told.wait())
    running = set(lives)
    fallen: ModelNotStarted | None = None
    try:
        while running and not asked.done() and not answering.done():
            done, _ = await asyncio.wait([*running, asked, answering], return_when=asyncio.FIRST_COMPLETED)
            for life in running & done:
                fallen = _fallen(life)
                running.remove(life)
                for line in engines[lives.index(life)].last_lines[-_LAST_LINES:]:
                    tell(f"  {line}")
                if running:
                    tell(str(fallen))
    finally:
        front.should_exit = True
        await asyncio.wait([answering])
        for task in (*lives, asked):
            task.cancel()
        await asyncio.gather(*lives, asked, return_exceptions=True)
    if fallen is not None and not running:
        raise fallen


def _fallen(life: asyncio.Task[None]) -> ModelNotStarted:
    """Why a model was given up; any other error that ended the care for it is raised."""
    try:
        life.result()
    except ModelNotStarted as given_up:
        return given_up
    raise AssertionError("a model is looked after until it is given up")


def _engine(
    served: Served,
    place: Place,
    care: Care,
    *,
    client: httpx2.AsyncClient,
    tell: Callable[[str], None],
    stack: contextlib.ExitStack,
) -> Engine:
    path = _log_of(place.folder, served.name)
    keep = stack.enter_context(_log(path, served.name))

    def told(line: str) -> None:
        tell(f"[{served.name}] {line}")

    def log(line: str) -> None:
        keep(line)
        if place.verbose:
            told(line)

    told(f"what vLLM writes is kept in {path}")
    return Engine(
        served,
        lambda port: command(served, place.python, port),
        care,
        client,
        tell=told,
        log=log,
    )


def _log_of(folder: Path, name: str) -> Path:
    return folder / "model" / f"{''.join(char if char.isalnum() or char in '-._' else '-' for char in name)}.log"


@contextlib.contextmanager
def _log(path: Path, name: str) -> Iterator[Callable[[str], None]]:
    """Keeps what a server writes in the file ``path``, the last megabytes of it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        raise DataUnwritable(path=path, problem=error.strerror or error) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    with contextlib.closing(handler):
        yield lambda line: handler.emit(logging.LogRecord(name, logging.INFO, "", 0, line, None, None))


@contextlib.contextmanager
def _bound(place: Place) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((place.host, place.port))
        except OSError as error:
            problem = f"{place.host}:{place.port}: {error.strerror or error}"
            raise ModelNotStarted(problem=problem, remedy="give another --host or --port") from error
        # From here on who asks is not turned away, but waits for the first turn.
        listening.listen(_BACKLOG)
        yield listening


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the end is asked for by ``should_exit``."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
