"""The service put together: its parts from the house, its HTTP server, its worker, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from anyio.to_thread import run_sync

from api.opening import Opening
from api.serving import HttpServer, allow_connections, is_private, listening, server, url_of
from videoqa import logs
from videoqa.bootstrap import House, house, telemetry
from videoqa.bootstrap.children import ChildProcess
from videoqa.bootstrap.live import LiveProcess
from videoqa.bootstrap.neighbours import Neighbours
from videoqa.bootstrap.worker import WorkerProcess
from videoqa.errors import NoKeys, VideoqaError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.service import Broker, Limits, Service
    from videoqa.settings import Settings

T = TypeVar("T")
_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CONNECTIONS = 2000
_LAST_SECONDS = 9.0
_TIDY_SECONDS = 600.0
_JOBS_KEPT = timedelta(days=90)
_MEBIBYTE = 2**20


def serve(host: str, port: int) -> None:
    """Serves until a signal ends it.

    Raises:
        CannotListen: the address is taken, or there is none such.
        NoKeys: other machines would reach it, and it could not tell them apart.
        StorageError: what is kept cannot be read or written, or a newer videoqa wrote it.
    """
    # What is imported stays: looking through it for garbage is a seventh of the start.
    gc.disable()
    place = house()
    logs.begin(place.settings.log_format, place.settings.secrets, "service", debugging=_debugging())
    telemetry.begin("service")
    private = is_private(host, port)
    if not private and not _has_keys(place):
        raise NoKeys(host=host, name="admin")
    allow_connections(_CONNECTIONS)
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(contextlib.closing(each)) for each in listening(host, port)]
        neighbours = Neighbours(place.folder, url_of(sockets))
        stack.enter_context(neighbours.joined())
        threading.Thread(target=neighbours.tell_loop, name="neighbours", daemon=True).start()
        asyncio.run(_serve(place, sockets, private=private))


def service_of(place: House, worker: WorkerProcess, watching: LiveProcess | None = None, *, private: bool) -> Service:
    """The parts of ``place`` as the routes use them; a key is needed where it is not ``private``."""
    from api.service import Service
    from indexer.answer_log import SqlAnswerLog
    from indexer.keys import SqlKeys
    from ingest.addresses import Policy
    from ingest.fetch import WebFetcher
    from ingest.glance import refuse_text
    from ingest.inbox import DiskInbox
    from ingest.posting import WebPoster, webhook_policy
    from videoqa.bootstrap.parts import Parts
    from videoqa.intake import Intake

    reserve = place.settings.disk_reserve_mb * _MEBIBYTE
    inbox = DiskInbox(place.folder, reserve)
    parts = Parts(place, worker, reserve, watching)
    return Service(
        archive=place.archive,
        answering=place.answering,
        grounded=lambda: place.grounded,
        jobs=place.jobs,
        intake=Intake(inbox, place.archive, place.jobs, place.subtitles, lambda: place.model is not None, refuse_text),
        inbox=inbox,
        subtitles=place.subtitles,
        fetcher=WebFetcher(Policy(private=place.settings.fetch_private)),
        clips=place.clips,
        keys=SqlKeys(place.engine),
        answers=SqlAnswerLog(place.engine),
        audit=place.audit,
        setting_up=place.setting_up,
        alerts=place.alert_log,
        snapshots=place.snapshots,
        pins=place.pins,
        trials=lambda: place.trials,
        webhooks=place.webhooks,
        poster=WebPoster(webhook_policy(private=place.settings.webhook_private)),
        remove=place.remove,
        checks=parts.checks,
        figures=parts.figures,
        folder=place.folder,
        keys_needed=not private,
        limits=limits_of(place.settings),
        broker=_broker(place.settings),
    )


def limits_of(settings: Settings) -> Limits:
    """What ``settings`` let a key use."""
    from api.service import Limits

    return Limits(
        requests=settings.rate,
        upload_bytes=settings.upload_mb * _MEBIBYTE,
        uploads_at_once=settings.uploads_at_once,
        day_bytes=settings.upload_mb_a_day * _MEBIBYTE,
        footage_seconds=settings.footage_hours_a_day * 3600,
        origins=settings.origins,
    )


def _broker(settings: Settings) -> Broker | None:
    from api.service import Broker

    if not settings.mqtt_url:
        return None
    url = urlsplit(settings.mqtt_url)
    encrypted = url.scheme == "mqtts"
    return Broker(
        host=url.hostname or "",
        port=url.port or (8883 if encrypted else 1883),
        topic=settings.mqtt_topic,
        discovery=settings.mqtt_discovery,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        encrypted=encrypted,
    )


async def _serve(place: House, sockets: Sequence[socket.socket], *, private: bool) -> None:
    told = asyncio.Event()
    _heed_signals(told)
    opening, worker, watching = Opening(), WorkerProcess(), LiveProcess()
    answering = server(opening, _CONNECTIONS)
    serving = asyncio.create_task(answering.serve(list(sockets)))
    working = [asyncio.create_task(worker.run())]
    ending = asyncio.create_task(_first(serving, asyncio.create_task(told.wait())))
    try:
        with contextlib.suppress(_Stopped):
            # Imports and migrations take a second or two; whoever asks meanwhile is told to wait.
            app = await _before(ending, _aside(lambda: _app(place, worker, watching, private=private)))
            async with app.router.lifespan_context(app):
                opening.open(app)
                # Behind the first request, which would wait for a process that starts beside it.
                watching.noticed = app.state.feed.wake
                working.append(asyncio.create_task(watching.run()))
                gc.freeze()
                gc.enable()
                _log.info("serving at %s", url_of(sockets))
                try:
                    await _before(ending, _aside(lambda: _take_up(app, place)))
                    await _before(ending, _keep_house(app.state.service, place))
                finally:
                    app.state.stopping.set()
                    await _end(answering, serving, worker, watching)
    finally:
        opening.give_up()
        await _end(answering, serving, worker, watching)
        await asyncio.gather(*working)
        _log.info("stopped")


async def _end(answering: HttpServer, serving: asyncio.Future[None], *children: ChildProcess) -> None:
    answering.should_exit = True
    await asyncio.gather(serving, *(child.stop() for child in children))


async def _first(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


async def _keep_house(service: Service, place: House) -> None:
    """Forgets now and then what nobody comes back for: files and jobs that were over long ago."""
    while True:
        try:
            await _aside(lambda: _tidy(service, place))
        except VideoqaError as error:
            _log.warning("what is over could not be forgotten: %s", error)
        await asyncio.sleep(_TIDY_SECONDS)


def _tidy(service: Service, place: House) -> None:
    from videoqa.intake import kept_files

    files = service.inbox.clear(lambda: kept_files(service.archive))
    files += service.subtitles.clear(lambda: {recording.id for recording in service.archive.recordings()})
    jobs = place.jobs.prune(datetime.now(UTC) - _JOBS_KEPT)
    if files or jobs:
        _log.info("forgot %d files and %d jobs that were over", files, jobs)


def _debugging() -> bool:
    return bool(os.environ.get("VIDEOQA_DEBUG"))


class _Stopped(Exception):
    """The end was asked for before it was there."""


async def _before(end: asyncio.Future[Any], work: Coroutine[object, object, T]) -> T:
    """What ``work`` returns.

    Raises:
        _Stopped: the end came first.
    """
    doing = asyncio.create_task(work)
    await asyncio.wait((doing, end), return_when=asyncio.FIRST_COMPLETED)
    if not doing.done():
        doing.cancel()
        raise _Stopped
    return doing.result()


async def _aside(work: Callable[[], T]) -> T:
    """What ``work`` returns, run on a thread that nobody waits for when the end comes."""
    return await run_sync(work, abandon_on_cancel=True)


def _take_up(app: FastAPI, place: House) -> None:
    """Goes on with what an earlier service was cut off in: uploads it had taken in and not submitted yet."""
    # What the first request would wait for.
    app.openapi()
    place.jobs.open()
    app.state.service.intake.resume()


def _app(place: House, worker: WorkerProcess, watching: LiveProcess, *, private: bool) -> FastAPI:
    from api.app import create_app

    return create_app(service_of(place, worker, watching, private=private))


def _heed_signals(told: asyncio.Event) -> None:
    def stop(number: int) -> None:
        if told.is_set():
            # The worker sees that its parent is gone.
            os._exit(128 + number)
        _log.info("stopping; once more stops it at once")
        told.set()
        # Whatever still holds a thread, a socket or a lock then goes the way of a kill, which all of it is made for.
        last = threading.Timer(_LAST_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()

    for number in _SIGNALS:
        # One that is ignored stays so: under nohup the end of the terminal is not the end of this.
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stop, number)


def _has_keys(place: House) -> bool:
    from indexer.keys import SqlKeys

    return any(key.revoked_at is None for key in SqlKeys(place.engine).keys())  # noqa: SIM118  a port's method
