"""A port of this machine at which a server of the tests takes connections."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self


class Listening(ABC):
    """Takes connections at ``port``, a free one for 0, between ``start`` and ``stop``; begun again, at the same one."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.port = port
        self._host = host
        self._listening: tuple[socket.socket, threading.Thread] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Lets connections in; nothing where they are."""
        if self._listening is None:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            door = socket.create_server((self._host, self.port), family=family, backlog=256)
            self.port = door.getsockname()[1]
            thread = threading.Thread(target=self._accept, args=(door,), daemon=True)
            self._listening = door, thread
            thread.start()

    def stop(self) -> None:
        """Nobody answers at the port from now on."""
        if self._listening is not None:
            door, thread = self._listening
            self._listening = None
            # Closing alone does not wake whoever waits in accept.
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            door.close()
            thread.join(10)

    @abstractmethod
    def welcome(self, line: socket.socket) -> None:
        """Takes a connection over, on the thread that takes all of them."""

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            self.welcome(line)
