"""How footage comes in: as a form, in pieces (tus), from an address."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from api.uploads import recordings, tus

ROUTERS: Sequence[APIRouter] = (recordings.router, tus.router)
