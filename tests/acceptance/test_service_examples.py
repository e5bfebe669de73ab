"""Every example of docs/service.md, as it stands there, against the real service."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.acceptance.product import VIDEOQA
from tests.acceptance.service import Service
from tests.clips import Clip, steady
from tests.needs import program

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "service.md").read_text()
DEFAULT = "http://127.0.0.1:8080"


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clip that the examples are about, and what is said in it."""
    folder = tmp_path_factory.mktemp("examples")
    Clip("gate.mp4", steady(4)).write(folder)
    (folder / "gate.en.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nA delivery is announced at the gate.\n")
    return folder


@pytest.fixture(scope="module")
def service(place: Path) -> Iterator[Service]:
    with Service(place / "data") as running:
        yield running


def test_what_is_typed_in_a_shell_does_what_is_said(service: Service, place: Path) -> None:
    program("curl")
    for example in examples("sh"):
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", example.replace(DEFAULT, service.url)],
            cwd=place,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert ran.returncode == 0, f"{example}\n{ran.stdout}\n{ran.stderr}\n{service.said[-2000:]}"
    assert (place / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert (place / "still.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert (place / "start.bin").stat().st_size == 100
    assert (
        '"state":"indexed"'
        in subprocess.run(
            ["curl", "-s", f"{service.url}/v1/recordings"], capture_output=True, text=True, check=True
        ).stdout
    )


@pytest.mark.parametrize("example", examples("python"))
def test_what_is_written_in_python_does_what_is_said(example: str, service: Service, place: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", example],
        cwd=place,
        env=os.environ | {"VIDEOQA_URL": service.url},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


def test_an_assistant_is_configured_as_is_said(service: Service) -> None:
    (example,) = examples("json")
    told = json.loads(example.replace(DEFAULT, service.url))["mcpServers"]["videoqa"]
    assert told["command"] == VIDEOQA.name
    command = StdioServerParameters(command=str(VIDEOQA), args=told["args"], env=told["env"])

    async def tools() -> list[str]:
        async with Client(command) as client:
            listed = await client.call_tool("list_recordings", {})
            assert not listed.is_error, listed
            return [tool.name for tool in (await client.list_tools()).tools]

    named = asyncio.run(tools())
    assert all(f"`{name}`" in PAGE for name in named)
