"""What a key, or an address where no key is asked for, may use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import anyio
import httpx2
import pytest

from api.app import create_app
from api.limits import Allowance, _footage_left, payer
from api.meter import Meter
from api.service import Limits, Service
from tests.service import a_service, client_of
from videoqa.access import Caller, Role, Scope
from videoqa.errors import QuotaSpent, TooManyUploads
from videoqa.media import Recording, RecordingState


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return a_service(tmp_path)


def test_a_key_may_send_so_many_requests_and_another_as_many(service: Service) -> None:
    limited = replace(service, limits=Limits(requests="3/minute"))
    secrets = [service.keys.create(name, Role.VIEWER, Scope())[1] for name in ("one", "two")]

    async def asked() -> list[httpx2.Response]:
        app, told = create_app(limited), []
        for secret in (secrets[0], secrets[1], ""):
            async with client_of(limited, secret, app) as client:
                told += [await client.get("/v1/recordings") for _ in range(4)]
        return told

    told = anyio.run(asked)
    assert [answer.status_code for answer in told] == [200, 200, 200, 429] * 2 + [401, 401, 401, 429]
    assert told[3].json()["code"] == "too-many-requests"
    assert 1 <= int(told[3].headers["retry-after"]) <= 60


def test_where_no_key_is_asked_for_an_address_is_counted() -> None:
    assert payer(Caller("", "local", Role.ADMIN), "127.0.0.1") == "address 127.0.0.1"
    assert payer(Caller("k", "one", Role.ADMIN), "127.0.0.1") == "key k"


def test_so_many_uploads_are_under_way_at_once() -> None:
    meter = Meter(Limits(uploads_at_once=2))
    meter.begin_upload("a")
    meter.begin_upload("a")
    meter.begin_upload("b")
    with pytest.raises(TooManyUploads):
        meter.begin_upload("a")
    meter.end_upload("a")
    meter.begin_upload("a")


def test_bytes_of_a_day_are_used_up_by_uploads_that_race() -> None:
    async def raced() -> tuple[int, int]:
        meter, taken, refused = Meter(Limits(day_bytes=1000)), 0, 0

        async def upload() -> None:
            nonlocal taken, refused
            allowance = Allowance(meter, "a")
            await allowance.expect(600)
            for _ in range(6):
                try:
                    await allowance.charge(100)
                except QuotaSpent as error:
                    assert error.fields["retry_after"]  # noqa: PT017
                    refused += 1
                else:
                    taken += 100
                await anyio.sleep(0)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(upload)
        return taken, refused

    assert anyio.run(raced) == (1000, 20)


def test_what_is_said_to_come_is_refused_before_it_does() -> None:
    async def asked() -> None:
        allowance = Allowance(Meter(Limits(day_bytes=1000)), "a")
        with pytest.raises(QuotaSpent, match="1000 bytes a day"):
            await allowance.expect(1001)
        await allowance.expect(1000)
        await allowance.charge(1000)
        with pytest.raises(QuotaSpent):
            await allowance.expect(1)

    anyio.run(asked)


def test_without_a_quota_nothing_is_refused() -> None:
    async def asked() -> None:
        allowance = Allowance(Meter(Limits()), "a")
        await allowance.expect(10**15)
        await allowance.charge(10**15)

    anyio.run(asked)


def test_footage_of_a_day_is_that_of_the_recordings_that_were_added_within_it(service: Service) -> None:
    now = datetime.now(UTC)

    def bring(name: str, ago: timedelta, length: timedelta, owner: str = "k") -> None:
        recording = Recording(name, name, f"/{name}", name, length, RecordingState.INDEXED)
        service.archive.add(replace(recording, owner=owner, added_at=now - ago))

    limited = replace(service, limits=Limits(footage_seconds=100))
    caller = SimpleNamespace(key_id="k")
    bring("yesterday", timedelta(hours=25), timedelta(seconds=90))
    bring("another's", timedelta(hours=1), timedelta(seconds=90), owner="other")
    bring("early", timedelta(hours=20), timedelta(seconds=60))
    anyio.run(_footage_left, limited, caller)
    bring("late", timedelta(hours=1), timedelta(seconds=60))
    with pytest.raises(QuotaSpent, match="100 s a day") as caught:
        anyio.run(_footage_left, limited, caller)
    # The first of them is a day old in four hours.
    assert 4 * 3600 - 60 < int(str(caught.value.fields["retry_after"])) <= 4 * 3600
    anyio.run(_footage_left, service, caller)
