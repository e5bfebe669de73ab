import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text import tokens, words


def test_english_is_lower_cased_stemmed_and_rid_of_function_words() -> None:
    assert tokens("When does she EXPLAIN the gradients?") == ["explain", "gradient"]


def test_forms_of_one_word_meet_in_one_term() -> None:
    assert tokens("explains") == tokens("explained") == tokens("explaining")


def test_full_width_and_compatibility_forms_are_unified() -> None:
    assert tokens("Ｆｕｌｌ ﬁne ２０２４") == tokens("full fine 2024")


def test_an_apostrophe_neither_splits_nor_changes_a_word() -> None:
    assert tokens("don't") == tokens("don’t") == []
    assert tokens("Bayes' theorem") == tokens("Bayes theorem")


def test_a_chinese_word_of_two_characters_is_found_inside_a_sentence() -> None:
    assert "梯度" in tokens("他什么时候解释梯度下降？")
    assert tokens("梯度")[0] == "梯度"


def test_a_single_han_character_is_found_inside_a_run() -> None:
    assert set(tokens("车")) <= set(tokens("一辆白车开进来"))


def test_a_korean_noun_is_found_whatever_particle_follows() -> None:
    assert set(tokens("사람")) <= set(tokens("사람이 들어온다"))
    assert set(tokens("차")) <= set(tokens("차가 온다"))
    assert set(tokens("차")) <= set(tokens("차는 간다"))


def test_chinese_and_english_in_one_run_are_told_apart() -> None:
    assert tokens("用GPU训练") == ["用", "gpu", "训练", "训", "练"]


def test_numbers_keep_their_points() -> None:
    assert tokens("about 3.14, or v2.0.1.") == ["3.14", "v2", "0.1"]


@pytest.mark.parametrize("text", ["", "   ", "?!…", "the of and", "\x00", "😀"])
def test_text_without_a_word_to_search_for_has_no_terms(text: str) -> None:
    assert tokens(text) == []


@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_plain_english_is_divided_as_it_is_beside_another_script(text: str) -> None:
    assert words(text) == words(f"{text} é")[:-1]


@given(st.text(max_size=200))
def test_terms_of_any_text_are_safe_to_store_and_stay_terms(text: str) -> None:
    for term in tokens(text):
        assert term
        assert all(char.isalnum() or char == "." or char in "ー々〆〇" or not char.isascii() for char in term)
        assert not set(term) & set(" \t\n\"'*():^-+")
