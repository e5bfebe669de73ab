"""One archive of the samples for every test that only reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.product import SAMPLES, Videoqa


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
