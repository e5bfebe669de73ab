"""The JSON Schema of the feed: ``python -m api.alert_feed.schema > docs/alerts.schema.json`` writes it anew."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from api.schemas.alerts import CLIENT, SERVER, SUBPROTOCOL


def document() -> dict[str, Any]:
    """What the service says, and as ``$defs/ClientMessage`` what it listens to."""
    said = ("said", "serialization", SERVER)
    heard = ("heard", "validation", CLIENT)
    schemas, defs = TypeAdapter.json_schemas([said, heard])  # type: ignore[list-item]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SUBPROTOCOL.replace('.', ':')}",
        "title": SUBPROTOCOL,
        "description": "A message of the feed of alerts: /v1/alerts/ws, /v1/alerts/stream, webhooks.",
        **schemas["said", "serialization"],
        "$defs": defs["$defs"] | {"ClientMessage": schemas["heard", "validation"]},
    }


def text() -> str:
    return json.dumps(document(), indent=2) + "\n"


if __name__ == "__main__":
    print(text(), end="")
