"""The service over a real archive in a folder, and a client that speaks to it without a socket."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import sqlalchemy as sa
from fastapi import FastAPI

from api.app import create_app
from api.service import Service
from indexer.alert_log import SqlAlertLog
from indexer.answer_log import SqlAnswerLog
from indexer.archive import SqlArchive
from indexer.audit_log import SqlAuditLog
from indexer.cameras import SqlCameras
from indexer.database import open_database
from indexer.embedding import load
from indexer.keys import SqlKeys
from indexer.lexicon import IndexLexicon
from indexer.pins import SqlPins
from indexer.rules import SqlRules
from indexer.search.hybrid import HybridSearch
from indexer.webhooks import SqlWebhooks
from ingest.addresses import Policy
from ingest.camera.addresses import camera_policy, check
from ingest.fetch import WebFetcher
from ingest.gate.scenery import LiveScenery
from ingest.inbox import DiskInbox
from ingest.posting import WebPoster, webhook_policy
from ingest.sandbox import SandboxedReader
from ingest.snapshots import DiskSnapshots
from ingest.subtitles import KeptSubtitles
from videoqa.alerting.setting_up import SettingUp
from videoqa.alerting.trying import Trials
from videoqa.analyser.sentry.sentries import CameraSentries
from videoqa.answering.answering import Answering
from videoqa.intake import Intake
from videoqa.media import Recording, Sampling
from videoqa.testing.clips import DrawnClips
from videoqa.testing.jobs import MemoryJobQueue
from videoqa.testing.search import LetterEmbedder

URL = "http://127.0.0.1:8080"


def a_service(folder: Path, **parts: Any) -> Service:
    """A service that keeps everything in ``folder``; ``parts`` take the place of its own."""
    engine = _database(folder / "videoqa.sqlite")
    search = HybridSearch(engine, LetterEmbedder(), folder / "search")
    archive = parts.get("archive") or SqlArchive(engine, lambda: search)
    jobs = parts.get("jobs") or MemoryJobQueue()
    inbox = parts.get("inbox") or DiskInbox(folder)
    subtitles = parts.get("subtitles") or KeptSubtitles(folder)
    known: dict[str, Any] = {
        "archive": archive,
        "answering": Answering(search, archive, _lexicon(), UTC, cameras=SqlCameras(engine)),
        "grounded": lambda: None,
        "jobs": jobs,
        "inbox": inbox,
        "subtitles": subtitles,
        "fetcher": WebFetcher(Policy()),
        "intake": Intake(inbox, archive, jobs, subtitles),
        "clips": DrawnClips(folder),
        "keys": SqlKeys(engine),
        "answers": SqlAnswerLog(engine),
        "audit": SqlAuditLog(engine),
        "setting_up": SettingUp(
            SqlCameras(engine),
            SqlRules(engine),
            lambda url: check(url, camera_policy(private=True)),
            lambda camera_id: (folder / "cameras" / camera_id).exists(),
        ),
        "alerts": SqlAlertLog(engine),
        "snapshots": DiskSnapshots(folder / "cameras"),
        "pins": SqlPins(engine),
        "trials": lambda: Trials(archive, SandboxedReader(), CameraSentries(LiveScenery, None), Sampling()),
        "webhooks": SqlWebhooks(engine),
        "poster": WebPoster(webhook_policy(private=True)),
        "remove": _remover(archive),
        "checks": tuple,
        "folder": folder,
    }
    taken = {item.name for item in fields(Service)}
    return Service(**{name: part for name, part in (known | parts).items() if name in taken})


def app_of(service: Service) -> FastAPI:
    """The application over ``service``. What it says of itself is made once for all tests: that takes half a second."""
    app = create_app(service)
    app.openapi_schema = _document()
    return app


def client_of(service: Service, key: str = "", app: FastAPI | None = None, **more: Any) -> httpx2.AsyncClient:
    """An asynchronous client of the application over ``service``, which sends ``key`` where one is given.

    What breaks in a route comes back as the answer that a user would get.
    """
    transport = httpx2.ASGITransport(app or app_of(service), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.AsyncClient(transport=transport, base_url=URL, headers=headers, **more)


def _database(path: Path) -> sa.Engine:
    """A database that is quick to make and to write: nobody pulls this machine's plug in a test."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(_empty_database())
    engine = open_database(path)

    @sa.event.listens_for(engine, "connect")
    def hurry(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    engine.dispose()
    return engine


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        open_database(Path(folder) / "empty.sqlite").dispose()
        return (Path(folder) / "empty.sqlite").read_bytes()


def _remover(archive: Any) -> Callable[[Recording], None]:
    def remove(recording: Recording) -> None:
        archive.remove(recording.id)

    return remove


@cache
def _document() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        return create_app(a_service(Path(folder))).openapi()


@cache
def _lexicon() -> IndexLexicon:
    return IndexLexicon(load())
