"""Tells how alike two wordings of what a model saw are: by their words, in whatever order and form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from threading import Lock

import snowballstemmer

ANOTHER_KIND = 0.5
"""What the likeness of two labels is worth of which one names a kind of thing more than the other."""

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_RUN = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<number>\d+)|(?P<word>[^\W\d_{_CJK}]+)")
_COUNTED = re.compile("[一两几](?:[辆个位名只台条把张件群些])")
_BETWEEN_CJK = re.compile("[的了着在正是有和与被把从到向往里上下中]")
_EMPTY = frozenset(
    """
    a an and another are as at be been being by for from has have he her him his in into is it its of off on onto or
    she some that the their them there they this to up was were which who while with visible seen appears
    """.split()  # noqa: SIM905
)
_SAME = {
    "person": "people human individual pedestrian someone somebody figure",
    "car": "sedan suv hatchback automobile taxi cab",
    "truck": "lorry pickup",
    "bicycle": "bike",
    "backpack": "rucksack",
    "gray": "grey silver",
}
_KINDS = {
    "person": "person man men woman women boy girl child children kid lady gentleman guy worker cyclist 人 男 女",
    "vehicle": "vehicle car truck van bus motorcycle scooter 车",
}
_COLOURS = frozenset(
    "red blue green yellow white black gray brown orange pink purple beige 红 黄 蓝 绿 白 黑 灰 紫 橙 粉 棕 银".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A label and a description as sets of words; of the label also what it names that cannot be two things at once."""

    label: frozenset[str]
    description: frozenset[str]
    colours: frozenset[str]
    numbers: frozenset[str]
    kinds: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(label: str, description: str) -> Wording:
        words = frozenset(_words(label)) or frozenset({label.strip().casefold()})
        kinds = frozenset(_KIND_OF[word] for word in words if word in _KIND_OF)
        return Wording(
            label=frozenset(map(_stem, words)) | kinds,
            description=frozenset(map(_stem, _words(description))),
            colours=words & _COLOURS,
            numbers=frozenset(word for word in words if word.isdigit()),
            kinds=kinds,
        )

    @property
    def key(self) -> str:
        """The label's words in an order of their own: equal for two labels of the same words."""
        return " ".join(sorted(self.label))

    def label_likeness(self, other: Wording) -> float:
        """How alike the two labels are, 0 to 1. Of two colours or numbers they are nothing alike."""
        exclusive = ((self.colours, other.colours), (self.numbers, other.numbers), (self.kinds, other.kinds))
        if any(one and two and one.isdisjoint(two) for one, two in exclusive):
            return 0.0
        one_kind = not self.kinds or not other.kinds or self.kinds == other.kinds
        return _alike(self.label, other.label) * (1 if one_kind else ANOTHER_KIND)

    def likeness(self, other: Wording) -> float:
        """How alike the two are altogether, 0 to 1; the labels count twice."""
        label = self.label_likeness(other)
        if not self.description or not other.description:
            return label
        return (2 * label + _alike(self.description, other.description)) / 3


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The mean of what they share of the smaller and of both together: what one leaves out parts them half as much."""
    shared = len(one & other)
    return (shared / min(len(one), len(other)) + shared / len(one | other)) / 2 if shared else 0.0


def _words(text: str) -> Iterable[str]:
    """The words of ``text`` that carry sense; of scripts without spaces their characters, and pairs of neighbours."""
    for run in _RUN.finditer(text.casefold().replace("'s", "")):
        part = run.group()
        if run.lastgroup != "cjk":
            if part not in _EMPTY:
                yield _SAME_AS.get(part, part)
            continue
        for piece in _BETWEEN_CJK.split(_COUNTED.sub("", part)):
            yield from piece
            yield from (first + second for first, second in pairwise(piece))


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    # The stemmer keeps the word it works on in itself.
    with _ONE_AT_A_TIME:
        stem: str = _STEMMER.stemWord(word)
    return stem


def _turned(table: Mapping[str, str]) -> dict[str, str]:
    return {form: name for name, forms in table.items() for form in (*forms.split(), *(f"{f}s" for f in forms.split()))}


_ONE_AT_A_TIME = Lock()
_STEMMER = snowballstemmer.stemmer("english")
_SAME_AS = _turned(_SAME)
_KIND_OF = _turned(_KINDS)
