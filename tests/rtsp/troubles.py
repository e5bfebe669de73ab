"""What goes wrong with a camera, switched on and off by a test while it plays."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field


@dataclass
class Troubles:
    """``stalled`` sends no pictures while it is set, and goes on with the next keyframe; ``silent`` answers nothing.

    ``refusal`` is the status that DESCRIBE is answered with. The shares ``lost`` and ``garbled`` of the packets do not
    arrive, or arrive with other bytes in them. The first sender report comes ``first_report_after`` seconds of film.
    """

    stalled: threading.Event = field(default_factory=threading.Event)
    silent: threading.Event = field(default_factory=threading.Event)
    refusal: str = ""
    lost: float = 0.0
    garbled: float = 0.0
    first_report_after: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(5))

    def asked(self, ended: threading.Event) -> None:
        """Takes its time with a request: as long as it is to be silent."""
        while self.silent.is_set() and not ended.wait(0.02):
            pass

    def on_the_way(self, payload: bytes) -> bytes | None:
        """``payload`` as it arrives, None where it does not."""
        if self.lost and self.chance.random() < self.lost:
            return None
        if self.garbled and self.chance.random() < self.garbled:
            head = min(3, len(payload))  # what puts pictures together again stays whole, so that a decoder sees it
            return payload[:head] + self.chance.randbytes(len(payload) - head)
        return payload
