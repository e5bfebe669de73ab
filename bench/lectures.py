"""How well lectures answer: real transcripts and questions, on the real index, fitted and leaving one lecture out.

The transcripts and questions are no part of the project: ``VIDEOQA_DEV_DATA`` names their folder, ``../shared/data``
where it is not set; without it there are no figures. Questions in another language than the transcript are left out.
"""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bench.figure import Figure
from bench.fit_calibration import Case, alone, among_others, log_odds
from indexer.archive import SqlArchive
from indexer.database import open_database
from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from indexer.search.hybrid import HybridSearch
from ingest.cues import SidecarCues
from videoqa.answering import evidence, relevance
from videoqa.answering.answering import Answering
from videoqa.answering.calibration import FOUND
from videoqa.answering.evidence import Evidence
from videoqa.media import Coverage, CoverageState, CoveredSpan, Recording, RecordingState, Sampling, Span
from videoqa.passages import passages

DATA = Path(os.environ.get("VIDEOQA_DEV_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
TOPICS = {
    "machine learning": ("neural", "gradient", "cs231n", "ng_"),
    "probability": ("bayes",),
    "information": ("wordle",),
    "linear algebra": ("eigen",),
    "signals": ("fourier",),
}
"""Which parts of a lecture's name tell its topic: questions about one topic are put to the lectures of all others."""
MOMENTS = 5
ALIKE = (0.24, 0.28, 0.32)
EXACT = (0.0, 0.5)
"""Values of the two constants of ranking that matter most, of which one is chosen by all lectures but one."""
KNOWN = {"hit@1": 0.62, "hit@5": 0.88, "R1@0.5": 0.30}
WHOLE = {"hit@1": 0.38, "hit@5": 0.65}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question put to one lecture, or to all where ``lecture`` is None, and what came of it."""

    row: dict[str, Any]
    lecture: str | None
    evidence: Evidence

    @property
    def true(self) -> bool:
        """Whether the lecture answers the question."""
        return bool(self.row["answerable"]) and self.lecture in {None, self.row["lecture"]}


def figures(full: bool) -> list[Figure]:
    """``full`` is ignored: there is nothing longer to measure."""
    if not (DATA / "lectures" / "when.jsonl").exists():
        print(f"lectures: left out, {DATA} is not here; VIDEOQA_DEV_DATA names the folder of transcripts and questions")
        return []
    scorer = _scorer()
    with tempfile.TemporaryDirectory() as folder:
        answering, lectures = archive(Path(folder), DATA / "lectures")
        known, whole, strangers = asked(answering, lectures)
        settings = [(alike, exact) for alike in ALIKE for exact in EXACT]
        tried = {setting: _tried(answering, *setting) for setting in settings}
    found = _scored(scorer, "lecture known", known, KNOWN)
    found += _scored(scorer, "lecture known, one left out", _best_for_others(scorer, tried, 0, KNOWN), KNOWN)
    found += _scored(scorer, "whole archive", whole, WHOLE)
    found += _scored(scorer, "whole archive, one left out", _best_for_others(scorer, tried, 1, WHOLE), WHOLE)
    near = [item for item in known if not item.true]
    right = [item for item in known if item.true]
    every = [*right, *strangers, *near]
    verdicts = {"shipped": [_found(item) for item in every], "one lecture left out": _left_out(every)}
    for name, verdict in verdicts.items():
        found += _refusals(name, np.array(verdict), len(right), len(strangers))
    return found


def asked(answering: Answering, lectures: dict[str, set[str]]) -> tuple[list[Asked], list[Asked], list[Asked]]:
    """Every question put to its own lecture, every answerable one to all, and every one to unrelated lectures."""
    rows = _rows()
    known = [_put(answering, row, row["lecture"]) for row in rows]
    whole = [_put(answering, row, None) for row in rows if row["answerable"]]
    strangers = [
        _put(answering, row, lecture)
        for row in rows
        for lecture, languages in lectures.items()
        if row["lang"] in languages and topic(lecture) != topic(row["lecture"])
    ]
    return known, whole, strangers


def _put(answering: Answering, row: dict[str, Any], lecture: str | None) -> Asked:
    return Asked(row, lecture, answering.evidence(row["question"], None if lecture is None else [lecture], MOMENTS))


def _tried(answering: Answering, alike: float, exact: float) -> tuple[list[Asked], list[Asked]]:
    """What is answered with other constants of ranking than the shipped ones, in a known lecture and in all."""
    shipped = relevance.ALIKE, evidence.EXACT
    relevance.ALIKE, evidence.EXACT = alike, exact
    try:
        rows = [row for row in _rows() if row["answerable"]]
        return [_put(answering, row, row["lecture"]) for row in rows], [_put(answering, row, None) for row in rows]
    finally:
        relevance.ALIKE, evidence.EXACT = shipped


def _best_for_others(
    scorer: ModuleType, tried: dict[Any, tuple[list[Asked], list[Asked]]], which: int, keys: dict[str, float]
) -> list[Asked]:
    """Each lecture's questions, answered with the constants that do best on all other lectures' questions."""
    chosen: list[Asked] = []
    for lecture in {item.row["lecture"] for item in next(iter(tried.values()))[which]}:
        best = max(
            tried.values(),
            key=lambda items: sum(
                _scores(scorer, [item for item in items[which] if item.row["lecture"] != lecture])[key] for key in keys
            ),
        )
        chosen += [item for item in best[which] if item.row["lecture"] == lecture]
    return chosen


def archive(folder: Path, transcripts: Path) -> tuple[Answering, dict[str, set[str]]]:
    """An archive in ``folder`` of the lectures whose ``transcripts`` are given, and the languages of each by its id."""
    embedder = load()
    engine = open_database(folder / "videoqa.sqlite")
    kept = SqlArchive(engine, lambda: search)
    search = HybridSearch(engine, embedder, folder / "search")
    lectures: dict[str, set[str]] = {}
    for name in sorted({path.name.split(".")[0] for path in transcripts.glob("*.srt")}):
        cues, _ = SidecarCues().beside(str(transcripts / f"{name}.mp4"))
        length = max(row["duration_s"] for row in _rows() if row["lecture"] == name)
        seen = Coverage(timedelta(seconds=length), (_all(length),))
        recording = Recording(name, name, f"/{name}.mp4", name, seen.length, RecordingState.INDEXED)
        kept.add(recording)
        analysis = kept.begin(name, "bench", Sampling(), seen.length, cues)
        kept.finish(analysis, seen, (), passages(recording, (), cues, ()))
        lectures[name] = {cue.language or "en" for cue in cues}
    return Answering(search, kept, IndexLexicon(embedder), UTC), lectures


def topic(lecture: str) -> str:
    return next((name for name, parts in TOPICS.items() if any(part in lecture for part in parts)), lecture)


def _all(length: float) -> CoveredSpan:
    return CoveredSpan(Span(timedelta(0), timedelta(seconds=length)), CoverageState.ANALYSED, int(length))


def _rows() -> list[dict[str, Any]]:
    """The questions that are asked in their transcript's language."""
    with (DATA / "lectures" / "when.jsonl").open(encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["lang"] == _language(row)]


def _language(row: dict[str, Any]) -> str:
    """The language of the row's transcript, from its name: ``talk.zh.srt``, or ``talk.srt`` in English."""
    parts = Path(row["transcript"]).name.split(".")
    return parts[1] if len(parts) == 3 else "en"


def _scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_when", DATA / "score_when.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _scored(scorer: ModuleType, name: str, items: Sequence[Asked], targets: dict[str, float]) -> list[Figure]:
    """Figures of the scorer, over every answerable question, before any is refused."""
    answerable = [item for item in items if item.row["answerable"]]
    scores = _scores(scorer, answerable)
    found = [
        Figure(f"{name}: {key}", scores[key], "", f">= {target}", scores[key] >= target, f"{len(answerable)} questions")
        for key, target in targets.items()
    ]
    outside = scores["out_of_range"]
    return [*found, Figure(f"{name}: spans outside a lecture", outside, "", "0", outside == 0)]


def _scores(scorer: ModuleType, items: Sequence[Asked]) -> dict[str, Any]:
    predictions = [{"id": item.row["id"], "spans": _spans(item)} for item in items]
    scores: dict[str, Any] = scorer.score([item.row for item in items], predictions)
    return scores


def _spans(item: Asked) -> list[list[object]]:
    return [
        [moment.span.start.total_seconds(), moment.span.end.total_seconds(), moment.score, moment.recording_id]
        for moment in item.evidence.moments
    ]


def cases_of(items: Sequence[Asked]) -> list[Case]:
    """What of ``items`` the probabilities are fitted to: those with any evidence."""
    return [
        Case(item.row["lecture"], _kind(item), item.evidence.figures)
        for item in items
        if item.evidence.figures is not None
    ]


def _kind(item: Asked) -> str:
    return "true" if item.true else "near" if item.lecture == item.row["lecture"] else "stranger"


def _found(item: Asked) -> bool:
    return bool(item.evidence.moments) and item.evidence.moments[0].score >= FOUND


def _left_out(items: Sequence[Asked]) -> list[bool]:
    """Verdicts, each by a fit to all other lectures' questions."""
    cases = cases_of(items)
    fits = {}
    for lecture in {case.lecture for case in cases}:
        others = [case for case in cases if case.lecture != lecture]
        fits[lecture] = alone(others), among_others(others)
    return [bool(case := cases_of([item])) and log_odds(case[0], *fits[case[0].lecture]) >= 0 for item in items]


def _refusals(name: str, verdict: np.ndarray[Any, np.dtype[np.bool_]], right: int, strangers: int) -> list[Figure]:
    wrongly = float(1 - verdict[:right].mean())
    elsewhere = float(1 - verdict[right : right + strangers].mean())
    near = verdict[right + strangers :]
    refused = int((~near).sum())
    return [
        Figure(f"refused, {name}: answerable", wrongly, "", "<= 0.10", wrongly <= 0.10, f"{right} questions"),
        Figure(
            f"refused, {name}: of another topic", elsewhere, "", ">= 0.70", elsewhere >= 0.70, f"{strangers} questions"
        ),
        Figure(f"refused, {name}: near misses", refused, "", f">= 6 of {len(near)}", refused >= 6),
    ]
