"""Whose key a request brings, and whether one is needed at all."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from api.auth import LOCAL
from api.books import write_down
from api.headers import refuse_foreign, same_origin
from api.limits import address_of, payer
from api.meter import Meter
from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.errors import KeyNeeded, KeyNeededBehindProxy

COOKIE = "videoqa_key"
"""The cookie that brings a key where a page cannot send a header: with a picture, a video, a WebSocket."""
_PROXIED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host"})
_SAFE = frozenset({"GET", "HEAD"})
_NOBODY = Caller(key_id="", name="", role=LOCAL.role)


class Doorman:
    """Tells callers by the keys they send. An unknown key costs what a known one does: one hash, one look-up.

    A key is looked up whatever came from its address before: behind a proxy all share one, and nobody guesses 256 bits.
    """

    def __init__(self, service: Service, meter: Meter) -> None:
        self._service = service
        self._meter = meter
        self._keys_exist = False

    async def caller(self, request: HTTPConnection) -> Caller | None:
        """The holder of the key that was sent, who may ask once more; ``LOCAL`` or None where none was.

        Raises:
            KeyNeeded: the key is not in force.
            KeyNeededBehindProxy: none was sent, none was made, and the request comes through a proxy.
            ForeignHost: no key is asked for, and it was sent to a name that is not this machine's alone.
            ForeignOrigin: a page of another site sent it, where no key is asked for.
            TooManyWrongKeys: the key is not in force, like too many others from its address.
            TooManyRequests: whoever sent it has sent too many.
        """
        sent = self._secret(request)
        if sent is not None:
            return await self.holder(request, sent)
        caller = None if await self.keys_needed() else LOCAL
        if caller is LOCAL:
            if not _PROXIED.isdisjoint(request.headers):
                raise KeyNeededBehindProxy
            refuse_foreign(request.headers, self._service.limits.origins)
        await self._meter.request(payer(caller or _NOBODY, address_of(request)))
        return caller

    async def holder(self, request: HTTPConnection, secret: str) -> Caller:
        """Who holds the key with that ``secret``, and may ask once more.

        Raises:
            KeyNeeded: it is not in force.
            TooManyWrongKeys: it is not, like too many others from the address of ``request``.
            TooManyRequests: whoever holds it has sent too many.
        """
        key = await in_thread(lambda: self._service.keys.holder(secret), knowing=True)
        address = address_of(request)
        if key is None:
            await self._meter.wrong_key(address)
            await write_down(self._service, request, _NOBODY, "wrong key", subject="", outcome=401)
            raise KeyNeeded
        caller = Caller(key.id, key.name, key.role, key.scope)
        await self._meter.request(payer(caller, address))
        return caller

    async def keys_needed(self) -> bool:
        """True from the first key on, at whatever address: who has made one expects that others are kept out.

        Revoking the last one does not open the doors again.
        """
        if not (self._keys_exist or self._service.keys_needed):
            self._keys_exist = bool(await in_thread(self._service.keys.keys, knowing=True))
        return self._keys_exist or self._service.keys_needed

    def _secret(self, request: HTTPConnection) -> str | None:
        """The secret that ``request`` brings; empty where what it brings is none, None where it brings nothing."""
        sent = request.headers.get("authorization")
        if sent is not None:
            scheme, _, secret = sent.partition(" ")
            return secret.strip() if scheme.lower() == "bearer" else ""
        # A browser sends it by itself, so that it opens nothing that changes anything, nor anything to other sites.
        safe = request.scope["type"] == "websocket" or request.scope["method"] in _SAFE or _ends_session(request)
        return request.cookies.get(COOKIE) if safe and same_origin(request) else None


def _ends_session(request: HTTPConnection) -> bool:
    """Nobody but the cookie itself is the worse for it."""
    return (request.scope["method"], request.scope["path"]) == ("DELETE", "/v1/session")
