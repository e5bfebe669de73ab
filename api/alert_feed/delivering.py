"""Webhooks: every message that one wants is posted to it, signed, in order, until it is taken.

How far each has been told is kept beside it, so that a restart goes on where the last process was. Of several processes
over one data directory one delivers: whoever holds the lock of a file, until it ends.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from api.alert_feed.alone import alone, carried_on
from api.alert_feed.feed import Feed
from api.alert_feed.telling import Told, wants
from api.service import Service
from api.threads import in_thread
from videoqa.errors import BadWebhook, FetchFailed, KeyNeeded, VideoqaError
from videoqa.ports import Webhook

LOCK = "webhooks.lock"
GONE = 410
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
_LOOK_SECONDS = 0.5
_AT_ONCE = 16
_TURN_SECONDS = 0.25
_REVOKED = "the key that added it was revoked"
_log = logging.getLogger(__name__)


class Delivering:
    """Tells the webhooks of ``service``, one task each, so that none waits for another."""

    def __init__(self, service: Service, feed: Feed) -> None:
        self._service = service
        self._feed = feed
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._grown = asyncio.Event()
        self._last = -1
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        await carried_on("the telling of webhooks", self._run, _FIRST_PAUSE)

    async def _run(self) -> None:
        async with alone(self._service.folder / LOCK, _LOOK_SECONDS):
            try:
                while True:
                    try:
                        await self._look()
                    except VideoqaError as error:
                        _log.warning("webhooks cannot be looked up: %s", error)
                    await asyncio.sleep(_LOOK_SECONDS)
            finally:
                tasks = tuple(self._tasks.values())
                self._tasks.clear()
                for task in tasks:
                    task.cancel()
                if tasks:
                    await asyncio.wait(tasks)

    async def _look(self) -> None:
        """Begins with webhooks that are new, ends with those that are gone, and says whether the log has grown."""
        there = {each.id: each for each in await in_thread(self._service.webhooks.webhooks) if each.enabled}
        for webhook_id in self._tasks.keys() - there.keys():
            self._tasks.pop(webhook_id).cancel()
        for webhook_id, webhook in there.items():
            task = self._tasks.get(webhook_id)
            if task is None or task.done():
                self._tasks[webhook_id] = asyncio.create_task(self._tell(webhook))
        last = await self._feed.last_seq() if there else self._last
        if last != self._last:
            self._last = last
            self._grown.set()
            self._grown = asyncio.Event()

    async def _tell(self, webhook: Webhook) -> None:
        """Tells ``webhook`` what it wants until it is switched off."""
        told_to = webhook.delivered
        while True:
            grown = self._grown
            try:
                if not await in_thread(lambda: self._in_force(webhook)):
                    await self._switch_off(replace(webhook, delivered=told_to), _REVOKED)
                    return
                page = await self._feed.pages.after(told_to)
                if not page.told:
                    last = await self._feed.last_seq()
                    if told_to < last:
                        # Whoever else had it read may have begun before that was written.
                        page = await self._feed.pages.now(told_to)
                    # A log that was put back has other numbers than those that were told.
                    told_to = min(told_to, last)
            except VideoqaError as error:
                _log.warning("the webhook %s waits for the alert log: %s", webhook.id, error)
                await asyncio.sleep(_FIRST_PAUSE)
                continue
            if page.oldest is not None and told_to:
                _log.warning("the webhook %s was away for so long that it has missed some", webhook.id)
            skipped = False
            for told in page.told:
                skipped = not wants(webhook.wanted, told)
                if not skipped and not await self._posted(replace(webhook, delivered=told_to), told):
                    return
                told_to = told.seq
            if skipped:
                await self._note(webhook, told_to, 0, "")
            if not page.told:
                await grown.wait()

    async def _posted(self, webhook: Webhook, told: Told) -> bool:
        """True when ``told`` was taken; False where the webhook wants nothing more."""
        failures = 0
        while True:
            problem = ""
            try:
                status = await self._in_turn(lambda: self._post(webhook, told))
                if status == GONE:
                    await self._switch_off(webhook, "it answered with the status 410: gone")
                    return False
                if not 200 <= status < 300:
                    problem = f"it answered with the status {status}"
            except (FetchFailed, BadWebhook) as error:
                problem = str(error)
            except KeyNeeded:
                await self._switch_off(webhook, _REVOKED)
                return False
            except VideoqaError as error:
                problem = f"it waits for the database: {error}"
            if not problem:
                await self._note(webhook, told.seq, 0, "")
                return True
            failures += 1
            await self._note(webhook, webhook.delivered, failures, problem)
            if failures == 1:
                _log.warning("the webhook %s was not told of %d: %s", webhook.id, told.seq, problem)
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - 1, 16))
            await asyncio.sleep(pause * random.uniform(0.75, 1))  # noqa: S311  no secret

    async def _in_turn(self, post: Callable[[], int]) -> int:
        """What ``post`` returns. A few at once are begun, as each keeps a processor busy for a moment; whoever then
        waits for its server waits beside the others, so that a slow one takes nobody's turn.
        """
        async with self._turns:
            posting = asyncio.ensure_future(in_thread(post, posting=True))
            try:
                await asyncio.wait((posting,), timeout=_TURN_SECONDS)
            except asyncio.CancelledError:
                posting.cancel()
                raise
        return await posting

    def _post(self, webhook: Webhook, told: Told) -> int:
        """The status that it came to.

        Raises:
            KeyNeeded: the key that added it was revoked.
            FetchFailed, BadWebhook: see ``Poster``.
            StorageError: nobody can say whether the key is in force.
        """
        # Asked here and not before a thread was free: that may take as long as others' servers do.
        if not self._in_force(webhook):
            raise KeyNeeded
        body = told.line.text.encode()
        return self._service.poster.post(webhook.url, signed(webhook.secret, told.seq, body, int(time.time())), body)

    def _in_force(self, webhook: Webhook) -> bool:
        if not webhook.owner:
            return True
        keys = self._service.keys.keys()
        return any(key.id == webhook.owner and key.revoked_at is None for key in keys)

    async def _switch_off(self, webhook: Webhook, problem: str) -> None:
        _log.warning("the webhook %s is switched off: %s", webhook.id, problem)
        await self._note(webhook, webhook.delivered, 1, problem)
        await in_thread(lambda: self._service.webhooks.change(webhook.id, enabled=False), storing=True)

    async def _note(self, webhook: Webhook, delivered: int, failures: int, problem: str) -> None:
        at = datetime.now(UTC)
        try:
            await in_thread(
                lambda: self._service.webhooks.tried(webhook.id, delivered, failures, problem, at), storing=True
            )
        except VideoqaError as error:
            # What was told may be told once more after a restart: its number is the same.
            _log.warning("how far the webhook %s was told cannot be kept: %s", webhook.id, error)


def signed(secret: str, seq: int, body: bytes, timestamp: int) -> Mapping[str, str]:
    """The headers of a message; docs/alerts.md says how they are checked."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hexdigest()
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": str(seq),
        "X-Videoqa-Timestamp": str(timestamp),
        "X-Videoqa-Signature": f"v1={digest}",
    }
