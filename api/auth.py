"""Who a request comes from, and whether that one may do it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.datastructures import Headers

from api.meter import Meter
from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller, Role, Scope
from videoqa.errors import KeyNeeded, KeyNeededBehindProxy, NotAllowed, UnknownRecording
from videoqa.media import Recording

LOCAL = Caller(key_id="", name="local", role=Role.ADMIN, scope=Scope())
"""Whoever is at this machine, where no key is asked for."""
_PROXIED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host"})

_bearer = HTTPBearer(auto_error=False, description="A key made by `videoqa keys create`.")


class Doorman:
    """Tells callers by the keys they send. An unknown key costs what a known one does: one hash, one look-up.

    A key is looked up whatever came from its address before: behind a proxy all share one, and nobody guesses 256 bits.
    """

    def __init__(self, service: Service, meter: Meter) -> None:
        self._service = service
        self._meter = meter
        self._keys_exist = False

    async def caller(self, headers: Headers, address: str) -> Caller | None:
        """The holder of the key that was sent; ``LOCAL`` or None where none was.

        Raises:
            KeyNeeded: the key is not in force.
            KeyNeededBehindProxy: none was sent, none was made, and the request comes through a proxy.
            TooManyWrongKeys: it is not in force, like too many others from ``address``.
        """
        sent = headers.get("authorization")
        if sent is None:
            if await self._keys_needed():
                return None
            if not _PROXIED.isdisjoint(headers):
                raise KeyNeededBehindProxy
            return LOCAL
        scheme, _, secret = sent.partition(" ")
        key = None
        if scheme.lower() == "bearer":
            key = await in_thread(lambda: self._service.keys.holder(secret.strip()), knowing=True)
        if key is None:
            await self._meter.wrong_key(address)
            raise KeyNeeded
        return Caller(key.id, key.name, key.role, key.scope)

    async def _keys_needed(self) -> bool:
        """True from the first key on, at whatever address: who has made one expects that others are kept out.

        Revoking the last one does not open the doors again.
        """
        if not (self._keys_exist or self._service.keys_needed):
            self._keys_exist = bool(await in_thread(self._service.keys.keys, knowing=True))
        return self._keys_exist or self._service.keys_needed


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
    recording = await in_thread(lambda: service.archive.recording(recording_id))
    if recording is None or not caller.scope.covers(recording.tags, recording.camera):
        raise UnknownRecording(name=recording_id)
    return recording
