"""Runs the tools over standard input and output, or over HTTP on this machine alone."""

from __future__ import annotations

from pathlib import Path

from videoqa.client import AsyncClient
from videoqa.mcp.tools import create_server


async def serve(client: AsyncClient, clips: Path, version: str, port: int | None = None) -> None:
    """Serves until standard input ends, or at ``port`` of the loopback interface until it is interrupted.

    The package turns away what a browser was led to from elsewhere (DNS rebinding); there are no keys of its own, so
    that it does not leave this machine.
    """
    async with client:
        server = create_server(client, clips, version)
        if port is None:
            await server.run_stdio_async()
        else:
            await server.run_streamable_http_async(host="127.0.0.1", port=port)
