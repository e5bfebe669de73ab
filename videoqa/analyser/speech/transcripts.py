"""Transcripts on disk: a WebVTT file for each recording and transcriber, and what there is of those begun."""

from __future__ import annotations

import errno
import hashlib
import html
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from videoqa.analyser.speech.heard import TRACK
from videoqa.errors import DataUnwritable, DiskFull
from videoqa.media import ZERO, Cue, Span
from videoqa.times import clock_ms

_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)
_TIMES = re.compile(r"(\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d+):(\d\d):(\d\d)\.(\d{3})\Z")
_TAGGED = re.compile(r"<lang ([^<>]*)>(.*)</lang>\Z")


class Transcripts:
    """What one transcriber wrote. Files are named by the content's digest and the transcriber's ``fingerprint``.

    A file whose writing was interrupted is never taken for a whole one. One process at a time writes about a recording.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._name = hashlib.sha256(fingerprint.encode()).hexdigest()[:12]

    def finished(self, digest: str) -> tuple[Cue, ...] | None:
        """The whole transcript; None where there is none, or where it cannot be read."""
        try:
            return tuple(_read(self._path(digest).read_text("utf-8")))
        except (OSError, ValueError):
            return None

    def begun(self, digest: str) -> tuple[timedelta, tuple[Cue, ...]]:
        """Up to where a transcript was written that is not whole yet, and its cues."""
        until, cues = ZERO, list[Cue]()
        try:
            parts = self._path(digest, ".part").read_bytes().splitlines(keepends=True)
        except OSError:
            return until, ()
        for part in parts:
            try:
                told = json.loads(part) if part.endswith(b"\n") else None
                if told is None:
                    break
                heard = [
                    Cue(Span(start * _MILLISECOND, end * _MILLISECOND), str(text), tag, TRACK)
                    for start, end, text, tag in told["cues"]
                ]
                until = max(until, told["until"] * _MICROSECOND)
            except (ValueError, TypeError, KeyError):
                # What was being written when the machine went down.
                break
            cues.extend(heard)
        return until, tuple(cues)

    def add(self, digest: str, until: timedelta, cues: Sequence[Cue]) -> None:
        """Writes down what was said up to ``until``; survives a kill."""
        told = {
            "until": until // _MICROSECOND,
            "cues": [
                [cue.span.start // _MILLISECOND, cue.span.end // _MILLISECOND, cue.text, cue.language] for cue in cues
            ],
        }
        with self._writing(), self._path(digest, ".part").open("ab") as part:
            part.write(json.dumps(told).encode() + b"\n")
            part.flush()
            os.fsync(part.fileno())

    def begin(self, digest: str, until: timedelta, cues: Sequence[Cue]) -> None:
        """Writes what ``begun`` gave anew, so that nothing is added behind half a line."""
        with self._writing():
            self._path(digest, ".part").unlink(missing_ok=True)
        if cues or until:
            self.add(digest, until, cues)

    def finish(self, digest: str, cues: Sequence[Cue]) -> None:
        """Puts the whole transcript into its place."""
        path = self._path(digest)
        draft = path.with_suffix(".draft")
        with self._writing():
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                file.write(_written(cues))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            self._path(digest, ".part").unlink(missing_ok=True)

    def _path(self, digest: str, ending: str = ".vtt") -> Path:
        return self._folder / f"{digest}.{self._name}{ending}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(path=self._folder) from error
            raise DataUnwritable(path=self._folder, problem=error.strerror or error) from error


def forget(folder: Path, digest: str) -> None:
    """Removes every transcript of the recording with ``digest``, whoever wrote it."""
    for path in folder.glob(f"{digest}.*"):
        path.unlink(missing_ok=True)


def _written(cues: Sequence[Cue]) -> str:
    blocks = []
    for cue in cues:
        text = html.escape(cue.text, quote=False)
        tagged = text if cue.language is None else f"<lang {cue.language}>{text}</lang>"
        blocks.append(f"\n{clock_ms(cue.span.start)} --> {clock_ms(cue.span.end)}\n{tagged}\n")
    return "".join(["WEBVTT\n", *blocks])


def _read(text: str) -> Iterator[Cue]:
    """The cues of a file that was written here; raises ``ValueError`` where it was changed to something else."""
    head, *blocks = text.split("\n\n")
    if not head.startswith("WEBVTT"):
        raise ValueError("no WebVTT file")
    for block in blocks:
        times, _, line = block.strip().partition("\n")
        if (matched := _TIMES.match(times)) is None:
            raise ValueError(f"no times: {times}")
        numbers = [int(number) for number in matched.groups()]
        start, end = (
            timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)
            for hours, minutes, seconds, milliseconds in (numbers[:4], numbers[4:])
        )
        tagged = _TAGGED.match(line)
        tag, words = tagged.groups() if tagged else (None, line)
        yield Cue(Span(start, end), html.unescape(words), tag, TRACK)
