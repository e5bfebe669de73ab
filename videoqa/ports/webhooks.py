"""Addresses that notices are posted to, and what posts to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from videoqa.cameras import StreamUrl
from videoqa.ports.alerts import AlertFilter


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that notices are posted to, signed with ``secret``. ``wanted`` says which; its scope is that of the
    key that added it, ``owner``, and no scope at all where nobody needed one.

    ``delivered`` is the ``seq`` up to which it has been told. ``failures`` counts tries in a row that failed,
    ``problem`` says why the last one did, ``tried_at`` is when it was.
    """

    id: str
    url: StreamUrl
    secret: str = field(repr=False)
    added_at: datetime
    wanted: AlertFilter = AlertFilter()
    enabled: bool = True
    owner: str = ""
    delivered: int = 0
    failures: int = 0
    problem: str = ""
    tried_at: datetime | None = None


class Webhooks(Protocol):
    def add(self, webhook: Webhook) -> None: ...

    def webhooks(self) -> tuple[Webhook, ...]:
        """All of them, in the order in which they were added."""
        ...

    def change(self, webhook_id: str, *, enabled: bool) -> None:
        """Nothing where it is not there."""
        ...

    def tried(self, webhook_id: str, delivered: int, failures: int, problem: str, tried_at: datetime) -> None:
        """Writes down how far it has been told, and how the last try went; nothing where it is not there."""
        ...

    def remove(self, webhook_id: str) -> None:
        """Nothing where it is not there."""
        ...


class Poster(Protocol):
    """Posts to addresses on the network."""

    def check(self, url: StreamUrl) -> None:
        """
        Raises:
            BadWebhook: nothing is posted to such an address.
        """
        ...

    def post(self, url: StreamUrl, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status that it came to.

        Raises:
            BadWebhook: nothing is posted to such an address.
            FetchFailed: the server is not there, does not answer in time, or is not to be asked.
        """
        ...
