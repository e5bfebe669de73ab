"""Recordings and cameras as other documents name them."""

from __future__ import annotations

from api.schemas.wire import WireModel


class RecordingRef(WireModel):
    """A recording as a moment names it."""

    id: str
    title: str


class CameraRef(WireModel):
    """A camera as a moment names it; one that was removed has its id for a name."""

    id: str
    name: str
