import numpy as np
import pytest

from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from videoqa.answering.relevance import likeness, relevance, standard
from videoqa.answering.scripts import Script, main_script, speaks
from videoqa.answering.snippets import LONGEST, snippet

LEXICON = IndexLexicon(load())


def test_a_word_finds_its_like_and_forms_of_it_are_the_same() -> None:
    pigments, painting, lawyer = likeness(["paint"], ["pigments", "painting", "lawyer"], LEXICON)[0]
    assert painting == 1
    assert 0 < pigments < 1
    assert lawyer < pigments


def test_a_passage_that_says_it_in_other_words_comes_first() -> None:
    passages = [
        "the train leaves the station at noon and the passengers wait",
        "we mixed the paints and want to know which colours went in",
        "my brother repairs engines in a small shop by the river",
    ]
    assert int(np.argmax(relevance("recovering the original pigments", passages, LEXICON).words)) == 1


def test_what_every_passage_says_tells_none_apart() -> None:
    passages = ["matrix rank", "matrix trace", "matrix inverse"]
    words = relevance("matrix trace", passages, LEXICON).words
    assert int(np.argmax(words)) == 1
    assert words[0] == pytest.approx(words[2], rel=0.5)


def test_a_question_without_a_known_word_scores_nothing() -> None:
    found = relevance("the of", ["a passage about rivers"], LEXICON)
    assert found.words.tolist() == [0]
    assert found.known == 0


def test_no_passages_are_no_error() -> None:
    assert relevance("rivers", [], LEXICON).words.shape == (0,)


def test_equal_scores_stand_out_nowhere() -> None:
    assert standard(np.array([2, 2, 2], np.float32)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("text", "script"),
    [("什么时候讲GPU", Script.HAN), ("언제 설명하나요", Script.HANGUL), ("когда", Script.ALPHABET), ("123 ?!", None)],
)
def test_the_script_of_a_question_is_known(text: str, script: Script | None) -> None:
    assert main_script(text) is script


def test_a_passage_of_another_script_does_not_speak_to_a_question() -> None:
    assert not speaks("这里讲梯度下降", Script.ALPHABET)
    assert speaks("这里讲 gradient descent 的方法", Script.ALPHABET)
    assert speaks("anything", None)


def test_a_snippet_holds_the_words_that_count_and_marks_its_cuts() -> None:
    text = " ".join(["filler words of no weight"] * 20 + ["the chain rule lets us"] + ["and more filler"] * 20)
    cut = snippet(text, {"chain": 1.0, "rule": 1.0}, LEXICON)
    assert "the chain rule lets us" in cut
    assert cut[0] == cut[-1] == "…"
    assert len(cut) <= LONGEST + 2


def test_a_short_passage_is_shown_whole() -> None:
    assert snippet("two\nlines", {}, LEXICON) == "two lines"


def test_chinese_is_cut_between_characters() -> None:
    cut = snippet("无关的话。" * 60 + "梯度下降的方法" + "无关的话。" * 60, {"梯度": 1.0}, LEXICON)
    assert "梯度" in cut
    assert len(cut) <= LONGEST + 2


def test_one_endless_word_is_cut() -> None:
    assert len(snippet("x" * 1000, {}, LEXICON)) == LONGEST + 1
