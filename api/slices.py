"""An open file, or parts of it, as a response. Nothing is opened by its name here, and nothing is read twice."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import BinaryIO

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.ranges import Slice, Version, not_modified, wanted
from api.threads import in_thread

_CHUNK = 512 * 1024
PATIENCE = 600.0
"""Seconds a reader may take over one chunk: a player that pauses reads nothing, and one that is gone never does."""


def file_response(
    request: Request, file: BinaryIO, version: Version, media_type: str, headers: Mapping[str, str]
) -> Response:
    """The whole of ``file``, the parts of it that ``request`` asks for, or that nothing has changed. Closes ``file``.

    Raises:
        NoSuchRange: nothing that is asked for is in it.
        StaleCopy: the request is about another version.
    """
    try:
        size = os.fstat(file.fileno()).st_size
        told = {**headers, "ETag": version.etag, "Accept-Ranges": "bytes"}
        if version.last_modified is not None:
            told["Last-Modified"] = version.last_modified
        if not_modified(request.headers, version):
            file.close()
            return Response(status_code=304, headers=told)
        # Ranges are defined for GET alone.
        slices = wanted(request.headers, size, version) if request.method == "GET" else ()
    except BaseException:
        file.close()
        raise
    return _FileSlices(file, size, slices, media_type, told)


class _FileSlices(Response):
    """``slices`` of ``file``; the whole of it where there are none."""

    def __init__(
        self, file: BinaryIO, size: int, slices: tuple[Slice, ...], media_type: str, headers: Mapping[str, str]
    ) -> None:
        self._file = file
        self._state = _state(file)
        self._slices = slices or ((Slice(0, size),) if size else ())
        self._size = size
        self._boundary = secrets.token_hex(16) if len(slices) > 1 else ""
        self._part_type = media_type
        kind = f"multipart/byteranges; boundary={self._boundary}" if self._boundary else media_type
        super().__init__(status_code=206 if slices else 200, headers=dict(headers), media_type=kind)
        self.headers["Content-Length"] = str(self._length())
        if len(slices) == 1:
            self.headers["Content-Range"] = slices[0].of(size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                for part in self._slices:
                    if self._boundary:
                        await _sent(send, self._head(part))
                    await self._send(part, send)
                if self._boundary:
                    await _sent(send, self._tail())
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()

    async def _send(self, part: Slice, send: Send) -> None:
        at = part.start
        while at < part.end:
            chunk = await in_thread(lambda place=at: self._read(place, min(_CHUNK, part.end - place)))  # type: ignore[misc]
            at += len(chunk)
            await _sent(send, chunk)

    def _read(self, place: int, length: int) -> bytes:
        chunk = os.pread(self._file.fileno(), length, place)
        # What was sent before would not go with what is there now; the reader sees that it is cut off.
        if not chunk or _state(self._file) != self._state:
            raise ChangedMeanwhile
        return chunk

    def _length(self) -> int:
        bodies = sum(part.length for part in self._slices)
        if not self._boundary:
            return bodies
        return bodies + sum(len(self._head(part)) for part in self._slices) + len(self._tail())

    def _head(self, part: Slice) -> bytes:
        return (
            f"\r\n--{self._boundary}\r\nContent-Type: {self._part_type}\r\nContent-Range: {part.of(self._size)}\r\n\r\n"
        ).encode("latin-1")

    def _tail(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode("latin-1")


class ChangedMeanwhile(OSError):
    """The file was written to while it was sent."""


async def _sent(send: Send, body: bytes) -> None:
    with anyio.fail_after(PATIENCE):
        await send({"type": "http.response.body", "body": body, "more_body": True})


def _state(file: BinaryIO) -> tuple[int, int]:
    state = os.fstat(file.fileno())
    return state.st_size, state.st_mtime_ns
