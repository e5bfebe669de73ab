"""What followers of the alert log are told, in which order, and when they are let go."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.alert_feed import feed as feeding
from api.alert_feed.feed import Feed, Subscription
from api.auth import LOCAL
from api.service import Service
from tests.alerts import NOON, a_camera, an_alert, begun
from tests.service import a_service
from videoqa.access import Caller, Role, Scope
from videoqa.alerts import AlertState, NoticeKind, Severity
from videoqa.cameras import CameraState, CameraStatus, Gap
from videoqa.errors import DatabaseBusy, KeyNeeded, TooFarBehind, TooManyFollowers
from videoqa.media import Recording, RecordingState
from videoqa.ports import AlertChange, AlertFilter
from videoqa.wording import ToldNotice

Message = dict[str, Any]
ALL = AlertFilter()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


class Reader:
    """Reads what a subscription tells, as fast as it comes."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.messages: list[Message] = []
        self._task = asyncio.create_task(self._read())

    @property
    def seqs(self) -> list[int]:
        return [message["seq"] for message in self.messages if "seq" in message]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        self.subscription.end(None)
        await self._task

    async def _read(self) -> None:
        async with aclosing(self.subscription.batches()) as batches:
            async for batch in batches:
                self.messages += [json.loads(line.text) for line in batch]


@asynccontextmanager
async def followed(service: Service) -> AsyncIterator[Feed]:
    feed = Feed(service)
    try:
        yield feed
    finally:
        await feed.close()


def play(service: Service, part: Callable[[Feed], Awaitable[None]]) -> None:
    async def played() -> None:
        async with followed(service) as feed:
            await part(feed)

    asyncio.run(played())


async def live(reader: Reader, feed: Feed) -> None:
    await reader.until(lambda: reader.subscription in feed._live)


def test_what_is_kept_is_told_and_then_what_comes_without_a_hole_or_a_double(service: Service) -> None:
    for number in range(0, 1200, 100):
        service.alerts.write([begun(number + each) for each in range(100)])

    def write_on() -> None:
        for number in range(1200, 1500):
            service.alerts.write([begun(number)])

    async def part(feed: Feed) -> None:
        writing = asyncio.create_task(asyncio.to_thread(write_on))
        readers = []
        for after in (0, 0, 150, 700, 1199):
            readers.append((after, Reader(feed.subscribe(LOCAL, ALL, after))))
            await asyncio.sleep(0.02)
        await writing
        for after, reader in readers:
            await reader.until(lambda reader=reader: reader.seqs and reader.seqs[-1] == 1500)
            assert reader.seqs == list(range(after + 1, 1501))

    play(service, part)


def test_without_a_place_to_begin_only_what_comes_is_told(service: Service) -> None:
    service.alerts.write([begun(1)])

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(LOCAL, ALL, None))
        await live(reader, feed)
        service.alerts.write([begun(2)])
        await reader.until(lambda: reader.messages)
        assert reader.messages[0]["type"] == "alert.new"
        assert reader.messages[0]["alert"]["id"] == "alert-2"
        assert reader.seqs == [2]

    play(service, part)


def test_everybody_is_told_the_same_text(service: Service) -> None:
    async def part(feed: Feed) -> None:
        pushed: list[str] = []
        readers = [Reader(feed.subscribe(LOCAL, ALL, None, lambda line: not pushed.append(line.text))) for _ in "abc"]
        for reader in readers:
            await live(reader, feed)
        service.alerts.write([begun(1)])
        await readers[0].until(lambda: len(pushed) == 3)
        assert all(text is pushed[0] for text in pushed)
        assert not readers[0].messages

    play(service, part)


def test_whoever_was_away_for_longer_than_is_kept_is_told_so(service: Service) -> None:
    service.alerts.write([begun(number) for number in range(10)])
    service.alerts.forget(NOON + timedelta(days=10_000))
    service.alerts.write([begun(number) for number in range(10, 12)])

    async def part(feed: Feed) -> None:
        away = Reader(feed.subscribe(LOCAL, ALL, 4))
        first = Reader(feed.subscribe(LOCAL, ALL, 0))
        for reader in (away, first):
            await reader.until(lambda reader=reader: reader.seqs == [11, 12])
        assert away.messages[0] == {"type": "replay.truncated", "oldest_seq": 11, "reason": "forgotten"}
        assert first.messages[0]["seq"] == 11

    play(service, part)


def test_where_nothing_is_kept_any_more_what_comes_is_told_behind_the_hole(service: Service) -> None:
    service.alerts.write([begun(number) for number in range(10)])
    service.alerts.forget(NOON + timedelta(days=10_000))

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(LOCAL, ALL, 4))
        await live(reader, feed)
        service.alerts.write([begun(11)])
        await reader.until(lambda: reader.seqs)
        assert reader.messages[0] == {"type": "replay.truncated", "oldest_seq": 11, "reason": "forgotten"}
        assert reader.seqs == [11]

    play(service, part)


def test_who_comes_from_another_log_is_told_that_nobody_knows_what_it_missed(service: Service) -> None:
    service.alerts.write([begun(1)])

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(LOCAL, ALL, 7000))
        await live(reader, feed)
        service.alerts.write([begun(2)])
        await reader.until(lambda: reader.seqs)
        assert reader.messages[0] == {"type": "replay.truncated", "oldest_seq": 2, "reason": "ahead"}
        assert reader.seqs == [2]

    play(service, part)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (AlertFilter(), [1, 2, 3, 4, 5]),
        (AlertFilter(cameras=frozenset({"gate"})), [1, 3, 4]),
        (AlertFilter(rules=frozenset({"fence"})), [1, 2]),
        (AlertFilter(severities=frozenset({Severity.LOW})), [3]),
        (AlertFilter(cameras=frozenset({"door"}), rules=frozenset({"fence"})), [2]),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
def test_only_what_is_wanted_is_told(service: Service, wanted: AlertFilter, told: list[int], kept: bool) -> None:
    changes: list[AlertChange | CameraStatus | Gap] = [
        begun(1),
        begun(2, camera="door"),
        begun(3, rule="other", severity=Severity.LOW),
        CameraStatus("gate", CameraState.ONLINE, NOON),
        Gap("door", NOON, None, "offline"),
    ]
    for name in ("gate", "door"):
        service.setting_up.cameras.add(a_camera(name))
    if kept:
        service.alerts.write(changes)

    async def part(feed: Feed) -> None:
        reader, other = Reader(feed.subscribe(LOCAL, wanted, 0)), Reader(feed.subscribe(LOCAL, ALL, 0))
        await live(reader, feed)
        if not kept:
            service.alerts.write(changes)
        await other.until(lambda: other.seqs == [1, 2, 3, 4, 5])
        await reader.until(lambda: reader.subscription.seq == 5)
        await reader.until(lambda: reader.seqs == told)

    play(service, part)


def test_a_key_is_told_of_the_cameras_that_it_reaches_and_of_no_others(service: Service) -> None:
    for camera in (a_camera("ours", "a"), a_camera("theirs", "b")):
        service.setting_up.cameras.add(camera)
    key, _ = service.keys.create("one", Role.VIEWER, Scope(tags=frozenset({"a"})))
    caller = Caller(key.id, key.name, key.role, key.scope)
    wanted = AlertFilter(scope=caller.scope)
    service.alerts.write([begun(1, camera="ours"), begun(2, camera="theirs"), begun(3, camera="gone")])

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(caller, wanted, 0))
        await live(reader, feed)
        assert reader.seqs == [1]
        service.alerts.write([begun(4, camera="theirs"), begun(5, camera="ours")])
        await reader.until(lambda: reader.seqs == [1, 5])
        theirs = service.setting_up.cameras.camera("theirs")
        assert theirs is not None
        service.setting_up.cameras.change(replace(theirs, tags=("a",)))
        service.alerts.write([begun(6, camera="theirs")])
        await reader.until(lambda: reader.seqs == [1, 5, 6])

    play(service, part)


def test_who_reached_a_camera_by_a_tag_is_told_what_ended_with_it_and_that_it_was_removed(service: Service) -> None:
    for camera in (a_camera("ours", "a"), a_camera("theirs", "b")):
        service.setting_up.cameras.add(camera)
    key, _ = service.keys.create("one", Role.VIEWER, Scope(tags=frozenset({"a"})))
    caller = Caller(key.id, key.name, key.role, key.scope)

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(caller, AlertFilter(scope=caller.scope), 0))
        await live(reader, feed)
        service.alerts.write([begun(1, camera="theirs"), begun(2, camera="ours")])
        await reader.until(lambda: reader.seqs == [2])
        for camera_id in ("theirs", "ours"):
            service.setting_up.cameras.remove(camera_id)
        await reader.until(lambda: reader.seqs == [2, 5, 6])
        new, end, gone = reader.messages
        assert [each["type"] for each in (new, end, gone)] == ["alert.new", "alert.end", "camera.status"]
        assert (end["alert"]["id"], end["alert"]["state"]) == (new["alert"]["id"], "ended")
        assert (gone["camera"]["id"], gone["camera"]["state"]) == ("ours", "removed")

    play(service, part)


def test_that_a_camera_was_removed_is_not_for_those_who_reach_another_of_its_id(service: Service) -> None:
    service.setting_up.cameras.add(a_camera("gate", "a"))
    service.setting_up.cameras.remove("gate")
    service.setting_up.cameras.add(a_camera("gate", "b"))
    service.setting_up.cameras.remove("gate")
    keys = [service.keys.create(tag, Role.VIEWER, Scope(tags=frozenset({tag})))[0] for tag in ("a", "b")]
    service.setting_up.cameras.add(a_camera("gate", "b"))

    async def part(feed: Feed) -> None:
        callers = [Caller(key.id, key.name, key.role, key.scope) for key in keys]
        readers = [Reader(feed.subscribe(caller, AlertFilter(scope=caller.scope), 0)) for caller in callers]
        for reader, told in zip(readers, ([1], [2]), strict=True):
            await reader.until(lambda reader=reader, told=told: reader.seqs == told)
            await live(reader, feed)

    play(service, part)


def test_who_loses_the_key_is_told_nothing_that_comes_after(service: Service) -> None:
    key, _ = service.keys.create("one", Role.VIEWER, Scope())

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(Caller(key.id, key.name, key.role), ALL, 0))
        await live(reader, feed)
        service.keys.revoke("one")
        service.alerts.write([begun(1)])
        async with asyncio.timeout(30):
            assert isinstance(await reader.subscription.over, KeyNeeded)
        assert not reader.seqs

    play(service, part)


def test_who_needed_no_key_needs_one_from_the_first_on(service: Service) -> None:
    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(LOCAL, ALL, 0))
        await live(reader, feed)
        service.keys.create("one", Role.VIEWER, Scope())
        async with asyncio.timeout(30):
            assert isinstance(await reader.subscription.over, KeyNeeded)

    play(service, part)


def test_who_reads_too_slowly_is_let_go_and_nobody_else_is(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "MOST_WAITING", 20)

    async def part(feed: Feed) -> None:
        slow, quick = feed.subscribe(LOCAL, ALL, 0), Reader(feed.subscribe(LOCAL, ALL, 0))
        batches = slow.batches()
        reading = asyncio.ensure_future(anext(batches))
        await quick.until(lambda: slow in feed._live)
        service.alerts.write([begun(0)])
        async with asyncio.timeout(30):
            await reading
            for number in range(1, 40):
                service.alerts.write([begun(number)])
                await quick.until(lambda number=number: len(quick.seqs) > number)  # type: ignore[misc]
            assert isinstance(await slow.over, TooFarBehind)
        assert quick.seqs == list(range(1, 41))
        await batches.aclose()

    play(service, part)


def test_who_stays_at_one_message_is_let_go(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "BEAT_SECONDS", 0.05)
    service.alerts.write([begun(1)])

    async def part(feed: Feed) -> None:
        stuck = feed.subscribe(LOCAL, ALL, 0)
        batches = stuck.batches()
        await anext(batches)
        async with asyncio.timeout(30):
            assert isinstance(await stuck.over, TooFarBehind)
        await batches.aclose()

    play(service, part)


def test_a_heartbeat_tells_how_far_all_was_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "BEAT_SECONDS", 0.05)
    service.alerts.write([begun(1), begun(2, severity=Severity.LOW)])

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(LOCAL, AlertFilter(severities=frozenset({Severity.MEDIUM})), 0))
        await reader.until(lambda: len(reader.messages) >= 3)
        assert reader.messages[2] == {"type": "heartbeat", "last_seq": 2}

    play(service, part)


def test_an_alert_whose_footage_is_gone_is_told_without_it(service: Service) -> None:
    for name in ("here", "gone"):
        service.archive.add(Recording(name, name, name, name, timedelta(seconds=60), RecordingState.INDEXED))
    service.alerts.write([begun(1, recording="here"), begun(2, recording="gone")])
    service.archive.remove("gone")

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(LOCAL, ALL, 0))
        await reader.until(lambda: len(reader.messages) >= 2)
        here, gone = (message["alert"] for message in reader.messages[:2])
        assert here["recording"] == "here"
        assert here["snapshot_url"] == "/v1/recordings/here/thumbnail?at=11.000"
        assert here["clip_url"] == "/v1/recordings/here/clip?from=7.000&to=15.000"
        assert (gone["recording"], gone["snapshot_url"], gone["clip_url"]) == (None, None, None)

    play(service, part)


def test_one_alert_is_told_of_from_its_beginning_to_its_end(service: Service) -> None:
    alert = an_alert(1)
    ended = replace(alert, state=AlertState.ENDED, end=NOON + timedelta(seconds=30))
    service.alerts.write([AlertChange(NoticeKind.ALERT_NEW, alert)])

    async def part(feed: Feed) -> None:
        reader = Reader(feed.subscribe(LOCAL, ALL, 0))
        await live(reader, feed)
        service.alerts.judge("alert-1", "ann", acknowledge=True, remark="on my way")
        service.alerts.write([AlertChange(NoticeKind.ALERT_END, ended)])
        await reader.until(lambda: len(reader.messages) == 3)
        assert [message["type"] for message in reader.messages] == ["alert.new", "alert.update", "alert.end"]
        assert reader.messages[1]["alert"]["acknowledged_by"] == "ann"
        assert reader.messages[1]["alert"]["remarks"][0]["text"] == "on my way"
        assert reader.messages[2]["alert"]["end"] == "2026-03-01T12:00:30Z"

    play(service, part)


def test_a_log_that_cannot_be_read_for_a_while_costs_nobody_a_message(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "_PAUSE_SECONDS", 0.01)
    broken = False

    class Log(type(service.alerts)):  # type: ignore[misc]
        def told(self, after_seq: int, limit: int = 500) -> tuple[ToldNotice, ...]:
            if broken:
                raise DatabaseBusy(path="x", seconds=1)
            return super().told(after_seq, limit)  # type: ignore[no-any-return]

    service.alerts.__class__ = Log

    async def part(feed: Feed) -> None:
        nonlocal broken
        reader = Reader(feed.subscribe(LOCAL, ALL, 0))
        await live(reader, feed)
        broken = True
        service.alerts.write([begun(1)])
        await asyncio.sleep(0.1)
        assert not reader.seqs
        broken = False
        await reader.until(lambda: reader.seqs == [1])

    play(service, part)


def test_there_are_as_many_followers_as_there_may_be(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "MOST_FOLLOWERS", 2)

    async def part(feed: Feed) -> None:
        first = feed.subscribe(LOCAL, ALL, 0)
        feed.subscribe(LOCAL, ALL, 0)
        with pytest.raises(TooManyFollowers):
            feed.subscribe(LOCAL, ALL, 0)
        first.end(None)
        feed.subscribe(LOCAL, ALL, 0)

    play(service, part)


def test_no_key_takes_the_places_of_all_others(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "MOST_OF_A_KEY", 2)
    one, other = (service.keys.create(name, Role.VIEWER, Scope())[0] for name in ("one", "other"))
    first, second = (Caller(key.id, key.name, key.role) for key in (one, other))

    async def part(feed: Feed) -> None:
        for _ in range(2):
            feed.subscribe(first, ALL, 0)
        with pytest.raises(TooManyFollowers):
            feed.subscribe(first, ALL, 0)
        for _ in range(2):
            feed.subscribe(second, ALL, 0)
        for _ in range(3):
            feed.subscribe(LOCAL, ALL, 0)

    play(service, part)


def test_those_who_come_back_together_have_the_log_read_once(service: Service) -> None:
    service.alerts.write([begun(number) for number in range(300)])
    reads = []

    class Log(type(service.alerts)):  # type: ignore[misc]
        def told(self, after_seq: int, limit: int = 500) -> tuple[ToldNotice, ...]:
            reads.append(after_seq)
            return super().told(after_seq, limit)  # type: ignore[no-any-return]

    service.alerts.__class__ = Log

    async def part(feed: Feed) -> None:
        readers = [Reader(feed.subscribe(LOCAL, ALL, 100)) for _ in range(50)]
        for reader in readers:
            await reader.until(lambda reader=reader: reader.seqs == list(range(101, 301)))
        assert reads.count(100) == 1

    play(service, part)


def test_a_heartbeat_amid_what_is_kept_tells_no_more_than_was_told(service: Service) -> None:
    service.alerts.write([begun(number) for number in range(1000)])

    async def part(feed: Feed) -> None:
        ahead = Reader(feed.subscribe(LOCAL, ALL, None))
        await live(ahead, feed)
        behind = feed.subscribe(LOCAL, ALL, 0)
        async with asyncio.timeout(30), aclosing(behind.batches()) as batches:
            told = json.loads((await anext(batches))[-1].text)["seq"]
            behind._beat()
            beat = json.loads((await anext(batches))[0].text)
        assert told < 1000
        assert beat == {"type": "heartbeat", "last_seq": told}

    play(service, part)


def test_what_was_written_while_others_had_the_log_read_is_told_to_who_came_after(service: Service) -> None:
    service.alerts.write([begun(number) for number in range(10)])
    reading, go_on = threading.Event(), threading.Event()

    class Log(type(service.alerts)):  # type: ignore[misc]
        def told(self, after_seq: int, limit: int = 500) -> tuple[ToldNotice, ...]:
            found: tuple[ToldNotice, ...] = super().told(after_seq, limit)
            if not reading.is_set():
                reading.set()
                assert go_on.wait(30)
            return found

    service.alerts.__class__ = Log

    async def part(feed: Feed) -> None:
        first = Reader(feed.subscribe(LOCAL, ALL, 10))
        await first.until(reading.is_set)
        service.alerts.write([begun(11)])
        second = Reader(feed.subscribe(LOCAL, ALL, 10))
        await second.until(lambda: second.subscription._placed)
        go_on.set()
        for reader in (first, second):
            await reader.until(lambda reader=reader: reader.messages)  # type: ignore[misc]
            assert reader.seqs == [11]

    play(service, part)
