"""Questions: asked, answered as a whole or as the answer comes into being, and come back to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from api.auth import Viewer
from api.questions import LAST, NOBODY, STOPPING, Question, Questions
from api.reach import asked, everyones
from api.schemas.answers import AskBody, GivenAnswerBody, stretch
from api.service import Parts, Service
from api.sharing import left
from api.sse import EventStream, ServerEvent
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.answers import AnswerPart, Told
from videoqa.errors import UnknownAnswer
from videoqa.ports import GivenAnswer

router = APIRouter(prefix="/v1", tags=["questions"])

_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'event: token\ndata: {"text": "A van is there. [1]"}\nid: 4\n\n',
    }
}
_EVENTS = (
    "The answer. As a stream: `task` first, with the `task_id` to come back to; `proposed`, `citation`, `rejected` and "
    "`note` for each moment that was looked at; `token` for each sentence; last `final`, the answer, or `problem`."
)


@router.post(
    "/ask",
    response_model=GivenAnswerBody,
    responses={200: {"description": _EVENTS, "content": _STREAM}},
)
async def ask(*, request: Request, service: Parts, caller: Viewer, body: AskBody) -> Response:
    """Answers a question with the moments that bear the answer out, and keeps the answer for feedback."""
    question = await begun(request, service, caller, body)
    if body.stream or (body.stream is None and "text/event-stream" in request.headers.get("accept", "")):
        return EventStream(question.events())
    return Response(await waited_for(question, request), media_type="application/json")


@router.get(
    "/ask/{task_id}",
    status_code=200,
    response_class=EventStream,
    responses={
        200: {"description": _EVENTS, "content": _STREAM},
        204: {"description": "The reader had the last event already."},
    },
)
async def follow(
    *,
    request: Request,
    service: Parts,
    caller: Viewer,
    task_id: str,
    last: Annotated[
        str,
        Header(alias="Last-Event-ID", pattern=rf"^(\d{{1,9}}|{LAST})$", description="The id of the last event read."),
    ] = "0",
) -> Response:
    """Goes on with the stream of a question behind the last event that was read; only whoever asked may."""
    question = _questions(request).get(task_id)
    if question is not None and reaches(caller, question.owner):
        return Response(status_code=204) if last == LAST else EventStream(question.events(int(last)))
    given = await given_to(service, caller, task_id)
    return Response(status_code=204) if last == LAST else EventStream(_final(given))


async def given_to(service: Service, caller: Caller, answer_id: str) -> GivenAnswer:
    """The answer of that id.

    Raises:
        UnknownAnswer: none such was given to this caller.
    """
    given = await in_thread(lambda: service.answers.given(answer_id))
    if given is None or not reaches(caller, given.owner):
        raise UnknownAnswer(name=answer_id)
    return given


def reaches(caller: Caller, owner: str) -> bool:
    """True where what ``owner`` asked is ``caller``'s concern."""
    return caller.key_id == owner or everyones(caller)


async def begun(request: Request, service: Service, caller: Caller, body: AskBody) -> Question:
    """The question of ``body`` on its way to an answer.

    Raises:
        UnknownRecording, UnknownCamera: it is about one that the caller does not reach.
        BadQuestion: it says nothing.
        TooManyQuestions: it would have to wait for too many others.
    """
    between = stretch(body.between)

    def begin() -> Iterator[AnswerPart]:
        about = asked(service, caller, body.recordings, body.cameras, between)
        grounded = service.grounded()
        if grounded is not None:
            return grounded.ask_stream(
                body.question, about.recordings, between, body.limit, among=about.among, cameras=about.cameras
            )
        answer = service.answering.ask(
            body.question, about.recordings, between, body.limit, among=about.among, cameras=about.cameras
        )
        told = () if answer.text is None else (Told(answer.text),)
        return iter((*told, answer))

    parts = await in_thread(begin, busy=True)
    return _questions(request).begin(body.question, caller, parts)


async def waited_for(question: Question, request: Request) -> str:
    """The answer; given up where whoever asked hangs up, who has no other way to it, or where the service stops."""
    stopping: asyncio.Event = request.app.state.stopping
    answered = asyncio.ensure_future(question.document())
    gone, stopped = asyncio.ensure_future(left(request)), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((answered, gone, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            question.abandon(STOPPING if stopped.done() else NOBODY)
        return await answered
    finally:
        gone.cancel()
        stopped.cancel()


def _questions(request: Request) -> Questions:
    questions: Questions = request.app.state.questions
    return questions


async def _final(given: GivenAnswer) -> AsyncGenerator[ServerEvent, None]:
    yield ServerEvent("final", given.document, LAST)
