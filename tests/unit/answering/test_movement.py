from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from indexer.embedding import load
from indexer.lexicon import IndexLexicon
from videoqa.answering import movement
from videoqa.answering.calibration import FOUND
from videoqa.answering.question import Place, Question, read
from videoqa.events import Event, Source
from videoqa.media import Coverage, CoverageState, CoveredSpan, Recording, RecordingState, Span

LEXICON = IndexLexicon(load())
MINUTE = Span(timedelta(0), timedelta(seconds=60))
YARD = Recording("y", "yard.mp4", "/yard.mp4", "d", MINUTE.length, RecordingState.INDEXED)


def asked(text: str) -> Question:
    return read(text, datetime(2025, 1, 1, tzinfo=UTC), UTC, clocks=False)


def motion(start: float, end: float, description: str, strength: float = 0.4) -> Event:
    span = Span(timedelta(seconds=start), timedelta(seconds=end))
    return Event(f"{start}", "y", span, "motion", description, Source.MOTION, (span.start,), strength=strength)


EVENTS = (
    motion(5, 10, "motion in the lower left, moving right, strong", 0.8),
    motion(30, 34, "motion in the upper right, slight", 0.1),
)


@pytest.mark.parametrize(
    "text",
    [
        "when does something move",
        "when did someone come",
        "does a van arrive",
        "who came",
        "有人来吗",
        "차가 언제 지나가나요",
    ],
)
def test_a_question_about_coming_and_going_is_about_motion(text: str) -> None:
    assert movement.share(asked(text), LEXICON) >= movement.ENOUGH


def test_a_question_about_a_theorem_is_not_about_motion() -> None:
    assert movement.share(asked("when does she explain the chain rule"), LEXICON) < movement.ENOUGH


def test_only_motion_where_the_question_says_is_proposed() -> None:
    found = movement.seen(asked("when does something move in the lower left"), YARD, (MINUTE,), EVENTS, LEXICON)
    assert [moment.span.start for moment in found] == [timedelta(seconds=5)]
    assert found[0].score >= FOUND


def test_a_direction_is_not_a_place() -> None:
    found = movement.seen(asked("when does something move to the right"), YARD, (MINUTE,), EVENTS, LEXICON)
    assert [moment.span.start for moment in found] == [timedelta(seconds=5)]


def test_what_motion_cannot_tell_lowers_the_score_to_not_found() -> None:
    described = asked("when does a child with a purple balloon and striped trousers wave")
    assert all(moment.score < FOUND for moment in movement.seen(described, YARD, (MINUTE,), EVENTS, LEXICON))


def test_the_answer_says_that_only_motion_was_seen() -> None:
    question = asked("when did a van come")
    moments = movement.ranked(movement.seen(question, YARD, (MINUTE,), EVENTS, LEXICON), None, [YARD])
    assert "what moved cannot be told without a model" in movement.told(question, moments, [YARD], UTC)
    assert moments[0].span.start == timedelta(seconds=5)


def test_quiet_is_what_was_looked_at_and_did_not_move() -> None:
    looked = CoveredSpan(Span(timedelta(0), timedelta(seconds=50)), CoverageState.STATIC)
    gap = CoveredSpan(Span(timedelta(seconds=50), timedelta(seconds=60)), CoverageState.GAP)
    found = movement.quiet(YARD, (MINUTE,), EVENTS, Coverage(MINUTE.length, (looked, gap)))
    spans = [(moment.span.start.total_seconds(), moment.span.end.total_seconds()) for moment in found]
    assert spans == [(0, 5), (10, 30), (34, 50)]


@pytest.mark.parametrize("text", ["when is nobody there", "when is there nobody at all", "when is it empty", "没有人"])
def test_a_question_about_nobody_is_about_motion_alone(text: str) -> None:
    assert movement.share(asked(text), LEXICON) == 1


def test_a_talk_about_nobody_is_not_about_motion() -> None:
    assert movement.share(asked("where does he say that nobody thinks of ratios"), LEXICON) < movement.ENOUGH


@pytest.mark.parametrize(
    "text", ["first time someone appears", "first movement", "when does the first time a car come"]
)
def test_the_first_time_is_asked_for_with_and_without_an_article(text: str) -> None:
    assert asked(text).place is Place.FIRST


def test_what_moves_all_over_the_picture_moves_on_the_left_too_and_comes_last() -> None:
    events = (*EVENTS, motion(40, 45, "motion all over the picture, strong", 1.0))
    found = movement.ranked(
        movement.seen(asked("what moves on the left"), YARD, (MINUTE,), events, LEXICON), None, [YARD]
    )
    assert [moment.span.start.total_seconds() for moment in found] == [5, 40]
    assert found[-1].score >= FOUND


def test_of_cameras_the_first_is_the_earliest_by_the_wall_clock_which_is_told() -> None:
    began = datetime(2026, 5, 9, 21, 59, 20, tzinfo=UTC)
    early = replace(YARD, id="early", title="yard 21:59", camera="yard", started_at=began)
    late = replace(YARD, id="late", title="yard 22:09", camera="yard", started_at=began + timedelta(minutes=10))
    question = asked("when does something first move")
    found = [
        *movement.seen(question, late, (MINUTE,), (motion(5, 10, "motion in the middle"),), LEXICON),
        *movement.seen(question, early, (MINUTE,), (motion(30, 50, "motion on the left"),), LEXICON),
    ]
    ranked = movement.ranked(found, Place.FIRST, [late, early])
    assert [moment.recording_id for moment in ranked] == ["early", "late"]
    assert [moment.recording_id for moment in movement.ranked(found, Place.LAST, [late, early])] == ["late", "early"]
    told = movement.told(question, ranked, [late, early], ZoneInfo("Europe/Berlin"))
    assert "at 2026-05-09 23:59:50 to 2026-05-10 00:00:10 (00:00:30-00:00:50 of yard 21:59)" in told
