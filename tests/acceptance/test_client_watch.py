"""The client's watch against the real service: nothing lost and nothing double over a line that breaks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.service import Service
from tests.flaky_line import FlakyLine
from tests.live import alert_log, an_alert, new
from videoqa.client import AlertNews, AsyncClient, Client, KeyNeeded, News, NotFound, Truncated, Unreachable

ALERTS = 60
Watch = Callable[..., list[News]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The running service with two cameras that nobody answers for."""
    data = tmp_path_factory.mktemp("watch") / "data"
    with Service(data) as running:
        with running.client() as client:
            for name in ("gate-1", "yard"):
                url = "rtsp://127.0.0.1:9/stream"
                client.post("/v1/cameras", json={"name": name, "url": url}).raise_for_status()
        yield running


@pytest.fixture(params=["blocking", "awaiting"])
def watch(request: pytest.FixtureRequest) -> Watch:
    """Both clients: the news up to and with the alert of the number ``until``."""

    def over(news: News, until: int) -> bool:
        return isinstance(news, AlertNews) and news.alert.id == an_alert(until).id

    def blocking(url: str, until: int, retries: int = 20, **wanted: Any) -> list[News]:
        heard = []
        with Client(url, pause=0.05, retries=retries, patience=30) as client, closing(client.watch(**wanted)) as found:
            for news in found:
                heard.append(news)
                if over(news, until):
                    break
        return heard

    async def awaited(url: str, until: int, retries: int, **wanted: Any) -> list[News]:
        heard = []
        async with (
            AsyncClient(url, pause=0.05, retries=retries, patience=30) as client,
            aclosing(client.watch(**wanted)) as found,
        ):
            async for news in found:
                heard.append(news)
                if over(news, until):
                    break
        return heard

    def awaiting(url: str, until: int, retries: int = 20, **wanted: Any) -> list[News]:
        return asyncio.run(awaited(url, until, retries, **wanted))

    return blocking if request.param == "blocking" else awaiting


def numbers(heard: list[News], camera: str = "gate-1") -> list[int]:
    """The numbers of the new alerts of a camera, in the order in which they were heard."""
    news = (each for each in heard if isinstance(each, AlertNews) and each.type == "alert.new")
    return [int(each.alert.id, 16) for each in news if each.alert.camera == camera]


def test_alerts_come_once_each_over_a_line_that_breaks(service: Service, watch: Watch, tmp_path: Path) -> None:
    with alert_log(service.data) as log, FlakyLine(service.port, seed=5, breaks=8, most=9000) as line:
        begun = log.last_seq()
        first = 1000 * (begun + 1)
        wanted = list(range(first, first + ALERTS))

        def write() -> None:
            for number in wanted:
                log.write([new(an_alert(number)), new(an_alert(number + 500_000_000, "yard"))])

        writing = threading.Thread(target=write)
        writing.start()
        try:
            heard = watch(line.url, wanted[-1], after_seq=begun, cameras=["gate-1"])
        finally:
            writing.join()
        assert line.broken >= 3
    assert numbers(heard) == wanted
    assert numbers(heard, "yard") == []


def test_a_number_of_another_log_is_told_to_be_one(service: Service) -> None:
    with Client(service.url) as client, closing(client.watch(after_seq=10**9)) as found:
        told = next(iter(found))
    with alert_log(service.data) as log:
        assert told == Truncated(type="replay.truncated", oldest_seq=log.last_seq() + 1, reason="ahead")


def test_what_nobody_has_is_told(service: Service, watch: Watch) -> None:
    with pytest.raises(NotFound, match="nobody"):
        watch(service.url, 0, cameras=["nobody"])


def test_where_nobody_listens_it_says_so(watch: Watch) -> None:
    with pytest.raises(Unreachable, match="videoqa serve"):
        watch("http://127.0.0.1:9", 0, retries=2, after_seq=0)


def test_a_key_that_is_not_in_force_is_refused(service: Service, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOQA_KEY", "wrong")
    with pytest.raises(KeyNeeded):
        watch(service.url, 0)
