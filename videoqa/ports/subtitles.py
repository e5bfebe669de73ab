"""Subtitle files that were brought for recordings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SubtitleFile:
    """A subtitle file brought for a recording: ``size`` in bytes, ``language`` None where its name has none."""

    name: str
    language: str | None
    size: int


class Subtitles(Protocol):
    """The subtitle files that were brought for recordings, one a language each. What was put survives a kill."""

    def check(self, name: str, content: bytes) -> None:
        """
        Raises:
            BadSubtitles: nothing can be read in it, or it is not called like one.
            SubtitlesTooLarge: it is larger than any.
        """
        ...

    def put(self, recording_id: str, name: str, content: bytes) -> bool:
        """Keeps it in the place of the one in its language; False where that was the very same.

        Raises:
            BadSubtitles: nothing can be read in it, or it is not called like one.
            SubtitlesTooLarge: it is larger than any.
            DiskFull: the disk would have less left than is to be kept free.
        """
        ...

    def files(self, recording_id: str) -> tuple[SubtitleFile, ...]:
        """By their names."""
        ...

    def content(self, recording_id: str, name: str) -> bytes:
        """
        Raises:
            UnknownSubtitles: there is none of that name.
        """
        ...

    def drop(self, recording_id: str, name: str) -> None:
        """
        Raises:
            UnknownSubtitles: there is none of that name.
        """
        ...

    def word(self, recording_id: str) -> str:
        """A word that is another one whenever the files are; empty where there are none."""
        ...

    def forget(self, recording_id: str) -> None:
        """Removes all of the recording's; nothing where there are none."""
        ...

    def clear(self, wanted: Callable[[], Collection[str]]) -> int:
        """Removes those of recordings that are not ``wanted``, by their ids; of how many there were some.

        ``wanted`` is asked after it was seen of which there are some: nothing is brought for what is not there yet.
        """
        ...
