"""Webhooks as a server gets them: signed, in order, tried again until they are taken."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.alert_feed import delivering
from api.alert_feed.delivering import Delivering
from api.alert_feed.feed import Feed
from api.service import Service
from ingest.posting import WebPoster, webhook_policy
from tests.alerts import NOON, a_camera, begun
from tests.service import a_service, client_of
from videoqa.access import Role, Scope
from videoqa.alerts import Severity
from videoqa.cameras import StreamUrl
from videoqa.errors import BadWebhook, FetchFailed
from videoqa.ports import Webhook


@dataclass
class Receiver:
    """A server that answers with ``answers``, one after the other, and then with 200."""

    answers: list[int] = field(default_factory=list)
    came: list[tuple[Message, bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=hidden"

    @property
    def seqs(self) -> list[int]:
        return [json.loads(body)["seq"] for _, body in self.came]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    known = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.came.append((self.headers, body))
            self.send_response(known.answers.pop(0) if known.answers else 200)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield known
        server.shutdown()


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(delivering, "_TURN_SECONDS", 0.05)
    monkeypatch.setattr(delivering, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(delivering, "_LOOK_SECONDS", 0.02)
    return a_service(tmp_path)


@asynccontextmanager
async def delivered(service: Service) -> AsyncIterator[Callable[[Callable[[], object]], Any]]:
    feed = Feed(service)
    running = asyncio.create_task(Delivering(service, feed).run())

    async def until(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.01)

    try:
        yield until
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await feed.close()


async def added(service: Service, url: str, key: str = "", **wanted: Any) -> dict[str, Any]:
    async with client_of(service, key) as client:
        answer = await client.post("/v1/webhooks", json={"url": url, **wanted})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


def test_every_message_comes_once_in_order_and_signed(service: Service, receiver: Receiver) -> None:
    async def play() -> None:
        made = await added(service, receiver.url)
        async with delivered(service) as until:
            service.alerts.write([begun(number) for number in range(30)])
            await until(lambda: len(receiver.came) == 30)
            await until(lambda: service.webhooks.webhooks()[0].delivered == 30)
        assert receiver.seqs == list(range(1, 31))
        for headers, body in receiver.came:
            told = f"{headers['X-Videoqa-Timestamp']}.".encode() + body
            digest = hmac.new(made["secret"].encode(), told, "sha256").hexdigest()
            assert headers["X-Videoqa-Signature"] == f"v1={digest}"
            assert headers["Idempotency-Key"] == str(json.loads(body)["seq"])
            assert headers["Content-Type"] == "application/json"

    asyncio.run(play())


def test_what_is_not_taken_is_told_again_with_the_same_number(service: Service, receiver: Receiver) -> None:
    receiver.answers = [500, 302, 404, 200, 503]

    async def play() -> None:
        await added(service, receiver.url)
        async with delivered(service) as until:
            service.alerts.write([begun(1), begun(2)])
            await until(lambda: service.webhooks.webhooks()[0].delivered == 2)
        assert receiver.seqs == [1, 1, 1, 1, 2, 2]
        webhook = service.webhooks.webhooks()[0]
        assert (webhook.failures, webhook.problem) == (0, "")

    asyncio.run(play())


def test_a_failure_is_told_without_what_is_secret(service: Service, receiver: Receiver) -> None:
    receiver.answers = [500] * 1000

    async def play() -> None:
        await added(service, receiver.url)
        async with delivered(service) as until, client_of(service) as client:
            service.alerts.write([begun(1)])
            await until(lambda: service.webhooks.webhooks()[0].failures > 2)
            told = (await client.get("/v1/webhooks")).json()["items"][0]
        assert told["url"] == f"http://127.0.0.1:{receiver.port}"
        assert told["problem"] == "it answered with the status 500"
        assert "secret" not in told
        assert told["after_seq"] == 0

    asyncio.run(play())


def test_a_restart_goes_on_where_the_last_one_was(service: Service, receiver: Receiver) -> None:
    async def play() -> None:
        await added(service, receiver.url)
        service.alerts.write([begun(1), begun(2)])
        async with delivered(service) as until:
            await until(lambda: service.webhooks.webhooks()[0].delivered == 2)
        service.alerts.write([begun(3)])
        receiver.answers = [500] * 3
        async with delivered(service) as until:
            await until(lambda: len(receiver.came) == 4)
        async with delivered(service) as until:
            await until(lambda: service.webhooks.webhooks()[0].delivered == 3)
        assert list(dict.fromkeys(receiver.seqs)) == [1, 2, 3]
        assert receiver.seqs[:2] == [1, 2]

    asyncio.run(play())


def test_of_two_processes_one_delivers(service: Service, receiver: Receiver) -> None:
    async def play() -> None:
        await added(service, receiver.url)
        async with delivered(service) as until, delivered(service):
            service.alerts.write([begun(number) for number in range(20)])
            await until(lambda: service.webhooks.webhooks()[0].delivered == 20)
        assert receiver.seqs == list(range(1, 21))

    asyncio.run(play())


def test_only_what_is_wanted_and_within_reach_is_told(service: Service, receiver: Receiver) -> None:
    service.setting_up.cameras.add(a_camera("ours", "a"))
    service.setting_up.cameras.add(a_camera("theirs", "b"))
    key = service.keys.create("one", Role.OPERATOR, Scope(tags=frozenset({"a"})))[1]

    async def play() -> None:
        await added(service, receiver.url, key, severity=["high"])
        async with delivered(service) as until:
            service.alerts.write(
                [
                    begun(1, camera="theirs"),
                    begun(2, camera="ours", severity=Severity.LOW),
                    begun(3, camera="ours"),
                    begun(4, camera="theirs"),
                ]
            )
            await until(lambda: service.webhooks.webhooks()[0].delivered == 4)
            assert receiver.seqs == [3]
            service.keys.revoke("one")
            service.alerts.write([begun(5, camera="ours")])
            await until(lambda: not service.webhooks.webhooks()[0].enabled)
        assert receiver.seqs == [3]
        assert service.webhooks.webhooks()[0].problem == "the key that added it was revoked"

    asyncio.run(play())


def test_a_key_that_is_revoked_amid_a_page_has_nothing_more_told(service: Service, receiver: Receiver) -> None:
    key = service.keys.create("one", Role.OPERATOR, Scope())[1]
    receiver.answers = [200, 200, 500]
    poster = service.poster

    class Revoking:
        def check(self, url: StreamUrl) -> None:
            poster.check(url)

        def post(self, url: StreamUrl, headers: Mapping[str, str], body: bytes) -> int:
            status = poster.post(url, headers, body)
            if status == 500:
                service.keys.revoke("one")
            return status

    watched = replace(service, poster=Revoking())

    async def play() -> None:
        await added(watched, receiver.url, key)
        async with delivered(watched) as until:
            service.alerts.write([begun(number) for number in range(30)])
            await until(lambda: not service.webhooks.webhooks()[0].enabled)
        assert receiver.seqs == [1, 2, 3]
        webhook = service.webhooks.webhooks()[0]
        assert (webhook.delivered, webhook.problem) == (2, "the key that added it was revoked")

    asyncio.run(play())


def test_a_webhook_that_is_switched_off_later_keeps_how_far_it_was_told(service: Service, receiver: Receiver) -> None:
    key = service.keys.create("one", Role.OPERATOR, Scope())[1]

    async def play() -> None:
        await added(service, receiver.url, key)
        async with delivered(service) as until:
            service.alerts.write([begun(1), begun(2)])
            await until(lambda: service.webhooks.webhooks()[0].delivered == 2)
            service.keys.revoke("one")
            service.alerts.write([begun(3)])
            await until(lambda: not service.webhooks.webhooks()[0].enabled)
        assert service.webhooks.webhooks()[0].delivered == 2

    asyncio.run(play())


def test_a_lock_that_cannot_be_had_for_a_while_ends_nothing(service: Service, receiver: Receiver) -> None:
    in_its_place = service.folder / delivering.LOCK
    in_its_place.mkdir()

    async def play() -> None:
        await added(service, receiver.url)
        async with delivered(service) as until:
            service.alerts.write([begun(1)])
            await asyncio.sleep(0.05)
            in_its_place.rmdir()
            await until(lambda: receiver.seqs == [1])

    asyncio.run(play())


def test_servers_that_do_not_answer_hold_up_no_other_webhook(service: Service, receiver: Receiver) -> None:
    patient = replace(service, poster=WebPoster(webhook_policy(private=True), patience=120))
    slow = 20

    async def play() -> None:
        connected: list[socket.socket] = []

        def take(server: socket.socket) -> None:
            with suppress(OSError):
                while True:
                    connected.append(server.accept()[0])

        with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
            threading.Thread(target=take, args=(server,), daemon=True).start()
            place = f"http://127.0.0.1:{server.getsockname()[1]}/"
            for number, url in enumerate([*[place] * slow, receiver.url]):
                service.webhooks.add(Webhook(f"{number:016x}", StreamUrl(url), "hidden", NOON))
            async with delivered(patient) as until:
                service.alerts.write([begun(0)])
                # Each of them is waited for, and none twice.
                await until(lambda: len(connected) == slow)
                service.alerts.write([begun(number) for number in range(1, 10)])
                await until(lambda: len(receiver.came) == 10)
                assert len(connected) == slow
            assert receiver.seqs == list(range(1, 11))
            server.shutdown(socket.SHUT_RDWR)
        for line in connected:
            line.close()

    asyncio.run(play())


def test_who_answers_that_it_is_gone_is_told_nothing_more(service: Service, receiver: Receiver) -> None:
    receiver.answers = [410]

    async def play() -> None:
        await added(service, receiver.url)
        async with delivered(service) as until:
            service.alerts.write([begun(1), begun(2)])
            await until(lambda: not service.webhooks.webhooks()[0].enabled)
            assert receiver.seqs[0] == 1

    asyncio.run(play())


def test_what_is_kept_is_told_too_where_somebody_asks_for_it(service: Service, receiver: Receiver) -> None:
    service.alerts.write([begun(1), begun(2), begun(3)])

    async def play() -> None:
        await added(service, receiver.url, after_seq=1)
        async with delivered(service) as until:
            await until(lambda: receiver.seqs == [2, 3])

    asyncio.run(play())


def test_one_that_is_switched_off_or_removed_is_told_nothing(service: Service, receiver: Receiver) -> None:
    async def play() -> None:
        made = (await added(service, receiver.url))["webhook"]
        path = f"/v1/webhooks/{made['id']}"
        async with client_of(service) as client, delivered(service) as until:
            assert (await client.patch(path, json={"enabled": False})).json()["enabled"] is False
            await asyncio.sleep(0.1)
            service.alerts.write([begun(1)])
            await asyncio.sleep(0.1)
            assert not receiver.came
            await client.patch(path, json={"enabled": True})
            await until(lambda: receiver.seqs == [1])
            assert (await client.delete(path)).status_code == 204
            assert (await client.get(path)).json()["code"] == "unknown-webhook"

    asyncio.run(play())


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "http://", "nothing", "http://user:pass@a.example/", "file:///etc/passwd", "http://a:0/"],
)
def test_nothing_is_posted_to_what_is_no_address(url: str) -> None:
    with pytest.raises(BadWebhook) as refused:
        WebPoster(webhook_policy(private=True)).check(StreamUrl(url))
    assert "pass@" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254"])
def test_this_machine_and_its_network_are_not_posted_to_unless_that_is_wanted(host: str) -> None:
    with pytest.raises(FetchFailed) as refused:
        WebPoster(webhook_policy(private=False)).post(StreamUrl(f"http://{host}:9/hidden?token=hidden"), {}, b"{}")
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://169.254.169.254/latest/meta-data", True),
        ("http://[::ffff:169.254.169.254]/", True),
        ("http://127.0.0.1:9/", False),
        ("http://[::1]:9/", False),
    ],
)
def test_an_address_that_is_never_posted_to_is_refused_at_once(url: str, private: bool) -> None:
    with pytest.raises(BadWebhook):
        WebPoster(webhook_policy(private=private)).check(StreamUrl(url))


def test_an_address_that_is_posted_to_is_taken() -> None:
    for url in ("http://127.0.0.1:9/", "http://10.0.0.1/", "http://a.example/", "http://8.8.8.8/"):
        WebPoster(webhook_policy(private=True)).check(StreamUrl(url))


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = StreamUrl(f"http://127.0.0.1:{server.getsockname()[1]}/")
        poster = WebPoster(webhook_policy(private=True), patience=0.2)
        with pytest.raises(FetchFailed):
            poster.post(url, {}, b"{}")
