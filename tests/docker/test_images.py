"""The container files keep to what they promise; no container engine is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docker.dockerfile import DOCKER, stages
from tests.needs import missing

COMPOSED = ("compose.yaml", "compose.gpu.yaml")


def linter(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        missing(f"{name} is not installed")
    return str(found)


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    ran = subprocess.run([linter("hadolint"), DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", COMPOSED)
def test_a_compose_file_is_one_by_the_specification(name: str) -> None:
    command = [linter("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DOCKER / name]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_image_is_nobodys_root_and_is_asked_whether_it_is_ready() -> None:
    build, final = stages(DOCKER / "Dockerfile")
    told = {each.name: each for each in final}
    assert told["USER"].text.split(":")[0].isdigit()
    assert told["USER"].text.split(":")[0] != "0"
    assert "/health/ready" in told["HEALTHCHECK"].text
    assert told["ENTRYPOINT"].words + told["CMD"].words == ["videoqa", "serve", "--host", "0.0.0.0", "--port", "8080"]
    assert not any(each.name in ("COPY", "ADD") for each in final), "the sources stay in the stage that built them"
    assert build[0].text.endswith("AS build")


@pytest.mark.parametrize("name", COMPOSED)
def test_the_service_runs_with_as_little_as_it_needs(name: str) -> None:
    service = yaml.safe_load((DOCKER / name).read_text(encoding="utf-8"))["services"]["videoqa"]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["volumes"] == ["data:/data"]
    assert service["deploy"]["resources"]["limits"]["memory"]


def test_the_model_has_a_gpu_of_its_own_and_no_more_memory_than_it_is_given() -> None:
    model = yaml.safe_load((DOCKER / "compose.gpu.yaml").read_text(encoding="utf-8"))["services"]["model"]
    resources = model["deploy"]["resources"]
    assert resources["reservations"]["devices"][0]["capabilities"] == ["gpu"]
    assert resources["limits"]["memory"]
    assert "ports" not in model, "only the service is to reach it"
