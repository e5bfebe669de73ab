"""What a speech model says becomes cues where it was said, and what it made up becomes none."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoqa.analyser.speech.heard import Heard, Said, cues_of, without_echoes
from videoqa.analyser.speech.languages import tag_of
from videoqa.media import Cue, Span
from videoqa.ports import Sound


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def span(start: float, end: float) -> Span:
    return Span(seconds(start), seconds(end))


# Twenty seconds of sound from second 100 on, with words from 101 to 104 and from 112 to 118.
SOUND = Sound(seconds(100), bytes(20 * 2 * Sound.RATE), (span(101, 104), span(112, 118)))


def spans(*said: Said) -> list[tuple[float, float]]:
    cues = cues_of(SOUND, Heard(said))
    return [(cue.span.start.total_seconds(), cue.span.end.total_seconds()) for cue in cues]


def test_times_in_the_sound_become_times_of_the_recording() -> None:
    assert spans(Said("a van", 1.0, 3.5), Said("a bag", 12.25, 15)) == [(101, 103.5), (112.25, 115)]


def test_a_line_without_times_is_said_where_anything_is() -> None:
    assert spans(Said("a van and a bag")) == [(101, 118)]


@pytest.mark.parametrize(("start", "end"), [(math.nan, 3.0), (1.0, math.inf), (None, 3.0)])
def test_times_that_are_none_are_not_believed(start: float | None, end: float) -> None:
    assert spans(Said("a van", start, end)) == [(101, 118)]


def test_times_outside_the_sound_are_brought_inside() -> None:
    assert spans(Said("a van", -4.0, 3.0), Said("a bag", 13.0, 45.0)) == [(100, 103), (113, 120)]
    assert spans(Said("a van", 30.0, 32.0)) == []


def test_a_line_that_ends_as_it_begins_lasts_until_the_next_one() -> None:
    assert spans(Said("a van", 1.0, 1.0), Said("a bag", 12.0, 12.0)) == [(101, 112), (112, 120)]


def test_what_is_said_where_all_is_silent_was_not_said() -> None:
    assert spans(Said("Thanks for watching!", 6.0, 9.0), Said("a bag", 13.0, 15.0)) == [(113, 115)]


@pytest.mark.parametrize("text", ["", "  ", "...", "♪♪", "<|nospeech|>", "\x00\x07"])
def test_a_line_without_a_word_is_none(text: str) -> None:
    assert spans(Said(text, 1.0, 3.0)) == []


def test_what_the_model_itself_does_not_believe_is_left_out() -> None:
    assert spans(Said("you", 1.0, 3.0, no_speech=0.9, certainty=-1.4)) == []
    assert spans(Said("you", 1.0, 3.0, no_speech=0.9, certainty=-0.2)) == [(101, 103)]
    assert spans(Said("the same thing again and " * 20, 1.0, 3.0)) == []


def test_the_text_is_one_plain_line() -> None:
    (cue,) = cues_of(SOUND, Heard((Said(" <|en|>a\x1b[31m red\n\nvan\u2028 stops ", 1.0, 3.0),), "en"))
    assert (cue.text, cue.language, cue.track) == ("a [31m red van stops", "en", "speech")


def test_a_stutter_is_said_once_and_a_repetition_twice() -> None:
    def said(*texts: str) -> list[Cue]:
        return [Cue(span(number, number + 1), text) for number, text in enumerate(texts)]

    assert [cue.text for cue in without_echoes(said("go", "Go", "GO", "go", "stop", "no", "no"))] == [
        "go",
        "stop",
        "no",
        "no",
    ]


@given(
    st.lists(
        st.builds(
            Said,
            st.text(max_size=40),
            st.none() | st.floats(),
            st.none() | st.floats(),
            st.none() | st.floats(),
            st.none() | st.floats(),
        ),
        max_size=8,
    )
)
def test_whatever_a_model_says_its_cues_lie_inside_the_sound_in_order(said: list[Said]) -> None:
    cues = cues_of(SOUND, Heard(tuple(said)))
    assert all(SOUND.span.intersection(cue.span) == cue.span for cue in cues)
    assert all(cue.text.isprintable() and cue.text == cue.text.strip() for cue in cues)
    assert list(cues) == sorted(cues, key=lambda cue: cue.span)


@pytest.mark.parametrize(
    ("told", "tag"),
    [
        ("English", "en"),
        ("zh", "zh"),
        ("yue", "yue"),
        ("pt-BR", "pt-br"),
        ("zh_Hant", "zh-hant"),
        ("Cantonese", "yue"),
        ("auto", None),
        ("", None),
        ("klingon language", None),
    ],
)
def test_a_language_is_a_tag_or_a_name(told: str, tag: str | None) -> None:
    assert tag_of(told) == tag
