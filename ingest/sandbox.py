"""Opens untrusted footage in a child process of its own, so that no file can harm more than itself."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from math import ceil
from types import TracebackType
from typing import IO

from ingest import pauses
from ingest.formats import FORMATS
from ingest.gate import gating
from ingest.limits import Limits
from ingest.messages import Confinement, CutMade, Done, Failed, Message, Part, Working
from ingest.offspring import Endless, Offspring, Silent
from ingest.request import Cutting, Hearing, Request, Stretch, Survey
from ingest.wire import LARGEST_MESSAGE, BadMessage, decode
from videoqa.errors import CannotCut, DecoderCrashed, DecoderOverran, NoSuchFile, NotFootage, SourceChanged
from videoqa.line import current
from videoqa.media import ZERO, Sampling, Span
from videoqa.ports import Checkpoint, MediaFacts, Sampled, Sound, Unread

__all__ = ["Limits", "SandboxedReader", "confinement"]

# A machine with other work gives the child less than a whole core; it is waited for this many times its own work.
_PATIENCE = 5


class SandboxedReader:
    """A ``FootageReader`` and ``SoundReader`` that opens every file in a child process, under ``limits``.

    Args:
        decoder: what decodes pictures, ``"pyav"`` or ``"decord"``.
        told: is told of every file that is probed what it is.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        decoder: str = "pyav",
        told: Callable[[str, MediaFacts], None] | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._decoder = decoder
        self._told = told

    @property
    def fingerprint(self) -> str:
        return f"{self._decoder} gate-{gating.VERSION}"

    @property
    def sound_fingerprint(self) -> str:
        return f"pauses-{pauses.VERSION}"

    def probe(self, path: str) -> MediaFacts:
        with _Source(path) as source, _Child(self._request(source)) as child:
            for message in child.messages():
                if isinstance(message, MediaFacts):
                    source.check()
                    if self._told is not None:
                        self._told(path, message)
                    return message
                _forward(message, source)
        raise DecoderCrashed(problem="it said nothing of the file")

    @contextmanager
    def survey(
        self, path: str, sampling: Sampling, *, gated: bool = True, since: Checkpoint | None = None
    ) -> Iterator[Iterator[Sampled | Unread]]:
        with _Source(path) as source, _Child(self._request(source, Survey(sampling, gated, since))) as child:
            yield self._samples(source, child)

    @contextmanager
    def closer(
        self, path: str, sampling: Sampling, span: Span, *, leaps: bool, grows: bool = False
    ) -> Iterator[Iterator[Sampled | Unread]]:
        """The frames of ``span`` alone, each with its picture.

        Where there is none it is the last one before, if that still stands. ``leaps`` is what the file's facts say of
        its time stamps; one that ``grows`` may be added to meanwhile. PyAV decodes, whatever else does: decord counts
        its way from the beginning of the file.
        """
        with _Source(path, grows=grows) as source:
            request = self._request(source, stretch=Stretch(sampling, span, leaps))
            with _Child(replace(request, decoder="pyav")) as child:
                yield self._samples(source, child)

    @contextmanager
    def sounds(self, path: str, since: timedelta = ZERO) -> Iterator[Iterator[Sound]]:
        with _Source(path) as source, _Child(self._request(source, hearing=Hearing(since))) as child:
            yield self._pieces(source, child, since)

    def cut(self, path: str, cutting: Cutting, file: IO[bytes], most_bytes: int, *, grows: bool = False) -> CutMade:
        """Writes the MP4 that ``cutting`` asks for into ``file``; what of the recording that holds.

        One that ``grows`` may be added to meanwhile.

        Raises:
            EmptyFootage: there is nothing there.
            CannotCut: it does not go into an MP4, or takes more than ``most_bytes``.
            OSError: the file cannot be written.
        """
        with _Source(path, grows=grows) as source:
            request = replace(self._request(source), decoder="pyav", cutting=cutting)
            with _Child(request) as child, current().ending(child.kill):
                made: CutMade | None = None
                for message in child.messages():
                    match message:
                        case Part(offset, data):
                            if offset + len(data) > most_bytes:
                                raise CannotCut(problem=f"it would take more than {most_bytes // 2**20} MiB")
                            _write_at(file.fileno(), offset, memoryview(data))
                        case CutMade():
                            made = message
                        case Done():
                            source.check()
                            if made is None:
                                break
                            return made
                        case _:
                            _forward(message, source)
        raise DecoderCrashed(problem="it ended in mid-work")

    def _samples(self, source: _Source, child: _Child) -> Iterator[Sampled | Unread]:
        last, count = timedelta.min, 0
        for message in child.messages():
            match message:
                case Sampled(pts):
                    count += 1
                    if pts <= last or count > self._limits.max_frames:
                        raise DecoderCrashed(problem="frames out of order, or without end")
                    last = pts
                    yield message
                case Unread():
                    yield message
                case Done():
                    source.check()
                    return
                case _:
                    _forward(message, source)
        raise DecoderCrashed(problem="it ended in mid-work")

    def _pieces(self, source: _Source, child: _Child, since: timedelta) -> Iterator[Sound]:
        end, count = since, 0
        for message in child.messages():
            match message:
                case Sound():
                    count += 1
                    if message.start < end or count > self._limits.max_frames:
                        raise DecoderCrashed(problem="sound out of order, or without end")
                    end = message.span.end
                    yield message
                case Done():
                    source.check()
                    return
                case _:
                    _forward(message, source)
        raise DecoderCrashed(problem="it ended in mid-work")

    def _request(
        self,
        source: _Source,
        survey: Survey | None = None,
        hearing: Hearing | None = None,
        stretch: Stretch | None = None,
    ) -> Request:
        work = ceil(self._limits.work_for(source.size).total_seconds())
        return Request(source.descriptor, self._decoder, self._limits, work, survey, hearing, stretch)


def confinement() -> tuple[str, ...]:
    """What holds the child back on this machine, by name, for `doctor`: "memory limit", "own network", ..."""
    limits = Limits()
    with _Child(Request(None, "pyav", limits, ceil(limits.work.total_seconds()))) as child:
        for message in child.messages():
            if isinstance(message, Confinement):
                return message.measures
    return ()


def _write_at(descriptor: int, offset: int, data: memoryview) -> None:
    while data:
        done = os.pwrite(descriptor, data, offset)
        data, offset = data[done:], offset + done


def _forward(message: Message, source: _Source) -> None:
    """Does what a message asks for that carries neither facts nor frames."""
    if isinstance(message, Failed):
        source.check()
        raise message.error
    if not isinstance(message, Working):
        raise DecoderCrashed(problem="it answered what was not asked")


class _Source:
    """One open file; the child gets its descriptor, so that no name it could twist is ever parsed."""

    def __init__(self, path: str, *, grows: bool = False) -> None:
        self._grows = grows
        try:
            # Without O_NONBLOCK a named pipe without a writer would hold this process for ever.
            self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            raise NoSuchFile(problem=getattr(error, "strerror", None) or str(error)) from error
        state = os.fstat(self.descriptor)
        if not stat.S_ISREG(state.st_mode):
            os.close(self.descriptor)
            raise NotFootage(problem="it is no regular file", formats=FORMATS)
        self.size = state.st_size
        self._before = (state.st_size, state.st_mtime_ns)

    def check(self) -> None:
        """Raises ``SourceChanged`` where the file was written to since it was opened, unless it is one that grows."""
        state = os.fstat(self.descriptor)
        if not self._grows and (state.st_size, state.st_mtime_ns) != self._before:
            raise SourceChanged

    def __enter__(self) -> _Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)


class _Child:
    """One run of ``ingest.sandbox_child``; leaving kills it."""

    def __init__(self, request: Request) -> None:
        self._limits = request.limits
        self._patience = float(request.work * _PATIENCE)
        self._work = request.work
        self._child = Offspring("ingest.sandbox_child", request.to_json(), request.descriptor)

    def kill(self) -> None:
        """Ends it, from whatever thread."""
        self._child.process.kill()

    def messages(self) -> Iterator[Message]:
        """What the child says, until it ends.

        Raises:
            DecoderOverran: it made no progress, or used up its processor time.
            DecoderCrashed: it ended in any other way but its own, or what it says is no message.
        """
        try:
            for kind, body in self._child.messages(LARGEST_MESSAGE, self._limits.stall.total_seconds, self._patience):
                yield decode(kind, body)
        except Silent as error:
            raise DecoderOverran(limit=str(error), what="waiting without progress") from error
        except Endless as error:
            raise DecoderCrashed(problem="a message without end") from error
        except BadMessage as error:
            raise DecoderCrashed(problem=str(error)) from error
        self._raise_end()

    def _raise_end(self) -> None:
        try:
            code = self._child.process.wait(self._limits.stall.total_seconds())
        except subprocess.TimeoutExpired as error:
            raise DecoderOverran(limit=f"{self._limits.stall.seconds} seconds", what="time to end") from error
        if code == -signal.SIGXCPU:
            raise DecoderOverran(limit=f"{self._work} seconds", what="processor time")
        if code < 0:
            raise DecoderCrashed(problem=signal.strsignal(-code) or f"signal {-code}")
        if code > 0:
            raise DecoderCrashed(problem=f"exit code {code}")

    def __enter__(self) -> _Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)
