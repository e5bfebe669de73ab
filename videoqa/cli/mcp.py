"""The command that serves the tools of a language model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from videoqa.cli import FOUND


def mcp(
    url: Annotated[
        str, typer.Option(help="Where the service is; VIDEOQA_URL, else http://127.0.0.1:8080.", metavar="URL")
    ] = "",
    clips: Annotated[
        Optional[Path], typer.Option(help="The folder that clips are put into; one in the user's cache by default.")
    ] = None,
    port: Annotated[
        Optional[int], typer.Option(help="Serve over HTTP at this port of 127.0.0.1.", min=1, max=65535)
    ] = None,
) -> int:
    """Serve ask, search, list and clip to a language model by MCP; the key is VIDEOQA_KEY."""
    from importlib.metadata import version

    import anyio
    from platformdirs import user_cache_path

    from videoqa.client import AsyncClient
    from videoqa.mcp.serving import serve

    try:
        # Whoever waits for a tool waits less long than a program does.
        client = AsyncClient(url, retries=2)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    anyio.run(serve, client, clips or user_cache_path("videoqa") / "clips", version("videoqa"), port)
    return FOUND
