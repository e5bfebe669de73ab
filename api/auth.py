"""Who a request comes from, and whether that one may do it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller, Role, Scope
from videoqa.errors import KeyNeeded, NotAllowed, UnknownRecording
from videoqa.media import Recording

LOCAL = Caller(key_id="", name="local", role=Role.ADMIN, scope=Scope())
"""Whoever is at this machine, where no key is asked for."""

_bearer = HTTPBearer(auto_error=False, description="A key made by `videoqa keys create`.")


async def caller_of(
    request: Request,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """The caller, who has the role that the route needs. The gate has read the ``credentials``: here they are told
    to the OpenAPI document.

    Raises:
        KeyNeeded: no key in force was sent.
        NotAllowed: its role is not enough.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise KeyNeeded
    for role in needed.scopes:
        if not caller.role.allows(Role(role)):
            raise NotAllowed(name=caller.name, role=caller.role, needed=role)
    return caller


Viewer = Annotated[Caller, Security(caller_of, scopes=[Role.VIEWER])]
Operator = Annotated[Caller, Security(caller_of, scopes=[Role.OPERATOR])]
Admin = Annotated[Caller, Security(caller_of, scopes=[Role.ADMIN])]
"""A route's parameter of one of these types is its caller, who has at least that role."""


async def visible(service: Service, caller: Caller, recording_id: str) -> Recording:
    """The recording of that id, where the caller's key reaches it; to others it does not exist.

    Raises:
        UnknownRecording: there is none for this caller.
    """
    return await in_thread(lambda: seen(service, caller, recording_id))


def seen(service: Service, caller: Caller, recording_id: str) -> Recording:
    """``visible``, for whoever is on a thread already."""
    recording = service.archive.recording(recording_id)
    if recording is None or not caller.scope.covers(recording.tags, recording.camera):
        raise UnknownRecording(name=recording_id)
    return recording
