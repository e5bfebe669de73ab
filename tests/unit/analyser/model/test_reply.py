from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bad_replies import UNREADABLE, WRAPPED
from videoqa.analyser.model.reply import (
    LONGEST_LABEL,
    LONGEST_SENTENCE,
    MOST_EVENTS,
    SaidAnalysis,
    SaidEvent,
    SaidFinding,
    Unusable,
    Verdict,
    analysis_schema,
    finding_schema,
    read_analysis,
    read_finding,
)


def said(**changes: object) -> str:
    event = {"label": "man", "description": "A man walks.", "first": "0.5", "last": "2.5", "certainty": 0.9}
    return json.dumps({"events": [event | changes], "summary": "A man."})


def found(**changes: object) -> str:
    whole = {"verdict": "yes", "first": "0.5", "last": "2.5", "count": 2, "sentence": "Two men.", "certainty": 0.9}
    return json.dumps(whole | changes)


def test_a_reply_in_form_is_read_whole() -> None:
    event = SaidEvent("man", "A man walks.", 0.5, 2.5, 0.9)
    assert read_analysis(said()) == SaidAnalysis((event,), "A man.")
    assert read_analysis(f" \n{said()}\n") == SaidAnalysis((event,), "A man.")


def test_a_stamp_is_text_or_a_number() -> None:
    assert read_analysis(said(first=0.5, last=2)).events == (SaidEvent("man", "A man walks.", 0.5, 2.0, 0.9),)


def test_nothing_that_happened_is_an_empty_list() -> None:
    assert read_analysis('{"events": [], "summary": ""}') == SaidAnalysis((), "")


@pytest.mark.parametrize("kind", [kind for kind in UNREADABLE if kind != "cut, and yet whole"])
def test_a_reply_out_of_form_is_not_read(kind: str) -> None:
    with pytest.raises(Unusable):
        read_analysis(UNREADABLE[kind].words)


@pytest.mark.parametrize("kind", WRAPPED)
def test_nothing_is_picked_out_of_what_is_around_it(kind: str) -> None:
    with pytest.raises(Unusable):
        read_analysis(WRAPPED[kind].words)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (said(label="x" * (LONGEST_LABEL + 1)), "61 characters, more than 60"),
        (said(description="x" * (LONGEST_SENTENCE + 1)), "more than 300"),
        (said(label="\u200b"), '"label" of event 1 is empty'),
        (said(note="more"), 'event 1 has "note"'),
        (said(first="12.5 seconds"), 'not a stamp such as "12.5"'),
        (said(first="-1.0"), "not a stamp"),
        (said(first="١.٥"), "not a stamp"),
        (said(certainty=-0.1), "between 0 and 1"),
        (said().replace('"first": "0.5"', '"first": "0.5", "first": "1.5"'), "stands twice"),
        (said()[:-1] + ', "summary": "again"}', "stands twice"),
        (said()[:-2], "not one JSON object"),
    ],
)
def test_what_is_wrong_is_said_in_words_that_can_be_acted_on(text: str, problem: str) -> None:
    with pytest.raises(Unusable, match=problem):
        read_analysis(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.sampled_from(["events", "summary", "label", "first"]), part),
    )
)
def test_whatever_is_no_reply_is_unusable_and_breaks_nothing(value: object) -> None:
    with pytest.raises(Unusable):
        read_analysis(json.dumps(value))


@given(st.text())
def test_any_text_is_a_reply_or_unusable(text: str) -> None:
    with pytest.raises(Unusable):
        read_analysis(text)


def test_what_steers_terminals_is_taken_out_of_what_is_said() -> None:
    event = read_analysis(said(label="man\x1b[2J", description="A <b>man</b>.\n")).events[0]
    assert (event.label, event.description) == ("man [2J", "A ‹b›man‹/b›.")


def test_a_finding_is_read_whole() -> None:
    assert read_finding(found(), counting=True) == SaidFinding(Verdict.YES, 0.5, 2.5, "Two men.", 0.9, 2)
    without = found(verdict="no", first=None, last=None).replace('"count": 2, ', "")
    assert read_finding(without, counting=False) == SaidFinding(Verdict.NO, None, None, "Two men.", 0.9)


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "maybe"},
        {"verdict": ["yes"]},
        {"count": -1},
        {"count": True},
        {"count": 2.5},
        {"count": None},
        {"sentence": ""},
        {"first": "soon"},
        {"certainty": "high"},
        {"certainty": 2},
    ],
)
def test_a_finding_out_of_form_is_not_read(changes: dict[str, object]) -> None:
    with pytest.raises(Unusable):
        read_finding(found(**changes), counting=True)


def test_a_count_nobody_asked_for_is_out_of_form() -> None:
    with pytest.raises(Unusable, match="count"):
        read_finding(found(), counting=False)


def _bounded(schema: Any) -> bool:
    """True where nothing that ``schema`` allows can go on for ever."""
    match schema.get("type"):
        case "object":
            whole = schema["additionalProperties"] is False and set(schema["required"]) == set(schema["properties"])
            return whole and all(map(_bounded, schema["properties"].values()))
        case "array":
            return schema["maxItems"] <= MOST_EVENTS and _bounded(schema["items"])
        case "string":
            return "enum" in schema or "maxLength" in schema or "{1," in schema["pattern"]
        case "number" | "integer":
            return "minimum" in schema and "maximum" in schema
        case "null":
            return True
    return all(map(_bounded, schema["anyOf"]))


@pytest.mark.parametrize("pairs", [1, 128, 129, 3_000])
def test_every_field_of_a_schema_is_bounded(pairs: int) -> None:
    stamps = [0.5 + 2 * number for number in range(pairs)]
    assert _bounded(analysis_schema(stamps))
    assert _bounded(finding_schema(stamps, counting=True))
    assert _bounded(finding_schema(stamps, counting=False))


def test_up_to_128_stamps_are_listed_as_they_are_shown() -> None:
    schema: Any = analysis_schema([0.5, 2.0, 2.0, 12.3])
    assert schema["properties"]["events"]["items"]["properties"]["first"]["enum"] == ["0.5", "2.0", "12.3"]
    many: Any = analysis_schema([float(number) for number in range(129)])
    assert many["properties"]["events"]["items"]["properties"]["first"]["pattern"] == "^[0-9]{1,3}\\.[0-9]$"


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 400, "1e400"])
@pytest.mark.parametrize("field", ["first", "last", "certainty"])
def test_a_number_beyond_all_numbers_is_unusable(field: str, number: str) -> None:
    for text, read in (
        (said(**{field: "HUGE"}), read_analysis),
        (found(**{field: "HUGE"}), lambda text: read_finding(text, counting=True)),
    ):
        with pytest.raises(Unusable):
            read(text.replace('"HUGE"', number))
