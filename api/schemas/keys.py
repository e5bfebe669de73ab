"""What the routes about keys and the audit log take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints

from api.schemas.recordings import MOST_TAGS, Page, Tag
from api.schemas.wire import WireModel
from videoqa.access import Key, Role, Scope
from videoqa.ports import Deed


def _sayable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds characters that cannot be seen")
    return text


KeyName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_sayable)
]


class NewKey(WireModel):
    """A key to be made. Without tags and cameras it reaches every recording."""

    name: KeyName
    role: Role
    tags: Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)] = ()
    cameras: Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)] = ()

    @property
    def scope(self) -> Scope:
        return Scope(frozenset(self.tags), frozenset(self.cameras))


class KeyBody(WireModel):
    """A key without its secret, which nobody keeps. Without tags and cameras it reaches every recording."""

    id: str
    name: str
    role: Role
    tags: tuple[str, ...]
    cameras: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def from_domain(cls, key: Key) -> Self:
        return cls(
            id=key.id,
            name=key.name,
            role=key.role,
            tags=tuple(sorted(key.scope.tags)),
            cameras=tuple(sorted(key.scope.cameras)),
            created_at=key.created_at,
            revoked_at=key.revoked_at,
        )


class MadeKey(WireModel):
    """A new key. ``secret`` is what requests send, and is shown this once."""

    key: KeyBody
    secret: str


class KeyPage(Page[KeyBody]):
    """Keys, revoked ones too, the oldest first."""


class DeedBody(WireModel):
    """Who did what: ``outcome`` is the HTTP status it came to, ``subject`` the id of what it was done to."""

    at: datetime
    key_id: str
    key_name: str
    address: str
    action: str
    subject: str
    request_id: str
    outcome: int

    @classmethod
    def from_domain(cls, deed: Deed) -> Self:
        return cls(
            at=deed.at,
            key_id=deed.key_id,
            key_name=deed.key_name,
            address=deed.address,
            action=deed.action,
            subject=deed.subject,
            request_id=deed.request_id,
            outcome=deed.outcome,
        )


class AuditPage(Page[DeedBody]):
    """The audit log, the youngest first. Deeds of one instant are not parted."""
