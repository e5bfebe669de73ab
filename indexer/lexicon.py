"""Words as the index divides them, with the vectors it keeps."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np

from indexer.text import term, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from videoqa.ports import Embedder

_REMEMBERED = 32_768
"""Vectors of words that are kept, 32 MB of them: people use few words, and each question meets thousands."""


class IndexLexicon:
    """Implements ``Lexicon``. Safe to use from several threads at once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._memory = _Memory.empty(embedder.dimensions)

    def words(self, text: str) -> tuple[str, ...]:
        return _words(text)

    def term(self, word: str) -> str:
        return term(word)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        memory = self._memory
        rows = [memory.rows.get(text, -1) for text in texts]
        unknown = list(dict.fromkeys(text for text, row in zip(texts, rows, strict=True) if row < 0))
        vectors: NDArray[np.float32] = memory.vectors.take(rows, axis=0, mode="clip")
        if unknown:
            fresh = self._embedder.embed(unknown)
            self._remember(unknown, fresh)
            at = {text: number for number, text in enumerate(unknown)}
            missing = [place for place, row in enumerate(rows) if row < 0]
            vectors[missing] = fresh[[at[texts[place]] for place in missing]]
        return vectors

    def _remember(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        with self._lock:
            if len(self._memory.rows) + len(texts) > _REMEMBERED:
                self._memory = _Memory.empty(self._embedder.dimensions)
            memory = self._memory
            for text, vector in zip(texts[:_REMEMBERED], vectors, strict=False):
                if text not in memory.rows:
                    # Whoever reads without the lock meets a row only once its vector stands there.
                    memory.vectors[len(memory.rows)] = vector
                    memory.rows[text] = len(memory.rows)


@dataclass(frozen=True, slots=True)
class _Memory:
    """The vectors of some texts, and the row in which each of these has its own. It only grows."""

    rows: dict[str, int]
    vectors: NDArray[np.float32]

    @classmethod
    def empty(cls, dimensions: int) -> Self:
        return cls({}, np.empty((_REMEMBERED, dimensions), np.float32))


@lru_cache(maxsize=2048)
def _words(text: str) -> tuple[str, ...]:
    """A question has the same passages divided several times over."""
    return tuple(words(text))
