"""The form of a reply, version 1: its JSON schema, in which every field is bounded, and its strict reading.

A schema keeps most replies in form; a server may not know schemas, and a cut reply is in no form. So each is read as if
nothing had kept it: what is not exactly in form is ``Unusable``, and nothing is picked out of it.

A stamp is text ("12.5"), because a grammar made from numbers writes them with seventeen digits (xgrammar turns 12.3
into 12.300000000000001 and 10.0 into 10, which no frame is stamped with). A plain number is read as well.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from videoqa.analyser.model.evidence import plain

VERSION = 1
MOST_EVENTS = 32
LONGEST_LABEL = 60
LONGEST_SENTENCE = 300
LONGEST_SUMMARY = 600
MOST_COUNTED = 1_000
MOST_LISTED_STAMPS = 128
_LONGEST_REPLY = 60_000
_STAMP = re.compile(r"[0-9]{1,7}(\.[0-9]{1,3})?")


class Unusable(ValueError):
    """A reply is not in its form; the text says how, in words that its writer can act on.

    ``uncited`` counts what it says of times that were not shown.
    """

    def __init__(self, problem: str, uncited: int = 0) -> None:
        super().__init__(problem)
        self.uncited = uncited


@dataclass(frozen=True, slots=True)
class SaidEvent:
    """An event as the model put it; ``first`` and ``last`` are stamps in seconds that nothing has checked yet."""

    label: str
    description: str
    first: float
    last: float
    certainty: float


@dataclass(frozen=True, slots=True)
class SaidAnalysis:
    """What the model said of a group of frames."""

    events: tuple[SaidEvent, ...]
    summary: str


class Verdict(StrEnum):
    """Whether footage shows what was asked for."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class SaidFinding:
    """What the model said to a question about a moment. ``first`` and ``last`` are as in ``SaidEvent``, or None."""

    verdict: Verdict
    first: float | None
    last: float | None
    sentence: str
    certainty: float
    count: int | None = None


def analysis_schema(stamps: Sequence[float]) -> dict[str, object]:
    """The JSON schema of what is said of frames under ``stamps``, in seconds."""
    stamp = _stamp(stamps)
    event = _record(
        label=_text(LONGEST_LABEL, least=1),
        description=_text(LONGEST_SENTENCE, least=1),
        first=stamp,
        last=stamp,
        certainty=_SHARE,
    )
    events = {"type": "array", "items": event, "maxItems": MOST_EVENTS}
    return _record(events=events, summary=_text(LONGEST_SUMMARY))


def finding_schema(stamps: Sequence[float], *, counting: bool) -> dict[str, object]:
    """The JSON schema of what is said to a question about frames under ``stamps``; with a number where one is asked."""
    stamp = {"anyOf": [_stamp(stamps), {"type": "null"}]}
    number = {"count": {"type": "integer", "minimum": 0, "maximum": MOST_COUNTED}} if counting else {}
    return _record(
        verdict={"type": "string", "enum": [str(verdict) for verdict in Verdict]},
        first=stamp,
        last=stamp,
        **number,
        sentence=_text(LONGEST_SENTENCE, least=1),
        certainty=_SHARE,
    )


def read_analysis(text: str) -> SaidAnalysis:
    """What ``text`` says of a group of frames.

    Raises:
        Unusable: it is not in the form of ``analysis_schema``.
    """
    said = _fields(_parsed(text), "the reply", {"events", "summary"})
    events = said["events"]
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        raise Unusable(f'"events" is not a list of at most {MOST_EVENTS}')
    return SaidAnalysis(
        tuple(_event(number, event) for number, event in enumerate(events, 1)),
        _words(said, "summary", LONGEST_SUMMARY, "the reply", least=0),
    )


def read_finding(text: str, *, counting: bool) -> SaidFinding:
    """What ``text`` says to a question.

    Raises:
        Unusable: it is not in the form of ``finding_schema``.
    """
    names = {"verdict", "first", "last", "sentence", "certainty"} | ({"count"} if counting else set())
    said, what = _fields(_parsed(text), "the reply", names), "the reply"
    verdict, count = said["verdict"], said.get("count")
    if not isinstance(verdict, str) or verdict not in set(Verdict):
        raise Unusable(f'"verdict" is none of {", ".join(Verdict)}')
    if counting and (not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_COUNTED):
        raise Unusable(f'"count" is not a whole number from 0 to {MOST_COUNTED}')
    return SaidFinding(
        Verdict(verdict),
        None if said["first"] is None else _stamped(said, "first", what),
        None if said["last"] is None else _stamped(said, "last", what),
        _words(said, "sentence", LONGEST_SENTENCE, what),
        _share(said, what),
        count if isinstance(count, int) else None,
    )


_SHARE: Mapping[str, object] = {"type": "number", "minimum": 0, "maximum": 1}


def _record(**fields: Mapping[str, object]) -> dict[str, object]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _text(most: int, *, least: int = 0) -> dict[str, object]:
    return {"type": "string", "minLength": least, "maxLength": most}


def _stamp(stamps: Sequence[float]) -> dict[str, object]:
    listed = sorted(set(stamps))
    if len(listed) <= MOST_LISTED_STAMPS:
        return {"type": "string", "enum": [f"{stamp:.1f}" for stamp in listed]}
    return {"type": "string", "pattern": f"^[0-9]{{1,{len(str(int(listed[-1])))}}}\\.[0-9]$"}


def _event(number: int, event: object) -> SaidEvent:
    what = f"event {number}"
    said = _fields(event, what, {"label", "description", "first", "last", "certainty"})
    return SaidEvent(
        _words(said, "label", LONGEST_LABEL, what),
        _words(said, "description", LONGEST_SENTENCE, what),
        _stamped(said, "first", what),
        _stamped(said, "last", what),
        _share(said, what),
    )


def _parsed(text: str) -> object:
    if not text.strip():
        raise Unusable("it is empty")
    if len(text) > _LONGEST_REPLY:
        raise Unusable(f"it is longer than {_LONGEST_REPLY} characters")
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except Unusable:
        raise
    except RecursionError as error:
        raise Unusable("it is nested too deeply") from error
    except ValueError as error:  # beside bad syntax: a whole number of thousands of digits
        raise Unusable(f"it is not one JSON object: {error}") from error


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise Unusable("a field stands twice in one object")
    return dict(pairs)


def _no_constant(name: str) -> object:
    raise Unusable(f"{name} is no number")


def _fields(value: object, what: str, names: set[str]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Unusable(f"{what} is not a JSON object")
    if missing := names - value.keys():
        raise Unusable(f"{what} lacks {_listed(missing)}")
    if unknown := value.keys() - names:
        raise Unusable(f"{what} has {_listed(unknown)}, which it must not")
    return value


def _listed(names: set[str]) -> str:
    return ", ".join(f'"{plain(name, LONGEST_LABEL)}"' for name in sorted(names)[:8])


def _words(said: Mapping[str, object], name: str, most: int, what: str, least: int = 1) -> str:
    value = said[name]
    if not isinstance(value, str):
        raise Unusable(f'"{name}" of {what} is not text')
    if len(value) > most:
        raise Unusable(f'"{name}" of {what} has {len(value)} characters, more than {most}')
    words = plain(value, most)
    if len(words) < least:
        raise Unusable(f'"{name}" of {what} is empty')
    return words


def _number(said: Mapping[str, object], name: str, what: str) -> float:
    value = said[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unusable(f'"{name}" of {what} is not a number')
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise Unusable(f'"{name}" of {what} is too large a number')
    return number


def _stamped(said: Mapping[str, object], name: str, what: str) -> float:
    value = said[name]
    if isinstance(value, str):
        if not _STAMP.fullmatch(value):
            raise Unusable(f'"{name}" of {what} is not a stamp such as "12.5"')
        return float(value)
    return _number(said, name, what)


def _share(said: Mapping[str, object], what: str) -> float:
    value = _number(said, "certainty", what)
    if not 0 <= value <= 1:
        raise Unusable(f'"certainty" of {what} is not between 0 and 1')
    return value
