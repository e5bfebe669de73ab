"""A request comes through the engine as it was made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from videoqa.jobs.workflow import IndexRequest


@pytest.mark.parametrize("path", ["/in/名前 é.mp4", "/in/\udcff%41.mp4", "/in/new\nline.mp4"])
def test_a_name_keeps_its_bytes_on_the_way_through_the_engine(path: str) -> None:
    request = IndexRequest(path, path, datetime(2026, 7, 1, tzinfo=UTC), "vans, 名", again=True, by_model=True)
    arguments = request.as_arguments()
    assert all(value is None or value.isascii() for value in arguments.values())
    assert IndexRequest.from_arguments(arguments) == request
