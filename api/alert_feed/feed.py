"""Follows the alert log for everybody in this process who follows it: one reader, one text a message, many queues."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from api.alert_feed.pages import AT_ONCE, Pages
from api.alert_feed.telling import Line, Told, wants
from api.guests import Guests
from api.schemas.alerts import HeartbeatMessage, TruncatedMessage
from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller, Key
from videoqa.errors import KeyNeeded, StorageError, TooFarBehind, TooManyFollowers, VideoqaError
from videoqa.ports import AlertFilter

BEAT_SECONDS = 15.0
MOST_WAITING = 1000
"""Messages that wait for one reader; who has more to read than that is let go, and comes back for them."""
MOST_FOLLOWERS = 1500
MOST_OF_A_KEY = 200
"""Followers with one key; where nobody needs one they are as many as there may be at all."""
_BATCH = 100
_LOOK_SECONDS = 0.05
_PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found behind the last notice, and all keys where anything was."""

    told: tuple[Told, ...] = ()
    keys: tuple[Key, ...] = ()


class Feed:
    """``wake`` says that the log may have grown; without it that is seen by itself, a little later."""

    def __init__(self, service: Service, guests: Guests | None = None) -> None:
        self._service = service
        self._guests = guests or Guests(service)
        self._following: set[Subscription] = set()
        self._live: set[Subscription] = set()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.pages = Pages(service)
        self.head = 0
        """The ``seq`` up to which everybody who is live has been told."""

    def subscribe(
        self, caller: Caller, wanted: AlertFilter, after: int | None, push: Callable[[Line], bool] | None = None
    ) -> Subscription:
        """What ``caller`` is told of: what is kept behind ``after``, and then what comes; None for the latter alone.

        Raises:
            TooManyFollowers: there are as many as there may be, or as may be with the key of ``caller``.
        """
        if len(self._following) >= MOST_FOLLOWERS:
            raise TooManyFollowers(limit=MOST_FOLLOWERS, retry_after=10)
        key = caller.key_id
        if key and sum(each.caller.key_id == key for each in self._following) >= MOST_OF_A_KEY:
            raise TooManyFollowers(limit=MOST_OF_A_KEY, retry_after=10)
        subscription = Subscription(self, caller, wanted, after, push or _never)
        subscription.enter(self._guests)
        self._following.add(subscription)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())
        return subscription

    def wake(self) -> None:
        self._news.set()

    async def last_seq(self) -> int:
        return await in_thread(self._service.alerts.last_seq)

    async def close(self) -> None:
        for subscription in tuple(self._following):
            subscription.end(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def join(self, subscription: Subscription) -> bool:
        """True where ``subscription`` has been told all that the others were, and is told with them from now on."""
        if not self._live:
            self.head = subscription.seq
        if subscription.seq < self.head:
            return False
        self._live.add(subscription)
        self._news.set()
        return True

    def leave(self, subscription: Subscription) -> None:
        self._following.discard(subscription)
        self._live.discard(subscription)

    async def _follow(self) -> None:
        while self._following:
            self._news.clear()
            head = self.head if self._live else None
            try:
                look = _Look() if head is None else await in_thread(lambda: self._look(head))  # noqa: B023  awaited here
            except StorageError as error:
                # What cannot be read now is read later, and nobody is cut off for it.
                _log.warning("the alert log cannot be followed: %s", error)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if look.told:
                # Whose key was revoked is told nothing that came after.
                self._guests.heed(look.keys)
            if head == self.head:
                self._tell(look.told)
            elif head is not None:
                # All have left meanwhile, and who came then begins elsewhere.
                continue
            if len(look.told) < AT_ONCE:
                try:
                    await asyncio.wait_for(self._news.wait(), _LOOK_SECONDS)
                except TimeoutError:
                    continue

    def _look(self, head: int) -> _Look:
        told = self.pages.read(head).told
        return _Look(told, self._service.keys.keys()) if told else _Look()

    def _tell(self, told: tuple[Told, ...]) -> None:
        for each in told:
            if each.seq > self.head:
                self.head = each.seq
                for subscription in tuple(self._live):
                    subscription.tell(each)


class Subscription:
    """What one follower is told. ``seq`` is the last notice that it was offered, ``over`` is done when it is: with the
    reason, None where there is none.

    ``push``, where there is one, takes a message at once if the follower has read all before it, and says whether it
    did: a thousand messages then leave without a thousand tasks that wake up for them.
    """

    def __init__(
        self, feed: Feed, caller: Caller, wanted: AlertFilter, after: int | None, push: Callable[[Line], bool]
    ) -> None:
        self.caller = caller
        self.wanted = wanted
        self.seq = after or 0
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[VideoqaError | None] = loop.create_future()
        self._feed = feed
        self._after = after
        self._push = push
        self._waiting: deque[Line] = deque()
        self._news = asyncio.Event()
        self._idle = False
        self._beating: asyncio.TimerHandle | None = None
        self._taken, self._taken_before = 0, -1
        self._placed = False
        self._leave: Callable[[], None] = lambda: None

    def enter(self, guests: Guests) -> None:
        """It is over when its key is revoked."""
        self._leave = guests.enter(self.caller, lambda: self.end(KeyNeeded()))

    def tell(self, told: Told) -> None:
        """Puts it behind what waits to be read."""
        if told.seq <= self.seq:
            return
        self.seq = told.seq
        if wants(self.wanted, told):
            self.put(told.line)

    def put(self, line: Line) -> None:
        if self._idle and not self._waiting and self._push(line):
            return
        if len(self._waiting) >= MOST_WAITING:
            self.end(TooFarBehind())
        else:
            self._waiting.append(line)
            self._news.set()

    def end(self, reason: VideoqaError | None) -> None:
        """It is over; a second call does nothing."""
        if self.over.done():
            return
        self.over.set_result(reason)
        self._feed.leave(self)
        self._leave()
        self._waiting.clear()
        self._news.set()
        if self._beating is not None:
            self._beating.cancel()

    async def batches(self) -> AsyncGenerator[Sequence[Line], None]:
        """The messages: those that are kept, then those that come, until it is over.

        Raises:
            StorageError: what is kept cannot be read.
        """
        # Those who came together are not to be told together that there is nothing to tell.
        self._beat_in(BEAT_SECONDS * random.uniform(0.5, 1))  # noqa: S311  no secret
        async for batch in self.kept():
            yield batch
            self._taken += 1
        while not self.over.done():
            if batch := self._taken_out():
                yield batch
                self._taken += 1
                continue
            self._news.clear()
            self._idle = True
            await self._news.wait()
            self._idle = False

    async def kept(self) -> AsyncGenerator[Sequence[Line], None]:
        """The messages that are kept, up to what the others have been told.

        Raises:
            StorageError: they cannot be read.
        """
        last = await self._feed.last_seq()
        if self._after is None:
            self.seq = last
        elif self._after > last:
            # It comes from a log that is not this one: nobody can say what it has missed.
            self.seq = last
            yield (_truncated(last + 1, "ahead"),)
        self._placed = True
        while not self.over.done():
            head = self._feed.head
            page = await self._feed.pages.after(self.seq)
            if not page.told and self.seq < max(last, head):
                # Whoever else had it read may have begun before that was written.
                page = await self._feed.pages.now(self.seq)
            if page.oldest is not None and self.seq:
                yield (_truncated(page.oldest),)
            for first in range(0, len(page.told), _BATCH):
                part = page.told[first : first + _BATCH]
                # What the client was answered meanwhile is about what comes after it.
                batch = self._taken_out() + [told.line for told in part if wants(self.wanted, told)]
                self.seq = part[-1].seq
                if batch:
                    yield batch
                if self.over.done():
                    return
            if not page.told:
                if 0 < self.seq < last:
                    yield (_truncated(last + 1),)
                # Nothing is kept behind it, whatever was told meanwhile.
                self.seq = max(self.seq, last, head)
            if len(page.told) < AT_ONCE and self._feed.join(self):
                return

    def _taken_out(self) -> list[Line]:
        """What waits, which from now on does not."""
        waited = list(self._waiting)
        self._waiting.clear()
        return waited

    def _beat_in(self, seconds: float) -> None:
        self._beating = asyncio.get_running_loop().call_later(seconds, self._beat)

    def _beat(self) -> None:
        if not self._idle and self._taken == self._taken_before:
            # Its reader has been at the same messages since the last beat.
            self.end(TooFarBehind())
            return
        self._taken_before = self._taken
        if self._placed:
            # A client goes on from here: what the others were told is nothing that this one has.
            self.put(Line("heartbeat", HeartbeatMessage(last_seq=self.seq).model_dump_json()))
        if not self.over.done():
            self._beat_in(BEAT_SECONDS)


def _truncated(oldest: int, reason: Literal["forgotten", "ahead"] = "forgotten") -> Line:
    return Line("replay.truncated", TruncatedMessage(oldest_seq=oldest, reason=reason).model_dump_json())


def _never(line: Line) -> bool:
    return False
