"""What a vLLM server tells of itself at /metrics (Prometheus text format, v0.0.4)."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from dataclasses import dataclass

from videoqa.analyser.model.wire import Garbled, Overdue, Refusal, Silence, Wire

_PREFIX = "vllm:"
HOLDS = 2.0
"""Seconds for which what was read of a server is taken for how it is."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """Requests that run and that wait, over all engines; shares of 0 to 1; None is what the server does not tell."""

    running: int | None = None
    waiting: int | None = None
    prefix_hits: float | None = None
    media_hits: float | None = None
    kv_usage: float | None = None

    def crowded(self, ours: int) -> bool | None:
        """True where requests queue; None where that is not told. ``ours`` are those that we have under way.

        Where they wait for more than a quarter of the time they run for (by Little's law those times stand to each
        other as waiting to running requests do), or where most of ours have not even come through the server's front,
        which decodes pictures.
        """
        if self.running is None or self.waiting is None:
            return None
        return self.waiting > max(1, self.running / 4) or ours > 2 * self.running + 8

    @classmethod
    def read(cls, text: str) -> Gauges:
        """The gauges in ``text``; those that it does not hold are None."""
        totals: defaultdict[str, float] = defaultdict(float)
        counts: defaultdict[str, int] = defaultdict(int)
        for line in text.splitlines():
            if not line.startswith(_PREFIX):
                continue
            series, _, value = line.rpartition(" ")
            name = series.partition("{")[0].removeprefix(_PREFIX)
            number = _number(value)
            if number is not None:
                totals[name] += number
                counts[name] += 1
        engines = counts["kv_cache_usage_perc"]
        return cls(
            running=_whole(totals.get("num_requests_running")),
            waiting=_whole(totals.get("num_requests_waiting")),
            prefix_hits=_share(totals, "prefix_cache"),
            media_hits=_share(totals, "mm_cache"),
            kv_usage=totals["kv_cache_usage_perc"] / engines if engines else None,
        )


class Watch:
    """Keeps an eye on the gauges of a server while requests go to it. Safe to use from several threads at once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._reading = threading.Lock()
        self._crowded: bool | None = None
        self._due = 0.0

    def now(self) -> Gauges:
        """The gauges of this moment; all None where the server shows none."""
        try:
            return Gauges.read(self._wire.get(self._wire.root + "/metrics").decode(errors="replace"))
        except (Refusal, Silence, Overdue, Garbled):
            return Gauges()

    def crowded(self, ours: int) -> bool | None:
        """Whether requests queue, as of at most some two seconds ago; see ``Gauges.crowded``.

        While one thread reads the gauges, others take what was found before.
        """
        if time.monotonic() >= self._due and self._reading.acquire(blocking=False):
            try:
                self._crowded = self.now().crowded(ours)
                self._due = time.monotonic() + HOLDS
            finally:
                self._reading.release()
        return self._crowded


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(number: float | None) -> int | None:
    return None if number is None or not math.isfinite(number) else int(number)  # sums of large ones are not


def _share(totals: dict[str, float], name: str) -> float | None:
    asked = totals.get(f"{name}_queries_total", 0.0)
    return totals.get(f"{name}_hits_total", 0.0) / asked if asked else None
