import importlib.util
import json
import random
from types import ModuleType

import pytest

from tests.needs import dev_data
from videoqa.evaluation.scoring import Given, judge, report
from videoqa.evaluation.truth import Asked


def asked(*spans: tuple[float, float], answerable: bool = True, tolerance: float = 15) -> Asked:
    return Asked("a", "q", "r", spans, (), answerable, tolerance)


def test_a_perfect_answer_scores_one_throughout() -> None:
    found = report([judge(asked((10, 20)), [Given(10, 20, "r")], "r")], [])
    assert found.r1 == {0.3: 1, 0.5: 1, 0.7: 1}
    assert found.hit == {1: 1, 3: 1, 5: 1}
    assert (found.mean_iou, found.time_error_median, found.abstained_wrongly) == (1, 0, 0)


def test_a_start_within_the_tolerance_hits_without_overlap() -> None:
    assert judge(asked((100, 110), tolerance=15), [Given(86, 99, "r")], "r").hits == (True, True, True)
    assert judge(asked((100, 110), tolerance=1), [Given(86, 99, "r")], "r").hits == (False, False, False)


def test_a_moment_of_another_recording_is_wrong() -> None:
    assert judge(asked((10, 20)), [Given(10, 20, "other")], "r").hits == (False, False, False)


def test_abstaining_is_right_and_wrong_by_the_truth() -> None:
    found = report([judge(asked(answerable=False), [], "r"), judge(asked((1, 2)), [], "r")], [True, False])
    assert (found.abstained_rightly, found.abstained_wrongly, found.event_recall) == (1, 1, 0.5)


def test_no_questions_are_no_figures() -> None:
    found = report([], [])
    assert found.hit is None
    assert "hit@1" in found.as_text()
    assert json.loads(found.as_json())["mean_iou"] is None


def test_time_errors_have_a_median_and_a_ninetieth_percentile() -> None:
    judged = [judge(asked((100, 110)), [Given(100 + late, 120 + late, "r")], "r") for late in range(11)]
    found = report(judged, [])
    assert (found.time_error_median, found.time_error_p90) == (5, pytest.approx(9))


def test_the_figures_are_those_of_the_development_scorer() -> None:
    scorer = _module("score_when.py")
    chance = random.Random(1)
    truth, predictions, judged = [], [], []
    for number in range(200):
        answerable = number % 5 > 0
        spans = [_span(chance) for _ in range(chance.randint(1, 3))] if answerable else []
        given = [Given(*_span(chance), chance.choice("rrrs")) for _ in range(chance.randint(0, 6))]
        tolerance = chance.choice([1.0, 15.0])
        row = {"id": str(number), "lecture": "r", "duration_s": 1000, "answers": spans, "answerable": answerable}
        truth.append({**row, "hit_tol_s": tolerance})
        ranked = [[item.start, item.end, -place, item.recording] for place, item in enumerate(given)]
        predictions.append({"id": str(number), "spans": ranked})
        judged.append(judge(asked(*spans, answerable=answerable, tolerance=tolerance), given, "r"))
    theirs, ours = scorer.score(truth, predictions), report(judged, [])
    assert ours.hit == {depth: pytest.approx(theirs[f"hit@{depth}"], abs=1e-4) for depth in (1, 3, 5)}
    assert ours.r1 == {least: pytest.approx(theirs[f"R1@{least}"], abs=1e-4) for least in (0.3, 0.5, 0.7)}
    assert ours.mean_iou == pytest.approx(theirs["mIoU"], abs=1e-4)
    assert ours.abstained_rightly == pytest.approx(theirs["abstain_right"], abs=1e-4)
    assert ours.abstained_wrongly == pytest.approx(theirs["abstain_wrong"], abs=1e-4)


def _span(chance: random.Random) -> tuple[float, float]:
    start = chance.uniform(0, 200)
    return start, start + chance.uniform(1, 60)


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("scorer", dev_data(name))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
