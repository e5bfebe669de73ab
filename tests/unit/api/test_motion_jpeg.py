"""What a camera shows, to whom, and what of it goes on while the database cannot be read."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from api import motion_jpeg
from api.auth import LOCAL
from api.motion_jpeg import Pictures
from api.service import Service
from tests.alerts import a_camera
from tests.service import a_service
from videoqa.access import Caller, Role, Scope
from videoqa.cameras import Camera
from videoqa.errors import DatabaseBusy
from videoqa.media import Picture

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
GREY = Picture(4, 4, bytes([128]) * 48)
GATE = a_camera("gate", "a")


@pytest.fixture
def service(tmp_path: Path) -> Service:
    service = a_service(tmp_path)
    service.setting_up.cameras.add(GATE)
    return service


@pytest.fixture
async def pictures(service: Service) -> AsyncIterator[Pictures]:
    pictures = Pictures(service)
    yield pictures
    await pictures.close()


def keep(service: Service, number: int) -> None:
    service.snapshots.keep("gate", GREY, NOON + timedelta(minutes=number))  # type: ignore[attr-defined]


async def test_pictures_come_while_the_cameras_cannot_be_read_and_that_is_said_once(
    service: Service, pictures: Pictures, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(motion_jpeg, "_CHECK_SECONDS", 0.01)
    asked = 0

    class Unread(type(service.setting_up.cameras)):  # type: ignore[misc]
        def cameras(self) -> tuple[Camera, ...]:
            nonlocal asked
            asked += 1
            raise DatabaseBusy(path="away", seconds=1)

    keep(service, 0)
    with caplog.at_level(logging.WARNING), anyio.fail_after(60):
        async with aclosing(pictures.of(GATE, LOCAL)) as shown:
            await anext(shown)
            readable = type(service.setting_up.cameras)
            service.setting_up.cameras.__class__ = Unread
            for number in range(1, 4):
                before = asked
                while asked < before + 3:
                    await anyio.sleep(0.01)
                keep(service, number)
                picture = await anext(shown)
                assert picture.taken_at == NOON + timedelta(minutes=number)
            assert [record.levelname for record in caplog.records] == ["WARNING"]
            service.setting_up.cameras.__class__ = readable
            service.setting_up.cameras.remove("gate")
            assert [picture async for picture in shown] == []


async def test_who_comes_is_shown_the_camera_as_it_is_now_whoever_else_is_shown_it(
    service: Service, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motion_jpeg, "_CHECK_SECONDS", 3600.0)
    ours, theirs = (Caller(tag, tag, Role.VIEWER, Scope(tags=frozenset({tag}))) for tag in ("a", "b"))
    keep(service, 0)
    with anyio.fail_after(60):
        async with aclosing(pictures.of(GATE, ours)) as before:
            await anext(before)
            moved = replace(GATE, tags=("b",))
            async with aclosing(pictures.of(moved, theirs)) as after:
                assert (await anext(after)).taken_at == NOON
                assert [picture async for picture in before] == []
