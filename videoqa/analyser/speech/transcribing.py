"""The way from a recording to its transcript, whoever hears."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

from videoqa.analyser.speech.heard import Heard, cues_of, without_echoes
from videoqa.analyser.speech.transcripts import Transcripts
from videoqa.line import current
from videoqa.media import Cue
from videoqa.ports import FileIdentity, Sound, SoundReader

_GLANCE = 0.2
VERSION = 1
"""Raised whenever the same reply gives other cues."""


class Hearer(Protocol):
    """A speech model: ``name`` says everything about it that changes what it hears, ``at_once`` how many pieces of
    sound keep it busy."""

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int: ...

    def hear(self, sound: Sound) -> Heard:
        """
        Raises:
            ModelError: it cannot be heard now.
        """
        ...

    def describe(self) -> str:
        """The model and where it is, for `doctor`.

        Raises:
            ModelError: it cannot hear anything as it is.
        """
        ...


class SpeechTranscriber:
    """Implements the port ``Transcriber``: hands the pieces of a sound to ``hearer`` and keeps what it hears in order.

    Every piece is kept in ``folder`` as soon as it and all before it are heard, so that a process that is killed loses
    no more than those under way.
    """

    def __init__(self, sounds: SoundReader, folder: Path, hearer: Hearer) -> None:
        self._sounds = sounds
        self._hearer = hearer
        self._fingerprint = f"speech-{VERSION} {sounds.sound_fingerprint} {hearer.name}"
        self._transcripts = Transcripts(folder, self._fingerprint)
        self._guard = threading.Lock()
        self._turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def describe(self) -> str:
        return self._hearer.describe()

    def transcribe(
        self, path: str, identity: FileIdentity, tell: Callable[[timedelta], None] | None = None
    ) -> tuple[Cue, ...]:
        with self._turn(identity.digest):
            return self._transcribed(path, identity.digest, tell)

    def _transcribed(self, path: str, digest: str, tell: Callable[[timedelta], None] | None) -> tuple[Cue, ...]:
        if (finished := self._transcripts.finished(digest)) is not None:
            return finished
        since, begun = self._transcripts.begun(digest)
        self._transcripts.begin(digest, since, begun)
        cues = list(begun)
        waiting: deque[tuple[Sound, Future[Heard]]] = deque()

        def take() -> None:
            sound, heard = waiting.popleft()
            found = cues_of(sound, heard.result())
            self._transcripts.add(digest, sound.span.end, found)
            cues.extend(found)
            if tell is not None:
                tell(sound.span.end)

        pool = ThreadPoolExecutor(self._hearer.at_once, thread_name_prefix="speech")
        try:
            with self._sounds.sounds(path, since) as sounds:
                for sound in sounds:
                    waiting.append((sound, pool.submit(copy_context().run, self._hearer.hear, sound)))
                    if len(waiting) >= self._hearer.at_once:
                        take()
                while waiting:
                    take()
        finally:
            pool.shutdown(cancel_futures=True)
        whole = without_echoes(cues)
        self._transcripts.finish(digest, whole)
        return whole

    @contextmanager
    def _turn(self, digest: str) -> Iterator[None]:
        """One at a time: the same sound, in two recordings of different tenants, is one transcript."""
        with self._guard:
            turn = self._turns.setdefault(digest, threading.Lock())
        while not turn.acquire(timeout=_GLANCE):
            current().check()
        try:
            yield
        finally:
            turn.release()
