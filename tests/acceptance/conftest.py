"""One archive of the samples for every test that only reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.product import SAMPLES, Videoqa
from tests.acceptance.service import Service


@pytest.fixture
def videoqa(tmp_path: Path) -> Videoqa:
    """The product over an empty data directory."""
    return Videoqa(tmp_path / "data")


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Videoqa:
    """The product over the indexed samples."""
    product = Videoqa(tmp_path_factory.mktemp("samples") / "data")
    ran = product("index", SAMPLES)
    assert ran.code == 0, ran.err
    return product


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The running service over an empty data directory."""
    with Service(tmp_path / "data") as running:
        yield running
