"""BM25 over the segments of an index, as if they were one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.search.segment import Segment
from indexer.search.words import Words

K1, B = 1.2, 0.75
"""Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), section 3.2."""
_BUDGET = 1_000_000
"""Postings that are scored one by one for a question. What goes beyond is its commonest words, which matter least."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question; ``idf`` is ln(1 + (N - n + 0.5) / (n + 0.5)) over N passages, n of which hold it."""

    text: str
    idf: float
    frequency: int


@dataclass(frozen=True, slots=True)
class Weights:
    """What a question's words are worth in the whole archive: its ``terms``, the rarest first, and the mean length."""

    terms: tuple[Term, ...]
    mean_length: float

    @property
    def total_idf(self) -> float:
        return math.fsum(term.idf for term in self.terms)


def weigh(terms: Sequence[str], parts: Sequence[tuple[Segment, Sequence[tuple[int, int]]]]) -> Weights:
    """The weights of ``terms`` over the ranges of the segments in ``parts``."""
    count, tokens = 0, 0
    for segment, ranges in parts:
        count += sum(end - first for first, end in ranges)
        if list(ranges) == [(0, segment.size)]:
            tokens += segment.words.tokens
        else:
            tokens += sum(int(segment.words.lengths[first:end].sum(dtype=np.int64)) for first, end in ranges)
    weighed = []
    for text in dict.fromkeys(terms):
        held = sum(_held(segment.words, text, ranges) for segment, ranges in parts)
        weighed.append(Term(text, math.log(1 + (count - held + 0.5) / (held + 0.5)), held))
    weighed.sort(key=lambda term: (term.frequency, term.text))
    return Weights(tuple(weighed), tokens / count if count else 1.0)


def figures(
    words: Words, weights: Weights, documents: NDArray[np.uint32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The BM25 score of each of ``documents``, and the share of the question's idf that it holds."""
    score, held = np.zeros(len(documents), np.float32), np.zeros(len(documents), np.float32)
    norm = _norm(words.lengths[documents], weights)
    for term in weights.terms:
        postings, frequencies = words.postings(term.text)
        if not len(postings):
            continue
        place = np.minimum(np.searchsorted(postings, documents), len(postings) - 1)
        hit = np.flatnonzero(postings[place] == documents)
        score[hit] += _gain(term, frequencies[place[hit]], norm[hit])
        held[hit] += term.idf
    return score, held / (weights.total_idf or 1.0)


def best(words: Words, weights: Weights, count: int, mask: NDArray[np.bool_] | None) -> NDArray[np.uint32]:
    """The ``count`` passages with the highest scores among those in ``mask``, more where some are level, in any order.

    The commonest words beyond the budget only decide among the best that the other words find.
    """
    scores = np.zeros(words.size, np.float32)
    spent = 0
    for term in weights.terms:
        documents, frequencies = words.postings(term.text)
        spent += len(documents)
        if spent > _BUDGET and len(documents) < spent:
            break
        gain = _gain(term, frequencies, _norm(words.lengths.take(documents), weights))
        np.add.at(scores, documents, gain)
    else:
        return _highest(scores, count, mask)
    found = _highest(scores, 16 * count, mask)
    return found[_highest(figures(words, weights, found)[0], count, None)]


def _highest(scores: NDArray[np.float32], count: int, mask: NDArray[np.bool_] | None) -> NDArray[np.uint32]:
    """Where the ``count`` highest scores above zero stand. The best of each block bounds the others from below."""
    if mask is not None:
        scores *= mask
    block = max(len(scores) // (8 * count), 1)
    whole = len(scores) // block * block
    tops = scores[:whole].reshape(-1, block).max(axis=1)
    bound = np.partition(tops, -count)[-count] if len(tops) > count else 0
    found = np.flatnonzero((scores >= bound) & (scores > 0) if bound <= 0 else scores >= bound)
    if len(found) > count:
        found = found[np.argpartition(scores[found], -count)[-count:]]
    return found.astype(np.uint32)


def _norm(lengths: NDArray[np.uint32], weights: Weights) -> NDArray[np.float32]:
    norm = np.multiply(lengths, K1 * B / (weights.mean_length or 1.0), dtype=np.float32)
    norm += np.float32(K1 * (1 - B))
    return norm


def _gain(term: Term, frequencies: NDArray[np.uint8], norm: NDArray[np.float32]) -> NDArray[np.float32]:
    counted = frequencies.astype(np.float32)
    norm += counted
    counted *= np.float32(term.idf * (K1 + 1))
    counted /= norm
    return counted


def _held(words: Words, text: str, ranges: Sequence[tuple[int, int]]) -> int:
    """How many passages in ``ranges`` hold the term."""
    documents, _ = words.postings(text)
    if list(ranges) == [(0, words.size)]:
        return len(documents)
    firsts, ends = np.array(ranges, np.uint32).reshape(-1, 2).T
    counts: NDArray[np.int64] = np.searchsorted(documents, ends) - np.searchsorted(documents, firsts)
    return int(counts.sum())
