"""Who may use the service, and who did what with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from videoqa.access import Key, Role, Scope


class Keys(Protocol):
    """Access keys. A secret is shown once and kept as a hash."""

    def create(self, name: str, role: Role, scope: Scope) -> tuple[Key, str]:
        """The new key and its secret.

        Raises:
            NameTaken: a key that is in force is called so.
        """
        ...

    def keys(self) -> tuple[Key, ...]:
        """Every key, revoked ones too, the oldest first."""
        ...

    def revoke(self, name_or_id: str) -> Key:
        """
        Raises:
            UnknownKey: no key in force is called so.
        """
        ...

    def holder(self, secret: str) -> Key | None:
        """The key in force whose secret this is."""
        ...


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what: a line of the audit log. ``outcome`` is the HTTP status it came to."""

    at: datetime
    key_id: str
    key_name: str
    address: str
    action: str
    subject: str
    request_id: str
    outcome: int


class AuditLog(Protocol):
    """Who did what to which object, in the order it was done."""

    def write(self, deed: Deed) -> None: ...

    def deeds(self, before: datetime | None = None, limit: int = 100) -> Sequence[Deed]:
        """The youngest first."""
        ...
