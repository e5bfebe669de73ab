"""Search by words and by sense, over the index on this machine and the passages in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from indexer import rows, tables
from indexer.database import reading
from indexer.search import scoring
from indexer.search.index import Index
from indexer.search.scoring import Weights
from indexer.search.segment import Segment, mask_of
from indexer.search.shards import Shards
from indexer.search.vectors import FEW
from indexer.search.words import source_places
from indexer.text import tokens
from videoqa import tracing
from videoqa.answers import Filter
from videoqa.events import Passage
from videoqa.ports import Candidate, Embedder

_NEAR = 2048
"""Passages of which the likeness is measured, at least. Those that bits put near are not quite the nearest."""
_MILLISECOND = timedelta(milliseconds=1)


class HybridSearch:
    """Implements ``Search``. ``folder`` holds the index's files, which are made again where they are gone."""

    def __init__(self, engine: sa.Engine, embedder: Embedder, folder: Path) -> None:
        self._engine = engine
        self._embedder = embedder
        self._shards = Shards(embedder)
        self._index = Index(folder, self._shards)

    @tracing.span("index")
    def candidates(self, question: str, where: Filter, limit: int) -> tuple[Candidate, ...]:
        vector = self._embedder.embed([question])[0]
        with reading(self._engine) as connection:
            state = self._index.at(connection)
            wanted = None if where.recordings is None else _analyses_of(connection, where.recordings)
            parts = []
            for segment in state.segments.values():
                live = [analysis for analysis in segment.analyses if analysis not in state.gone]
                every = segment.ranges(frozenset(live)) if len(live) < len(segment.analyses) else [(0, segment.size)]
                within = every if wanted is None else segment.ranges(wanted - state.gone)
                parts.append((segment, every, within))
            weights = scoring.weigh(tokens(question), [(segment, every) for segment, every, _ in parts])
            asked = _Asked(weights, vector)
            scored = [_score(segment, within, where, asked, limit) for segment, _, within in parts]
            return _read(connection, _best(scored, limit))

    def shards(self, passages: Sequence[Passage]) -> dict[str, bytes]:
        """What the archive is to keep beside ``passages``, by kind."""
        return self._shards.make(passages)

    def refresh(self) -> None:
        """Brings the files up to what the database holds, so that the next question need not."""
        with reading(self._engine) as connection:
            self._index.at(connection)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question: what its words are worth, and its unit vector."""

    weights: Weights
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Scored:
    """Passages of a segment with their figures, arrays of one length."""

    segment: Segment
    documents: NDArray[np.uint32]
    lexical: NDArray[np.float32]
    semantic: NDArray[np.float32]
    matched: NDArray[np.float32]


def _score(
    segment: Segment,
    ranges: Sequence[tuple[int, int]],
    where: Filter,
    asked: _Asked,
    limit: int,
) -> _Scored:
    """All passages in ``ranges`` that ``where`` lets through; of many only the best by words and the best by sense."""
    if sum(end - first for first, end in ranges) <= FEW:
        documents = np.concatenate([np.arange(*each, dtype=np.uint32) for each in ranges] or [np.empty(0, np.uint32)])
        documents = documents[_lets_through(segment, where, documents)]
    else:
        mask = None if list(ranges) == [(0, segment.size)] else mask_of(segment.size, ranges)
        if where.between is not None or where.sources is not None:
            through = _lets_through(segment, where, slice(None))
            mask = through if mask is None else mask & through
        by_words = scoring.best(segment.words, asked.weights, limit, mask)
        by_sense = segment.vectors.near(asked.vector, max(20 * limit, _NEAR), mask)
        likeness = segment.vectors.cosines(asked.vector, by_sense)
        if len(by_sense) > limit:
            by_sense = by_sense[np.argpartition(likeness, -limit)[-limit:]]
        documents = np.union1d(by_words, by_sense)
    lexical, matched = scoring.figures(segment.words, asked.weights, documents)
    return _Scored(segment, documents, lexical, segment.vectors.cosines(asked.vector, documents), matched)


def _lets_through(segment: Segment, where: Filter, which: NDArray[np.uint32] | slice) -> NDArray[np.bool_]:
    words = segment.words
    through = np.ones(len(words.starts[which]), np.bool_)
    if where.between is not None:
        first, end = where.between.start // _MILLISECOND, -(-where.between.end // _MILLISECOND)
        through &= (words.starts[which] < end) & (words.ends[which] > first)
    if where.sources is not None:
        sources = words.sources[which]
        wanted = [sources == place for place in source_places(where.sources)]
        through &= np.logical_or.reduce(wanted) if wanted else False
    return through


def _best(scored: Sequence[_Scored], limit: int) -> dict[int, tuple[float, float, float]]:
    """Of all segments, the ``limit`` best by words and the ``limit`` best by sense: their row ids and figures."""
    if not scored:
        return {}
    ids = np.concatenate([each.segment.row_ids(each.documents) for each in scored])
    lexical = np.concatenate([each.lexical for each in scored])
    semantic = np.concatenate([each.semantic for each in scored])
    matched = np.concatenate([each.matched for each in scored])
    by_words = np.argsort(-lexical, kind="stable")[:limit]
    chosen = np.union1d(by_words[lexical[by_words] > 0], np.argsort(-semantic, kind="stable")[:limit])
    figures = np.stack([lexical[chosen], semantic[chosen], matched[chosen]], axis=1)
    return {
        row_id: (words, sense, share)
        for row_id, (words, sense, share) in zip(ids[chosen].tolist(), figures.tolist(), strict=True)
    }


def _analyses_of(connection: sa.Connection, recordings: frozenset[str]) -> frozenset[str]:
    c = tables.analyses.c
    return frozenset(connection.execute(sa.select(c.id).where(c.recording_id.in_(recordings), c.finished)).scalars())


def _read(connection: sa.Connection, found: Mapping[int, tuple[float, float, float]]) -> tuple[Candidate, ...]:
    c = tables.passages.c
    select = (
        sa.select(tables.passages, tables.recordings.c.id.label("recording_id"), tables.recordings.c.title)
        .join(tables.analyses, tables.analyses.c.id == c.analysis_id)
        .join(tables.recordings)
        .where(c.id.in_(list(found)))
    )
    read = connection.execute(select).mappings().all()
    return tuple(Candidate(rows.passage(row), row["title"], *found[row["id"]]) for row in read)
