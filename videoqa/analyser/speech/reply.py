"""What a transcription server answers, as far as it can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videoqa.analyser.speech.heard import Heard, Said
from videoqa.analyser.speech.languages import tag_of


class Unreadable(ValueError):
    """The answer is none of the protocol."""


def heard_in(answer: Mapping[str, Any], language: str | None) -> Heard:
    """What ``answer`` (of the form json or verbose_json) says; ``language`` is what the server was told it would be.

    Raises:
        Unreadable: there is no text in it, or a number beyond all numbers.
    """
    text, segments = answer.get("text"), answer.get("segments")
    if not isinstance(text, str):
        raise Unreadable("the answer holds no text")
    told = answer.get("language")
    tag = tag_of(told) if isinstance(told, str) else None
    said = tuple(map(_said, segments)) if isinstance(segments, list) and segments else (Said(text),)
    return Heard(said, tag or language)


def _said(segment: Any) -> Said:
    if not isinstance(segment, Mapping) or not isinstance(text := segment.get("text"), str):
        raise Unreadable("the answer's segments are none")
    return Said(
        text,
        _number(segment, "start"),
        _number(segment, "end"),
        _number(segment, "no_speech_prob"),
        _number(segment, "avg_logprob"),
    )


def _number(segment: Mapping[str, Any], name: str) -> float | None:
    value = segment.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError as error:
        raise Unreadable(f"a segment's {name} is a number of hundreds of digits") from error
