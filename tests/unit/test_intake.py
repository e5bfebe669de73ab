from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from indexer.archive import SqlArchive
from indexer.database import open_database
from indexer.search.hybrid import HybridSearch
from ingest.inbox import DiskInbox
from ingest.subtitles import KeptSubtitles
from videoqa.access import Caller, Role
from videoqa.errors import EmptyUpload
from videoqa.intake import Intake, Wishes
from videoqa.media import Recording
from videoqa.ports import Arrived
from videoqa.testing.jobs import MemoryJobQueue
from videoqa.testing.search import LetterEmbedder

Kind = TypeVar("Kind", bound=SqlArchive)
CALLER = Caller("key", "key", Role.OPERATOR)
WISHES = Wishes("Gate", "gate.mp4")


class RemovedAtOnce(SqlArchive):
    """An archive whose first recording somebody removes as soon as it is added."""

    removed = ""

    def add(self, recording: Recording) -> Recording:
        added = super().add(recording)
        if not self.removed:
            self.removed = added.id
            self.remove(added.id)
        return added


def over(folder: Path, kind: type[Kind]) -> Kind:
    engine = open_database(folder / "videoqa.sqlite")
    search = HybridSearch(engine, LetterEmbedder(), folder / "search")
    return kind(engine, lambda: search)


def arrived(inbox: DiskInbox, content: bytes) -> Arrived:
    arrival = inbox.begin("key", len(content), {})
    with closing(inbox.open(arrival.id, 0)) as file:
        file.write(content)
    return inbox.complete(arrival.id)


def test_what_is_removed_while_it_is_brought_again_is_taken_in_anew(tmp_path: Path) -> None:
    archive = over(tmp_path, RemovedAtOnce)
    inbox, jobs = DiskInbox(tmp_path), MemoryJobQueue()
    taken = Intake(inbox, archive, jobs, KeptSubtitles(tmp_path)).take(arrived(inbox, b"content"), WISHES, CALLER)
    assert archive.removed
    recording = archive.recording(taken.recording.id)
    assert recording is not None
    assert Path(recording.source).read_bytes() == b"content"
    assert jobs.of_recording(archive.removed) == () or taken.recording.id == archive.removed
    assert len(jobs.of_recording(recording.id)) == 1


def test_nothing_empty_is_taken_in(tmp_path: Path) -> None:
    archive = over(tmp_path, SqlArchive)
    inbox, jobs = DiskInbox(tmp_path), MemoryJobQueue()
    with pytest.raises(EmptyUpload):
        Intake(inbox, archive, jobs, KeptSubtitles(tmp_path)).take(arrived(inbox, b""), WISHES, CALLER)
    assert archive.recordings() == ()
