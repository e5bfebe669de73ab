from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.search import scoring
from indexer.search.segment import Segment
from indexer.search.vectors import Vectors
from indexer.search.words import Words

SIZE = 30_000


def segment(chances: dict[str, float], seed: int = 5) -> Segment:
    """Passages of 5 to 60 tokens, each of which holds a word with the chance given."""
    chance = np.random.default_rng(seed)
    names = sorted(chances)
    held = [np.flatnonzero(chance.random(SIZE) < chances[name]).astype(np.uint32) for name in names]
    zeros = np.zeros(SIZE, np.uint32)
    words = Words(
        terms=np.frombuffer("".join(names).encode(), np.uint8),
        term_ends=np.cumsum([len(name) for name in names]),
        posting_ends=np.cumsum([len(each) for each in held]),
        documents=np.concatenate(held),
        frequencies=chance.integers(1, 6, sum(map(len, held))).astype(np.uint8),
        lengths=chance.integers(5, 60, SIZE).astype(np.uint32),
        starts=zeros,
        ends=zeros,
        sources=zeros.astype(np.uint8),
    )
    return Segment(("a",), (0,), (SIZE,), words, Vectors.of_codes(np.ones((SIZE, 8), np.int8)))


CHANCES = {"common": 0.6, "often": 0.2, "rare": 0.005, "single": 1 / SIZE}
EVERY = np.arange(SIZE, dtype=np.uint32)


@pytest.mark.parametrize("question", [["common"], ["rare"], ["common", "often", "rare"], ["often", "absent"]])
@pytest.mark.parametrize("masked", [False, True])
def test_the_best_are_those_with_the_highest_figures(question: list[str], masked: bool) -> None:
    one = segment(CHANCES)
    mask = np.random.default_rng(1).random(SIZE) < 0.1 if masked else None
    weights = scoring.weigh(question, [(one, [(0, SIZE)])])
    exact, _ = scoring.figures(one.words, weights, EVERY)
    best = scoring.best(one.words, weights, 50, None if mask is None else mask.copy())
    reachable: NDArray[np.float32] = exact if mask is None else exact * mask
    assert len(best) == min(50, np.count_nonzero(reachable))
    np.testing.assert_allclose(np.sort(exact[best]), np.sort(reachable)[-len(best) :], rtol=1e-5)
    if mask is not None:
        assert mask[best].all()


def test_where_no_word_is_known_nothing_is_best() -> None:
    one = segment(CHANCES)
    weights = scoring.weigh(["absent"], [(one, [(0, SIZE)])])
    assert len(scoring.best(one.words, weights, 50, None)) == 0


def test_beyond_the_budget_the_best_are_nearly_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    one = segment(CHANCES)
    weights = scoring.weigh(["common", "often", "rare"], [(one, [(0, SIZE)])])
    exact = scoring.best(one.words, weights, 50, None)
    monkeypatch.setattr(scoring, "_BUDGET", 8000)
    assert len(np.intersect1d(scoring.best(one.words, weights, 50, None), exact)) >= 48


def test_one_word_is_always_scored_however_common(monkeypatch: pytest.MonkeyPatch) -> None:
    one = segment(CHANCES)
    weights = scoring.weigh(["common"], [(one, [(0, SIZE)])])
    exact = scoring.best(one.words, weights, 50, None)
    monkeypatch.setattr(scoring, "_BUDGET", 10)
    np.testing.assert_array_equal(scoring.best(one.words, weights, 50, None), exact)


def test_what_may_not_be_found_weighs_nothing() -> None:
    one = segment(CHANCES)
    half = [(0, 1000), (5000, 20_000)]
    weights = scoring.weigh(["often"], [(one, half)])
    documents, _ = one.words.postings("often")
    inside = sum(int(((documents >= first) & (documents < end)).sum()) for first, end in half)
    lengths = np.concatenate([one.words.lengths[first:end] for first, end in half])
    assert [term.frequency for term in weights.terms] == [inside]
    assert weights.mean_length == pytest.approx(lengths.mean())


def test_segments_are_weighed_as_one() -> None:
    parts = [(segment(CHANCES, seed), [(0, SIZE)]) for seed in (1, 2)]
    together = scoring.weigh(["often"], parts)
    assert together.terms[0].frequency == sum(len(one.words.postings("often")[0]) for one, _ in parts)
