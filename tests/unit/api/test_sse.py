"""Server-sent events as their reader gets them, and what becomes of their source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import pytest
from fastapi import FastAPI
from starlette.types import Message

from api import sse
from api.sse import EventStream, ServerEvent


class Reader:
    """What an ASGI server does for one reader. ``takes`` is how many parts it reads before it reads no more."""

    def __init__(self, takes: int = 1000) -> None:
        self.app = FastAPI()
        self.app.state.stopping = asyncio.Event()
        self.messages: list[Message] = []
        self.gone = asyncio.Event()
        self._takes = takes

    async def read(self, events: AsyncGenerator[ServerEvent, None]) -> None:
        await EventStream(events)({"type": "http", "app": self.app}, self._receive, self._send)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.005)

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.messages).decode()

    @property
    def ended(self) -> bool:
        return bool(self.messages) and self.messages[-1].get("more_body") is False

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if len(self.messages) >= self._takes:
            await asyncio.Event().wait()
        self.messages.append(message)


class Source:
    """Gives ``events`` and then nothing for ever; knows whether it was closed."""

    def __init__(self, *events: ServerEvent, endless: bool = True) -> None:
        self._events, self._endless = events, endless
        self.closed = False

    async def parts(self) -> AsyncGenerator[ServerEvent, None]:
        try:
            for event in self._events:
                yield event
            if self._endless:
                await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as closing a model's call does
            self.closed = True


def told(event: str, number: int = 1) -> ServerEvent:
    return ServerEvent(event, '{"a": 1}', str(number))


def test_events_are_told_with_their_ids_and_the_response_ends_with_them() -> None:
    async def play() -> None:
        reader, source = Reader(), Source(told("token", 1), told("final", 2), endless=False)
        await reader.read(source.parts())
        assert 'event: token\ndata: {"a": 1}\nid: 1\n\nevent: final\ndata: {"a": 1}\nid: 2\n\n' in reader.text
        assert reader.ended
        assert source.closed
        headers = dict(reader.messages[0]["headers"])
        assert headers[b"content-type"].startswith(b"text/event-stream")
        assert headers[b"x-accel-buffering"] == b"no"
        assert headers[b"cache-control"] == b"no-store"
        assert b"content-length" not in headers

    asyncio.run(play())


def test_line_breaks_in_data_stay_inside_their_event() -> None:
    assert ServerEvent("note", '{\r\n"a":\r1}').encoded() == b'event: note\ndata: {\ndata: "a":\ndata: 1}\n\n'


@pytest.mark.parametrize("end", ["reader", "service"])
def test_the_source_is_closed_when_the_reader_goes_or_the_service_stops(end: str) -> None:
    async def play() -> None:
        reader, source = Reader(), Source(told("token"))
        reading = asyncio.create_task(reader.read(source.parts()))
        await reader.until(lambda: "token" in reader.text)
        (reader.gone if end == "reader" else reader.app.state.stopping).set()
        async with asyncio.timeout(2):
            await reading
        assert source.closed
        assert reader.ended

    asyncio.run(play())


def test_a_comment_is_sent_while_there_is_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE", 0.02)

    async def play() -> None:
        reader, source = Reader(), Source(told("token"))
        reading = asyncio.create_task(reader.read(source.parts()))
        await reader.until(lambda: reader.text.count("\n: ping") >= 3)
        assert reader.text.count("event: token") == 1
        reader.gone.set()
        await reading

    asyncio.run(play())


@pytest.mark.parametrize("patient", [True, False])
def test_a_reader_that_takes_nothing_holds_neither_the_source_nor_the_service(
    monkeypatch: pytest.MonkeyPatch, patient: bool
) -> None:
    monkeypatch.setattr(sse, "PATIENCE", 60 if patient else 0.05)
    monkeypatch.setattr(sse, "_END", 0.05)

    async def play() -> None:
        reader, source = Reader(takes=3), Source(*(told("token", number) for number in range(100)))
        reading = asyncio.create_task(reader.read(source.parts()))
        await reader.until(lambda: len(reader.messages) == 3)
        if patient:
            reader.app.state.stopping.set()
        async with asyncio.timeout(2):
            await reading
        assert source.closed

    asyncio.run(play())


def test_a_source_that_fails_leaves_the_response_cut_off() -> None:
    async def failing() -> AsyncGenerator[ServerEvent, None]:
        yield told("token")
        raise OSError

    async def play() -> None:
        reader = Reader()
        with suppress(ExceptionGroup):
            await reader.read(failing())
        assert "token" in reader.text
        assert not reader.ended

    asyncio.run(play())
