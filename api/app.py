"""The service as an ASGI application: its routes, its errors, what surrounds every request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from api import health, problems, recordings
from api.limits import Meter
from api.service import Service

ROUTERS: Sequence[APIRouter] = (health.router, recordings.router)


def create_app(service: Service) -> FastAPI:
    """The application over ``service``."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield

    app = FastAPI(
        title="videoqa",
        version=version("videoqa"),
        summary="Footage goes in, every second becomes searchable, a question comes back as a moment you can play.",
        docs_url="/docs",
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.meter = Meter(service.limits)
    app.state.stopping = asyncio.Event()
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
