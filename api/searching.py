"""Search: the moments nearest to some words, without a verdict.

There is no paging: moments are put together from the passages that were proposed for this very request, so that a
second page would be another ranking. Whoever wants more asks for more, up to a hundred.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Discriminator, Field, Tag

from api.auth import Viewer
from api.reach import asked, origins_of
from api.schemas.answers import Cameras, FoundBody, Names, PlayableMoment, SearchFor, Words, closed, stretch
from api.schemas.instants import Instant
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.events import Source

router = APIRouter(prefix="/v1/search", tags=["questions"])


def _kind_of_time(end: Any) -> str:
    return "clock" if isinstance(end, str) and _DATE.match(end.strip()) else "seconds"


_DATE = re.compile(r"\d+-")
End = Annotated[
    Annotated[
        Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False), Tag("seconds")] | Annotated[Instant, Tag("clock")],
        Discriminator(_kind_of_time),
    ]
    | None,
    Query(description="Seconds of footage, or ISO 8601 for the wall clock."),
]


@router.get("", response_model=FoundBody)
async def search(
    *,
    service: Parts,
    caller: Viewer,
    q: Annotated[Words, Query()],
    recording: Annotated[Names, Query(description="Id or title; all that the key reaches where none is given.")] = (),
    camera: Annotated[Cameras, Query(description="Name or id: all that it recorded.")] = (),
    begin: Annotated[End, Query(alias="from")] = None,
    end: Annotated[End, Query(alias="to")] = None,
    source: Annotated[tuple[Source, ...], Query()] = (),
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """The moments nearest to some words, the best first."""
    wanted = SearchFor(
        q=q, recordings=recording, cameras=camera, between=closed(begin, end), sources=source, limit=limit
    )
    return await _found(service, caller, wanted)


@router.post("", response_model=FoundBody)
async def search_for(*, service: Parts, caller: Viewer, body: SearchFor) -> Response:
    """The moments nearest to some words, the best first."""
    return await _found(service, caller, body)


async def _found(service: Service, caller: Caller, wanted: SearchFor) -> Response:
    between = stretch(wanted.between)

    def work() -> bytes:
        about = asked(service, caller, wanted.recordings, wanted.cameras, between)
        moments = service.answering.search(
            wanted.q,
            about.recordings,
            between,
            wanted.limit,
            among=about.among,
            sources=frozenset(wanted.sources) or None,
        )
        origins = origins_of(service, caller.scope, moments)
        found = FoundBody(moments=tuple(PlayableMoment.of(moment, origins) for moment in moments))
        return found.model_dump_json().encode()

    return Response(await in_thread(work, busy=True), media_type="application/json")
