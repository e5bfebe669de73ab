"""What every log of answers does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from indexer.answer_log import SqlAnswerLog
from videoqa.errors import UnknownAnswer
from videoqa.ports import AnswerLog, GivenAnswer, Usage

GIVEN = GivenAnswer(
    id="a1",
    owner="k1",
    asked_at=datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    question="who came in? 谁 🚪",
    document='{"text": "the porter\\u0000"}',
    usage=Usage(3_000_000_000, 2, 3, 0.1 + 0.2, 1e-9, 4),
)


@pytest.fixture
def answers(engine: sa.Engine) -> AnswerLog:
    return SqlAnswerLog(engine)


def given(answers: AnswerLog, number: int, owner: str = "k1") -> GivenAnswer:
    added = replace(GIVEN, id=f"a{number:03}", owner=owner, asked_at=GIVEN.asked_at + timedelta(seconds=number // 2))
    answers.add(added)
    return added


def test_an_answer_comes_back_as_it_was_given(answers: AnswerLog) -> None:
    answers.add(GIVEN)
    assert answers.given("a1") == GIVEN
    assert answers.given("a2") is None


def test_a_verdict_stays_with_its_answer_and_may_change(answers: AnswerLog) -> None:
    answers.add(GIVEN)
    answers.judge("a1", right=False, note="that was the postman")
    assert answers.given("a1") == replace(GIVEN, right=False, note="that was the postman")
    answers.judge("a1", right=True, note="")
    assert list(answers.judged()) == [replace(GIVEN, right=True, note="")]


def test_an_unknown_answer_cannot_be_judged(answers: AnswerLog) -> None:
    with pytest.raises(UnknownAnswer, match="nothing"):
        answers.judge("nothing", right=True, note="")


def test_those_with_a_verdict_come_the_oldest_first_however_many_there_are(answers: AnswerLog) -> None:
    every = [given(answers, number) for number in range(450)]
    for each in reversed(every):
        if each.id != "a007":
            answers.judge(each.id, right=True, note=each.id)
    assert [each.note for each in answers.judged()] == [each.id for each in every if each.id != "a007"]


def test_reading_verdicts_slowly_holds_up_no_one(answers: AnswerLog) -> None:
    first, second = given(answers, 1), given(answers, 2)
    answers.judge(first.id, right=True, note="")
    reader = answers.judged()
    next(reader)
    answers.judge(second.id, right=True, note="")
    assert answers.given(second.id) == replace(second, right=True)


def test_what_answers_cost_is_added_up_by_the_key_that_asked(answers: AnswerLog) -> None:
    assert answers.usage() == {}
    for number, owner in enumerate(["k1", "k2", "k1", ""]):
        given(answers, number, owner)
    one = GIVEN.usage
    assert answers.usage() == {"k1": one + one, "k2": one, "": one}
    assert answers.usage(["k2", "", "nobody"]) == {"k2": one, "": one}
    assert answers.usage([]) == {}
    assert isinstance(answers.usage()["k1"].prompt_tokens, int)
