"""What a test needs that a machine may lack: absent it skips, and where everything must be there it fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent


def dev_data(name: str) -> Path:
    """The development file ``name``; the test is skipped where the folder of real clips and transcripts is absent."""
    folder = Path(os.environ.get("VIDEOQA_DEV_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        # Not to be had by installing something: a clean checkout has none, and is to pass all the same.
        pytest.skip("the development data is not here; VIDEOQA_DEV_DATA names its folder")
    if not (folder / name).exists():
        missing(f"{folder} does not hold {name}")
    return folder / name


def program(name: str) -> str:
    """The path of the program ``name``."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed")
    return found


def missing(reason: str) -> NoReturn:
    """Skips the running test, or fails it where VIDEOQA_REQUIRE_ALL=1 says that nothing may be missing."""
    if os.environ.get("VIDEOQA_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
