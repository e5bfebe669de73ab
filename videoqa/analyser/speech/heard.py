"""From what a speech model says of one piece of sound to cues on the recording's clock."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from videoqa.media import Cue, Span
from videoqa.ports import Sound

TRACK = "speech"
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_TEXT = 2_000
_SPECIAL = re.compile(r"<\|[^<>|]{0,40}\|>")
# A model's stamps are this coarse, and what stands out from noise begins a little after the word does.
_ROUNDABOUT = timedelta(seconds=0.3)
# Whisper's own measures of a text that it made up (github.com/openai/whisper, transcribe.py).
_LOOP = 2.4
_LOOP_BYTES = 80
_NO_SPEECH = 0.6
_UNSURE = -1.0
_SAID_TOO_OFTEN = 3


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a model's reply; ``start`` and ``end`` in seconds from the start of the sound, None where not told.

    ``no_speech`` is how probable the model holds it that nobody speaks, ``certainty`` the mean logarithm of the
    probabilities of its tokens; None where not told.
    """

    text: str
    start: float | None = None
    end: float | None = None
    no_speech: float | None = None
    certainty: float | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model says of one piece of sound. ``language`` is a BCP 47 tag, or None where it is not told."""

    said: tuple[Said, ...]
    language: str | None = None


def cues_of(sound: Sound, heard: Heard) -> tuple[Cue, ...]:
    """The lines of ``heard`` where they were said, inside ``sound``.

    Left out is what was not said: lines without a word, or where all is silent, or that the model made up by its own
    measures. A line without times of its own has those of all that is loud in the sound.
    """
    return tuple(sorted(_cues(sound, heard), key=lambda cue: cue.span))


def without_echoes(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """``cues`` with only the first of lines that say the same three times or more in a row: a model's stutter."""
    kept: list[Cue] = []
    for _, same in groupby(cues, key=lambda cue: cue.text.casefold()):
        run = list(same)
        kept.extend(run[:1] if len(run) >= _SAID_TOO_OFTEN else run)
    return tuple(kept)


def _cues(sound: Sound, heard: Heard) -> Iterator[Cue]:
    for number, said in enumerate(heard.said):
        text = _plain(said.text)
        if not any(char.isalnum() for char in text) or _made_up(said, text):
            continue
        span = _span(sound, said, heard.said[number + 1 :])
        if span is not None and any(span.touches(loud, _ROUNDABOUT) for loud in sound.loud):
            yield Cue(span, text, heard.language, TRACK)


def _plain(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in _SPECIAL.sub(" ", text))
    return " ".join(printable.split())[:_LONGEST_TEXT]


def _made_up(said: Said, text: str) -> bool:
    written = text.encode()
    loops = len(written) >= _LOOP_BYTES and len(written) / len(zlib.compress(written)) > _LOOP
    nobody = said.no_speech is not None and said.no_speech > _NO_SPEECH
    return loops or (nobody and (said.certainty is None or said.certainty < _UNSURE))


def _span(sound: Sound, said: Said, following: Sequence[Said]) -> Span | None:
    """Where ``said`` was said, in whole milliseconds inside the sound."""
    start, end = said.start, said.end
    if end is not None and start is not None and end <= start:
        end = next((later.start for later in following if later.start is not None and later.start > start), None)
        end = end if end is not None else sound.span.length.total_seconds()
    if start is None or end is None or not (math.isfinite(start) and math.isfinite(end)):
        return _whole(sound.loud[0].start, sound.loud[-1].end) if sound.loud else None
    length = sound.span.length.total_seconds()
    begins, ends = (timedelta(seconds=min(max(second, 0.0), length)) for second in (start, end))
    return _whole(sound.start + begins, sound.start + ends)


def _whole(start: timedelta, end: timedelta) -> Span | None:
    """The whole milliseconds between ``start`` and ``end``: what is kept is what is written into a WebVTT file."""
    begins, ends = -(-start // _MILLISECOND), end // _MILLISECOND
    return Span(begins * _MILLISECOND, ends * _MILLISECOND) if begins < ends else None
