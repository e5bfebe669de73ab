"""How well passages bear out the words of a question. Pure.

Questions paraphrase: "the original pigments" asks for what was said as "the colours of paint". So a word of the
question counts in a passage as often as a word like it stands there, weighed by how like it is, and BM25 takes these
counts in the place of exact ones. Its document frequencies come from the candidates themselves: what nearly all of them
speak of tells none of them apart, however rare it may be elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from videoqa.ports import Lexicon

    Floats = NDArray[np.float32]

ALIKE = 0.28
"""Cosine of two words from which on they have something in common; from here to 1 likeness rises from 0 to 1."""
SATURATION = 0.6
"""BM25's k1: low, so that another word of the question weighs more than the same word again."""
LENGTH_WEIGHT = 0.75
"""BM25's b."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """Figures of a question and of n passages.

    ``words`` is the soft BM25 score, ``held`` the share of the question's weight that the passage holds: float32 of
    shape (n,).
    ``known`` is the share, 0 to 1, of the question's words that any passage holds. ``weights`` says what each word that
    stands in the passages adds to a passage that holds it, which is how snippets are chosen.
    """

    words: Floats
    held: Floats
    known: float
    weights: dict[str, float]


def relevance(question: str, passages: Sequence[str], lexicon: Lexicon) -> Relevance:
    """How well each of ``passages`` bears the words of ``question`` out."""
    asked = list(dict.fromkeys(lexicon.words(question)))
    said = [lexicon.words(passage) for passage in passages]
    distinct = tuple(dict.fromkeys(chain.from_iterable(said)))
    vocabulary = dict(zip(distinct, range(len(distinct)), strict=True))
    alike = likeness(asked, distinct, lexicon)
    counts = _counts(alike, said, vocabulary)
    present = np.minimum(counts, 1)
    common = present.sum(axis=1)
    rarity = np.log1p((len(passages) - common + 0.5) / (common + 0.5))
    lengths = np.array([max(len(words), 1) for words in said], np.float32)
    damping = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * lengths / lengths.mean()) if said else lengths
    weights = (rarity[:, None] * alike).max(axis=0, initial=0)
    return Relevance(
        words=(rarity[:, None] * counts * (SATURATION + 1) / (counts + damping)).sum(axis=0),
        held=(rarity[:, None] * present).sum(axis=0) / max(float(rarity.sum()), 1e-9),
        known=float(present.max(axis=1, initial=0).mean()) if asked else 0.0,
        weights={distinct[number]: float(weights[number]) for number in np.flatnonzero(weights > 0).tolist()},
    )


def likeness(asked: Sequence[str], vocabulary: Sequence[str], lexicon: Lexicon) -> Floats:
    """How like each word asked for each word of the vocabulary is, 0 to 1: shape (len(asked), len(vocabulary)).

    Forms of one word are wholly alike.
    """
    if not asked or not vocabulary:
        return np.zeros((len(asked), len(vocabulary)), np.float32)
    cosines = np.matmul(lexicon.vectors(asked), lexicon.vectors(vocabulary).T)
    alike: Floats = np.clip((cosines - ALIKE) / (1 - ALIKE), 0, 1).astype(np.float32)
    wanted: dict[str, list[int]] = {lexicon.term(word): [] for word in asked}
    for number, term in enumerate(map(lexicon.term, vocabulary)):
        if term in wanted:
            wanted[term].append(number)
    for row, word in enumerate(asked):
        alike[row, wanted[lexicon.term(word)]] = 1
    return alike


def standard(values: Floats) -> Floats:
    """``values`` as standard deviations from their mean; zeros where all are the same."""
    if not values.size:
        return values
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-6 else np.zeros_like(values)


def _counts(alike: Floats, said: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> Floats:
    """How often each word asked for, or one like it, stands in each passage: shape (words, passages)."""
    places = np.array(list(map(vocabulary.__getitem__, chain.from_iterable(said))), np.intp)
    bounds = np.cumsum([0, *(len(words) for words in said)])
    summed = np.zeros((len(alike), len(places) + 1), np.float64)
    np.cumsum(alike[:, places], axis=1, out=summed[:, 1:])
    counts: Floats = (summed[:, bounds[1:]] - summed[:, bounds[:-1]]).clip(0).astype(np.float32)
    return counts
