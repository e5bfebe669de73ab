"""Why a model server died at its start, from the last lines it wrote, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SMALLER = "--profile low-memory, --profile fp8, or a smaller --model such as Qwen/Qwen3-VL-4B-Instruct-FP8"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What went wrong and what to do. Trying again is of no use where it is ``hopeless``."""

    problem: str
    remedy: str
    hopeless: bool = True


# The first that is found counts, so the more particular ones come first.
_KNOWN: tuple[tuple[str, str, str, bool], ...] = (
    (
        r"No module named '?vllm'?",
        "vLLM is not installed in that Python",
        (
            'put it into an environment of its own (python -m venv ~/vllm && ~/vllm/bin/pip install "vllm>=0.32") and '
            "name that by --vllm ~/vllm/bin/python or VIDEOQA_VLLM"
        ),
        True,
    ),
    (
        r"unrecognized arguments: (?P<what>.+)",
        "this vLLM does not know {what}",
        "install vLLM 0.32 or later, or take out the flag",
        True,
    ),
    (r"error: argument (?P<what>.+)", "vLLM does not take {what}", "correct the flag behind --", True),
    (
        r"Free memory on device .* is less than desired GPU memory utilization",
        "another program holds memory of the GPU",
        "end it (`videoqa model status` shows what is used), or try --profile low-memory",
        False,
    ),
    (
        r"estimated maximum model length is (?P<what>\d+)",
        "the context does not fit into the GPU's memory",
        "try -- --max-model-len {what}, " + _SMALLER,
        True,
    ),
    (r"larger than the available KV cache memory", "the context does not fit into memory", "try " + _SMALLER, True),
    (r"No available memory for the cache blocks", "no memory is left for the context", "try " + _SMALLER, True),
    (r"out of memory|OutOfMemoryError", "the GPU's memory is too small for it", "try " + _SMALLER, False),
    (
        r"GatedRepoError|Access to model .* is restricted|401 Client Error",
        "the model's files are not open to all",
        "accept its licence on its page and set HF_TOKEN",
        True,
    ),
    (
        r"RepositoryNotFoundError|is not a local folder and is not a valid model identifier|Repo id must",
        "there is no such model",
        "check the name given by --model, or give the folder of its files",
        True,
    ),
    (
        r"OfflineModeIsEnabled|outgoing traffic has been disabled",
        "the model's weights are not on this machine, and downloading is switched off",
        "unset HF_HUB_OFFLINE, or download them elsewhere (hf download MODEL) and give the folder by --model",
        True,
    ),
    (
        (
            r"LocalEntryNotFoundError|couldn't connect to|Cannot find any model weights"
            r"|MaxRetryError|Temporary failure in name resolution"
        ),
        "the model's weights are not on this machine and cannot be downloaded",
        "download them where there is a network (hf download MODEL) and give the folder by --model",
        False,
    ),
    (
        r"No CUDA GPUs are available|Failed to infer device type|no CUDA-capable device|Found no NVIDIA driver",
        "vLLM finds no GPU that it can use",
        "check that nvidia-smi works here, or install the CPU build of vLLM",
        True,
    ),
    (r"No space left on device", "the disk is full", "free some space, or set HF_HOME to a larger disk", True),
    (r"(?:loading|load) LoRA|No adapter found", "a LoRA adapter cannot be loaded", "check its folder", True),
)


def diagnose(lines: Iterable[str], code: int | None) -> Diagnosis:
    """What the ``lines`` of a server that ended with ``code`` tell; None where it was ended, having hung."""
    text = "\n".join(lines)
    for pattern, problem, remedy, hopeless in _KNOWN:
        if found := re.search(pattern, text, re.IGNORECASE):
            what = found.groupdict().get("what") or ""
            return Diagnosis(problem.format(what=what.strip()), remedy.format(what=what.strip()), hopeless)
    if code == 127:
        return Diagnosis("that Python cannot be run", "name the Python of vLLM's environment by --vllm", hopeless=True)
    if code == 128 + 9:
        return Diagnosis("the system killed it, mostly for want of memory", "try " + _SMALLER, hopeless=False)
    how = "it did not come up in time" if code is None else f"it ended with code {code}"
    return Diagnosis(f"{how}: {_last_words(text)}", "its log tells more", hopeless=False)


def _last_words(text: str) -> str:
    """The last line that names an error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\b\w*(Error|Exception)\b", line)]
    return (errors or lines or ["it wrote nothing"])[-1]
