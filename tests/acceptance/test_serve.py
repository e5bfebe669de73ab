"""`videoqa serve` as a user runs it: its start, its end, and what it leaves behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.acceptance.service import Service, lives, until


def test_it_stops_when_it_is_told_to(service: Service) -> None:
    until(lambda: service.worker)
    worker = service.worker
    assert worker is not None
    assert service.stop(within=10) == 0
    assert not lives(worker)


def test_its_worker_ends_with_it_when_it_is_killed(service: Service) -> None:
    until(lambda: service.worker)
    worker = service.worker
    assert worker is not None
    os.kill(service.pid, signal.SIGKILL)
    until(lambda: not lives(worker), 3)


def test_a_worker_that_was_killed_is_followed_by_another(service: Service) -> None:
    until(lambda: service.worker)
    first = service.worker
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: service.worker not in (None, first), 10)
    assert service.is_ready()


def test_an_address_that_is_taken_is_told(service: Service, tmp_path: Path) -> None:
    second = Service(tmp_path / "other")
    second.port = service.port
    second.start(ready=False)
    assert second.wait(30) == 2
    assert "--port" in second.said


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_is_not_served_to_others_without_a_key(tmp_path: Path, host: str) -> None:
    service = Service(tmp_path / "data", "--host", host)
    service.start(ready=False)
    assert service.wait(30) == 2
    assert "videoqa keys create" in service.said
