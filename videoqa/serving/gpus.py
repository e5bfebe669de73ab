"""The GPUs of this machine, as ``nvidia-smi`` tells of them."""

from __future__ import annotations

import csv
import io
import subprocess
from dataclasses import dataclass

_ASKED = ("index", "name", "memory.total", "memory.used", "temperature.gpu", "utilization.gpu", "compute_cap")
_MEBIBYTE = 2**20
_PATIENCE_S = 20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. Memory in bytes; ``temperature`` in degrees Celsius and ``load`` 0 to 1, None where it does not tell.

    ``capability`` is NVIDIA's compute capability, (8, 9) of an L4; (0, 0) where it does not tell.
    """

    index: int
    name: str
    memory: int
    used: int
    temperature: int | None
    load: float | None
    capability: tuple[int, int] = (0, 0)

    @property
    def knows_fp8(self) -> bool:
        """True where it computes in FP8: Ada, Hopper and later. Earlier ones take FP8 weights, no FP8 KV cache."""
        return self.capability >= (8, 9)


def gpus() -> tuple[Gpu, ...]:
    """Every GPU that the driver shows; none where there is no driver, or it does not answer."""
    command = ["nvidia-smi", f"--query-gpu={','.join(_ASKED)}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse(told)


def parse(told: str) -> tuple[Gpu, ...]:
    """The GPUs in ``told``, CSV without header and units; lines that name no memory (MIG parents) are left out."""
    found = []
    for row in csv.reader(io.StringIO(told), skipinitialspace=True):
        if len(row) != len(_ASKED):
            continue
        index, name, total, used, temperature, load, capability = (field.strip() for field in row)
        if not (index.isdigit() and total.isdigit()):
            continue
        major, _, minor = capability.partition(".")
        found.append(
            Gpu(
                index=int(index),
                name=name,
                memory=int(total) * _MEBIBYTE,
                used=(_number(used) or 0) * _MEBIBYTE,
                temperature=_number(temperature),
                load=None if (percent := _number(load)) is None else percent / 100,
                capability=(_number(major) or 0, _number(minor) or 0),
            )
        )
    return tuple(found)


def _number(field: str) -> int | None:
    return int(field) if field.isdigit() else None
