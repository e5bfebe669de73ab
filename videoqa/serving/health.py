"""Whether a running vLLM is well: it says so, and it still gets on with its work."""

from __future__ import annotations

import re
import time

import httpx2

from videoqa.serving.command import Served
from videoqa.serving.models import Kind

# Counts the engine's steps: it rises while anything is worked on, in the midst of a long prompt too.
_STEPS = re.compile(r"^vllm:iteration_tokens_total_count(?:\{[^}]*\})? (\S+)", re.MULTILINE)
_WORD = "a"
_FIRST_IN_QUEUE = -1000


class Pulse:
    """Feels one server's pulse. Its ``/health`` answers even where the engine behind it hangs.

    So where requests are under way and the engine takes no step for ``hang`` seconds, it is asked for one word itself.
    """

    def __init__(self, client: httpx2.AsyncClient, served: Served, answer: float, hang: float) -> None:
        self._client, self._served, self._answer, self._hang = client, served, answer, hang
        self.begin()

    def begin(self) -> None:
        """Forgets what was seen of an earlier run."""
        self._steps: tuple[str, ...] = ()
        self._moved = time.monotonic()

    async def is_well(self, url: str) -> bool:
        """True where the server at ``url`` answers that it is well."""
        try:
            return (await self._client.get(f"{url}/health", timeout=self._answer)).status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            return False

    async def is_stuck(self, url: str, *, busy: bool) -> bool:
        """True where the engine has taken no step for too long although it is ``busy``, and answers no question."""
        if not busy:
            self._moved = time.monotonic()
            return False
        steps = await self._stepped(url)
        if steps != self._steps:
            self._steps, self._moved = steps, time.monotonic()
        if time.monotonic() - self._moved < self._hang:
            return False
        alive = await self._answers(url)
        self._moved = time.monotonic()
        return not alive

    async def context(self, url: str) -> int | None:
        """The tokens of its context, as it says itself."""
        try:
            told = (await self._client.get(f"{url}/v1/models", timeout=self._answer)).json()
            return int(told["data"][0]["max_model_len"])
        except (httpx2.HTTPError, ValueError, KeyError, IndexError, TypeError):
            # It asks for a key, or has no such figure: the model is served all the same.
            return None

    async def _stepped(self, url: str) -> tuple[str, ...]:
        try:
            told = await self._client.get(f"{url}/metrics", timeout=self._answer)
        except httpx2.HTTPError:
            return self._steps
        return tuple(_STEPS.findall(told.text))

    async def _answers(self, url: str) -> bool:
        body: dict[str, object] = {"model": self._served.name}
        if self._served.kind is Kind.EMBEDDING:
            path, body = "embeddings", body | {"input": _WORD}
        else:
            path, body = "completions", body | {"prompt": _WORD, "max_tokens": 1, "priority": _FIRST_IN_QUEUE}
        try:
            # Whatever it answers, a refusal for want of a key too, it is alive.
            await self._client.post(f"{url}/v1/{path}", json=body, timeout=self._hang)
        except httpx2.HTTPError:
            return False
        return True
