"""A rule tried on footage that is there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any
from weakref import WeakValueDictionary

import anyio
from fastapi import APIRouter, Request, Response

from api.auth import Operator
from api.live_reach import camera_of, rule_of
from api.problems import code_of, status_of
from api.schemas.answers import ProblemBody
from api.schemas.trials import TrialBody, TrialProgress, TrialWishes
from api.service import Parts, Service
from api.sharing import unless_gone
from api.sse import EventStream, ServerEvent
from api.threads import in_thread, stepwise
from videoqa.access import Caller
from videoqa.alerting.trying import Trial
from videoqa.errors import NoModel, VideoqaError

router = APIRouter(prefix="/v1/rules", tags=["rules"])

# By the ids of keys: one of them alone does not take all that decodes.
_TURNS: WeakValueDictionary[str, anyio.Semaphore] = WeakValueDictionary()
_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'event: progress\ndata: {"done":0.4,"alerts":2}\n\nevent: final\ndata: {"alerts_a_day":3.5,...}\n\n',
    }
}
_EVENTS = "What came of it. As a stream: `progress` now and then; last `final`, what came of it, or `problem`."


@router.post(
    "/{rule_id}/try",
    response_model=TrialBody,
    responses={200: {"description": _EVENTS, "content": _STREAM}},
)
async def try_rule(
    *, request: Request, service: Parts, caller: Operator, rule_id: str, wanted: TrialWishes
) -> TrialBody | Response:
    """Tries a rule on recorded footage: the alerts it would have given, how many a day, and what that would cost.

    Nothing of it is written down. It takes a while: a key tries one rule at a time.
    """
    trials = await in_thread(lambda: _begun(service, caller, rule_id, wanted))
    steps = _in_turn(caller, trials)
    if wanted.stream or (wanted.stream is None and "text/event-stream" in request.headers.get("accept", "")):
        return EventStream(_events(steps))
    return await unless_gone(request, asyncio.ensure_future(_last(steps)))


def _begun(service: Service, caller: Caller, rule_id: str, wanted: TrialWishes) -> Iterator[Trial]:
    """
    Raises:
        UnknownRule: there is none for this caller.
        UnknownCamera: one of those named is not there for the caller.
        NoModel: it is told in plain language, and nobody is there to understand that.
    """
    rule = rule_of(service, caller, rule_id)
    if service.setting_up.needs(rule):
        raise NoModel
    since, until = wanted.stretch
    every = service.setting_up.reached(caller.scope)
    named = frozenset(camera_of(service, caller, name).id for name in wanted.cameras)
    over = named or rule.cameras or frozenset(camera.id for camera in every)
    recordings = [
        recording
        for camera in every
        if camera.id in over
        for recording in service.trials().footage(camera.id, since, until)
        if caller.scope.covers(recording.tags, recording.camera)
    ]
    return service.trials().run(rule, recordings, since, until)


async def _in_turn(caller: Caller, trials: Iterator[Trial]) -> AsyncGenerator[Trial, None]:
    turn = _TURNS.setdefault(caller.key_id, anyio.Semaphore(1))
    async with turn, aclosing(stepwise(trials)) as steps:
        async for trial in steps:
            yield trial


async def _last(steps: AsyncGenerator[Trial, None]) -> TrialBody:
    async with aclosing(steps):
        async for trial in steps:
            if trial.done == 1:
                return TrialBody.from_domain(trial)
    raise AssertionError("a trial ends with what came of it")


async def _events(steps: AsyncGenerator[Trial, None]) -> AsyncGenerator[ServerEvent, None]:
    try:
        async with aclosing(steps):
            async for trial in steps:
                if trial.done == 1:
                    yield ServerEvent("final", TrialBody.from_domain(trial).model_dump_json())
                    return
                yield ServerEvent("progress", TrialProgress.from_domain(trial).model_dump_json())
    except VideoqaError as error:
        told = ProblemBody(status=status_of(error), code=code_of(error), detail=str(error))
        yield ServerEvent("problem", told.model_dump_json())
