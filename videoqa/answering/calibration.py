"""How likely it is that a moment answers its question. Pure.

Logistic regressions on a few figures. ``python -m bench.fit_calibration`` fits them and prints what to write here; it
weighs the questions so that a probability of one half is where one answerable question in ten would be refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

FOUND = 0.5
"""From this probability on there is an answer."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of the best moment. ``words`` and ``sense`` are its best passage's, as in ``Relevance``.

    ``known`` is the share of the question's words that any passage asked holds. ``lead`` is how far the best passage
    asked stands above the best one of all other recordings, in standard deviations of both, or None where there are
    none: what is said far better elsewhere was hardly meant here.
    """

    words: float
    sense: float
    known: float
    lead: float | None


@dataclass(frozen=True, slots=True)
class Weights:
    words: float
    sense: float
    known: float
    lead: float
    bias: float


ALONE = Weights(words=0.10, sense=3.0, known=2.0, lead=0.0, bias=-2.2)
AMONG_OTHERS = Weights(words=0.10, sense=3.0, known=1.0, lead=0.5, bias=-0.5)


def log_odds(figures: Figures) -> float:
    """Natural logarithm of the odds that the best moment answers the question."""
    weights = ALONE if figures.lead is None else AMONG_OTHERS
    return (
        weights.words * figures.words
        + weights.sense * figures.sense
        + weights.known * figures.known
        + weights.lead * (figures.lead or 0.0)
        + weights.bias
    )


def probability(odds: float) -> float:
    """The probability whose log odds are ``odds``."""
    return 1 / (1 + exp(-max(min(odds, 50.0), -50.0)))
