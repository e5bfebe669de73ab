"""The composition root: the only place that names concrete classes. Each part is made when it is first used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, tzinfo
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from platformdirs import user_data_path

from indexer.archive import SqlArchive
from indexer.database import open_database
from videoqa.catalogue import resolve
from videoqa.health import Check
from videoqa.media import Progress, Recording, Sampling
from videoqa.ports import PlannedGroup
from videoqa.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from api.exports import ExportFormat
    from api.schemas import RecordingDetails
    from indexer.search.sqlite import SqliteSearch
    from ingest.sandbox import SandboxedReader
    from videoqa.analyser.signals import SignalsAnalyser
    from videoqa.answering.answering import Answering
    from videoqa.jobs.queue import Jobs
    from videoqa.pipeline.indexing import Indexing


@cache
def house() -> House:
    """The parts, put together by the environment's settings."""
    return House(Settings.read(os.environ))


class House:
    """Everything a command needs, by name. Imports what is heavy (decoder, OCR, workflow engine) only where it is used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.data_dir or user_data_path("videoqa", appauthor=False)

    @property
    def zone(self) -> tzinfo:
        """The zone in which a user's days begin and end."""
        name = self.settings.timezone or os.environ.get("TZ", "")
        return ZoneInfo(name) if name else _local_zone()

    @cached_property
    def engine(self) -> Engine:
        return open_database(self.settings.database_url or self.folder / "videoqa.sqlite")

    @cached_property
    def archive(self) -> SqlArchive:
        return SqlArchive(self.engine)

    def resolve(self, name: str) -> Recording:
        return resolve(name, self.archive.recordings())
