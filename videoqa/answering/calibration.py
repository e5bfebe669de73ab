"""How likely it is that a moment answers its question. Pure.

Logistic regressions on a few figures. ``python -m bench.fit_calibration`` fits them and prints what to write here; it
weighs the questions so that a probability of one half is where one answerable question in ten would be refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log1p

FOUND = 0.5
"""From this probability on there is an answer."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of the best passage: ``words`` is its score as in ``Relevance``.

    ``known`` is the share of the question's words that any passage asked holds. ``better`` is how many passages of the
    recordings that were not asked score higher than the best that was, or None where there are no others: what is said
    better in many other places was hardly meant here.
    """

    words: float
    known: float
    better: int | None


@dataclass(frozen=True, slots=True)
class Alone:
    """What each figure adds to the log odds where there is nothing to compare with."""

    words: float
    known: float
    bias: float

    def log_odds(self, figures: Figures) -> float:
        return self.words * figures.words + self.known * figures.known + self.bias


@dataclass(frozen=True, slots=True)
class AmongOthers:
    """What the logarithm of one more than ``better`` adds to the log odds. The other figures then add nothing."""

    better: float
    bias: float

    def log_odds(self, figures: Figures) -> float:
        return self.better * log1p(figures.better or 0) + self.bias


ALONE = Alone(words=0.24, known=3.112, bias=-2.618)
AMONG_OTHERS = AmongOthers(better=-0.792, bias=2.482)


def log_odds(figures: Figures) -> float:
    """Natural logarithm of the odds that the best moment answers the question."""
    return (ALONE if figures.better is None else AMONG_OTHERS).log_odds(figures)


def probability(odds: float) -> float:
    """The probability whose log odds are ``odds``."""
    return 1 / (1 + exp(-max(min(odds, 50.0), -50.0)))
