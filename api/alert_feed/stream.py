"""The feed as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.types import Receive, Scope, Send

from api.alert_feed.asked import chosen
from api.alert_feed.feed import Feed, Subscription
from api.auth import Viewer
from api.problems import code_of
from api.schemas.alerts import MOST_NAMES, ErrorMessage, Name
from api.service import Parts
from api.sse import EventStream, ServerEvent
from videoqa.alerts import Severity
from videoqa.errors import VideoqaError

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

_LATEST = 2**62
_STREAM: dict[str, Any] = {
    "text/event-stream": {
        "schema": {"type": "string"},
        "example": 'event: alert.new\ndata: {"seq":7,"type":"alert.new","at":"...","alert":{...}}\nid: 7\n\n',
    }
}
_Names = Annotated[tuple[Name, ...], Query(max_length=MOST_NAMES)]


@router.get(
    "/stream",
    status_code=200,
    response_class=EventStream,
    responses={200: {"description": "The messages of the feed as events, named by their type.", "content": _STREAM}},
)
async def follow_alerts(
    *,
    request: Request,
    service: Parts,
    caller: Viewer,
    after_seq: Annotated[int | None, Query(ge=0, le=_LATEST, description="0 for all that is kept.")] = None,
    camera: Annotated[_Names, Query(description="Names or ids; all where none is given.")] = (),
    rule: Annotated[_Names, Query(description="Names or ids; all where none is given.")] = (),
    severity: Annotated[tuple[Severity, ...], Query(max_length=MOST_NAMES)] = (),
    follow: Annotated[bool, Query(description="No: what is kept is told, and that is the end.")] = True,
    last_event_id: Annotated[int | None, Header(ge=0, le=_LATEST)] = None,
) -> EventStream:
    """Tells what becomes of alerts and cameras as it does: the same feed as the WebSocket's at `/v1/alerts/ws`.

    What is kept behind `after_seq`, or behind the event that `Last-Event-ID` names, comes first, without a hole or a
    double; without either, only what happens from now on is told.
    """
    wanted = await chosen(service, caller, camera, rule, severity)
    feed: Feed = request.app.state.feed
    after = after_seq if last_event_id is None else last_event_id
    # Before the first byte of an answer: whoever is one too many is told so by its status.
    return _Followed(feed.subscribe(caller, wanted, after), follow=follow)


class _Followed(EventStream):
    """What ``subscription`` tells. It is over with the response, even one that ends before its first event."""

    def __init__(self, subscription: Subscription, *, follow: bool) -> None:
        super().__init__(_events(subscription, follow=follow))
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._subscription.end(None)


async def _events(subscription: Subscription, *, follow: bool) -> AsyncGenerator[ServerEvent, None]:
    async with aclosing(subscription.batches() if follow else subscription.kept()) as batches:
        async for line in (line async for batch in batches for line in batch):
            yield ServerEvent(line.kind, line.text, None if line.seq is None else str(line.seq))
    reason = subscription.over.result() if subscription.over.done() else None
    if reason is not None:
        yield _error(reason)


def _error(error: VideoqaError) -> ServerEvent:
    return ServerEvent("error", ErrorMessage(code=code_of(error), detail=str(error)).model_dump_json())
