"""One run of a command under its warden: what it says, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable

from videoqa.serving.command import Command

TAIL = 200
_LONGEST_LINE = 2**20
_LAST_WORDS_S = 2


class Child:
    """A running command. Its standard output and error are one stream of lines; ``tail`` holds the last of them."""

    def __init__(self, process: asyncio.subprocess.Process, tell: Callable[[str], None]) -> None:
        self._process = process
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._tell = tell
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Command, tell: Callable[[str], None], grace: float) -> Child:
        """Starts ``command``; every line it writes goes to ``tell``. It has ``grace`` seconds to end when told to."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "videoqa.serving.warden", str(grace), *command.arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | dict(command.environment) | {"PYTHONUNBUFFERED": "1"},
            limit=_LONGEST_LINE,
            # Ctrl-C is for this process to hear; it ends the child itself.
            start_new_session=True,
        )
        return cls(process, tell)

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.returncode

    async def ended(self) -> int:
        """Waits for its end, with all that it wrote read."""
        code = await self._process.wait()
        # Something that left the warden's group may hold the stream open for ever.
        await asyncio.wait([self._reading], timeout=_LAST_WORDS_S)
        return code

    async def stop(self, *, now: bool = False) -> None:
        """Ends it with all it started, and waits for that; with ``now`` without asking it first."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            if now:
                self._process.stdin.write(b"!")
            self._process.stdin.close()
        await self.ended()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:  # a line beyond the limit; what was read of it is dropped
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            self.tail.append(text)
            self._tell(text)
