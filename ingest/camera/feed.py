"""What the child of a camera session reads: an address, checked and pinned, or bytes that somebody else fetches."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from videoqa.cameras import CameraState, StreamUrl


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the pictures come from, as the child is told.

    Attributes:
        demuxer: what FFmpeg calls the format: ``rtsp``, ``mpjpeg``, ``mpegts``, ``mov``; empty where it is to find out.
        url: the address to open, a number in the place of the server's name; empty where ``descriptor`` has the bytes.
        descriptor: the end of a pipe, or an open file, to read from.
        paced: played at the speed of its time stamps; where not, things come when they happen.
    """

    demuxer: str
    url: str = field(default="", repr=False)
    descriptor: int | None = None
    paced: bool = False


class CannotOpen(Exception):
    """Nothing comes from there. ``problem`` says why in a sentence without a secret."""

    def __init__(self, state: CameraState, problem: str) -> None:
        super().__init__(problem)
        self.state = state
        self.problem = problem


class Feeds(Protocol):
    def opened(self, url: StreamUrl) -> AbstractContextManager[Feed]:
        """Leaving it ends what fetches the bytes, and closes the descriptor; a fault meanwhile ends the pipe.

        Raises:
            CannotOpen: there is nothing, or the policy forbids it.
        """
        ...
