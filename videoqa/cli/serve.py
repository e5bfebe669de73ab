"""The commands of the service: `serve`, and `work` and `live`, which it starts itself."""

from __future__ import annotations

from typing import Annotated

import typer

from videoqa.cli import FOUND


def serve(
    host: Annotated[str, typer.Option(help="The address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to serve at; 0 for a free one.", min=0, max=65535)] = 8080,
) -> int:
    """Serve recordings, answers and the work on both over HTTP, until interrupted."""
    from videoqa.bootstrap import service

    service.serve(host, port)
    return FOUND


def work() -> int:
    """Do the work of the data directory until standard input ends."""
    from videoqa.bootstrap.worker import work

    work()


def live() -> int:
    """Watch the cameras of the data directory until standard input ends."""
    from videoqa.bootstrap.live import live

    live()
