"""What nvidia-smi prints is read field by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from videoqa.serving.gpus import gpus, parse

MEBIBYTE = 2**20


def test_a_gpu_is_read_from_its_line() -> None:
    (gpu,) = parse("0, NVIDIA H100 80GB HBM3, 81559, 1234, 41, 97, 9.0\n")
    assert (gpu.index, gpu.name, gpu.temperature, gpu.load) == (0, "NVIDIA H100 80GB HBM3", 41, 0.97)
    assert (gpu.memory, gpu.used, gpu.capability) == (81559 * MEBIBYTE, 1234 * MEBIBYTE, (9, 0))
    assert gpu.knows_fp8


def test_what_a_gpu_does_not_tell_is_none() -> None:
    (gpu,) = parse("1, GRID T4, 15360, [N/A], [Not Supported], [N/A], 7.5\n")
    assert (gpu.used, gpu.temperature, gpu.load) == (0, None, None)
    assert not gpu.knows_fp8


@pytest.mark.parametrize("told", ["", "No devices were found\n", "0, NVIDIA H100, [N/A], 0, 30, 0, 9.0\n"])
def test_what_names_no_memory_is_no_gpu(told: str) -> None:
    assert parse(told) == ()


def test_a_machine_without_the_driver_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == ()


def test_a_driver_that_fails_shows_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 0, GPU, 16000, 0, 30, 0, 9.0\nexit 9\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert gpus() == ()
