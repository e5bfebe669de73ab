from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer import tables
from indexer.archive import SqlArchive
from indexer.database import open_database, writing
from indexer.search import index
from indexer.search.hybrid import HybridSearch
from videoqa.answers import Filter
from videoqa.events import Passage, Source
from videoqa.media import Coverage, Recording, RecordingState, Sampling, Span
from videoqa.testing.search import LetterEmbedder

HOUR = timedelta(hours=1)


class House:
    """An archive on disk, and searches over it as different processes would have them."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_database(folder / "videoqa.sqlite")
        self.files = folder / "index"
        self.search = self.another()
        self.archive = SqlArchive(self.engine, lambda: self.search)

    def another(self, embedder: LetterEmbedder | None = None) -> HybridSearch:
        return HybridSearch(self.engine, embedder or LetterEmbedder(), self.files)

    def put(self, title: str, *texts: str) -> str:
        recording = self.archive.add(Recording("", title, title, title, HOUR, RecordingState.INDEXED))
        analysis = self.archive.begin(recording.id, "signals", Sampling(), HOUR, ())
        span = Span(timedelta(0), timedelta(seconds=1))
        passages = [Passage(recording.id, span, text, Source.SLIDE) for text in texts]
        self.archive.finish(analysis, Coverage(HOUR), (), passages)
        return recording.id

    def segments(self) -> set[str]:
        return {path.name for path in self.files.glob("segment.*")}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def texts(search: HybridSearch, question: str = "red") -> list[str]:
    return sorted(one.passage.text for one in search.candidates(question, Filter(), 1000) if one.lexical > 0)


def test_another_process_reads_what_the_first_has_made(house: House) -> None:
    house.put("a", "red cat", "red dog")
    made = house.segments()
    assert texts(house.another()) == ["red cat", "red dog"]
    assert house.segments() == made
    assert len(made) == 1


def test_a_process_notices_what_another_has_written(house: House) -> None:
    other = house.another()
    assert texts(other) == []
    recording = house.put("a", "red cat")
    assert texts(other) == ["red cat"]
    house.archive.remove(recording)
    assert texts(other) == []


@pytest.mark.parametrize("harm", ["delete", "truncate", "overwrite", "empty", "manifest", "folder"])
def test_files_that_were_harmed_are_made_again(house: House, harm: str) -> None:
    house.put("a", "red cat", "red dog")
    [segment] = house.files.glob("segment.*")
    if harm == "delete":
        segment.unlink()
    elif harm == "truncate":
        segment.write_bytes(segment.read_bytes()[:-200])
    elif harm == "overwrite":
        segment.write_bytes(b"\xff" * segment.stat().st_size)
    elif harm == "empty":
        segment.write_bytes(b"")
    elif harm == "manifest":
        (house.files / "manifest.json").write_text('{"kinds": [')
    else:
        for path in house.files.iterdir():
            path.unlink()
        house.files.rmdir()
    assert texts(house.another()) == ["red cat", "red dog"]
    assert texts(house.another()) == ["red cat", "red dog"]
    assert len(house.segments()) == 1


def test_where_no_files_can_be_written_the_index_is_kept_in_memory(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.files.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        house.put("a", "red cat")
    assert "cannot be written" in caplog.text
    assert texts(house.search) == ["red cat"]
    house.put("b", "red dog")
    assert texts(house.search) == ["red cat", "red dog"]
    assert texts(house.another()) == ["red cat", "red dog"]


def test_vectors_of_another_embedder_are_not_compared(house: House) -> None:
    class Rolled(LetterEmbedder):
        name = "rolled"

        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.roll(super().embed(texts), 1, axis=1)

    house.put("a", "red cat", "blue dog")
    for embedder in (LetterEmbedder(), Rolled(), LetterEmbedder()):
        found = house.another(embedder).candidates("red cat", Filter(), 9)
        assert {one.passage.text: one.semantic for one in found}["red cat"] == pytest.approx(1, abs=0.01)


def test_words_of_another_tokeniser_are_made_again(house: House) -> None:
    house.put("a", "red cat")
    with writing(house.engine) as connection:
        connection.execute(
            tables.shards.update().where(tables.shards.c.kind.like("words%")), {"kind": "words 0", "data": b"old"}
        )
    for path in house.files.iterdir():
        path.unlink()
    assert texts(house.another()) == ["red cat"]


def test_there_are_few_files_however_many_recordings(house: House) -> None:
    for number in range(40):
        house.put(f"t{number}", *(f"red thing{number} {place}" for place in range(number % 5)))
        held = json.loads((house.files / "manifest.json").read_text())["segments"]
        assert house.segments() == set(held)
        assert len(held) <= 2 + math.log2(number + 1)
    assert len(texts(house.search)) == 80
    assert texts(house.another()) == texts(house.search)


def test_what_is_gone_from_a_large_file_is_hidden_until_that_is_written_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "_SMALL", 10)
    recordings = [house.put(f"t{number}", *(f"red thing{number} {place}" for place in range(8))) for number in range(8)]
    fresh = House(house.files.parent / "fresh")
    for number in (1, 2, 3, 4, 5, 6, 7):
        fresh.put(f"t{number}", *(f"red thing{number} {place}" for place in range(8)))
    house.archive.remove(recordings[0])
    manifest = json.loads((house.files / "manifest.json").read_text()) if texts(house.search) else {}
    assert len(manifest["gone"]) == 1
    assert texts(house.search) == texts(fresh.search)
    assert texts(house.another()) == texts(fresh.search)
    here = {one.passage.text: one for one in house.search.candidates("red thing3", Filter(), 100)}
    there = {one.passage.text: one for one in fresh.search.candidates("red thing3", Filter(), 100)}
    assert {text: (one.lexical, one.matched) for text, one in here.items()} == {
        text: (one.lexical, one.matched) for text, one in there.items()
    }
    for recording in recordings[1:5]:
        house.archive.remove(recording)
    assert len(texts(house.search)) == 24
    assert json.loads((house.files / "manifest.json").read_text())["gone"] == []


def test_threads_may_ask_while_recordings_come_and_go(house: House) -> None:
    kept = house.put("kept", "red cat")

    def change(number: int) -> None:
        house.archive.remove(house.put(f"t{number}", f"red thing{number}"))

    def ask(_: int) -> bool:
        return "red cat" in texts(house.search)

    with ThreadPoolExecutor(6) as pool:
        changes = [pool.submit(change, number) for number in range(10)]
        assert all(pool.map(ask, range(40)))
        for each in changes:
            each.result()
    assert texts(house.search) == ["red cat"]
    assert [recording.id for recording in house.archive.recordings()] == [kept]
