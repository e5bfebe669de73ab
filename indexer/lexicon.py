"""Words as the index divides them, with the vectors it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from indexer.text import term, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from videoqa.ports import Embedder


class IndexLexicon:
    """Implements ``Lexicon``."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def words(self, text: str) -> tuple[str, ...]:
        return _words(text)

    def term(self, word: str) -> str:
        return term(word)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._embedder.embed(texts)


@lru_cache(maxsize=2048)
def _words(text: str) -> tuple[str, ...]:
    """A question has the same passages divided several times over."""
    return tuple(words(text))
