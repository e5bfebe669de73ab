"""Finds where what is said turns to another topic, and words to call a topic by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log, sqrt
from statistics import fmean, pstdev

from videoqa.media import Cue

UNIT_TERMS = 20
REACH = 10
SHALLOW = 0.05
SHORTEST = timedelta(seconds=75)
TITLE_TERMS = 3
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_FUNCTION_WORDS = """
a about above actually after again all also am an and any are as at back be because been before being below
between both but by can come could did do does doing done down each even every few first for from further get
give go goes going gonna good got had has have having he her here hers him his how i if in into is it its just
kind know last let like little look lot made make many maybe me mean might more most much must my need never new
next no nor not now of off okay on once one only or other our out over own part people place point pretty put
quite rather really right said same say see sense she should show so some something sort still such take talk
than thank thanks that the their them then there these they thing things think this those through time to too
top two under until up us use used using very video want was way we well were what when where which while who
whole whose why will with without work would yeah yes you your
"""
_COMMON = frozenset(_FUNCTION_WORDS.split())
_COMMON_CHARACTERS = frozenset(
    "的了是个就我你他她它们这那在和有不也都会把被让对些能很到说要去来上下么什吗呢吧啊为以而与及或其之所从给跟再又还才只没得着过"
)


@dataclass(frozen=True, slots=True)
class _Unit:
    start: timedelta
    terms: Counter[str]


def turns(cues: Sequence[Cue]) -> tuple[timedelta, ...]:
    """The times at which the talk in ``cues``, in order of time, turns to something else.

    Text tiling (Hearst 1997): at each place between short stretches of equal many words the stretches before and after
    are compared; a turn is where their likeness lies deep between the peaks to its left and right.
    """
    units = _units(cues)
    if len(units) < 2 * REACH:
        return ()
    spread = Counter(term for unit in units for term in unit.terms)
    weights = {term: log(len(units) / count) for term, count in spread.items()}
    likeness = [
        _cosine(_sum(units[max(0, place - REACH) : place]), _sum(units[place : place + REACH]), weights)
        for place in range(1, len(units))
    ]
    smooth = [fmean(likeness[max(0, number - 1) : number + 2]) for number in range(len(likeness))]
    depths = [_depth(smooth, number) for number in range(len(smooth))]
    deep = max(SHALLOW, fmean(depths) + 0.5 * pstdev(depths))
    found: list[timedelta] = []
    begin, end = units[0].start, cues[-1].span.end
    for number in sorted(range(len(depths)), key=lambda number: (-depths[number], number)):
        start = units[number + 1].start
        if depths[number] < deep:
            break
        if all(abs(start - other) >= SHORTEST for other in (*found, begin, end)):
            found.append(start)
    return tuple(sorted(found))


def salient(stretch: Sequence[Cue], others: Sequence[Sequence[Cue]]) -> str:
    """The words of ``stretch`` that set it apart from ``others``, as first written; empty where there are none."""
    counts = _counts(stretch)
    spread = Counter(term for other in others for term in _counts(other))
    scores = {
        term: count * log((len(others) + 2) / (spread[term] + 1)) * (1 + len(term) / 8)
        for term, count in counts.items()
        if count >= 2 or len(counts) < 20
    }
    chosen: list[str] = []
    for term in sorted(scores, key=lambda term: (-scores[term], term)):
        if not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == TITLE_TERMS:
            break
    text = " ".join(cue.text for cue in stretch)
    written = {term: _as_written(term, text) for term in chosen}
    return ", ".join(written[term] for term in sorted(chosen, key=lambda term: text.casefold().find(term)))


def _units(cues: Sequence[Cue]) -> list[_Unit]:
    units: list[_Unit] = []
    for cue in cues:
        terms = _terms(cue.text)
        if units and units[-1].terms.total() < UNIT_TERMS:
            units[-1].terms.update(terms)
        else:
            units.append(_Unit(cue.span.start, Counter(terms)))
    return units


def _terms(text: str) -> list[str]:
    """Words that carry sense, without their plainest endings, and pairs of characters of scripts without spaces."""
    found: list[str] = []
    for match in _WORD.finditer(text.casefold()):
        word = match.group()
        runs = _CJK.findall(word)
        for run in runs:
            found.extend(run[number : number + 2] for number in range(max(1, len(run) - 1)))
        if not runs and len(word) > 2 and word not in _COMMON and "'" not in word and "’" not in word:
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _counts(cues: Sequence[Cue]) -> Counter[str]:
    """How often each term occurs that may stand in a title: no short word, no run of characters over a common one."""
    counts: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    for cue in cues:
        counts.update(term for term in _terms(cue.text) if len(term) > 3 and not _CJK.match(term))
        for run in _CJK.findall("".join(" " if char in _COMMON_CHARACTERS else char for char in cue.text)):
            runs.update(run[at : at + size] for size in (2, 3, 4) for at in range(len(run) - size + 1))
    # Part of the same longer run wherever it stands: its border is no border of a word.
    parts = {part for run, count in runs.items() for part in (run[1:], run[:-1]) if runs[part] == count}
    counts.update({run: count for run, count in runs.items() if run not in parts})
    return counts


def _as_written(term: str, text: str) -> str:
    match = re.search(re.escape(term) + ("" if _CJK.match(term) else r"[^\W\d_]*"), text, re.IGNORECASE)
    return match.group() if match else term


def _sum(units: Iterable[_Unit]) -> Counter[str]:
    total: Counter[str] = Counter()
    for unit in units:
        total.update(unit.terms)
    return total


def _cosine(one: Counter[str], other: Counter[str], weights: dict[str, float]) -> float:
    product = sum(count * other[term] * weights[term] ** 2 for term, count in one.items() if term in other)
    lengths = [sqrt(sum((count * weights[term]) ** 2 for term, count in terms.items())) for terms in (one, other)]
    return product / (lengths[0] * lengths[1]) if all(lengths) else 0.0


def _depth(likeness: Sequence[float], number: int) -> float:
    """How far the likeness at ``number`` lies below the nearest peaks on both sides."""
    left = right = likeness[number]
    for value in reversed(likeness[:number]):
        if value < left:
            break
        left = value
    for value in likeness[number + 1 :]:
        if value < right:
            break
        right = value
    return left + right - 2 * likeness[number]
