"""From the candidates of a search to moments with the probability that they answer the question. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from videoqa.answering.calibration import Figures, log_odds, probability
from videoqa.answering.moments import Peak, Scored, peaks
from videoqa.answering.question import Place, Question
from videoqa.answering.relevance import Relevance, relevance, standard
from videoqa.answering.snippets import snippet
from videoqa.answers import Moment
from videoqa.ports import Candidate, Lexicon

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUT_OF_ORDER = 1.0
"""Standard deviations a passage loses where it lies on the wrong side of what the question says it follows."""
UNWANTED = 4.0
"""Standard deviations a passage loses where it holds all that the question leaves out."""
AS_GOOD = 0.15
"""Peaks this share below the best may be the one that "first" or "last" means."""
HANDFUL = 3
"""Passages, up to which there are too few to tell which score is an ordinary one."""
EXACT = 0.5
"""What the words as they stand count for inside one recording, beside words like them and the sense.

Between recordings they count for nothing: there they favour those that happen to use the question's commonest words.
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """``moments`` with the best first, and the figures that their scores were made of; None where there is none."""

    moments: tuple[Moment, ...]
    figures: Figures | None


def evidence(
    question: Question,
    candidates: Sequence[Candidate],
    elsewhere: Sequence[Candidate],
    lexicon: Lexicon,
    limit: int,
    *,
    whole: bool,
) -> Evidence:
    """The moments among ``candidates`` that bear ``question`` out.

    ``elsewhere`` are candidates of the recordings that were not asked, to compare with. ``whole`` says that
    ``candidates`` is every passage that was asked.
    """
    if not candidates:
        return Evidence((), None)
    texts = [candidate.passage.text for candidate in candidates]
    found = relevance(question.content, texts, lexicon)
    one = len({candidate.passage.recording_id for candidate in candidates}) == 1
    scores = (
        standard(_fused(found, candidates, EXACT if one else 0))
        + _order(question, candidates, lexicon)
        + _unwanted(question, texts, lexicon)
    )
    # Of a handful none is ordinary: the median would be among those that answer.
    middle = float(np.median(scores)) if len(scores) > HANDFUL else float(scores.min()) - 1
    scored = [
        Scored(candidate.passage, candidate.title, float(score))
        for candidate, score in zip(candidates, scores, strict=True)
    ]
    ranked = _placed(peaks(scored, middle, limit, whole=whole), question.place, middle)
    if not ranked:
        return Evidence((), None)
    best = int(np.argmax(scores))
    better = _better(question, candidates, elsewhere, lexicon)
    figures = Figures(float(found.words[best]), found.known, better)
    odds = log_odds(figures)
    height = max(peak.score for peak in ranked)
    moments = tuple(
        Moment(
            recording_id=peak.recording_id,
            title=peak.title,
            span=peak.span,
            text=snippet(peak.passages[0].passage.text, found.weights, lexicon),
            score=probability(odds - (height - peak.score)),
            sources=peak.sources,
        )
        for peak in ranked
    )
    return Evidence(moments, figures)


def _fused(found: Relevance, candidates: Sequence[Candidate], exact: float) -> NDArray[np.float32]:
    """Words and sense together, each as standard deviations from its mean; ``exact`` weighs the words as they stand."""
    sense = np.array([candidate.semantic for candidate in candidates], np.float32)
    stand = np.array([candidate.lexical for candidate in candidates], np.float32)
    return standard(found.words) + standard(sense) + exact * standard(stand)


def _better(
    question: Question, here: Sequence[Candidate], elsewhere: Sequence[Candidate], lexicon: Lexicon
) -> float | None:
    """The share of ``elsewhere`` that scores higher than the best of ``here``, all of them measured together."""
    if not elsewhere:
        return None
    every = [*here, *elsewhere]
    scores = _fused(relevance(question.content, [item.passage.text for item in every], lexicon), every, 0)
    return float((scores[len(here) :] > scores[: len(here)].max()).mean())


def _order(question: Question, candidates: Sequence[Candidate], lexicon: Lexicon) -> NDArray[np.float32]:
    """What passages lose that come before what they are to follow, or after what they are to come before."""
    loss = np.zeros(len(candidates), np.float32)
    for clause, follows in ((question.after, True), (question.before, False)):
        if not clause:
            continue
        likely = relevance(clause, [candidate.passage.text for candidate in candidates], lexicon).words
        anchors: dict[str, int] = {}
        for place in np.argsort(-likely, kind="stable"):
            anchors.setdefault(candidates[place].passage.recording_id, int(place))
        for place, candidate in enumerate(candidates):
            anchor = candidates[anchors[candidate.passage.recording_id]].passage.span
            span = candidate.passage.span
            if (span.end <= anchor.end) if follows else (span.start >= anchor.start):
                loss[place] -= OUT_OF_ORDER
    return loss


def _unwanted(question: Question, texts: Sequence[str], lexicon: Lexicon) -> NDArray[np.float32]:
    if not question.without:
        return np.zeros(len(texts), np.float32)
    return -UNWANTED * relevance(question.without, texts, lexicon).held


def _placed(found: Sequence[Peak], place: Place | None, middle: float) -> tuple[Peak, ...]:
    """``found`` with the first or the last of the best ones in front, where one of these is asked for."""
    if place is None or not found:
        return tuple(found)
    enough = found[0].score - AS_GOOD * (found[0].score - middle)
    good = [peak for peak in found if peak.score >= enough and peak.recording_id == found[0].recording_id]
    chosen = min(good, key=lambda peak: peak.span) if place is Place.FIRST else max(good, key=lambda peak: peak.span)
    return (replace(chosen, score=found[0].score), *(peak for peak in found if peak is not chosen))
