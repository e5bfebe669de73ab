"""Fits the probabilities of ``videoqa.answering.calibration`` to the lectures of ``bench.lectures``.

    python -m bench.fit_calibration

prints the weights to write there. Answerable questions, and those that nothing answers, weigh the same as a whole, so
that the probability does not depend on how many of each were asked; the bias is then moved so that one half is at the
least likely of the answerable when one in twelve of them is refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from videoqa.answering.calibration import Alone, AmongOthers, Figures, nearness

RIDGE = 1.0
REFUSED = 1 / 12
SHARES = {"true": 1.0, "stranger": 0.5, "near": 0.5}

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Case:
    """A question of ``lecture``: ``kind`` is true (its lecture answers it), stranger or near (nothing does)."""

    lecture: str
    kind: str
    figures: Figures


def alone(cases: Sequence[Case]) -> Alone:
    words, known, bias = _fitted(cases, lambda figures: [figures.words, figures.known])
    return Alone(words, known, bias)


def among_others(cases: Sequence[Case]) -> AmongOthers:
    """The fit to those of ``cases`` that there was something to compare with."""
    compared = [case for case in cases if case.figures.better is not None]
    near, bias = _fitted(compared, lambda figures: [nearness(figures.better or 0.0)])
    return AmongOthers(near, bias)


def log_odds(case: Case, lonely: Alone, others: AmongOthers) -> float:
    return (lonely if case.figures.better is None else others).log_odds(case.figures)


def _fitted(cases: Sequence[Case], row: Callable[[Figures], list[float]]) -> list[float]:
    """The weight of each number of ``row``, and the bias."""
    rows = np.array([row(case.figures) for case in cases])
    true = np.array([case.kind == "true" for case in cases])
    counts = {kind: sum(case.kind == kind for case in cases) for kind in SHARES}
    weights = np.array([100 * SHARES[case.kind] / counts[case.kind] for case in cases])
    middle, spread = rows.mean(axis=0), rows.std(axis=0)
    solved = _logistic((rows - middle) / spread, true.astype(float), weights)[:-1] / spread
    odds = np.sort(rows[true] @ solved)
    refused = max(round(REFUSED * len(odds)), 1)
    return [*(round(float(weight), 3) for weight in solved), round(0.01 - float(odds[refused]), 3)]


def _logistic(rows: Floats, true: Floats, weights: Floats) -> Floats:
    """Ridge logistic regression by Newton's method: the weights of the columns, then the bias, which is free."""
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    solved = np.zeros(rows.shape[1])
    ridge = np.eye(rows.shape[1]) * RIDGE
    ridge[-1, -1] = 1e-6
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ solved))
        slope = rows.T @ (weights * (chance - true)) + ridge @ solved
        solved = solved - np.linalg.solve((rows.T * (weights * chance * (1 - chance))) @ rows + ridge, slope)
    return solved


def main() -> None:
    from bench.lectures import DATA, archive, asked, cases_of  # noqa: PLC0415 - it needs the fits of this module

    with tempfile.TemporaryDirectory() as folder:
        known, _, strangers = asked(*archive(Path(folder), DATA / "lectures"))
    cases = cases_of([*known, *strangers])
    print(f"ALONE = {alone(cases)}\nAMONG_OTHERS = {among_others(cases)}")


if __name__ == "__main__":
    main()
