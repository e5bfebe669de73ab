"""What every keeper of webhooks does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from indexer.webhooks import SqlWebhooks
from videoqa.access import Scope
from videoqa.alerts import Severity
from videoqa.cameras import StreamUrl
from videoqa.ports import AlertFilter, Webhook, Webhooks

NOON = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
HOOK = Webhook(
    id="w2",
    url=StreamUrl("https://user:pass@example.org/hook?token=x"),
    secret="whsec_abc",
    added_at=NOON,
    wanted=AlertFilter(
        cameras=frozenset({"c1"}),
        rules=frozenset({"r1", "r2"}),
        severities=frozenset({Severity.HIGH}),
        scope=Scope(tags=frozenset({"hall"}), cameras=frozenset({"c1"})),
    ),
    enabled=False,
    owner="k1",
    delivered=2**40,
)


@pytest.fixture
def webhooks(engine: sa.Engine) -> Webhooks:
    return SqlWebhooks(engine)


def test_webhooks_come_back_in_the_order_in_which_they_were_added(webhooks: Webhooks) -> None:
    later = Webhook("w1", StreamUrl("https://example.org/"), "s", NOON + timedelta(seconds=1))
    webhooks.add(later)
    webhooks.add(HOOK)
    assert webhooks.webhooks() == (HOOK, later)
    assert webhooks.webhooks()[0].url.text == HOOK.url.text
    assert "pass" not in repr(webhooks.webhooks())
    assert "whsec_abc" not in repr(webhooks.webhooks())


def test_how_far_a_webhook_has_come_is_written_down(webhooks: Webhooks) -> None:
    webhooks.add(HOOK)
    later = NOON + timedelta(minutes=1)
    webhooks.tried("w2", 2**40 + 1, 3, "503 is not what was hoped for 门", later)
    tried = replace(HOOK, delivered=2**40 + 1, failures=3, problem="503 is not what was hoped for 门", tried_at=later)
    assert webhooks.webhooks() == (tried,)
    webhooks.change("w2", enabled=True)
    assert webhooks.webhooks() == (replace(tried, enabled=True),)
    webhooks.tried("nothing", 1, 0, "", later)
    webhooks.change("nothing", enabled=True)
    assert len(webhooks.webhooks()) == 1


def test_a_removed_webhook_is_forgotten(webhooks: Webhooks) -> None:
    webhooks.add(HOOK)
    webhooks.remove("w2")
    webhooks.remove("w2")
    assert webhooks.webhooks() == ()
