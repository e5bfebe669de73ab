"""POST /v1/recordings: a file with what is said of it, in one request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import anyio
from fastapi import Request

from api.limits import Allowance
from api.service import Service
from api.threads import in_thread
from api.uploads.form import Field, FileBegins, Form, SubtitlePart
from api.uploads.told import told
from api.uploads.writing import Bounds, Writing, writing
from videoqa.access import Caller
from videoqa.intake import Taken, check_reach

_OVERHEAD = 2**20
"""Bytes of a body that may be something else than the file."""


async def receive_form(request: Request, service: Service, caller: Caller, allowance: Allowance) -> Taken:
    """The recording that the form's file has become. Nothing is kept of a form that is cut off or refused."""
    check_reach((), caller)
    form, bounds = Form(request.headers["content-type"]), Bounds(service.limits.upload_bytes)
    size = int(request.headers.get("content-length", "0"))
    bounds.check(size - _OVERHEAD)
    await allowance.expect(size)
    async with AsyncExitStack() as stack:
        arrival_id = await stack.enter_async_context(_passing(service, caller, size))
        incoming = await in_thread(lambda: service.inbox.open(arrival_id, 0), writing=True)
        file = await stack.enter_async_context(writing(incoming, allowance, bounds))
        fields, subtitles, name = await _read(request, service, form, file, caller)
        form.end()
        await file.flush()
        await file.close()
        wishes = replace(told(fields).wishes(name), subtitles=subtitles)
        return await in_thread(
            lambda: service.intake.take(service.inbox.complete(arrival_id), wishes, caller), writing=True
        )


async def _read(
    request: Request, service: Service, form: Form, file: Writing, caller: Caller
) -> tuple[list[tuple[str, str]], dict[str, bytes], str]:
    fields: list[tuple[str, str]] = []
    subtitles: dict[str, bytes] = {}
    file_name = ""
    async for chunk in request.stream():
        for item in form.feed(chunk):
            match item:
                case memoryview():
                    await file.add(item)
                case FileBegins(name):
                    file_name = name
                case Field(name, value):
                    fields.append((name, value))
                    # What is wrong is told before the file comes, where it may be.
                    check_reach(told(fields).tags, caller)
                case SubtitlePart(name, content):
                    await in_thread(lambda: service.subtitles.check(name, content), slow=True)
                    subtitles[name] = content
    return fields, subtitles, file_name


@asynccontextmanager
async def _passing(service: Service, caller: Caller, size: int) -> AsyncIterator[str]:
    """The id of an arrival that nobody can go on with; nothing is left of it in the end."""
    arrival = await in_thread(lambda: service.inbox.begin(caller.key_id, size, {}, lasting=False), writing=True)
    try:
        yield arrival.id
    finally:
        with anyio.CancelScope(shield=True):
            await in_thread(lambda: service.inbox.discard(arrival.id), writing=True)
