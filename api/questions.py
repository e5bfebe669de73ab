"""Questions on their way to an answer: told as it comes into being to whoever asked, who may go away and come back."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio

from api.problems import code_of, status_of
from api.reach import origins_of
from api.schemas.answers import (
    GivenAnswerBody,
    NoteBody,
    PlayableCitation,
    PlayableMoment,
    ProblemBody,
    ProposedBody,
    TaskBody,
    TokenBody,
)
from api.schemas.wire import WireModel
from api.service import Service
from api.sse import ServerEvent
from api.threads import in_thread, stepwise
from videoqa.access import Caller, Scope
from videoqa.answers import Answer, AnswerPart, Confirmed, Moment, Proposed, Rejected, Told, Unconfirmed
from videoqa.catalogue import Origin
from videoqa.errors import QuestionDropped, StorageError, TooManyQuestions, Unexpected, VideoqaError
from videoqa.ports import GivenAnswer

GRACE = 60.0
"""Seconds that a question goes on when nobody listens."""
KEPT = 300.0
"""Seconds that what was told of a question is kept after its end."""
MOST_KEPT = 500
"""Questions that have ended and are kept; those that ended first go before their time."""
AT_ONCE = 64
"""Questions under way; each may keep a thread waiting for the model."""
SHARE = 16
"""Questions under way of one key. Where no key is asked for, whoever asks shares with nobody."""
LAST = "end"
"""The id of the last event: whoever had that has had everything."""
STOPPING = "the service is stopping"
NOBODY = "nobody waited for its answer"
NOT_KEPT = "This answer is not kept, and cannot be judged later:"
_PARTING = 2.0
_log = logging.getLogger(__name__)


class Questions:
    """The questions under way in this process, and for a while those that have ended."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._under_way: dict[str, Question] = {}
        self._ended: OrderedDict[str, Question] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, text: str, caller: Caller, parts: Iterator[AnswerPart]) -> Question:
        """Has ``parts`` told. Must be called on the event loop.

        Raises:
            TooManyQuestions: so many are under way, or so many of this caller's, that this one would only wait.
        """
        if len(self._under_way) >= AT_ONCE:
            raise TooManyQuestions(limit=AT_ONCE)
        if caller.key_id and sum(each.owner == caller.key_id for each in self._under_way.values()) >= SHARE:
            raise TooManyQuestions(limit=SHARE)
        question = Question(self._service, text, caller.key_id, caller.scope)
        self._under_way[question.id] = question
        task = asyncio.create_task(self._run(question, parts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return question

    def get(self, question_id: str) -> Question | None:
        return self._under_way.get(question_id) or self._ended.get(question_id)

    async def close(self) -> None:
        """Ends all that is under way. What waits for a model that does not answer is left behind."""
        for question in self._under_way.values():
            question.abandon(STOPPING)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PARTING)

    async def _run(self, question: Question, parts: Iterator[AnswerPart]) -> None:
        try:
            await question.run(parts)
        finally:
            del self._under_way[question.id]
            self._ended[question.id] = question
            while len(self._ended) > MOST_KEPT:
                self._ended.popitem(last=False)
            asyncio.get_running_loop().call_later(KEPT, self._ended.pop, question.id, None)


@dataclass(slots=True, eq=False)
class Question:
    """One question. What it was told so far is kept, so that each reader is at a place of its own in it.

    How much that can be is bounded: so many moments are looked at, and the model's words are.
    """

    _service: Service
    text: str
    owner: str
    _reach: Scope
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    _asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _told: list[ServerEvent] = field(default_factory=list)
    _document: str = ""
    _problem: VideoqaError | None = None
    _ended: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    _readers: int = 0
    _patience: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._tell("task", TaskBody(task_id=self.id))
        self._left_alone()

    async def events(self, after: int = 0) -> AsyncGenerator[ServerEvent, None]:
        """What is told of it from behind the event of that number on, to its end."""
        with self._reading():
            number = after
            while True:
                while number < len(self._told):
                    number += 1
                    yield self._told[number - 1]
                if self._ended:
                    return
                await self._news.wait()

    async def document(self) -> str:
        """The answer as JSON, once it is there.

        Raises:
            VideoqaError: it came to none.
        """
        with self._reading():
            while not self._ended:
                await self._news.wait()
        if self._problem is not None:
            raise self._problem
        return self._document

    async def run(self, parts: Iterator[AnswerPart]) -> None:
        """Tells ``parts`` to the end, or until it is abandoned; they are closed then, which ends the model's calls."""
        cited: list[Moment] = []
        try:
            with self._scope:
                async with aclosing(stepwise(parts)) as coming:
                    async for part in coming:
                        if isinstance(part, Answer):
                            await self._answered(part, cited)
                            continue
                        if isinstance(part, Confirmed):
                            cited.append(part.citation.moment)
                        self._tell(*await self._wired(part))
        except VideoqaError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001  whatever it is, whoever asked is told that no answer will come
            _log.exception("a question came to no answer")
            self._failed(Unexpected(kind=type(error).__name__, problem="see the service's log"))

    def abandon(self, reason: str) -> None:
        """Ends it without an answer, for those who listen at once."""
        if not self._ended:
            self._failed(QuestionDropped(reason=reason))
        self._scope.cancel()

    async def _answered(self, answer: Answer, cited: Sequence[Moment]) -> None:
        origins = await in_thread(lambda: origins_of(self._service, self._reach, _moments(answer)))
        for citation in answer.citations:
            if citation.moment not in cited:
                self._tell("citation", PlayableCitation.of(citation, origins))
        # Kept before it is told: whoever has it can say at once that it is wrong.
        body = await in_thread(lambda: self._kept(answer, origins), storing=True)
        self._document = body.model_dump_json()
        self._end("final", self._document)

    def _kept(self, answer: Answer, origins: Mapping[str, Origin]) -> GivenAnswerBody:
        body = GivenAnswerBody.kept(answer, self.id, origins)
        given = GivenAnswer(self.id, self.owner, self._asked_at, self.text, body.model_dump_json(), answer.usage)
        try:
            self._service.answers.add(given)
        except StorageError as error:
            # The answer is worth more than its copy.
            _log.warning("an answer is not kept: %s", error)
            return body.model_copy(update={"notes": (*body.notes, f"{NOT_KEPT} {error}")})
        return body

    async def _wired(self, part: AnswerPart) -> tuple[str, WireModel]:
        match part:
            case Told(sentence):
                return "token", TokenBody(text=sentence)
            case Proposed(moment):
                return "proposed", ProposedBody(moment=await self._playable(moment))
            case Confirmed(_, citation):
                return "citation", PlayableCitation(
                    sentence=citation.sentence, moment=await self._playable(citation.moment)
                )
            case Rejected(citation):
                return "rejected", PlayableCitation(
                    sentence=citation.sentence, moment=await self._playable(citation.moment)
                )
            case Unconfirmed(moment, note):
                return "note", NoteBody(note=note, moment=await self._playable(moment))
            case Answer():
                raise AssertionError("an answer is told by _answered")

    async def _playable(self, moment: Moment) -> PlayableMoment:
        origins = await in_thread(lambda: origins_of(self._service, self._reach, (moment,)))
        return PlayableMoment.of(moment, origins)

    def _tell(self, event: str, body: WireModel) -> None:
        if not self._ended:
            self._told.append(ServerEvent(event, body.model_dump_json(), str(len(self._told) + 1)))
            self._wake()

    def _failed(self, problem: VideoqaError) -> None:
        self._problem = problem
        told = ProblemBody(status=status_of(problem), code=code_of(problem), detail=str(problem))
        self._end("problem", told.model_dump_json())

    def _end(self, event: str, data: str) -> None:
        if not self._ended:
            self._told.append(ServerEvent(event, data, LAST))
            self._ended = True
            self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._readers += 1
        if self._patience is not None:
            self._patience.cancel()
        try:
            yield
        finally:
            self._readers -= 1
            self._left_alone()

    def _left_alone(self) -> None:
        """Where nobody listens, it goes on for a while only."""
        if not self._readers and not self._ended:
            self._patience = asyncio.get_running_loop().call_later(GRACE, self.abandon, NOBODY)


def _moments(answer: Answer) -> list[Moment]:
    return [*answer.moments, *(each.moment for each in (*answer.citations, *answer.rejected))]
