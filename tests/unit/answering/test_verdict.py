from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.unit.answering.yard import seconds
from videoqa.answering.looking import Glance
from videoqa.answering.question import Place
from videoqa.answering.verdict import behind, confirmed, count, distinct, unlooked
from videoqa.answers import Moment
from videoqa.errors import BadReply
from videoqa.events import Source
from videoqa.media import Recording, RecordingState, Span
from videoqa.ports import Finding


def glance(span: Span, confidence: float = 0.8, many: int | None = None, name: str = "yard") -> Glance:
    proposed = Moment(name, f"{name}.mp4", seconds(0, 300), "motion", 0.4, (Source.MOTION,))
    return Glance(proposed, Finding(span, (span.start,), "There.", confidence, many))


def spans(glances: list[Glance], place: Place | None = None, *, counting: bool = False) -> list[Span]:
    return [moment.span for moment, _ in distinct(confirmed(glances), place, counting=counting)]


def test_the_surest_comes_first_of_equals_the_earliest() -> None:
    glances = [glance(seconds(50, 60), 0.5), glance(seconds(90, 95), 0.9), glance(seconds(10, 20), 0.9)]
    assert spans(glances) == [seconds(10, 20), seconds(90, 95), seconds(50, 60)]


def test_moments_that_are_one_are_told_once() -> None:
    assert spans([glance(seconds(10, 20), 0.5), glance(seconds(11, 21), 0.9)]) == [seconds(11, 21)]
    assert len(spans([glance(seconds(10, 20)), glance(seconds(18, 40))])) == 2


def test_nothing_that_overlaps_or_goes_on_is_counted_twice() -> None:
    overlapping = [glance(seconds(10, 20)), glance(seconds(18, 40), 0.9)]
    assert spans(overlapping, counting=True) == [seconds(18, 40)]
    assert len(spans([glance(seconds(10, 20)), glance(seconds(20.5, 40))], counting=True)) == 1
    assert len(spans([glance(seconds(10, 20)), glance(seconds(22, 40))], counting=True)) == 2


def test_at_one_time_in_two_recordings_there_are_two() -> None:
    assert len(spans([glance(seconds(10, 20)), glance(seconds(10, 20), name="other")], counting=True)) == 2


def test_an_end_of_time_goes_before_sureness() -> None:
    glances = [glance(seconds(50, 60), 0.9), glance(seconds(10, 20), 0.5)]
    assert spans(glances, Place.FIRST)[0] == seconds(10, 20)
    assert spans(glances, Place.LAST)[0] == seconds(50, 60)


def test_what_was_confirmed_without_a_number_is_one() -> None:
    found = [glance(seconds(10, 20)).finding, glance(seconds(10, 20), many=3).finding]
    assert [count(finding) for finding in found if finding is not None] == [1, 3]


def test_what_could_not_be_looked_at_stays_behind_all_that_was() -> None:
    sure = Moment("yard", "yard.mp4", seconds(0, 9), "said", 0.99, (Source.SUBTITLE,))
    (moment,) = behind(unlooked([Glance(sure, problem=BadReply(problem="empty")), glance(seconds(1, 2), 0.0)]))
    assert moment.score < confirmed([glance(seconds(1, 2), 0.0)])[0][0].score


def test_the_first_of_several_recordings_is_the_first_by_the_wall_clock() -> None:
    noon = datetime(2026, 5, 9, 12, tzinfo=UTC)
    asked = [
        Recording(name, name, f"/{name}", name, timedelta(minutes=5), RecordingState.INDEXED, began)
        for name, began in (("later", noon + timedelta(hours=1)), ("sooner", noon))
    ]
    glances = [glance(seconds(10, 20), name="later"), glance(seconds(200, 210), name="sooner")]
    found = distinct(confirmed(glances), Place.FIRST, asked, counting=False)
    assert [moment.recording_id for moment, _ in found] == ["sooner", "later"]
    assert [moment.recording_id for moment, _ in distinct(found, Place.FIRST, counting=False)] == ["later", "sooner"]
