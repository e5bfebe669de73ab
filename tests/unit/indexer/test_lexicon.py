from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer import lexicon as module
from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from indexer.text import tokens

LEXICON = IndexLexicon(load())


def test_words_and_their_terms_are_what_the_index_stores() -> None:
    text = "When does she explain the gradients of 梯度下降 and 차가?"
    assert [LEXICON.term(word) for word in LEXICON.words(text)] == tokens(text)


def test_words_stand_as_they_were_said() -> None:
    assert LEXICON.words("He is Explaining gradients") == ("explaining", "gradients")


def test_vectors_tell_like_words_from_unlike_ones() -> None:
    frog, toad, tax = LEXICON.vectors(["frog", "toad", "tax"])
    assert float(frog @ toad) > 0.3 > float(frog @ tax)
    assert np.isclose(np.linalg.norm(frog), 1)


def test_a_word_has_the_same_vector_however_often_and_beside_what_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 8)
    embedder = load()
    lexicon = IndexLexicon(embedder)
    words = ["engine", "roof", "bow", "string", "pond", "engine", "", "fish", "heap", "slug", "bee", "rose"]
    for start in (0, 3, 6, 0, 5):
        asked = words[start : start + 6] * 2
        assert np.array_equal(lexicon.vectors(asked), embedder.embed(asked))
    assert np.array_equal(lexicon.vectors(words), embedder.embed(words))
    assert lexicon.vectors([]).shape == (0, embedder.dimensions)


def test_words_are_asked_for_from_many_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 64)
    embedder = load()
    lexicon = IndexLexicon(embedder)
    words = [f"word{number}" for number in range(200)]
    right = embedder.embed(words)

    def ask(start: int) -> bool:
        return np.array_equal(lexicon.vectors(words[start : start + 40]), right[start : start + 40])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, [number * 7 % 160 for number in range(300)]))
