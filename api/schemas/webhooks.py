"""What the routes about webhooks take and answer. Of an address scheme, host and port are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, SecretStr

from api.schemas.alerts import MOST_NAMES, Names
from api.schemas.recordings import Page
from api.schemas.wire import WireModel
from videoqa.alerts import Severity
from videoqa.ports import Webhook


class NewWebhook(WireModel):
    """An address to be told what becomes of alerts and cameras. ``camera`` and ``rule`` are names or ids, all where
    there are none; who asks for rules or severities is told of alerts alone. ``after_seq`` has what is kept behind it
    told, too.
    """

    url: Annotated[SecretStr, Field(min_length=1, max_length=2000)]
    camera: Names = ()
    rule: Names = ()
    severity: Annotated[tuple[Severity, ...], Field(max_length=MOST_NAMES)] = ()
    after_seq: Annotated[int, Field(strict=True, ge=0, le=2**62)] | None = None


class WebhookChange(WireModel):
    """A webhook that is switched off is told nothing; switched on again, it is told what it has missed."""

    enabled: Annotated[bool, Field(strict=True)]


class WebhookBody(WireModel):
    """A webhook. Of its address ``url`` has scheme, host and port alone: what follows is a secret for many receivers.
    ``after_seq`` is where it stands in the log: what it wants of what lies behind that is told next. ``failures``
    counts the tries in a row that failed, ``problem`` says why the last one did.
    """

    id: str
    url: str
    camera: tuple[str, ...]
    rule: tuple[str, ...]
    severity: tuple[Severity, ...]
    added_at: datetime
    enabled: bool
    after_seq: int
    failures: int
    problem: str
    tried_at: datetime | None

    @classmethod
    def from_domain(cls, webhook: Webhook) -> Self:
        wanted = webhook.wanted
        return cls(
            id=webhook.id,
            url=webhook.url.site,
            camera=tuple(sorted(wanted.cameras)),
            rule=tuple(sorted(wanted.rules)),
            severity=tuple(sorted(wanted.severities)),
            added_at=webhook.added_at,
            enabled=webhook.enabled,
            after_seq=webhook.delivered,
            failures=webhook.failures,
            problem=webhook.problem,
            tried_at=webhook.tried_at,
        )


class MadeWebhook(WireModel):
    """A new webhook. With ``secret`` its messages are signed; it is shown this once."""

    webhook: WebhookBody
    secret: str


class WebhookPage(Page[WebhookBody]):
    """Webhooks in the order in which they were added."""
