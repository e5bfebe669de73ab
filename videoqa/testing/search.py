"""A search in memory, and an embedder that needs no model."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from videoqa.answers import Filter
from videoqa.events import Passage
from videoqa.ports import Candidate, Embedder
from videoqa.testing.archive import MemoryArchive

_K1, _B = 1.2, 0.75


class LetterEmbedder:
    """Implements ``Embedder``: texts that share runs of three letters are alike."""

    name = "letters"
    dimensions = 64

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for word in _words(text):
                padded = f" {word} "
                for at in range(len(padded) - 2):
                    spread = np.random.default_rng(zlib.crc32(padded[at : at + 3].encode()))
                    vectors[row] += spread.standard_normal(self.dimensions)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
        return vectors


class MemorySearch:
    """Implements ``Search`` over a ``MemoryArchive``. A word is a run of letters or digits, in lower case."""

    def __init__(self, archive: MemoryArchive, embedder: Embedder) -> None:
        self._archive = archive
        self._embedder = embedder

    def candidates(self, question: str, where: Filter, limit: int) -> tuple[Candidate, ...]:
        every = self._archive.passages()
        worded = [_words(passage.text) for _, passage in every]
        mean = sum(map(len, worded)) / max(len(worded), 1) or 1.0
        idf = {
            term: math.log(1 + (len(worded) - held + 0.5) / (held + 0.5))
            for term in dict.fromkeys(_words(question))
            for held in [sum(term in words for words in worded)]
        }
        likeness = self._embedder.embed([passage.text for _, passage in every]) @ self._embedder.embed([question])[0]
        found = []
        for (recording, passage), words, semantic in zip(every, worded, likeness.tolist(), strict=True):
            if not _lets_through(where, passage):
                continue
            norm = _K1 * (1 - _B + _B * len(words) / mean)
            held_idf = {term: idf[term] for term in idf if term in words}
            lexical = sum(
                weight * words.count(term) * (_K1 + 1) / (words.count(term) + norm) for term, weight in held_idf.items()
            )
            matched = sum(held_idf.values()) / (sum(idf.values()) or 1.0)
            found.append(Candidate(passage, recording.title, lexical, semantic, matched))
        by_words = sorted((one for one in found if one.lexical > 0), key=lambda one: -one.lexical)[:limit]
        by_sense = sorted(found, key=lambda one: -one.semantic)[:limit]
        return tuple({id(candidate): candidate for candidate in (*by_words, *by_sense)}.values())


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _lets_through(where: Filter, passage: Passage) -> bool:
    return (
        (where.recordings is None or passage.recording_id in where.recordings)
        and (where.sources is None or passage.source in where.sources)
        and (where.between is None or passage.span.overlaps(where.between))
    )
