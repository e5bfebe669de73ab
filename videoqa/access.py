"""Who may do what: keys, their roles, and the recordings that they reach."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a key may do, each role what those before it may: look and ask; bring in and change; see to everything."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def allows(self, needed: Role) -> bool:
        ranks = tuple(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Scope:
    """The recordings a key reaches: every one, or those that carry one of ``tags`` or are of one of ``cameras``."""

    tags: frozenset[str] = frozenset()
    cameras: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        return not self.tags and not self.cameras

    def covers(self, tags: Collection[str], camera: str) -> bool:
        return self.everything or camera in self.cameras or not self.tags.isdisjoint(tags)

    def holds(self, other: Scope) -> bool:
        """True where whoever has this one reaches all that whoever has ``other`` does, whatever is brought later."""
        return self.everything or (not other.everything and other.tags <= self.tags and other.cameras <= self.cameras)


@dataclass(frozen=True, slots=True)
class Key:
    """An access key without its secret, which nobody keeps. Times are aware and in UTC."""

    id: str
    name: str
    role: Role
    scope: Scope
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from: the holder of a key, or whoever is at this machine where no key is asked for.

    ``key_id`` is empty for the latter.
    """

    key_id: str
    name: str
    role: Role
    scope: Scope = Scope()
