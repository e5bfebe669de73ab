"""Options of the test command."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the fault suites in their full form")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Lets a fault suite in its full form take hours; in its short one a test that hangs is soon ended."""
    for item in items:
        if config.getoption("--soak") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(7200))
