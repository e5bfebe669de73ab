"""Webhooks: listed, added, switched on and off, removed. A limited key sees those that reach no further than it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from fastapi import APIRouter, Response

from api.alert_feed.asked import chosen
from api.auth import Operator
from api.schemas.webhooks import MadeWebhook, NewWebhook, WebhookBody, WebhookChange, WebhookPage
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.cameras import StreamUrl
from videoqa.errors import BadWebhook, UnknownWebhook
from videoqa.ports import Webhook

router = APIRouter(prefix="/v1/webhooks", tags=["alerts"])

MOST = 100


@router.get("")
async def list_webhooks(*, service: Parts, caller: Operator) -> WebhookPage:
    """Webhooks in the order in which they were added."""
    found = await in_thread(lambda: _within_reach(service, caller))
    return WebhookPage(items=tuple(map(WebhookBody.from_domain, found)))


@router.post("", status_code=201)
async def add_webhook(*, service: Parts, caller: Operator, wanted: NewWebhook, response: Response) -> MadeWebhook:
    """Has an address told what becomes of alerts and cameras, signed with the secret that is shown this once.

    It is told of what this key reaches, and of nothing once the key is revoked.
    """
    url = StreamUrl(wanted.url.get_secret_value())
    service.poster.check(url)
    told = await chosen(service, caller, wanted.camera, wanted.rule, wanted.severity)

    def add() -> Webhook:
        if len(service.webhooks.webhooks()) >= MOST:
            raise BadWebhook(problem=f"there are {MOST} already; remove one first")
        webhook = Webhook(
            id=secrets.token_hex(8),
            url=url,
            secret=f"whsec_{secrets.token_urlsafe(32)}",
            added_at=datetime.now(UTC),
            wanted=told,
            owner=caller.key_id,
            delivered=service.alerts.last_seq() if wanted.after_seq is None else wanted.after_seq,
        )
        service.webhooks.add(webhook)
        return webhook

    added = await in_thread(add, storing=True)
    response.headers["Location"] = f"/v1/webhooks/{added.id}"
    return MadeWebhook(webhook=WebhookBody.from_domain(added), secret=added.secret)


@router.get("/{webhook_id}")
async def show_webhook(*, service: Parts, caller: Operator, webhook_id: str) -> WebhookBody:
    """One webhook, and how its last try went."""
    return await in_thread(lambda: WebhookBody.from_domain(_webhook_of(service, caller, webhook_id)))


@router.patch("/{webhook_id}")
async def change_webhook(*, service: Parts, caller: Operator, webhook_id: str, change: WebhookChange) -> WebhookBody:
    """Switches a webhook on or off."""

    def changed() -> WebhookBody:
        service.webhooks.change(_webhook_of(service, caller, webhook_id).id, enabled=change.enabled)
        return WebhookBody.from_domain(_webhook_of(service, caller, webhook_id))

    return await in_thread(changed, storing=True)


@router.delete("/{webhook_id}", status_code=204)
async def remove_webhook(*, service: Parts, caller: Operator, webhook_id: str) -> Response:
    """Removes a webhook: it is told nothing more."""
    await in_thread(lambda: service.webhooks.remove(_webhook_of(service, caller, webhook_id).id), storing=True)
    return Response(status_code=204)


def _within_reach(service: Service, caller: Caller) -> tuple[Webhook, ...]:
    return tuple(each for each in service.webhooks.webhooks() if caller.scope.holds(each.wanted.scope))


def _webhook_of(service: Service, caller: Caller, webhook_id: str) -> Webhook:
    """
    Raises:
        UnknownWebhook: there is none for this caller.
    """
    for webhook in _within_reach(service, caller):
        if webhook.id == webhook_id:
            return webhook
    raise UnknownWebhook(name=webhook_id)
