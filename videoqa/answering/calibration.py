"""How likely it is that a moment answers its question. Pure.

Logistic regressions on a few figures, fitted by ``python -m bench.fit_calibration`` to 36 questions that ten lectures
answer and 272 that they do not, so that one in twelve of the answerable falls below one half.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

FOUND = 0.5
"""From this probability on there is an answer."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of the best passage: ``words`` is its score as in ``Relevance``.

    ``known`` is the share of the question's words that any passage asked holds. ``better`` is the share of the
    passages proposed from recordings that were not asked that score higher than the best that was, or None where there
    are no others: what is said better in many other places was hardly meant here.
    """

    words: float
    known: float
    better: float | None


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
    """What ``nearness`` adds to the log odds. The other figures then add nothing."""

    nearness: float
    bias: float

    def log_odds(self, figures: Figures) -> float:
        return self.nearness * nearness(figures.better or 0.0) + self.bias


ALONE = Alone(words=0.207, known=3.187, bias=-2.547)
AMONG_OTHERS = AmongOthers(nearness=1.091, bias=-2.698)


def nearness(better: float) -> float:
    """Rises from 0, where every passage elsewhere is better, to log 101, where none is."""
    return log(1.01 / (better + 0.01))


def log_odds(figures: Figures) -> float:
    """Natural logarithm of the odds that the best moment answers the question."""
    return (ALONE if figures.better is None else AMONG_OTHERS).log_odds(figures)


def probability(odds: float) -> float:
    """The probability whose log odds are ``odds``."""
    return 1 / (1 + exp(-max(min(odds, 50.0), -50.0)))
