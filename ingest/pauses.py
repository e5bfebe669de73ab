"""Cuts sound where nobody speaks, and leaves out what is silent or even. Pure, and the same for the same sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from videoqa.media import Span
from videoqa.ports import Sound

VERSION = 1
"""Raised whenever the same sound is cut otherwise."""
WINDOW = Sound.RATE // 50
"""Samples of the stretch whose level is measured: 20 ms, a few periods of the lowest voice."""
LONGEST = 30 * 50
"""Windows of the longest piece: what Whisper hears at once."""
_HELD = LONGEST + 5 * 50
_LONG_ENOUGH = 10 * 50
_SHORTEST = 5
_PADDING = 12
# Closer ones are parts of a phrase: the closure of a plosive is up to 150 ms long.
_WITHIN_PHRASE = 15
_PAUSE = 25
_LONG_PAUSE = 75
_QUIETEST = -55.0
_ABOVE_NOISE = 6.0
# Speech leaves more than a tenth of its time to its pauses, so that this share of all levels is noise.
_NOISE_SHARE = 10.0


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Windows from ``start`` to ``end`` in which something stands out."""

    start: int
    end: int


class Cutter:
    """Cuts one sound, fed in order of time."""

    def __init__(self) -> None:
        self._held: NDArray[np.int16] = np.empty(0, np.int16)
        self._waiting: list[NDArray[np.int16]] = []
        self._count = 0
        self._start = 0
        self._passed = 0

    def feed(self, time: int, samples: NDArray[np.int16], *, begins: bool) -> Iterator[Sound]:
        """The pieces that are complete once ``samples`` are known.

        Args:
            time: where the first of them lies, in microseconds from the recording's start.
            begins: they do not go on directly behind those before.
        """
        if begins:
            yield from self.finish()
            self._start = time
        self._waiting.append(samples)
        self._count += len(samples)
        while self._count >= _HELD * WINDOW:
            yield from self._advance(last=False)

    def finish(self) -> Iterator[Sound]:
        """The pieces of what is left."""
        while self._count:
            yield from self._advance(last=True)
        self._passed = 0

    def _advance(self, *, last: bool) -> Iterator[Sound]:
        """Lets go of the silence at the front, or else gives the first piece."""
        if self._waiting:
            self._held = np.concatenate([self._held, *self._waiting])
            self._waiting = []
        held = self._held[: _HELD * WINDOW]
        last = last and len(held) == len(self._held)
        levels = _levels(held)
        phrases = _phrases(levels)
        if not phrases:
            self._drop(len(held) if last else len(held) - _PADDING * WINDOW)
            return
        begin = max(0, phrases[0].start - _PADDING)
        if begin and not last:
            self._drop(begin * WINDOW)
            return
        end, whole = _end(levels, phrases, begin, last=last)
        piece = held[begin * WINDOW : end * WINDOW]
        yield Sound(
            self._time(begin * WINDOW),
            piece.astype("<i2").tobytes(),
            tuple(
                Span(self._time(phrase.start * WINDOW), self._time(min(phrase.end, end) * WINDOW))
                for phrase in phrases
                if phrase.start < end
            ),
        )
        self._drop(len(held) if whole and last else end * WINDOW)

    def _drop(self, samples: int) -> None:
        self._held = self._held[samples:]
        self._count -= min(samples, self._count)
        self._passed += samples

    def _time(self, sample: int) -> timedelta:
        """Where the held ``sample`` lies on the recording's clock."""
        return timedelta(microseconds=self._start + (self._passed + sample) * 1_000_000 // Sound.RATE)


def _levels(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """The level of each window in decibels below the loudest that can be; shape (windows,)."""
    windows = -(-len(samples) // WINDOW)
    padded = np.zeros(windows * WINDOW, np.float32)
    padded[: len(samples)] = samples
    power = np.square(padded.reshape(windows, WINDOW) / 32768).mean(axis=1)
    levels: NDArray[np.float32] = 10 * np.log10(np.maximum(power, 1e-9))
    return levels


def _phrases(levels: NDArray[np.float32]) -> list[_Phrase]:
    """What stands out from the noise, parts that lie close together as one, clicks left out."""
    noise = float(np.percentile(levels, _NOISE_SHARE))
    loud = levels > max(_QUIETEST, noise + _ABOVE_NOISE)
    borders = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    phrases: list[_Phrase] = []
    for start, end in borders.reshape(-1, 2).tolist():
        if phrases and start - phrases[-1].end < _WITHIN_PHRASE:
            phrases[-1] = _Phrase(phrases[-1].start, end)
        else:
            phrases.append(_Phrase(start, end))
    return [phrase for phrase in phrases if np.count_nonzero(loud[phrase.start : phrase.end]) >= _SHORTEST]


def _end(levels: NDArray[np.float32], phrases: list[_Phrase], begin: int, *, last: bool) -> tuple[int, bool]:
    """Where the piece that starts at window ``begin`` ends, and whether nothing that stands out lies behind it."""
    pauses: list[tuple[int, int]] = []
    limit = begin + LONGEST
    for number, phrase in enumerate(phrases):
        following = phrases[number + 1].start if number + 1 < len(phrases) else len(levels)
        if phrase.end > limit:
            break
        pause = following - phrase.end
        end = min(phrase.end + min(_PADDING, pause // 2 if number + 1 < len(phrases) else pause), limit)
        if number + 1 == len(phrases) and (last or pause >= _LONG_PAUSE):
            return end, True
        if pause >= _LONG_PAUSE or (pause >= _PAUSE and phrase.end - begin >= _LONG_ENOUGH):
            return end, False
        pauses.append((pause, end))
    if pauses:
        # The longest pause, and the last one of several; rather than make many short pieces, an earlier one is left.
        return max(pauses, key=lambda pause: (min(pause[1] - begin, LONGEST * 2 // 3), *pause))[1], False
    # Nobody draws breath: the quietest tenth of a second in the last third.
    since = begin + LONGEST * 2 // 3
    quiet = np.convolve(levels[since:limit], np.ones(5), "valid")
    return since + int(np.argmin(quiet)) + 2, False
