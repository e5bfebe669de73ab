"""Settings come from the environment and say what is wrong with it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from videoqa.errors import BadSetting
from videoqa.settings import PREFIX, Settings


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
        ("RATE", "many"),
        ("RATE", "5/fortnight"),
        ("UPLOADS_AT_ONCE", "0"),
        ("ORIGINS", "everybody"),
        ("ORIGINS", "https://a.example/path"),
    ],
)
def test_a_value_that_cannot_be_names_itself(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"VIDEOQA_{name}.*{value}"):
        Settings.read({f"VIDEOQA_{name}": value})


def test_the_readme_lists_every_setting_as_it_is() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for item in fields(Settings):
        default = "yes" if item.default is True else item.default or ""
        assert f"| `{PREFIX}{item.name.upper()}` | {item.metadata['means']} | {default} |" in readme


def test_a_key_shows_itself_nowhere_but_where_it_is_used() -> None:
    told = {f"VIDEOQA_{name}_KEY": "canary" for name in ("MODEL", "MODEL_FALLBACK", "SPEECH", "EMBEDDER")}
    urls = {
        f"VIDEOQA_{name}_URL": "http://u:canary@gpu/v1" for name in ("MODEL", "MODEL_FALLBACK", "SPEECH", "DATABASE")
    }
    settings = Settings.read(told | urls | {"VIDEOQA_EMBEDDER": "http://u:canary@gpu/v1"})
    assert settings.model_key == "canary"
    assert settings.model_url == "http://u:canary@gpu/v1"
    assert "canary" not in repr(settings)
    with pytest.raises(BadSetting) as caught:
        Settings.read({"VIDEOQA_MODEL_URL": "u:canary@gpu/v1"})
    assert "canary" not in str(caught.value)
