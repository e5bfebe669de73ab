"""How long a question takes over 100,000 or 1,000,000 passages, on SQLite, with filters and without.

The passages are made up: words by Zipf's law, as in speech without its function words, and vectors around topics. They
are put into the database as shards, so that the making of them, which is not measured, takes a minute and not ten.
"""

from __future__ import annotations

import argparse
import shutil
import time
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from bench.figure import Figure
from indexer import tables
from indexer.database import open_database, writing
from indexer.search.hybrid import HybridSearch
from indexer.search.packing import pack
from indexer.search.shards import Shards
from indexer.search.vectors import quantise
from indexer.search.words import Words, source_names
from videoqa.answers import Filter
from videoqa.events import Source
from videoqa.media import Span

FOLDER = Path(__file__).parent / "footage"
A_RECORDING = 400
A_PASSAGE = 60
VOCABULARY = 200_000
COMMONEST = 20
TOPICS = 2000
LIMIT = 100
STEP, LENGTH = timedelta(seconds=15), timedelta(seconds=45)


def figures(full: bool) -> list[Figure]:
    count = 1_000_000 if full else 100_000
    folder = FOLDER / f"search-{count}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        build(folder, count)
    search = HybridSearch(open_database(folder / "videoqa.sqlite"), Drawn(), folder / "index")
    search.refresh()
    found = []
    for name, filters in _filters(count).items():
        times, work = _times(search, filters)
        p50, p95 = np.percentile(times, [50, 95])
        detail = (
            f"p50 {p50:.1f} ms, of CPU {np.percentile(work, 95):.1f} ms at p95, {len(times)} questions of 3 to 12 words"
        )
        found.append(Figure(f"search {count:,} passages, {name}, p95", p95, "ms", "<= 50", bool(p95 <= 50), detail))
    return found


def build(folder: Path, count: int, vocabulary: int = VOCABULARY) -> None:
    """A database of ``count`` passages in ``folder``, of that many words."""
    folder.mkdir(parents=True)
    engine = open_database(folder / "videoqa.sqlite")
    chance = np.random.default_rng(1)
    shards = Shards(Drawn())
    recordings = count // A_RECORDING
    for first in range(0, recordings, 50):
        with writing(engine) as connection:
            for number in range(first, min(first + 50, recordings)):
                _add(connection, number, chance, shards, vocabulary)
    with writing(engine) as connection:
        connection.execute(tables.facts.insert(), {"name": "generation", "value": "bench"})
    engine.dispose()
    (folder / "whole").touch()


class Drawn:
    """Implements ``Embedder`` for made-up text: a text's vector lies near one of the topics, by the text's checksum."""

    name = "bench"
    dimensions = 256

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([_near_topic(np.random.default_rng(zlib.crc32(text.encode())), 1)[0] for text in texts])


def _filters(count: int) -> dict[str, list[Filter]]:
    recordings = [f"r{number:05}" for number in range(count // A_RECORDING)]
    chance = np.random.default_rng(2)

    def some(share: int) -> frozenset[str]:
        return frozenset(chance.choice(recordings, share, replace=False).tolist())

    ten_minutes = [Span(timedelta(minutes=start), timedelta(minutes=start + 10)) for start in range(0, 90, 10)]
    return {
        "everywhere": [Filter()],
        "in one recording": [Filter(recordings=some(1)) for _ in range(9)],
        "in a tenth of the recordings": [Filter(recordings=some(len(recordings) // 10)) for _ in range(9)],
        "between two times": [Filter(between=span) for span in ten_minutes],
        "of one source": [Filter(sources=frozenset({source})) for source in (Source.SLIDE, Source.MOTION)],
    }


def _times(search: HybridSearch, filters: Sequence[Filter], count: int = 100) -> tuple[list[float], list[float]]:
    """Milliseconds each of ``count`` questions takes, and those of them at work, after ten that warm the caches."""
    times, work = [], []
    for number, question in enumerate(questions(count + 10)):
        begin, begun = time.perf_counter(), time.process_time()
        search.candidates(question, filters[number % len(filters)], LIMIT)
        times.append((time.perf_counter() - begin) * 1000)
        work.append((time.process_time() - begun) * 1000)
    return times[10:], work[10:]


def questions(count: int, vocabulary: int = VOCABULARY) -> Iterator[str]:
    """Half of the words as common as in the passages, half anywhere in the vocabulary."""
    chance = np.random.default_rng(3)
    for _ in range(count):
        common, rare = chance.integers(1, 7), chance.integers(2, 7)
        words = np.concatenate([_zipf(chance, common, vocabulary), (vocabulary ** chance.random(rare)).astype(int) - 1])
        yield " ".join(_word(number) for number in words)


def _add(connection: sa.Connection, number: int, chance: np.random.Generator, shards: Shards, vocabulary: int) -> None:
    recording, analysis = f"r{number:05}", f"a{number:05}"
    length = STEP * A_RECORDING + LENGTH
    connection.execute(
        tables.recordings.insert(),
        {
            "id": recording,
            "title": f"lecture {number}.mp4",
            "folded_title": f"lecture {number}.mp4",
            "added_at": datetime(2026, 1, 1, tzinfo=UTC),
            "source": f"/{number}",
            "digest": recording,
            "length": length,
            "state": "indexed",
            "problems": [],
        },
    )
    connection.execute(
        tables.analyses.insert(),
        {
            "id": analysis,
            "recording_id": recording,
            "begun": 0,
            "fingerprint": "bench",
            "kind": "signals",
            "seen_by": "signals",
            "prompt": "",
            "period": timedelta(seconds=1),
            "long_side": 768,
            "multiple": 32,
            "times": b"",
            "next_group": 0,
            "finished": True,
            "first_passage": number * A_RECORDING,
            "covered": length,
        },
    )
    drawn = _zipf(chance, A_RECORDING * A_PASSAGE, vocabulary).reshape(A_RECORDING, A_PASSAGE)
    sources = chance.choice([Source.SUBTITLE, Source.SUBTITLE, Source.SLIDE, Source.MOTION], A_RECORDING).tolist()
    connection.execute(
        tables.passages.insert(),
        [
            {
                "id": number * A_RECORDING + place,
                "analysis_id": analysis,
                "start": STEP * place,
                "end": STEP * place + LENGTH,
                "text": " ".join(_word(word) for word in words),
                "source": str(source),
                "language": "en",
            }
            for place, (words, source) in enumerate(zip(drawn.tolist(), sources, strict=True))
        ],
    )
    contents = (
        pack(_words(drawn, sources).arrays(), sources=source_names()),
        pack({"codes": quantise(_near_topic(chance, A_RECORDING))}),
    )
    connection.execute(
        tables.shards.insert(),
        [
            {"analysis_id": analysis, "kind": kind, "data": b"".join(content)}
            for kind, content in zip(shards.kinds, contents, strict=True)
        ],
    )


def _words(drawn: NDArray[np.int64], sources: Sequence[str]) -> Words:
    """What ``Words.of`` makes of the same words, without taking them one by one."""
    documents = np.repeat(np.arange(len(drawn)), drawn.shape[1])
    postings, frequencies = np.unique(drawn.reshape(-1) * len(drawn) + documents, return_counts=True)
    numbers, at = np.unique(postings // len(drawn), return_index=True)
    texts = [_word(number).encode() for number in numbers.tolist()]
    starts = np.arange(len(drawn), dtype=np.uint32) * np.uint32(STEP.total_seconds() * 1000)
    return Words(
        terms=np.frombuffer(b"".join(texts), np.uint8),
        term_ends=np.cumsum([len(text) for text in texts]),
        posting_ends=np.append(at[1:], len(postings)),
        documents=(postings % len(drawn)).astype(np.uint32),
        frequencies=frequencies.astype(np.uint8),
        lengths=np.full(len(drawn), drawn.shape[1], np.uint32),
        starts=starts,
        ends=starts + np.uint32(LENGTH.total_seconds() * 1000),
        sources=np.array([source_names().index(source) for source in sources], np.uint8),
    )


def _zipf(chance: np.random.Generator, count: int, vocabulary: int) -> NDArray[np.int64]:
    """Word numbers; number n is drawn in proportion to 1 / (n + COMMONEST)."""
    drawn: NDArray[np.int64] = COMMONEST * (vocabulary / COMMONEST) ** chance.random(count)
    return np.asarray(drawn - COMMONEST).astype(np.int64)


def _word(number: int) -> str:
    """A word that the tokeniser leaves as it is, and that stands where its number does in byte order."""
    return f"x{number:06}"


def _near_topic(chance: np.random.Generator, count: int) -> NDArray[np.float32]:
    vectors = _CENTRES[chance.integers(TOPICS, size=count)] + chance.standard_normal(
        (count, Drawn.dimensions), np.float32
    )
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


_CENTRES = np.random.default_rng(4).standard_normal((TOPICS, Drawn.dimensions), np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    for figure in figures(parser.parse_args().full):
        print(f"{figure.name}: {figure.value:.1f} {figure.unit} (target {figure.target}; {figure.detail})")


if __name__ == "__main__":
    main()
