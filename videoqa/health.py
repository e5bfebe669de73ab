"""What works on this machine and what is missing, and how a running service fares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How a part is; ``off`` is one that nobody has asked for."""

    UP = "up"
    OFF = "off"
    DEGRADED = "degraded"
    DOWN = "down"

    @classmethod
    def worst(cls, states: tuple[State, ...]) -> State:
        """That of the whole. What is off is missing to nobody."""
        ranks = (cls.OFF, cls.UP, cls.DEGRADED, cls.DOWN)
        return max((cls.UP, *states), key=ranks.index)


@dataclass(frozen=True, slots=True)
class Check:
    """One part, whether it works, and what to do where it does not. ``broken`` where nothing goes without it, ``off``
    where it was not asked for.
    """

    name: str
    works: bool
    detail: str
    remedy: str = ""
    broken: bool = False
    off: bool = False

    @property
    def state(self) -> State:
        if self.works:
            return State.UP
        if self.off:
            return State.OFF
        return State.DOWN if self.broken else State.DEGRADED


@dataclass(frozen=True, slots=True)
class ModelTally:
    """What a process has asked of models since it began: requests by how they ended, seconds, tokens."""

    answered: int = 0
    failed: int = 0
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """How much there is: recordings and jobs by their state, seconds of footage, bytes of disk.

    ``oldest_waiting`` is for how many seconds the oldest job has waited for its turn; ``models`` are the tallies by the
    process that asked. ``cameras`` are those that are switched on, ``dropped_frames`` what they sent and nobody took in
    time; ``live_up`` where somebody watches them.
    """

    recordings: Mapping[str, int] = field(default_factory=dict)
    footage: float = 0.0
    jobs: Mapping[str, int] = field(default_factory=dict)
    oldest_waiting: float = 0.0
    disk_free: int = 0
    disk_size: int = 0
    worker_up: bool = False
    worker_restarts: int = 0
    cameras: Mapping[str, int] = field(default_factory=dict)
    dropped_frames: int = 0
    live_up: bool = False
    live_restarts: int = 0
    models: Mapping[str, ModelTally] = field(default_factory=dict)
