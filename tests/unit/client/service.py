"""A service of a few scripted answers, without a socket: what the client makes of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import httpx2

from videoqa.client import AsyncClient, Client

T = TypeVar("T")
Answer = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


class Scripted:
    """Gives its answers one after another, the last one for good; ``heard`` is what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.heard: list[httpx2.Request] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.heard.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else answer(request)

    async def answer_async(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        return self.answer(request)


class Either:
    """Both clients by one face, that of the blocking one: what a test says of one, it says of the other."""

    def __init__(self, script: Scripted, *, awaiting: bool, **more: Any) -> None:
        self._awaiting = awaiting
        more = {"pause": 0.0, **more}
        if awaiting:
            self._client: Any = AsyncClient(transport=httpx2.MockTransport(script.answer_async), **more)
        else:
            self._client = Client(transport=httpx2.MockTransport(script.answer), **more)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *args, **kwargs: self._outcome(method(*args, **kwargs))

    def _outcome(self, result: Any) -> Any:
        if not self._awaiting:
            return list(result) if isinstance(result, Iterator) else result
        return asyncio.run(_all(result) if isinstance(result, AsyncIterator) else result)


async def _all(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


def problem(status: int, code: str, detail: str = "That cannot be.", **headers: str) -> httpx2.Response:
    body = {"type": f"urn:videoqa:problem:{code}", "status": status, "code": code, "detail": detail}
    return httpx2.Response(status, json=body | {"request_id": "r1"}, headers=headers)
