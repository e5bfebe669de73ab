"""What every search does."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from tests.contracts.conftest import Shelf
from videoqa.answers import Filter
from videoqa.events import Passage, Source
from videoqa.media import Coverage, Recording, RecordingState, Sampling, Span
from videoqa.ports import AnalysisKind, Candidate
from videoqa.testing.search import LetterEmbedder

EVERYWHERE = Filter()
ODD_QUESTIONS = [
    "",
    " ",
    "?",
    '"',
    "'",
    "''' OR 1=1 --",
    'chain" OR "rule',
    "chain*",
    "chain AND",
    "NOT chain",
    "NEAR(chain rule)",
    "chain : rule",
    "^chain",
    "{chain} - rule + (",
    "title:chain",
    "\\",
    "%",
    "_",
    "\0",
    "\ud800",
    "a" * 10_000,
    "chain " * 1000,
    "。？！",
    "\U0001f600",
    "\n\t\r",
    "C++ & C#",
    "3.14",
    "--between",
    "SELECT * FROM passages;",
    "链式法则",
    "ｃｈａｉｎ",
    "مرحبا",
    "e\u0301te\u0301",
]


def span(start: float, end: float) -> Span:
    return Span(timedelta(seconds=start), timedelta(seconds=end))


def put(shelf: Shelf, title: str, *texts: str | tuple[str, Source], step: float = 30, length: float = 45) -> str:
    """Indexes a recording whose passages begin every ``step`` seconds; gives its id."""
    archive, whole = shelf.archive, timedelta(hours=10)
    made = Recording("", title, f"/{title}", title, whole, RecordingState.INDEXED)
    recording = archive.add(made)
    passages = []
    for number, each in enumerate(texts):
        text, source = (each, Source.SUBTITLE) if isinstance(each, str) else each
        passages.append(Passage(recording.id, span(number * step, number * step + length), text, source, "en"))
    analysis = archive.begin(recording.id, "signals 1", Sampling(), whole, ())
    archive.finish(analysis, Coverage(whole), (), passages)
    return recording.id


def found(shelf: Shelf, question: str, where: Filter = EVERYWHERE, limit: int = 10) -> dict[str, Candidate]:
    """The candidates by their texts."""
    return {one.passage.text: one for one in shelf.search.candidates(question, where, limit)}


def worded(shelf: Shelf, question: str, where: Filter = EVERYWHERE) -> set[str]:
    """The texts of those that share a word with the question."""
    return {text for text, one in found(shelf, question, where).items() if one.lexical > 0}


def test_an_empty_archive_has_no_candidates(shelf: Shelf) -> None:
    assert shelf.search.candidates("chain rule", EVERYWHERE, 10) == ()


def test_a_candidate_brings_its_passage_and_title(shelf: Shelf) -> None:
    recording = put(shelf, "calculus.mp4", "chain rule", ("product rule", Source.SLIDE))
    candidates = found(shelf, "product")
    assert candidates["product rule"].passage == Passage(recording, span(30, 75), "product rule", Source.SLIDE, "en")
    assert candidates["product rule"].title == "calculus.mp4"


def test_words_are_weighed_by_bm25_over_the_whole_archive(shelf: Shelf) -> None:
    put(shelf, "a", "red red green", "green blue", "blue")
    put(shelf, "b", "red cat dog bird", "green")
    candidates = found(shelf, "red blue unknown")
    count, mean = 5, (3 + 2 + 1 + 4 + 1) / 5

    def idf(held: int) -> float:
        return math.log(1 + (count - held + 0.5) / (held + 0.5))

    def gain(held: int, times: int, length: int) -> float:
        return idf(held) * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / mean))

    total = idf(2) + idf(2) + idf(0)
    assert candidates["red red green"].lexical == pytest.approx(gain(2, 2, 3), rel=1e-5)
    assert candidates["red red green"].matched == pytest.approx(idf(2) / total, rel=1e-5)
    assert candidates["blue"].lexical == pytest.approx(gain(2, 1, 1), rel=1e-5)
    assert candidates["red cat dog bird"].lexical == pytest.approx(gain(2, 1, 4), rel=1e-5)
    assert candidates["green"].lexical == 0
    assert candidates["green"].matched == 0


def test_a_filter_does_not_change_the_figures(shelf: Shelf) -> None:
    first = put(shelf, "a", "red green", "green blue")
    put(shelf, "b", "red cat", "red dog", "red bird")
    everywhere, there = found(shelf, "red"), found(shelf, "red", Filter(recordings=frozenset({first})))
    assert there.keys() == {"red green", "green blue"}
    for text, one in there.items():
        assert (one.lexical, one.matched) == (everywhere[text].lexical, everywhere[text].matched)
        assert one.semantic == pytest.approx(everywhere[text].semantic, abs=1e-6)


def test_sense_is_the_cosine_of_question_and_passage(shelf: Shelf) -> None:
    texts = ["gradients descend", "gradient descent", "banana bread", "the gradient of a descent"]
    put(shelf, "a", *texts)
    embedder = LetterEmbedder()
    exact = embedder.embed(texts) @ embedder.embed(["gradient descent"])[0]
    for text, one in found(shelf, "gradient descent").items():
        assert one.semantic == pytest.approx(exact[texts.index(text)], abs=0.01)


def test_what_shares_no_word_is_found_by_sense(shelf: Shelf) -> None:
    put(shelf, "a", *(f"zzz{number} qqq" for number in range(50)), "photographing elephants")
    candidates = found(shelf, "photograph elephantine", limit=1)
    assert "photographing elephants" in candidates


def test_the_best_by_words_are_found_whatever_their_sense(shelf: Shelf) -> None:
    put(shelf, "a", *(f"elephants{number} walking" for number in range(50)), "xylo " + "zzz qqq www " * 20)
    assert found(shelf, "elephants walked over the xylo", limit=1).keys() >= {"xylo " + "zzz qqq www " * 20}


def test_at_most_the_limit_of_each_kind_comes_back(shelf: Shelf) -> None:
    put(shelf, "a", *(f"red thing{number}" for number in range(40)))
    assert 5 <= len(shelf.search.candidates("red", EVERYWHERE, 5)) <= 10
    assert len(shelf.search.candidates("red", EVERYWHERE, 100)) == 40


def test_of_one_recording_every_passage_is_a_candidate(shelf: Shelf) -> None:
    wanted = put(shelf, "a", *(f"number{number}" for number in range(30)))
    put(shelf, "b", *(f"other{number}" for number in range(30)))
    candidates = shelf.search.candidates("number7 words", Filter(recordings=frozenset({wanted})), 30)
    assert sorted(one.passage.text for one in candidates) == sorted(f"number{number}" for number in range(30))


def test_only_the_recordings_asked_for_are_searched(shelf: Shelf) -> None:
    first, second = put(shelf, "a", "red cat"), put(shelf, "b", "red dog")
    put(shelf, "c", "red bird")
    assert found(shelf, "red", Filter(recordings=frozenset({first, second}))).keys() == {"red cat", "red dog"}
    assert found(shelf, "red", Filter(recordings=frozenset({"nobody"}))) == {}
    assert found(shelf, "red", Filter(recordings=frozenset())) == {}


def test_a_moment_must_overlap_the_time_asked_for(shelf: Shelf) -> None:
    put(shelf, "a", "red cat", "red dog", "red bird", step=10, length=10)
    assert found(shelf, "red", Filter(between=span(10, 20))).keys() == {"red dog"}
    assert found(shelf, "red", Filter(between=span(19.999, 20.001))).keys() == {"red dog", "red bird"}
    assert found(shelf, "red", Filter(between=span(500, 600))) == {}


def test_only_the_sources_asked_for_are_searched(shelf: Shelf) -> None:
    put(shelf, "a", ("red cat", Source.SLIDE), ("red dog", Source.MOTION), ("red bird", Source.SUBTITLE))
    where = Filter(sources=frozenset({Source.SLIDE, Source.MOTION}))
    assert found(shelf, "red", where).keys() == {"red cat", "red dog"}


def test_filters_hold_together(shelf: Shelf) -> None:
    first = put(shelf, "a", ("red cat", Source.SLIDE), "red dog", ("red bird", Source.SLIDE), step=10, length=10)
    put(shelf, "b", ("red fish", Source.SLIDE))
    where = Filter(frozenset({first}), span(0, 15), frozenset({Source.SLIDE}))
    assert found(shelf, "red", where).keys() == {"red cat"}


def test_what_was_finished_is_found_at_once(shelf: Shelf) -> None:
    for number in range(12):
        put(shelf, f"t{number}", f"red thing{number}")
        assert f"red thing{number}" in worded(shelf, f"thing{number}")
    assert len(found(shelf, "red", limit=12)) == 12


def test_a_new_analysis_is_found_in_the_place_of_the_old(shelf: Shelf) -> None:
    recording = put(shelf, "a", "red cat", "red dog")
    again = shelf.archive.begin(recording, "signals 2", Sampling(), timedelta(hours=1), ())
    assert worded(shelf, "red") == {"red cat", "red dog"}
    passages = [Passage(recording, span(0, 10), "red bird", Source.SLIDE)]
    shelf.archive.finish(again, Coverage(timedelta(hours=1)), (), passages)
    assert found(shelf, "red").keys() == {"red bird"}


def test_what_was_removed_is_not_found(shelf: Shelf) -> None:
    first = put(shelf, "a", "red cat")
    put(shelf, "b", "red dog")
    shelf.archive.remove(first)
    assert found(shelf, "red").keys() == {"red dog"}


def test_a_word_said_twice_counts_once(shelf: Shelf) -> None:
    put(shelf, "a", "red cat", "blue dog")
    assert found(shelf, "red red RED")["red cat"].lexical == found(shelf, "red")["red cat"].lexical


def test_a_recording_without_passages_is_no_hindrance(shelf: Shelf) -> None:
    put(shelf, "a")
    assert found(shelf, "red") == {}
    put(shelf, "b", "red cat", "...", "")
    assert worded(shelf, "red") == {"red cat"}


@pytest.mark.parametrize("question", ODD_QUESTIONS)
def test_any_question_is_taken_as_plain_words(shelf: Shelf, question: str) -> None:
    put(shelf, "a", "chain rule", "product rule 3.14")
    for one in shelf.search.candidates(question, EVERYWHERE, 10):
        assert one.lexical >= 0
        assert -1.01 <= one.semantic <= 1.01
        assert 0 <= one.matched <= 1.001


def test_what_rules_told_of_is_found_beside_what_signals_saw(shelf: Shelf) -> None:
    recording_id, whole = put(shelf, "gate", "a quiet yard"), timedelta(hours=10)
    rules = shelf.archive.begin(recording_id, "rules", Sampling(), whole, (), kind=AnalysisKind.RULES)
    climbing = Passage(recording_id, span(60, 70), "a person climbs the fence", Source.MODEL)
    assert worded(shelf, "fence") == set()
    shelf.archive.finish(rules, Coverage(whole), (), [climbing])
    assert found(shelf, "fence")["a person climbs the fence"].passage == climbing
    assert worded(shelf, "fence yard") == {"a person climbs the fence", "a quiet yard"}
