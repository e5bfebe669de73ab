"""An inverted index in flat arrays: which passages hold a term, and how often.

It is immutable and made for being mapped from a file: opening one reads nothing, finding a term is a bisection.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from indexer.search.packing import Arrays
from videoqa.events import Passage, Source

_MILLISECOND = timedelta(milliseconds=1)
_SOURCES = tuple(Source)
_MOST = 255


@dataclass(frozen=True)
class Words:
    """The words of ``len(lengths)`` passages, which are numbered from 0.

    ``terms`` is the UTF-8 of all terms in byte order, one after another; term i ends before ``term_ends[i]``, and its
    postings before ``posting_ends[i]``. A posting is a passage (``documents``, rising within a term) and how often the
    term stands in it (``frequencies``, at most 255). Of each passage: its length in tokens, its span in whole
    milliseconds (``starts`` rounded down, ``ends`` up), and its source as a place in ``Source``.
    """

    terms: NDArray[np.uint8]
    term_ends: NDArray[np.int64]
    posting_ends: NDArray[np.int64]
    documents: NDArray[np.uint32]
    frequencies: NDArray[np.uint8]
    lengths: NDArray[np.uint32]
    starts: NDArray[np.uint32]
    ends: NDArray[np.uint32]
    sources: NDArray[np.uint8]

    @classmethod
    def of(cls, passages: Sequence[Passage], tokens: Sequence[Sequence[str]]) -> Self:
        """The words of ``passages``, which ``tokens`` holds in the same order."""
        counts = [Counter(token.encode() for token in each) for each in tokens]
        terms = sorted(set().union(*counts))
        numbers = {term: number for number, term in enumerate(terms)}
        postings = sorted(
            (numbers[term], document, min(frequency, _MOST))
            for document, count in enumerate(counts)
            for term, frequency in count.items()
        )
        flat = np.array(postings, np.int64).reshape(-1, 3)
        return cls(
            terms=np.frombuffer(b"".join(terms), np.uint8),
            term_ends=np.cumsum([len(term) for term in terms], dtype=np.int64),
            posting_ends=np.searchsorted(flat[:, 0], np.arange(len(terms)), side="right").astype(np.int64),
            documents=flat[:, 1].astype(np.uint32),
            frequencies=flat[:, 2].astype(np.uint8),
            lengths=np.array([count.total() for count in counts], np.uint32),
            starts=np.array([passage.span.start // _MILLISECOND for passage in passages], np.uint32),
            ends=np.array([-(-passage.span.end // _MILLISECOND) for passage in passages], np.uint32),
            sources=np.array([_SOURCES.index(passage.source) for passage in passages], np.uint8),
        )

    @classmethod
    def of_arrays(cls, arrays: Arrays, sources: Sequence[str]) -> Self:
        """From what ``arrays`` gave; ``sources`` are the names that the numbers stood for then."""
        named: dict[str, Any] = {field.name: arrays[field.name] for field in fields(cls)}
        if tuple(sources) != source_names():
            places = np.array([_SOURCES.index(Source(name)) for name in sources], np.uint8)
            named["sources"] = places[named["sources"]]
        return cls(**named)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def size(self) -> int:
        return len(self.lengths)

    @cached_property
    def tokens(self) -> int:
        """How many tokens all passages have together."""
        return int(self.lengths.sum(dtype=np.int64))

    def postings(self, term: str) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """The passages that hold ``term``, rising, and how often; both empty where there is none."""
        key = term.encode()
        number = bisect_left(range(len(self.term_ends)), key, key=self._term)
        if number == len(self.term_ends) or self._term(number) != key:
            return self.documents[:0], self.frequencies[:0]
        at = slice(self.posting_ends[number - 1] if number else 0, self.posting_ends[number])
        return self.documents[at], self.frequencies[at]

    def vocabulary(self) -> list[bytes]:
        text, ends = self.terms.tobytes(), self.term_ends.tolist()
        return [text[start:end] for start, end in zip([0, *ends][:-1], ends, strict=True)]

    def _term(self, number: int) -> bytes:
        start = self.term_ends[number - 1] if number else 0
        return self.terms[start : self.term_ends[number]].tobytes()


def source_names() -> tuple[str, ...]:
    """What the numbers in ``Words.sources`` stand for."""
    return tuple(source.value for source in _SOURCES)


def source_places(sources: Iterable[Source]) -> list[int]:
    """The numbers of ``sources``."""
    return [_SOURCES.index(source) for source in sources]


def merge(parts: Sequence[tuple[Words, NDArray[np.bool_] | None]]) -> Words:
    """One index of all ``parts``, in their order, without the passages at which a part's mask is False.

    Every term has its place reserved first and then each part's postings are copied there, so nothing is sorted.
    """
    kept = [_without_dropped(words, keep) for words, keep in parts]
    numbers: dict[bytes, int] = {}
    local = [
        np.array([numbers.setdefault(term, len(numbers)) for term in words.vocabulary()], np.int64) for words in kept
    ]
    terms = sorted(numbers)
    rank = np.empty(len(terms), np.int64)
    rank[[numbers[term] for term in terms]] = np.arange(len(terms))
    places = [rank[each] for each in local]
    counts = np.zeros(len(terms), np.int64)
    sizes = [np.diff(words.posting_ends, prepend=0) for words in kept]
    for place, size in zip(places, sizes, strict=True):
        counts[place] += size
    ends = np.cumsum(counts)
    documents = np.empty(int(ends[-1]) if len(ends) else 0, np.uint32)
    frequencies = np.empty(len(documents), np.uint8)
    free, base = ends - counts, 0
    for words, place, size in zip(kept, places, sizes, strict=True):
        begins = words.posting_ends - size
        at = np.repeat(free[place] - begins, size) + np.arange(len(words.documents))
        documents[at] = words.documents + np.uint32(base)
        frequencies[at] = words.frequencies
        free[place] += size
        base += words.size
    held = counts > 0
    held_terms = [term for term, is_held in zip(terms, held.tolist(), strict=True) if is_held]
    return Words(
        terms=np.frombuffer(b"".join(held_terms), np.uint8),
        term_ends=np.cumsum([len(term) for term in held_terms], dtype=np.int64),
        posting_ends=ends[held],
        documents=documents,
        frequencies=frequencies,
        lengths=np.concatenate([words.lengths for words in kept]),
        starts=np.concatenate([words.starts for words in kept]),
        ends=np.concatenate([words.ends for words in kept]),
        sources=np.concatenate([words.sources for words in kept]),
    )


def _without_dropped(words: Words, keep: NDArray[np.bool_] | None) -> Words:
    if keep is None or keep.all():
        return words
    numbers = np.cumsum(keep, dtype=np.uint32) - np.uint32(1)
    stays = keep[words.documents]
    return Words(
        terms=words.terms,
        term_ends=words.term_ends,
        posting_ends=np.concatenate([[0], np.cumsum(stays)])[words.posting_ends].astype(np.int64),
        documents=numbers[words.documents[stays]].astype(np.uint32),
        frequencies=words.frequencies[stays],
        lengths=words.lengths[keep],
        starts=words.starts[keep],
        ends=words.ends[keep],
        sources=words.sources[keep],
    )
