"""How many requests are under way at once, against an engine that is computed."""

from __future__ import annotations

import heapq
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from videoqa.analyser.model.exchange import Priority
from videoqa.analyser.model.gauges import Gauges
from videoqa.analyser.model.lanes import LEAST, Lanes, Width


class Engine:
    """``capacity`` requests run at once for ``seconds`` each; further ones wait for their turn."""

    def __init__(self, capacity: int, seconds: float = 2.0) -> None:
        self.capacity, self.seconds, self.now = capacity, seconds, 0.0

    def serve(self, width: Width, requests: int, *, tells: bool) -> list[int]:
        """The numbers of lanes after each of ``requests``; ``tells`` whether the engine tells how many wait."""
        free = [0.0] * self.capacity
        under_way: list[tuple[float, float]] = []
        lanes = []
        for _ in range(requests):
            while len(under_way) < width.lanes:
                end = max(self.now, heapq.heappop(free)) + self.seconds
                heapq.heappush(free, end)
                heapq.heappush(under_way, (end, self.now))
            full = len(under_way) >= width.lanes
            waiting = max(0, len(under_way) - self.capacity)
            gauges = Gauges(len(under_way) - waiting, waiting) if tells else Gauges()
            crowded = gauges.crowded(len(under_way))
            self.now, sent = heapq.heappop(under_way)
            width.completed(self.now - sent, 1.0, crowded, full)
            lanes.append(width.lanes)
        return lanes


@pytest.mark.parametrize("tells", [True, False], ids=["with metrics", "by its pace alone"])
@pytest.mark.parametrize("capacity", [4, 16, 64])
def test_the_engine_is_filled_and_not_flooded_whatever_its_size(capacity: int, tells: bool) -> None:
    engine = Engine(capacity)

    lanes = engine.serve(Width(clock=lambda: engine.now), 60 * capacity, tells=tells)[20 * capacity :]

    assert min(lanes) >= 0.7 * capacity
    assert max(lanes) <= (2 if tells else 4) * capacity


def test_a_server_that_sends_requests_away_is_given_fewer_once_for_all_of_them() -> None:
    width = Width(first=32, clock=lambda: 0.0)
    width.completed(1.0, 1.0, None, full=False)

    for _ in range(30):
        width.congested()

    assert width.lanes == 22


def test_there_is_always_a_lane() -> None:
    now = 0.0
    width = Width(first=2, clock=lambda: now)

    for _ in range(20):
        now += 10.0
        width.congested()

    assert width.lanes == LEAST


def test_lanes_that_stand_empty_are_not_added_to() -> None:
    width = Width(first=4)

    for _ in range(50):
        width.completed(1.0, 1.0, False, full=False)

    assert width.lanes == 4


def test_no_more_batch_requests_run_than_there_are_lanes() -> None:
    lanes, running, most, lock = Lanes(Width(first=3, most=3)), 0, 0, threading.Lock()
    met = threading.Barrier(3, timeout=5)

    def work() -> None:
        nonlocal running, most
        with lanes.lane(Priority.BATCH):
            with lock:
                running += 1
                most = max(most, running)
            met.wait()
            with lock:
                running -= 1

    with ThreadPoolExecutor(9) as pool:
        for done in [pool.submit(work) for _ in range(9)]:
            done.result()

    assert most == 3


@pytest.mark.parametrize("priority", [Priority.LIVE, Priority.INTERACTIVE])
def test_what_somebody_waits_for_passes_full_lanes(priority: Priority) -> None:
    lanes, passed = Lanes(Width(first=1, most=1)), threading.Event()

    def hurry() -> None:
        with lanes.lane(priority):
            passed.set()

    with lanes.lane(Priority.BATCH):
        thread = threading.Thread(target=hurry, daemon=True)
        thread.start()

        assert passed.wait(5)
    thread.join()
