"""What is kept, and what it is found by: the parts that everything else stands on."""

from __future__ import annotations

from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from indexer.archive import SqlArchive
from indexer.database import open_database
from videoqa.errors import DataUnwritable
from videoqa.ports import AlertFilter, RecordingFilter
from videoqa.settings import Settings
from videoqa.times import zone_called

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from indexer.alert_log import SqlAlertLog
    from indexer.audit_log import SqlAuditLog
    from indexer.cameras import SqlCameras
    from indexer.keys import SqlKeys
    from indexer.lexicon import IndexLexicon
    from indexer.pins import SqlPins
    from indexer.rules import SqlRules
    from indexer.search.hybrid import HybridSearch
    from indexer.webhooks import SqlWebhooks
    from ingest.known import KnownFiles
    from ingest.snapshots import DiskSnapshots
    from ingest.subtitles import KeptSubtitles
    from videoqa.jobs.queue import Jobs
    from videoqa.media import Recording
    from videoqa.ports import Embedder

CAMERAS = "cameras"
"""The folder of the data directory in which each camera has its own."""


class Stores:
    """The data directory and the database, by their parts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def folder(self) -> Path:
        """Where everything is kept; made where it is not there yet.

        Raises:
            DataUnwritable: it cannot be made.
        """
        folder = (self.settings.data_dir or user_data_path("videoqa", appauthor=False)).absolute()
        try:
            # What was said and seen is nobody else's on this machine.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DataUnwritable(path=folder, problem=error.strerror or error) from error
        return folder

    def footage_of(self, recording: Recording) -> Path | None:
        """Where what a camera recorded is; None of what somebody brought.

        By the names of the file and of the camera's folder: the data directory may have been moved, or be reached by
        another path, since the archive was told of them.
        """
        path = Path(recording.source)
        if not recording.camera or path.parts[-3:-1] != (CAMERAS, recording.camera):
            return None
        return self.folder / CAMERAS / recording.camera / path.name

    def has_of(self, camera_id: str) -> bool:
        """True where footage, alerts, notices or files are kept under the id of a camera, be it there or not."""
        wanted = AlertFilter(cameras=frozenset({camera_id}))
        return (
            (self.folder / CAMERAS / camera_id).exists()
            or bool(self.archive.page(RecordingFilter(camera=camera_id), limit=1))
            or bool(self.alert_log.alerts(wanted, limit=1))
            or self.alert_log.tells_of(camera_id)
        )

    @cached_property
    def zone(self) -> tzinfo:
        """The zone in which a user's days begin and end."""
        return zone_called(self.settings.timezone)

    @cached_property
    def engine(self) -> Engine:
        return open_database(self.settings.database_url or self.folder / "videoqa.sqlite")

    @cached_property
    def keys(self) -> SqlKeys:
        from indexer.keys import SqlKeys

        return SqlKeys(self.engine)

    @cached_property
    def cameras(self) -> SqlCameras:
        from indexer.cameras import SqlCameras

        return SqlCameras(self.engine)

    @cached_property
    def rules(self) -> SqlRules:
        from indexer.rules import SqlRules

        return SqlRules(self.engine)

    @cached_property
    def alert_log(self) -> SqlAlertLog:
        from indexer.alert_log import SqlAlertLog

        return SqlAlertLog(self.engine)

    @cached_property
    def webhooks(self) -> SqlWebhooks:
        from indexer.webhooks import SqlWebhooks

        return SqlWebhooks(self.engine)

    @cached_property
    def pins(self) -> SqlPins:
        from indexer.pins import SqlPins

        return SqlPins(self.engine)

    @cached_property
    def snapshots(self) -> DiskSnapshots:
        from ingest.snapshots import DiskSnapshots

        return DiskSnapshots(self.folder / CAMERAS)

    @cached_property
    def audit(self) -> SqlAuditLog:
        from indexer.audit_log import SqlAuditLog

        return SqlAuditLog(self.engine)

    @cached_property
    def archive(self) -> SqlArchive:
        return SqlArchive(self.engine, lambda: self.search)

    @cached_property
    def embedder(self) -> Embedder:
        from indexer.embedding import load

        return load(self.settings.embedder, self.settings.embedder_key)

    @cached_property
    def search(self) -> HybridSearch:
        from indexer.search.hybrid import HybridSearch

        return HybridSearch(self.engine, self.embedder, self.folder / "search")

    @cached_property
    def lexicon(self) -> IndexLexicon:
        from indexer.embedding import load
        from indexer.lexicon import IndexLexicon

        # Words are compared by the dozen for a single question: too many to ask a server for.
        served = self.settings.embedder.startswith(("http://", "https://"))
        return IndexLexicon(load() if served else self.embedder)

    @cached_property
    def files(self) -> KnownFiles:
        """Knows the files that were read whole, so that they need not be read again to be shown."""
        from ingest.closeups import FILES, FOLDER
        from ingest.known import KnownFiles

        return KnownFiles(self.folder / FOLDER / FILES)

    @cached_property
    def subtitles(self) -> KeptSubtitles:
        """The subtitle files that were brought for recordings."""
        from ingest.subtitles import KeptSubtitles

        return KeptSubtitles(self.folder, self.settings.disk_reserve_mb * 2**20)

    @cached_property
    def jobs(self) -> Jobs:
        from videoqa.jobs.queue import Jobs

        return Jobs(self.folder, self.settings.database_url)
