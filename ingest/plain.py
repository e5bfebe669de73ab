"""Our types as plain JSON, with times in whole microseconds, and back."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from videoqa.media import Sampling, Span

MICROSECOND = timedelta(microseconds=1)


def as_json(value: object) -> bytes:
    return json.dumps(value, default=_plain).encode()


def read_sampling(told: Any) -> Sampling:
    return Sampling(**{**told, "period": told["period"] * MICROSECOND})


def read_span(told: Any) -> Span:
    return Span(int(told["start"]) * MICROSECOND, int(told["end"]) * MICROSECOND)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, timedelta):
        return value // MICROSECOND
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not go over the wire")
