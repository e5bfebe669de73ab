"""The shapes of OpenAI's chat completions, so that what speaks to a model can ask footage instead.

The model is called "videoqa" and the last message of a user is the question; what came before is not read. Citations
stand in the text as [1], [2] ..., with links below it, and as moments in the field ``videoqa`` of the reply.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, ValidationError

from api.asking import begun, waited_for
from api.auth import Viewer
from api.questions import LAST, Question
from api.schemas.answers import AskBody, Between, GivenAnswerBody, Names
from api.schemas.wire import WireModel
from api.service import Parts
from api.sse import EventStream, ServerEvent
from videoqa.answering.lookup import LONGEST_QUESTION
from videoqa.errors import BadQuestion

router = APIRouter(prefix="/v1", tags=["compatible"])

MODEL = "videoqa"
_NOTHING = "Nothing was found that answers this."


class Part(BaseModel):
    """A part of a message; only text is read."""

    type: str
    text: str = ""


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str, Field(max_length=100_000)] | Annotated[list[Part], Field(max_length=100)] | None = None

    @property
    def text(self) -> str:
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "\n".join(part.text for part in self.content if part.type == "text")


class Options(WireModel):
    """What a question takes beside its words, as in ``POST /v1/ask``."""

    recordings: Names = ()
    between: Between | None = None
    limit: Annotated[int, Field(strict=True, ge=1, le=20)] = 5


class ChatBody(BaseModel):
    """A request for a completion; what it says beside these fields (temperature and so on) changes nothing.

    ``videoqa`` says which recordings are asked.
    """

    messages: Annotated[list[Message], Field(min_length=1, max_length=500)]
    model: str = MODEL
    stream: Annotated[bool, Field(strict=True)] = False
    videoqa: Options = Options()


class Model(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = MODEL


class Models(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]


class Said(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    index: int = 0
    message: Said
    finish_reason: Literal["stop"] = "stop"


class Tokens(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """A chat completion; ``videoqa`` is the answer as ``POST /v1/ask`` gives it."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: Tokens
    videoqa: GivenAnswerBody


@router.get("/models")
async def list_models(*, caller: Viewer) -> Models:
    """The one model there is."""
    return Models(data=[Model(id=MODEL)])


@router.post(
    "/chat/completions",
    response_model=Completion,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def complete(*, request: Request, service: Parts, caller: Viewer, body: ChatBody) -> Response:
    """Answers the last message of a user from the recordings that the key reaches."""
    question = await begun(request, service, caller, _question(body))
    root = str(request.base_url).rstrip("/")
    if body.stream:
        return EventStream(_chunks(question, root))
    answer = GivenAnswerBody.model_validate_json(await waited_for(question, request))
    spent = answer.usage
    told = Completion(
        id=f"chatcmpl-{answer.id}",
        created=int(time.time()),
        choices=[Choice(message=Said(content=(answer.answer or _NOTHING) + _links(answer, root)))],
        usage=Tokens(
            prompt_tokens=spent.prompt_tokens,
            completion_tokens=spent.completion_tokens,
            total_tokens=spent.prompt_tokens + spent.completion_tokens,
        ),
        videoqa=answer,
    )
    return Response(told.model_dump_json(), media_type="application/json")


def _question(body: ChatBody) -> AskBody:
    """The question that ``body`` holds.

    Raises:
        BadQuestion: it holds none.
    """
    text = next((message.text for message in reversed(body.messages) if message.role == "user"), "")
    try:
        return AskBody(question=text, **dict(body.videoqa))
    except ValidationError as error:
        problem = f"the last message of a user holds no words, or more than {LONGEST_QUESTION} characters of them"
        raise BadQuestion(problem=problem) from error


async def _chunks(question: Question, root: str) -> AsyncGenerator[ServerEvent, None]:
    created, words = int(time.time()), 0

    def chunk(delta: dict[str, str], finish: str | None = None, **more: Any) -> ServerEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        told = {"id": f"chatcmpl-{question.id}", "object": "chat.completion.chunk", "created": created, "model": MODEL}
        return ServerEvent(None, json.dumps(told | {"choices": [choice], **more}))

    yield chunk({"role": "assistant", "content": ""})
    async for event in question.events():
        if event.event == "token":
            yield chunk({"content": (" " if words else "") + json.loads(event.data)["text"]})
            words += 1
        elif event.event == "problem":
            yield ServerEvent(None, json.dumps({"error": json.loads(event.data)}))
        elif event.id == LAST:
            answer = GivenAnswerBody.model_validate_json(event.data)
            yield chunk({"content": ("" if words else answer.answer or _NOTHING) + _links(answer, root)})
            yield chunk({}, "stop", videoqa=json.loads(event.data))
    yield ServerEvent(None, "[DONE]")


def _links(answer: GivenAnswerBody, root: str) -> str:
    """The moments that the text counts, a line each: what is played when it is followed."""
    lines = [
        f"[{number}] [{moment.recording.title}, {moment.start:.0f}-{moment.end:.0f} s]({root}{moment.content})"
        for number, moment in enumerate(answer.moments, 1)
    ]
    return "\n\n" + "\n".join(lines) if lines else ""
