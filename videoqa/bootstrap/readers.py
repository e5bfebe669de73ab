"""What reads recordings and looks at them."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from videoqa.bootstrap.stores import Stores
from videoqa.media import Recording, Sampling
from videoqa.ports import RecordingFilter
from videoqa.settings import Settings

if TYPE_CHECKING:
    from ingest.clips import SandboxedClips
    from ingest.sandbox import SandboxedReader
    from videoqa.analyser.signals import SignalsAnalyser
    from videoqa.bootstrap.model import ModelRoom
    from videoqa.jobs.worker import Worker
    from videoqa.pipeline.indexing import Indexing
    from videoqa.ports import Transcriber


class Readers(Stores):
    """What reads recordings and looks at them, and the way of a recording into the archive and out of it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._finding = threading.Lock()
        self._model: ModelRoom | None = None

    @cached_property
    def reader(self) -> SandboxedReader:
        from ingest.limits import MEBIBYTE, Limits
        from ingest.sandbox import SandboxedReader

        limits = Limits(
            max_pixels=self.settings.max_pixels,
            max_streams=self.settings.max_streams,
            memory=self.settings.decode_memory_mb * MEBIBYTE,
        )
        # What is known of a file's clock need not be found out again when somebody wants to see it.
        files = self.files
        return SandboxedReader(
            limits, self.settings.decoder, lambda path, facts: files.note_leaps(path, leaps=facts.leaps)
        )

    @cached_property
    def clips(self) -> SandboxedClips:
        from ingest.clips import SandboxedClips
        from ingest.limits import MEBIBYTE

        longest = timedelta(seconds=self.settings.clip_seconds)
        return SandboxedClips(self.reader, self.folder, longest, self.settings.clips_mb * MEBIBYTE)

    @cached_property
    def analyser(self) -> SignalsAnalyser:
        from videoqa.analyser.signals import SignalsAnalyser

        period = timedelta(milliseconds=self.settings.period_ms)
        return SignalsAnalyser(Sampling(period=period, long_side=self.settings.long_side))

    @property
    def model(self) -> ModelRoom | None:
        """What looks through a model: the one that is set, or else the one that runs on this machine; None without.

        It is another one as soon as one is started; one that is gone is kept, to say so, until then.
        """
        from videoqa.bootstrap.model import ModelRoom
        from videoqa.serving.record import found

        url = self.settings.model_url or found(self.folder)
        with self._finding:
            if url and (self._model is None or self._model.url != url):
                self._model = ModelRoom(self.settings, self.folder, self.reader, url)
            return self._model

    @cached_property
    def transcriber(self) -> Transcriber | None:
        """What writes down speech; None where nothing is set for it."""
        from videoqa.bootstrap.model import transcriber

        return transcriber(self.settings, self.folder, self.reader)

    @cached_property
    def worker(self) -> Worker:
        from videoqa.jobs.worker import Worker

        settings = self.settings
        return Worker(self.jobs, settings.workers, timedelta(days=settings.jobs_keep_days))

    def indexing_by_model(self) -> Indexing | None:
        """The way of a recording past the model, for the process that does the work; None where there is no model."""
        from videoqa.bootstrap.model import GROUPS_AT_ONCE

        room = self.model
        if room is None:
            return None
        return replace(self.indexing(), analyser=room.analyser, workers=GROUPS_AT_ONCE)

    def indexing(self) -> Indexing:
        """The way of a recording into the archive, for the process that does the work."""
        from ingest.cues import SidecarCues
        from ingest.limits import MEBIBYTE
        from ingest.spool import DiskSpool
        from videoqa.passages import passages
        from videoqa.pipeline.indexing import Indexing
        from videoqa.timeline.timeline import EventTimeline

        return Indexing(
            files=self.files,
            reader=self.reader,
            cues=SidecarCues(self.subtitles),
            spool=DiskSpool(self.folder / "spool", self.settings.spool_mb * MEBIBYTE),
            analyser=self.analyser,
            timeline=EventTimeline(),
            passages=passages,
            archive=self.archive,
            workers=self.settings.workers,
            transcriber=self.transcriber,
        )

    def remove(self, recording: Recording) -> None:
        """Forgets ``recording``, what was said in it, every frame that was kept of it, and its file where that is ours.

        What another recording with the same content stands on is left to that one.
        """
        from ingest import clips, closeups
        from ingest.inbox import DiskInbox
        from videoqa.analyser.speech import transcripts
        from videoqa.bootstrap.model import TRANSCRIPTS
        from videoqa.intake import kept_files

        inbox = DiskInbox(self.folder)
        if recording.kept:
            inbox.doubt(Path(recording.source))
        self._remove_footage(recording)
        self.archive.remove(recording.id)
        if recording.kept:
            # Whoever cleared meanwhile has found the file wanted still.
            inbox.doubt(Path(recording.source))
        if not self.archive.ids(RecordingFilter(digest=recording.digest)):
            transcripts.forget(self.folder / TRANSCRIPTS, recording.digest)
            closeups.forget(self.folder / closeups.FOLDER, recording.digest)
            clips.forget(self.folder, recording.digest)
        self.subtitles.forget(recording.id)
        inbox.clear(lambda: kept_files(self.archive))
        self.indexing().clear()

    def _remove_footage(self, recording: Recording) -> None:
        """Its file goes first: footage of a camera that has no recording is taken up anew."""
        path = self.footage_of(recording)
        if path is None:
            return
        same = self.archive.page(RecordingFilter(camera=recording.camera), limit=sys.maxsize)
        if all(self.footage_of(other) != path for other in same if other.id != recording.id):
            path.unlink(missing_ok=True)
