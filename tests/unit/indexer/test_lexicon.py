import numpy as np

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
