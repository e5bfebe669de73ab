"""The way from a recording to its transcript, whichever model hears."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from videoqa.analyser.speech.heard import Heard, cues_of, without_echoes
from videoqa.analyser.speech.transcripts import Transcripts
from videoqa.media import Cue
from videoqa.ports import FileIdentity, Sound, SoundReader

VERSION = 1
"""Raised whenever the same reply gives other cues."""


class Transcribing:
    """Hands the pieces of a sound to ``hear``, ``at_once`` of them together, and keeps what it says in their order.

    Every piece is kept as soon as it and all before it are heard, so that a process that is killed loses no more than
    those under way.
    """

    def __init__(
        self, sounds: SoundReader, folder: Path, transcriber: str, hear: Callable[[Sound], Heard], at_once: int
    ) -> None:
        self.fingerprint = f"speech-{VERSION} {sounds.sound_fingerprint} {transcriber}"
        self._sounds = sounds
        self._transcripts = Transcripts(folder, self.fingerprint)
        self._hear = hear
        self._at_once = at_once

    def transcribe(
        self, path: str, identity: FileIdentity, tell: Callable[[timedelta], None] | None = None
    ) -> tuple[Cue, ...]:
        digest = identity.digest
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

        pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="speech")
        try:
            with self._sounds.sounds(path, since) as sounds:
                for sound in sounds:
                    waiting.append((sound, pool.submit(self._hear, sound)))
                    if len(waiting) >= self._at_once:
                        take()
                while waiting:
                    take()
        finally:
            pool.shutdown(cancel_futures=True)
        whole = without_echoes(cues)
        self._transcripts.finish(digest, whole)
        return whole
