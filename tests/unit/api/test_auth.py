"""Who a request comes from, and what that one may do."""

from __future__ import annotations

from pathlib import Path

import anyio

from tests.service import a_service, client_of


def test_whoever_is_at_this_machine_needs_no_key_where_there_is_none(tmp_path: Path) -> None:
    async def asked() -> None:
        async with client_of(a_service(tmp_path)) as client:
            answer = await client.get("/v1/recordings/nothing")
            assert answer.status_code == 404
            assert answer.json()["code"] == "unknown-recording"

    anyio.run(asked)
