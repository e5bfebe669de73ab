"""Settings come from the environment and say what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from videoqa.errors import BadSetting
from videoqa.settings import Settings


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.read({"PATH": "/bin", "VIDEOQA_DATA_DIR": ""}) == Settings()


def test_a_variable_is_read_as_its_setting_is_meant() -> None:
    read = Settings.read({"VIDEOQA_DATA_DIR": "/footage", "VIDEOQA_WORKERS": "3", "VIDEOQA_TIMEZONE": "Asia/Tokyo"})
    assert (read.data_dir, read.workers, read.timezone) == (Path("/footage"), 3, "Asia/Tokyo")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("TIMEZONE", "Mars/Olympus"),
        ("TIMEZONE", "America"),
        ("DECODER", "vlc"),
        ("LONG_SIDE", "16"),
        ("PERIOD_MS", "9" * 30),
    ],
)
def test_a_value_that_cannot_be_names_itself(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"VIDEOQA_{name}.*{value}"):
        Settings.read({f"VIDEOQA_{name}": value})
