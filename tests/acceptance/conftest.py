"""One archive of the samples for every test that only reads it."""

from __future__ import annotations

import fcntl
import os
import shutil
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
    """The product over the indexed samples, which one worker indexes for all; each has a copy of its own."""
    own = tmp_path_factory.mktemp("samples")
    indexed = (own.parent.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "indexed-samples"
    with indexed.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not indexed.exists():
            ran = Videoqa(own / "begun")("index", SAMPLES)
            assert ran.code == 0, ran.err
            (own / "begun").rename(indexed)
    return Videoqa(Path(shutil.copytree(indexed, own / "data")))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The running service over an empty data directory."""
    with Service(tmp_path / "data") as running:
        yield running
