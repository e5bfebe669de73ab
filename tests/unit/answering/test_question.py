from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from videoqa.answering.question import Place, Question, read
from videoqa.answering.window import spans_in
from videoqa.answers import WallClock
from videoqa.media import Recording, RecordingState, Span

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY = datetime(2025, 11, 21, 2, tzinfo=UTC)  # ten in the morning in Shanghai


def asked(text: str, *, clocks: bool = True) -> Question:
    return read(text, FRIDAY, SHANGHAI, clocks=clocks)


def recording(length: timedelta, started_at: datetime | None = None) -> Recording:
    return Recording("r", "r.mp4", "/r.mp4", "d", length, RecordingState.INDEXED, started_at)


def seconds(text: str, length: float = 3600) -> list[tuple[float, float]]:
    spans = spans_in(asked(text), recording(timedelta(seconds=length)), None)
    return [(span.start.total_seconds(), span.end.total_seconds()) for span in spans]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("in the first minute, when does she define it", 0, 60),
        ("in the first ten minutes, when does she define it", 0, 600),
        ("what is said during the first 90 seconds", 0, 90),
        ("in the last 5 minutes of the lecture, what is left", 3300, 3600),
        ("after 00:50:00 who speaks", 3000, 3600),
        ("before 12:30 who speaks", 0, 750),
        ("between 10:00 and 20:00 the chain rule", 600, 1200),
        ("from 10 minutes to 12 minutes, the demo", 600, 720),
        ("in the second half, the demo", 1800, 3600),
        ("the demo in the last third", 2400, 3600),
        ("after the half-way point, the demo", 1800, 3600),
        ("at the end of the lecture, what homework", 2880, 3600),
        ("around 30:00 what happens", 1740, 1860),
        ("前十分钟他讲了什么", 0, 600),
        ("最后五分钟讲了什么", 3300, 3600),
        ("后半部分的例子", 1800, 3600),
        ("10分钟到20分钟之间的例子", 600, 1200),
        ("10:00之后的例子", 600, 3600),
        ("처음 10분 동안 설명", 0, 600),
        ("마지막 5분 설명", 3300, 3600),
    ],
)
def test_a_phrase_of_footage_time_becomes_a_span(text: str, start: float, end: float) -> None:
    assert seconds(text) == [(pytest.approx(start), pytest.approx(end))]


def test_a_phrase_of_time_is_no_longer_searched_for() -> None:
    assert asked("in the first ten minutes, when does she define the derivative").content.endswith("the derivative")
    assert "minutes" not in asked("in the first ten minutes, when does she define it").content
    assert asked("前十分钟的导数定义").content == "导数定义"


def test_two_phrases_of_time_hold_both() -> None:
    assert seconds("in the first half, after 20:00, the demo") == [(1200, 1800)]


def test_times_that_no_recording_has_leave_nothing() -> None:
    assert seconds("after 02:00:00 the demo") == []


def test_a_first_in_the_middle_of_a_thought_is_no_phrase_of_time() -> None:
    assert asked("the first derivative test").stretches == ()
    assert seconds("when is the second law stated") == [(0, 3600)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("yesterday evening a van arrived", "2025-11-20T09:00", "2025-11-20T16:00"),
        ("昨天晚上有车来吗", "2025-11-20T09:00", "2025-11-20T16:00"),
        ("today, who came", "2025-11-20T16:00", "2025-11-21T16:00"),
        ("on Monday after 9 pm, who came", "2025-11-17T13:00", "2025-11-17T16:00"),
        ("어제 아침에 누가", "2025-11-19T21:00", "2025-11-20T04:00"),
        ("between 2025-11-20T01:00Z and 2025-11-20T02:00Z who", "2025-11-20T01:00", "2025-11-20T02:00"),
        ("on 2025-11-20 who came", "2025-11-19T16:00", "2025-11-20T16:00"),
    ],
)
def test_a_phrase_of_the_wall_clock_is_read_in_the_users_zone(text: str, start: str, end: str) -> None:
    first, last = (datetime.fromisoformat(time).replace(tzinfo=UTC) for time in (start, end))
    assert asked(text).clock == WallClock(first, last)


def test_the_wall_clock_finds_its_place_in_a_recording_that_has_one() -> None:
    began = datetime(2025, 11, 20, 8, 30, tzinfo=UTC)
    spans = spans_in(asked("yesterday evening a van"), recording(timedelta(hours=2), began), None)
    assert spans == (Span(timedelta(minutes=30), timedelta(hours=2)),)
    assert spans_in(asked("yesterday evening a van"), recording(timedelta(hours=2)), None) == ()


def test_hours_without_a_day_are_those_of_every_day() -> None:
    began = datetime(2025, 11, 19, 12, tzinfo=UTC)  # eight in the evening in Shanghai
    spans = spans_in(asked("at 9 pm who came"), recording(timedelta(days=2), began), None)
    assert [span.start for span in spans] == [timedelta(hours=1), timedelta(hours=25)]


def test_where_no_wall_clock_is_known_yesterday_is_a_word() -> None:
    assert "yesterday" in asked("what did we prove yesterday", clocks=False).content


def test_a_day_that_does_not_exist_is_no_error() -> None:
    assert asked("on 2025-02-30 who came").clock is None


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("gradient descent without momentum", "momentum"),
        ("examples other than the parabola?", "parabola"),
        ("除了梯度以外的方法", "梯度"),
    ],
)
def test_what_is_left_out_is_not_searched_for(text: str, without: str) -> None:
    question = asked(text)
    assert question.without == without
    assert without not in question.content


def test_a_plain_not_is_content() -> None:
    assert asked("when does he say it is not a vector").without == ""


@pytest.mark.parametrize(
    "text", ["when is nobody in the yard", "什么时候没有人", "아무도 없을 때", "when is the lot empty"]
)
def test_a_question_for_quiet_is_understood(text: str) -> None:
    assert asked(text).quiet


def test_whether_somebody_came_is_no_question_for_quiet() -> None:
    assert not asked("有没有人来过").quiet


@pytest.mark.parametrize(
    "text",
    [
        "how many people come to the door",
        "how often does a van pass",
        "count the cars",
        "what is the number of visitors?",
        "有多少人经过",
        "来了几个人",
        "几辆车停在那里",
        "몇 명이 왔나요",
        "사람이 얼마나 많이 왔나요",
    ],
)
def test_a_question_for_a_number_is_understood(text: str) -> None:
    assert asked(text).counting


@pytest.mark.parametrize(
    "text",
    ["who came", "how much is it", "多少钱", "when does he count on her", "几乎没有车", "when does she say how many"],
)
def test_other_questions_ask_for_no_number(text: str) -> None:
    assert not asked(text).counting


@pytest.mark.parametrize(
    ("text", "after", "plain"),
    [
        ("After the van left, did somebody come to the door?", "the van left", "did somebody come to the door?"),
        ("who came after the van left", "the van left", "who came"),
        ("what happened after a man entered the yard?", "a man entered the yard", "what happened ?"),
        ("who came after somebody left", "somebody left", "who came"),
        ("货车离开之后，有人来吗", "货车离开", "有人来吗"),
    ],
)
def test_what_a_question_follows_is_taken_out_of_it(text: str, after: str, plain: str) -> None:
    question = asked(text)
    assert (question.after, question.plain) == (after, plain)


def test_what_comes_before_and_after_is_told_apart_from_what_is_asked() -> None:
    question = asked("After he has drawn the circle, when does he name the angle?")
    assert (question.after, question.content) == ("he has drawn the circle", "when does he name the angle?")
    assert asked("when does she name the angle before she draws the circle").before == "she draws the circle"


def test_first_and_last_are_understood_where_they_mean_an_order() -> None:
    assert asked("when does he first mention entropy").place is Place.FIRST
    assert asked("最后一次提到熵").place is Place.LAST
    assert asked("when does he advise making sure first that it helps").place is None


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("did anyone come after 22:00", 22, 24),
        ("who came before 6:30", 0, 6.5),
        ("did a van arrive between 22:00 and 06:00", 22, 30),
        ("what moved at 21:15", 21.25, 22.25),
        ("what moved after 9 pm", 21, 24),
        ("who came after 12:30 am", 0.5, 24),
    ],
)
def test_of_cameras_a_time_is_one_of_the_day(text: str, start: float, end: float) -> None:
    question = read(text, FRIDAY, SHANGHAI, clocks=True, of_day=True)
    assert question.stretches == ()
    assert question.daily is not None
    day = question.daily.of(FRIDAY.date())
    midnight = datetime(2025, 11, 21, tzinfo=SHANGHAI)
    assert (day.start, day.end) == (midnight + timedelta(hours=start), midnight + timedelta(hours=end))


def test_of_cameras_a_time_may_be_of_a_certain_day_and_an_amount_is_still_one_of_footage() -> None:
    yesterday = read("who came yesterday after 22:00", FRIDAY, SHANGHAI, clocks=True, of_day=True)
    assert yesterday.clock is not None
    assert yesterday.clock.start == datetime(2025, 11, 20, 22, tzinfo=SHANGHAI)
    assert read("who came in the first 10 minutes", FRIDAY, SHANGHAI, clocks=True, of_day=True).stretches
