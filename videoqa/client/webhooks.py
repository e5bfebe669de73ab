"""Webhooks: addresses that are told what becomes of alerts and cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from videoqa.client.documents import Page, read
from videoqa.client.flows import Call, Flow, Items, at
from videoqa.client.footage import listed
from videoqa.client.retrying import answered, removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook; ``camera`` and ``rule`` are ids, all where there are none. ``url`` has no path.

    ``after_seq`` is the number behind which it is told next; ``failures`` counts the tries in a row that failed.
    """

    id: str
    url: str
    camera: tuple[str, ...]
    rule: tuple[str, ...]
    severity: tuple[str, ...]
    added_at: datetime
    enabled: bool
    after_seq: int
    failures: int
    problem: str
    tried_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWebhook:
    """A new webhook. With ``secret`` its messages are signed; it is shown this once, and not by ``repr``."""

    webhook: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"MadeWebhook(webhook={self.webhook!r}, secret='***')"


def webhooks() -> Items[Webhook]:
    """The webhooks in the order in which they were added."""
    yield from listed(Page[Webhook], "/v1/webhooks", {})


def webhook(webhook_id: str) -> Flow[Webhook]:
    """The webhook of that id, and how its last try went."""
    return read(Webhook, (yield from answered(Call("GET", at("/v1/webhooks/{}", webhook_id)))))


def add_webhook(
    url: str,
    *,
    cameras: Sequence[str] = (),
    rules: Sequence[str] = (),
    severities: Sequence[str] = (),
    after_seq: int | None = None,
) -> Flow[MadeWebhook]:
    """Has an address told what becomes of alerts and cameras; with ``after_seq`` also what is kept behind that."""
    body = {
        "url": url,
        "camera": list(cameras),
        "rule": list(rules),
        "severity": list(severities),
        "after_seq": after_seq,
    }
    return read(MadeWebhook, (yield from answered(Call("POST", "/v1/webhooks", json=body))))


def switch_webhook(webhook_id: str, *, enabled: bool) -> Flow[Webhook]:
    """Switches a webhook on or off; switched on again, it is told what it has missed."""
    call = Call("PATCH", at("/v1/webhooks/{}", webhook_id), json={"enabled": enabled}, harmless=True)
    return read(Webhook, (yield from answered(call)))


def remove_webhook(webhook_id: str) -> Flow[None]:
    """It is told nothing more."""
    yield from removed(Call("DELETE", at("/v1/webhooks/{}", webhook_id)))
