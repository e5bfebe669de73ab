"""A request comes through the engine as it was made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from videoqa.jobs.rows import as_arguments, request
from videoqa.ports import IndexRequest


@pytest.mark.parametrize("path", ["/in/名前 é.mp4", "/in/\udcff%41.mp4", "/in/new\nline.mp4"])
def test_a_name_keeps_its_bytes_on_the_way_through_the_engine(path: str) -> None:
    made = IndexRequest(path, path, datetime(2026, 7, 1, tzinfo=UTC), "vans, 名", True, True, "cafe", 3, "key")
    arguments = as_arguments(made)
    assert all(value is None or value.isascii() for value in arguments.values())
    assert request(arguments) == made
