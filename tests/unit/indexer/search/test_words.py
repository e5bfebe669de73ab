from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.search.words import Words, merge, source_names
from videoqa.events import Passage, Source
from videoqa.media import Span

TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "b", "ab", "链式", "车", "é", "z" * 40, "3.14"]), max_size=8), max_size=6
)


def words_of(texts: list[list[str]]) -> Words:
    span = Span(timedelta(milliseconds=1, microseconds=1), timedelta(milliseconds=2, microseconds=1))
    return Words.of([Passage("r", span, " ".join(text), Source.SLIDE) for text in texts], texts)


def read_back(words: Words) -> list[Counter[str]]:
    """The counts of each passage's terms."""
    read: list[Counter[str]] = [Counter() for _ in range(words.size)]
    for term in words.vocabulary():
        for document, frequency in zip(*words.postings(term.decode()), strict=True):
            read[document][term.decode()] = int(frequency)
    return read


@given(TEXTS)
def test_every_term_leads_to_its_passages(texts: list[list[str]]) -> None:
    words = words_of(texts)
    assert read_back(words) == [Counter(text) for text in texts]
    assert words.lengths.tolist() == [len(text) for text in texts]


@given(st.lists(st.tuples(TEXTS, st.integers(0, 63)), min_size=1, max_size=4))
def test_merging_keeps_what_is_to_be_kept_in_order(parts: list[tuple[list[list[str]], int]]) -> None:
    given_parts, kept = [], []
    for texts, chance in parts:
        keep = [bool(chance >> place & 1) for place in range(len(texts))]
        given_parts.append((words_of(texts), np.array(keep, np.bool_)))
        kept += [text for text, stays in zip(texts, keep, strict=True) if stays]
    merged = merge(given_parts)
    assert read_back(merged) == [Counter(text) for text in kept]
    assert merged.vocabulary() == sorted({term.encode() for text in kept for term in text})


def test_an_unknown_term_has_no_postings() -> None:
    words = words_of([["b", "d"]])
    for term in ("", "a", "c", "e", "bb", "\U0001f600"):
        assert len(words.postings(term)[0]) == 0


def test_a_term_more_than_255_times_in_a_passage_counts_as_255() -> None:
    assert words_of([["a"] * 1000]).postings("a")[1].tolist() == [255]


def test_spans_are_rounded_outwards() -> None:
    words = words_of([["a"]])
    assert (words.starts.tolist(), words.ends.tolist()) == ([1], [3])


def test_sources_are_known_by_name_not_by_their_place() -> None:
    words = words_of([["a"]])
    turned = source_names()[::-1]
    place = turned.index("slide")
    arrays = {**words.arrays(), "sources": np.array([place], np.uint8)}
    assert Words.of_arrays(arrays, turned).sources.tolist() == words.sources.tolist()
