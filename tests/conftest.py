"""Options of the test command."""

from __future__ import annotations

import os

import pytest

# The threads of a matrix product wait for one another in a loop. Where there are more of them than cores, as with a
# worker on each core, they do little else.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the fault suites in their full form")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Lets a fault suite in its full form take hours; in its short one a test that hangs is soon ended."""
    for item in items:
        if config.getoption("--soak") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(7200))
