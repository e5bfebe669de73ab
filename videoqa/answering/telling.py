"""Checks what a model writes, sentence by sentence: what does not cite what was found is not told. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from videoqa.answering.scripts import Script, main_script
from videoqa.answering.stated import borne_out
from videoqa.answers import Moment

LONGEST = 1000
"""Characters of a sentence; what goes on longer than that is no sentence."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its marks, and the numbers in these, from 1 on."""

    text: str
    cites: tuple[int, ...]


def checked(written: Iterable[str], found: Sequence[Moment]) -> Iterator[Sentence]:
    """The sentences of ``written`` that cite some of ``found``, each as soon as it is complete.

    Marks of what was not found are taken out. A sentence is left out that cites nothing, or that states a time which is
    neither inside a moment it cites nor in its text, in which every time is owned by code or read in the footage.
    """
    for text in _sentences(written):
        sentence = _checked(text, found)
        if sentence is not None:
            yield sentence


def own(number: int, text: str) -> Iterator[Sentence]:
    """``text``, what was found in moment ``number``, as sentences that cite it."""
    for part in _sentences([text]):
        yield Sentence(f"{part.strip()} [{number}]", (number,))


def total(question: str, counts: Sequence[int]) -> Sentence:
    """What ``counts``, those of each moment, come to, in the script of ``question``."""
    words = {Script.HAN: "共{}。", Script.HANGUL: "모두 {}."}.get(
        main_script(question) or Script.ALPHABET, "{} in all."
    )
    numbers = tuple(range(1, len(counts) + 1))
    marks = "".join(f"[{number}]" for number in numbers)
    return Sentence(f"{words.format(sum(counts))} {marks}", numbers)


_MARK = re.compile(r"\[(\d{1,3})\]")
_MARKS = r"(?:\s*\[\d{1,3}\])*+"
_END = re.compile(
    rf"(?:[.!?…]++[\"'”’»)]*+(?=\s|\[)|[。！？]++[”’」』）]*+){_MARKS}(?:\s*[.。])?+(?=\s*[^\s\[])"
    rf"|(?<=\S)\[\d{{1,3}}\]{_MARKS}(?=\s+[A-Z\"“(])"
    r"|\n++(?=\s*[^\s\[.。])"
)
"""Where a sentence ends: only what follows shows that no further mark belongs to it."""
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|approx|ca|vs|Mr|Mrs|Ms|Dr|No|a\.m|p\.m)|^\s*\d+)\.$")


def _sentences(written: Iterable[str]) -> Iterator[str]:
    rest = ""
    for piece in written:
        rest += piece
        searched = 0
        while (end := _END.search(rest, searched)) is not None:
            if _ABBREVIATED.search(rest[: end.end()].rstrip()):
                searched = end.end()
                continue
            if rest[: end.end()].strip():
                yield rest[: end.end()].strip()
            rest, searched = rest[end.end() :], 0
    if rest.strip():
        yield rest.strip()


def _checked(text: str, found: Sequence[Moment]) -> Sentence | None:
    cites = tuple(dict.fromkeys(number for number in map(int, _MARK.findall(text)) if 1 <= number <= len(found)))
    kept = _MARK.sub(lambda mark: mark[0] if int(mark[1]) in cites else "", text)
    bare = _MARK.sub("", kept)
    if not cites or not any(char.isalnum() for char in bare) or len(kept) > LONGEST:
        return None
    cited = [found[number - 1] for number in cites]
    if not borne_out(bare, (moment.span for moment in cited), " ".join(moment.text for moment in cited)):
        return None
    return Sentence(" ".join(kept.split()), cites)
