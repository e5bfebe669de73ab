"""How passages are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from videoqa.answers import Filter
from videoqa.events import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may bear a question out.

    ``lexical`` is its BM25 score (0 where it shares no word), ``semantic`` the cosine of question and passage,
    ``matched`` the share, 0 to 1, of the question's inverse document frequencies whose words it holds.
    """

    passage: Passage
    title: str
    lexical: float
    semantic: float
    matched: float


class Search(Protocol):
    """Finds the passages nearest to a question, by words and by sense."""

    def candidates(self, question: str, where: Filter, limit: int) -> tuple[Candidate, ...]:
        """The ``limit`` best by words and the ``limit`` best by sense, each with all figures, without order."""
        ...


class Lexicon(Protocol):
    """What the words of a text are, and what they have in common."""

    def words(self, text: str) -> tuple[str, ...]:
        """The words that carry meaning, in order, as they stand but in lower case; repeats kept."""
        ...

    def term(self, word: str) -> str:
        """What one of ``words`` is indexed as; the forms of one word share it."""
        ...

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of words or passages, float32 of shape (len(texts), n); zeros where nothing is known."""
        ...


class Embedder(Protocol):
    """Turns text into vectors whose dot product is the likeness of the texts."""

    @property
    def name(self) -> str:
        """What it is and of which version; vectors of different names are never compared."""
        ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 of shape (len(texts), dimensions); a text without a known word gives zeros."""
        ...
