"""The service over a real archive in a folder, and a client that speaks to it without a socket."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from api.app import create_app
from api.service import Service
from indexer.archive import SqlArchive
from indexer.database import open_database
from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from indexer.search.hybrid import HybridSearch
from videoqa.answering.answering import Answering
from videoqa.intake import Intake
from videoqa.media import Recording
from videoqa.testing.jobs import MemoryJobQueue
from videoqa.testing.search import LetterEmbedder

URL = "http://127.0.0.1:8080"


def a_service(folder: Path, **parts: Any) -> Service:
    """A service that keeps everything in ``folder``; ``parts`` take the place of its own."""
    engine = open_database(folder / "videoqa.sqlite")
    search = HybridSearch(engine, LetterEmbedder(), folder / "search")
    archive = parts.get("archive") or SqlArchive(engine, lambda: search)
    jobs = parts.get("jobs") or MemoryJobQueue()
    inbox = parts.get("inbox") or _part("ingest.inbox", "DiskInbox", lambda kind: kind(folder))
    known: dict[str, Any] = {
        "archive": archive,
        "answering": Answering(search, archive, _lexicon(), UTC),
        "grounded": None,
        "jobs": jobs,
        "inbox": inbox,
        "intake": Intake(inbox, archive, jobs),
        "clips": _part("videoqa.testing.clips", "DrawnClips", lambda kind: kind(folder)),
        "keys": _part("indexer.keys", "SqlKeys", lambda kind: kind(engine)),
        "answers": _part("indexer.answer_log", "SqlAnswerLog", lambda kind: kind(engine)),
        "audit": _part("indexer.audit_log", "SqlAuditLog", lambda kind: kind(engine)),
        "remove": _remover(archive),
        "checks": tuple,
        "folder": folder,
    }
    taken = {item.name for item in fields(Service)}
    return Service(**{name: part for name, part in (known | parts).items() if name in taken})


def client_of(service: Service, key: str = "", app: FastAPI | None = None, **more: Any) -> httpx2.AsyncClient:
    """An asynchronous client of the application over ``service``, which sends ``key`` where one is given.

    What breaks in a route comes back as the answer that a user would get.
    """
    transport = httpx2.ASGITransport(app or create_app(service), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.AsyncClient(transport=transport, base_url=URL, headers=headers, **more)


class _Absent:
    """Stands where a part is not there yet, and says so where it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def keys(self) -> tuple[()]:
        return ()

    def write(self, deed: object) -> None:
        pass

    def __getattr__(self, method: str) -> Any:
        raise NotImplementedError(f"{self._name}.{method}: this part is not there yet")


def _part(module: str, name: str, make: Callable[[Any], Any]) -> Any:
    try:
        kind = getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError):
        return _Absent(f"{module}.{name}")
    return make(kind)


def _remover(archive: Any) -> Callable[[Recording], None]:
    def remove(recording: Recording) -> None:
        archive.remove(recording.id)

    return remove


@cache
def _lexicon() -> IndexLexicon:
    return IndexLexicon(load())
