"""Access keys: listed, made, revoked. An admin's key that is limited sees and makes those within its own reach."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import Admin
from api.schemas.keys import KeyBody, KeyPage, MadeKey, NewKey
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller, Key
from videoqa.errors import KeyOutOfReach, UnknownKey

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.get("")
async def list_keys(*, service: Parts, caller: Admin) -> KeyPage:
    """Keys, revoked ones too, the oldest first."""
    found = await in_thread(lambda: within_reach(service, caller))
    return KeyPage(items=tuple(KeyBody.from_domain(key) for key in found))


@router.post("", status_code=201)
async def create_key(*, service: Parts, caller: Admin, wanted: NewKey, response: Response) -> MadeKey:
    """Make a key. Its secret is shown this once. From the first key on, every request needs one."""
    if not caller.scope.holds(wanted.scope):
        reach = (*sorted(caller.scope.tags), *sorted(caller.scope.cameras))
        raise KeyOutOfReach(name=caller.name, reach=reach)
    key, secret = await in_thread(lambda: service.keys.create(wanted.name, wanted.role, wanted.scope), storing=True)
    response.headers["Location"] = f"/v1/keys/{key.id}"
    return MadeKey(key=KeyBody.from_domain(key), secret=secret)


@router.delete("/{key_id}", status_code=204)
async def revoke_key(*, service: Parts, caller: Admin, key_id: str) -> None:
    """Revoke a key: from now on it is unknown."""

    def revoke() -> None:
        known = {key.id for key in within_reach(service, caller) if key.revoked_at is None}
        if key_id not in known:
            raise UnknownKey(name=key_id)
        service.keys.revoke(key_id)

    await in_thread(revoke, storing=True)


def within_reach(service: Service, caller: Caller) -> tuple[Key, ...]:
    """The keys that reach nothing the caller does not."""
    every = service.keys.keys()
    return tuple(key for key in every if caller.scope.holds(key.scope))
