"""Questions under way: what each reader is told, who may come back, and when nobody waits any longer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api import questions
from api.auth import LOCAL
from api.questions import Question, Questions
from api.sse import ServerEvent
from tests.service import a_service
from tests.talks import GARDEN, add_talk
from videoqa.access import Caller, Role
from videoqa.answers import Answer, AnswerPart, Citation, Confirmed, Moment, Proposed, Rejected, Told, Unconfirmed
from videoqa.errors import ModelRefused, QuestionDropped, StorageError, TooManyQuestions, VideoqaError
from videoqa.events import Source
from videoqa.media import Coverage, Recording, Span
from videoqa.ports import GivenAnswer

BEGAN = datetime(2026, 5, 9, 12, tzinfo=UTC)


def span(start: float, end: float) -> Span:
    return Span(timedelta(seconds=start), timedelta(seconds=end))


def a_moment(recording: Recording, start: float = 10) -> Moment:
    return Moment(recording.id, recording.title, span(start, start + 5), "a van", 0.8, (Source.MODEL,))


def an_answer(*moments: Moment) -> Answer:
    citations = tuple(Citation("A van. [1]", moment) for moment in moments[:1])
    return Answer("where?", bool(moments), "A van. [1]", moments, citations, Coverage(timedelta(minutes=5)), "tiny")


@dataclass
class Model:
    """Tells its parts one by one, each when it is let; knows whether it was closed."""

    parts: list[AnswerPart | Exception]
    let: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    closed: bool = False

    def tell(self, count: int = 1) -> None:
        self.let.release(count)

    def __iter__(self) -> Iterator[AnswerPart]:
        try:
            for part in self.parts:
                while not self.let.acquire(timeout=0.02):
                    yield Told("waits")
                if isinstance(part, Exception):
                    raise part
                yield part
        finally:
            self.closed = True


@dataclass
class Desk:
    """Where questions are asked, over a real archive that holds one talk."""

    asked: Questions
    recording: Recording
    answers: Any

    def ask(self, *parts: AnswerPart | Exception) -> Question:
        return self.asked.begin("where?", LOCAL, iter(parts_of(*parts)))


def parts_of(*parts: AnswerPart | Exception) -> Iterator[AnswerPart]:
    for part in parts:
        if isinstance(part, Exception):
            raise part
        yield part


Play = Callable[[Callable[[Desk], Awaitable[None]]], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    service = a_service(tmp_path)
    recording = add_talk(service.archive, "garden.mp4", GARDEN, started_at=BEGAN)

    def run(scene: Callable[[Desk], Awaitable[None]]) -> None:
        async def main() -> None:
            desk = Desk(Questions(service), recording, service.answers)
            async with asyncio.timeout(10):
                await scene(desk)
                await desk.asked.close()

        asyncio.run(main())

    return run


async def read(events: AsyncGenerator[ServerEvent, None], count: int = 1000) -> list[ServerEvent]:
    read = []
    async for event in events:
        read.append(event)
        if len(read) == count:
            break
    await events.aclose()
    return read


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


def test_every_part_is_told_under_its_name_and_the_answer_last(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        moment, other = a_moment(desk.recording), a_moment(desk.recording, 100)
        question = desk.ask(
            Proposed(moment),
            Confirmed(moment, Citation("A van.", moment)),
            Rejected(Citation("A cat.", other)),
            Unconfirmed(other, "It was not looked at."),
            Told("A van. [1]"),
            an_answer(moment),
        )
        told = await read(question.events())
        names = ["task", "proposed", "citation", "rejected", "note", "token", "final"]
        assert [event.event for event in told] == names
        assert [event.id for event in told] == ["1", "2", "3", "4", "5", "6", "end"]
        assert json.loads(told[0].data) == {"task_id": question.id}
        assert json.loads(told[-1].data)["id"] == question.id

    play(scene)


def test_a_moment_tells_where_it_can_be_played_and_when_it_happened(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        told = await read(desk.ask(an_answer(a_moment(desk.recording))).events())
        (moment,) = json.loads(told[-1].data)["moments"]
        path = f"/v1/recordings/{desk.recording.id}"
        assert moment["content"] == f"{path}/content#t=10.000,15.000"
        assert moment["thumbnail"] == f"{path}/thumbnail?at=12.500"
        assert moment["clip"] == f"{path}/clip?from=10.000&to=15.000"
        assert moment["happened_at"] == "2026-05-09T12:00:10Z"

    play(scene)


def test_what_no_look_confirmed_is_cited_before_the_answer(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        told = await read(desk.ask(Told("A van. [1]"), an_answer(a_moment(desk.recording))).events())
        assert [event.event for event in told] == ["task", "token", "citation", "final"]

    play(scene)


@pytest.mark.parametrize("had", range(1, 6))
def test_a_reader_that_comes_back_is_told_each_event_once(play: Play, had: int) -> None:
    async def scene(desk: Desk) -> None:
        model = Model([Told("one"), Told("two"), Told("three"), an_answer(a_moment(desk.recording))])
        question = desk.asked.begin("where?", LOCAL, iter(model))
        model.tell(2)
        first = await read(question.events(), had)
        model.tell(2)
        rest = await read(question.events(int(first[-1].id or 0)))
        whole = await read(question.events())
        assert [*first, *rest] == whole
        ids = [event.id for event in whole]
        assert len(ids) == len(set(ids))

    play(scene)


def test_a_slow_reader_holds_nobody_up(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        question = desk.ask(*(Told(str(number)) for number in range(500)), an_answer())
        slow = question.events()
        assert (await anext(slow)).event == "task"
        assert len(await read(question.events())) == 502
        assert (await anext(slow)).event == "token"
        await slow.aclose()

    play(scene)


def test_it_goes_on_for_a_while_when_nobody_listens_and_is_ended_then(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "GRACE", 0.15)

    async def scene(desk: Desk) -> None:
        model = Model([Told("never"), an_answer()])
        question = desk.asked.begin("where?", LOCAL, iter(model))
        await read(question.events(), 1)
        await asyncio.sleep(0.05)
        assert not model.closed
        # Whoever comes back in time has it go on for as long as they stay.
        stays = question.events()
        await anext(stays)
        await asyncio.sleep(0.25)
        assert not model.closed
        await stays.aclose()
        await until(lambda: model.closed)
        (*_, last) = await read(question.events())
        assert json.loads(last.data)["code"] == "question-dropped"

    play(scene)


def test_one_that_nobody_ever_listened_to_is_ended_too(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "GRACE", 0.05)

    async def scene(desk: Desk) -> None:
        model = Model([Told("never"), an_answer()])
        desk.asked.begin("where?", LOCAL, iter(model))
        await until(lambda: model.closed)

    play(scene)


def test_those_who_listen_are_told_at_once_that_the_service_stops(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        model = Model([Told("never"), an_answer()])
        question = desk.asked.begin("where?", LOCAL, iter(model))
        listening = asyncio.create_task(question.document())
        await asyncio.sleep(0.01)
        await desk.asked.close()
        assert model.closed
        with pytest.raises(QuestionDropped, match="stopping"):
            await listening

    play(scene)


def test_what_breaks_in_the_middle_is_told_as_a_problem(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        for error, code in ((ModelRefused(problem="no"), "model-refused"), (RuntimeError("secret"), "unexpected")):
            question = desk.ask(Told("one"), error)
            (*_, last) = await read(question.events())
            assert last.event == "problem"
            assert json.loads(last.data)["code"] == code
            assert "secret" not in last.data
            with pytest.raises(VideoqaError):
                await question.document()

    play(scene)


def test_an_answer_is_kept_with_its_cost_before_it_is_told(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        question = desk.ask(an_answer(a_moment(desk.recording)))
        document = await question.document()
        given = desk.answers.given(question.id)
        assert (given.document, given.question, given.owner) == (document, "where?", "")

    play(scene)


def test_an_answer_that_cannot_be_kept_is_told_and_says_so(tmp_path: Path) -> None:
    class FullLog:
        def add(self, given: GivenAnswer) -> None:
            raise StorageError

    async def main() -> None:
        asked = Questions(a_service(tmp_path, answers=FullLog()))
        answer = json.loads(await asked.begin("where?", LOCAL, iter([an_answer()])).document())
        assert answer["notes"][-1].startswith(questions.NOT_KEPT)

    asyncio.run(main())


def test_there_are_only_so_many_under_way_and_so_many_kept(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "AT_ONCE", 2)
    monkeypatch.setattr(questions, "MOST_KEPT", 3)

    async def scene(desk: Desk) -> None:
        model = Model([an_answer()])
        waiting = desk.asked.begin("where?", LOCAL, iter(model))
        ended = []
        for _ in range(5):
            question = desk.ask(an_answer())
            await question.document()
            await asyncio.sleep(0.02)
            ended.append(question.id)
        assert [desk.asked.get(each) is not None for each in ended] == [False, False, True, True, True]
        other = desk.asked.begin("where?", LOCAL, iter(Model([an_answer()])))
        with pytest.raises(TooManyQuestions):
            desk.ask(an_answer())
        for each in (waiting, other):
            each.abandon("enough")

    play(scene)


def test_no_key_takes_more_than_its_share(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "SHARE", 2)
    one, other = (Caller(name, name, Role.VIEWER) for name in ("one", "other"))

    async def scene(desk: Desk) -> None:
        waiting = [desk.asked.begin("where?", one, iter(Model([an_answer()]))) for _ in range(2)]
        with pytest.raises(TooManyQuestions, match=r"^2 questions"):
            desk.asked.begin("where?", one, parts_of(an_answer()))
        await desk.asked.begin("where?", other, parts_of(an_answer())).document()
        for each in waiting:
            each.abandon("enough")
        await until(lambda: not desk.asked._under_way)
        await desk.asked.begin("where?", one, parts_of(an_answer())).document()

    play(scene)


def test_what_has_ended_is_forgotten_after_a_while(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "KEPT", 0.05)

    async def scene(desk: Desk) -> None:
        question = desk.ask(an_answer())
        await question.document()
        await until(lambda: desk.asked.get(question.id) is None)

    play(scene)
