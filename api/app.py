"""The service as an ASGI application: its routes, its errors, what surrounds every request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from api import (
    alerts,
    asking,
    audit,
    cameras,
    compat,
    content,
    documents,
    events,
    feedback,
    footage,
    gate,
    health,
    jobs,
    keys,
    metrics,
    pins,
    problems,
    progress,
    recordings,
    rules,
    searching,
    session,
    subtitles,
    trials,
    uploads,
    usage,
    web,
    webhooks,
)
from api.alert_feed import socket, stream
from api.alert_feed.delivering import Delivering
from api.alert_feed.feed import Feed
from api.documents import DocumentedApp
from api.edge import Edge
from api.guests import Guests
from api.motion_jpeg import Pictures
from api.mqtt.bridging import Bridging
from api.questions import Questions
from api.service import Service
from api.uploads.fetching import Fetching
from api.uploads.sweeping import sweep_loop
from api.uploads.under_way import UnderWay

ROUTERS: Sequence[APIRouter] = (
    socket.router,
    stream.router,
    alerts.router,
    asking.router,
    cameras.router,
    compat.router,
    audit.router,
    content.router,
    events.router,
    feedback.router,
    health.router,
    jobs.router,
    keys.router,
    metrics.router,
    pins.router,
    progress.router,
    recordings.router,
    footage.router,
    rules.router,
    searching.router,
    session.router,
    subtitles.router,
    trials.router,
    *uploads.ROUTERS,
    usage.router,
    webhooks.router,
)


def create_app(service: Service) -> FastAPI:
    """The application over ``service``."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(app.state.metrics.watch_loop())
        await app.state.fetching.resume()
        sweeping = asyncio.create_task(sweep_loop(service))
        telling = [asyncio.create_task(Delivering(service, app.state.feed).run())]
        if service.broker is not None:
            telling.append(asyncio.create_task(Bridging(service, app.state.feed, service.broker).run()))
        yield
        for task in telling:
            task.cancel()
        sweeping.cancel()
        await app.state.fetching.close()
        watching.cancel()
        await app.state.questions.close()
        await app.state.board.close()
        await app.state.pictures.close()
        await app.state.feed.close()
        await app.state.guests.close()
        await asyncio.wait(telling)

    app = DocumentedApp(
        title="videoqa",
        version=version("videoqa"),
        summary="Footage goes in, every second becomes searchable, a question comes back as a moment you can play.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.stopping = asyncio.Event()
    app.state.questions = Questions(service)
    app.state.board = progress.Board(service)
    app.state.guests = Guests(service)
    app.state.feed = Feed(service, app.state.guests)
    app.state.pictures = Pictures(service)
    app.state.metrics = metrics.Metrics(service.figures)
    app.state.health = health.Looker(service.checks)
    app.state.under_way = UnderWay()
    problems.install(app)
    documents.install(app)
    web.install(app)
    gate.install(app, service)
    app.state.fetching = Fetching(service, app.state.meter, app.state.under_way)
    # What is added last comes first.
    app.add_middleware(Edge, metrics=app.state.metrics, routes=app.state.routes)
    for router in ROUTERS:
        app.include_router(router)
    return app
