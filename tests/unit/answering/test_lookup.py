"""What is read of the archive for a question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from videoqa.answering.lookup import Lookup
from videoqa.media import Recording, RecordingState
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.search import MemorySearch

A_WEEK = 7 * 144
"""So many recordings a camera makes in a week."""


class OtherwiseTooMany(MemoryArchive):
    def recordings(self) -> tuple[Recording, ...]:
        pytest.fail("all there are were read")


def test_what_a_camera_recorded_in_a_week_is_read_without_all_the_rest() -> None:
    archive = OtherwiseTooMany()
    names = [f"r{number:04}" for number in range(A_WEEK + 3)]
    for name in names:
        archive.add(Recording(name, name, f"/{name}", name, timedelta(minutes=10), RecordingState.INDEXED))
    embedder = load()
    lookup = Lookup(
        MemorySearch(archive, embedder),
        archive,
        IndexLexicon(embedder),
        UTC,
        lambda: datetime(2026, 11, 21, tzinfo=UTC),
    )
    assert [each.id for each in lookup.asked(names[:A_WEEK])] == names[:A_WEEK]
