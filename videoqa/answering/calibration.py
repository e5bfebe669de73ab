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
    """What is known of the best passage: ``words`` as in ``Relevance``, ``sense`` its cosine with the question.

    ``known`` is the share of the question's words that any passage asked holds. ``better`` is how many passages of the
    recordings that were not asked score higher than the best that was, or None where there are no others: what is said
    far better elsewhere was hardly meant here.
    """

    words: float
    sense: float
    known: float
    better: int | None


@dataclass(frozen=True, slots=True)
class Weights:
    """What each figure adds to the log odds; ``better`` counts by the logarithm of one more."""

    words: float
    sense: float
    known: float
    better: float
    bias: float


ALONE = Weights(words=0.10, sense=3.0, known=2.0, better=0.0, bias=-2.2)
AMONG_OTHERS = Weights(words=0.10, sense=3.0, known=1.0, better=0.5, bias=-0.5)


def log_odds(figures: Figures) -> float:
    """Natural logarithm of the odds that the best moment answers the question."""
    weights = ALONE if figures.better is None else AMONG_OTHERS
    return (
        weights.words * figures.words
        + weights.sense * figures.sense
        + weights.known * figures.known
        + weights.better * log1p(figures.better or 0)
        + weights.bias
    )


def probability(odds: float) -> float:
    """The probability whose log odds are ``odds``."""
    return 1 / (1 + exp(-max(min(odds, 50.0), -50.0)))
