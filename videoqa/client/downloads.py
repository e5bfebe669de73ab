"""Footage and pictures fetched into files, and gone on with where a connection broke or a process ended."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from videoqa.client.flows import Call, Flow, Query, Reply, at, next_bytes, opened, options, worked
from videoqa.client.problems import BadReply, ClientError, Unreachable, error_of
from videoqa.client.retrying import Pauses

OnProgress: TypeAlias = Callable[[int, int | None], object]
"""Is told how many bytes are through, and of how many; None where that is unknown."""

_BLOCK = 2**20
_CUTTING = 300.0
"""Seconds that a clip may take to be made."""
_PARTIAL, _NO_SUCH_RANGE = 206, 416
_IDENTITY = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A file cut out of a recording. Its own second 0 is the recording's ``start``, a keyframe; it ends at ``end``.

    ``copied`` is False where its pictures had to be encoded anew.
    """

    path: Path
    start: float
    end: float
    copied: bool


def content(recording_id: str, to: str | os.PathLike[str], *, on_progress: OnProgress | None = None) -> Flow[Path]:
    """The footage of a recording as it was brought, in the file ``to``."""
    part = yield from _fetched(at("/v1/recordings/{}/content", recording_id), {}, to, on_progress)
    return part.path


def clip(
    recording_id: str, to: str | os.PathLike[str], *, start: float, end: float, on_progress: OnProgress | None = None
) -> Flow[Clip]:
    """A stretch of a recording as MP4, in the file ``to``; it may begin a little before ``start``."""
    query: Query = {"from": start, "to": end}
    part = yield from _fetched(at("/v1/recordings/{}/clip", recording_id), query, to, on_progress)
    told = part.headers
    return Clip(
        path=part.path,
        start=_seconds(told.get("x-clip-start", ""), start),
        end=_seconds(told.get("x-clip-end", ""), end),
        copied=told.get("x-clip-copied") == "true",
    )


def thumbnail(
    recording_id: str, to: str | os.PathLike[str], *, seconds: float | None = None, width: int | None = None
) -> Flow[Path]:
    """The picture on show at a second as JPEG, in the file ``to``; its longer side is of ``width`` pixels at most."""
    query: Query = {"at": seconds, "width": width}
    part = yield from _fetched(at("/v1/recordings/{}/thumbnail", recording_id), query, to, None)
    return part.path


def captions(recording_id: str, to: str | os.PathLike[str]) -> Flow[Path]:
    """The subtitles of a recording, and what was written down from its sound, as WebVTT, in the file ``to``."""
    part = yield from _fetched(at("/v1/recordings/{}/captions.vtt", recording_id), {}, to, None)
    return part.path


def subtitle_file(recording_id: str, name: str, to: str | os.PathLike[str]) -> Flow[Path]:
    """A subtitle file as it was brought, in the file ``to``."""
    part = yield from _fetched(at("/v1/recordings/{}/subtitles/{}", recording_id, name), {}, to, None)
    return part.path


def _fetched(path: str, query: Query, to: str | os.PathLike[str], on_progress: OnProgress | None) -> Flow[_Part]:
    """``to`` is written as a whole or not at all. What has come so far lies beside it, under the content's ETag."""
    call = Call("GET", path, query, _IDENTITY, patience=_CUTTING)
    part = _Part(Path(to))
    pauses = Pauses((yield from options()))
    while True:
        try:
            reply = yield from opened(replace(call, headers={**call.headers, **part.resuming()}))
            if not reply.well and reply.status != _NO_SUCH_RANGE:
                raise error_of(reply)
            if not (yield from worked(partial(part.meet, reply))):
                continue
            while block := (yield from _block()):
                yield from worked(partial(part.add, block))
                pauses.begin_anew()
                if on_progress is not None:
                    on_progress(part.size, part.total)
            if part.total not in (None, part.size):
                raise Unreachable("The content ended before its end.")
            yield from worked(part.keep)
            return part
        except ClientError as error:
            yield from pauses.before_again(call, error)


def _block() -> Flow[bytes]:
    """About a megabyte, less at the end, nothing behind it."""
    parts: list[bytes] = []
    length = 0
    while length < _BLOCK and (part := (yield from next_bytes())) is not None:
        parts.append(part)
        length += len(part)
    return b"".join(parts)


class _Part:
    """What has come of a file so far: ``size`` bytes of ``total``, None while that is unknown.

    ``headers`` are those it last came with.
    """

    def __init__(self, to: Path) -> None:
        self.path = to
        self._etag = ""
        self.headers: Mapping[str, str] = {}
        self.size = 0
        self.total: int | None = None

    def resuming(self) -> dict[str, str]:
        """The headers that ask for the rest, should it be of the same content still."""
        return {"Range": f"bytes={self.size}-", "If-Range": self._etag} if self.size and self._etag else {}

    def meet(self, reply: Reply) -> bool:
        """True where the content of ``reply`` goes on from ``size``; False where it is to be asked for again.

        Raises:
            BadReply: it is of another stretch than was asked for.
        """
        if reply.headers.get("content-encoding", "identity") != "identity":
            raise BadReply("The content came encoded, which was not asked for.")
        self.headers = reply.headers
        if reply.status == _PARTIAL:
            begin, total = _stretch(reply)
            if begin != self.size:
                raise BadReply(f"The service sent bytes from {begin} on, and was asked for those from {self.size} on.")
            self.total = total
            return True
        if reply.status == _NO_SUCH_RANGE and not self.size:
            raise error_of(reply)
        went_on, self.size = self.size, 0
        if reply.status == _NO_SUCH_RANGE:
            self._file.unlink(missing_ok=True)
            return False
        etag = reply.headers.get("etag", "")
        self._etag = "" if etag.startswith("W/") else etag
        length = reply.headers.get("content-length", "")
        self.total = int(length) if length.isdecimal() else None
        if not went_on and self._etag and self._file.is_file():
            self.size = self._file.stat().st_size
            if 0 < self.size < (self.total or 0):
                return False
            self.size = 0
        self._file.write_bytes(b"")
        return True

    def add(self, block: bytes) -> None:
        with self._file.open("ab") as file:
            file.write(block)
        self.size += len(block)

    def keep(self) -> None:
        """Puts the whole in its place."""
        with self._file.open("rb") as file:
            os.fsync(file.fileno())
        self._file.replace(self.path)
        for stale in self.path.parent.glob(f".{escape(self.path.name)}.*part"):
            stale.unlink(missing_ok=True)

    @property
    def _file(self) -> Path:
        mark = f"{sha256(self._etag.encode()).hexdigest()[:12]}." if self._etag else ""
        return self.path.with_name(f".{self.path.name}.{mark}part")


def _stretch(reply: Reply) -> tuple[int, int | None]:
    """Where a partial reply begins, and how long the whole is."""
    told = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", reply.headers.get("content-range", ""))
    if told is None:
        raise BadReply("The service sent a part of the content and did not say which.")
    return int(told[1]), None if told[2] == "*" else int(told[2])


def _seconds(text: str, otherwise: float) -> float:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else otherwise
