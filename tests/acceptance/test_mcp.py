"""`videoqa mcp` as an assistant starts it: over standard input and output, by the official package's client."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult

from tests.acceptance.product import VIDEOQA, Videoqa
from tests.acceptance.service import Service, free_port, until

Calls = Callable[[Client], Awaitable[Any]]


@pytest.fixture(scope="module")
def service(samples: Videoqa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The running service over the indexed samples."""
    data = tmp_path_factory.mktemp("mcp") / "data"
    shutil.copytree(samples.data, data)
    with Service(data) as running:
        yield running


def talk(calls: Calls, url: str, *options: str, **environment: str) -> Any:
    """What ``calls`` returns of a client that has started the command."""

    async def talking() -> Any:
        command = StdioServerParameters(
            command=str(VIDEOQA), args=["mcp", *options], env={"VIDEOQA_URL": url} | environment
        )
        async with Client(command) as client:
            return await calls(client)

    return asyncio.run(talking())


def told(result: CallToolResult) -> str:
    """The text of a result."""
    return " ".join(getattr(content, "text", "") for content in result.content)


def test_the_tools_are_described_and_typed(service: Service) -> None:
    tools = {tool.name: tool for tool in talk(lambda client: client.list_tools(), service.url).tools}
    recorded = {"ask", "search", "list_recordings", "list_events", "thumbnail", "clip"}
    assert set(tools) == recorded | {"list_cameras", "camera_now", "list_alerts"}
    assert all(tool.description and tool.annotations for tool in tools.values())
    assert {name for name, tool in tools.items() if not tool.output_schema} == {"thumbnail", "camera_now"}
    assert tools["ask"].input_schema["required"] == ["question"]


def test_footage_is_listed_searched_and_asked(service: Service) -> None:
    steps: list[str | None] = []

    async def step(progress: float, total: float | None, message: str | None) -> None:
        steps.append(message)

    async def calls(client: Client) -> tuple[Any, Any, Any, Any]:
        listed = await client.call_tool("list_recordings", {"title": "lecture"})
        recording_id = listed.structured_content["recordings"][0]["id"]
        events = await client.call_tool("list_events", {"recording_id": recording_id})
        found = await client.call_tool("search", {"words": "table", "recordings": [recording_id], "limit": 2})
        answer = await client.call_tool("ask", {"question": "What is a hash table?"}, progress_callback=step)
        return listed.structured_content, events.structured_content, found.structured_content, answer

    listed, events, found, answer = talk(calls, service.url)
    assert [each["state"] for each in listed["recordings"]] == ["indexed"]
    assert events["events"]
    assert 0 < len(found["moments"]) <= 2
    assert not answer.is_error
    assert answer.structured_content["found"] == bool(answer.structured_content["moments"])
    assert bool(steps) == answer.structured_content["found"]
    assert told(answer)


def test_a_problem_of_the_service_is_an_error_of_the_tool_with_what_to_do(service: Service) -> None:
    async def calls(client: Client) -> tuple[CallToolResult, ...]:
        return (
            await client.call_tool("clip", {"recording_id": "nothing", "start": 1, "end": 2}),
            await client.call_tool("search", {"words": ""}),
            await client.call_tool("list_recordings", {"since": "2026-01-01T00:00:00"}),
            await client.call_tool("ask", {}),
        )

    results = talk(calls, service.url)
    assert all(result.is_error for result in results)
    assert "No recording is called nothing" in told(results[0])
    assert "malformed" in told(results[1])
    assert "time zone" in told(results[2])
    assert "question" in told(results[3])


def test_without_a_service_every_tool_says_how_to_start_one() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    result = talk(lambda client: client.call_tool("list_recordings", {}), url)
    assert result.is_error
    assert "videoqa serve" in told(result)


def test_the_tools_are_served_over_http_on_this_machine_alone(service: Service) -> None:
    port = free_port()
    with subprocess.Popen(
        [VIDEOQA, "mcp", "--port", str(port)], env=os.environ | {"VIDEOQA_URL": service.url}, stderr=subprocess.PIPE
    ) as process:
        try:
            until(lambda: _listens(port))

            async def listed() -> CallToolResult:
                async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                    return await client.call_tool("list_recordings", {})

            assert not asyncio.run(listed()).is_error
            misled = httpx2.post(f"http://127.0.0.1:{port}/mcp", headers={"Host": "evil.example"}, json={})
            assert misled.status_code == 421
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
