"""The last lines of a server that died tell what to do."""

from __future__ import annotations

import pytest

from videoqa.serving.diagnosis import diagnose

TAILS = {
    "/opt/bin/python: No module named vllm": "pip install",
    "api_server.py: error: unrecognized arguments: --max-num-queued-reqs 256": "vLLM 0.32 or later",
    "ValueError: Free memory on device (3.1/79.1 GiB) on startup is less than desired GPU memory utilization": "end it",
    "ValueError: To serve at least one request with the model's max seq len (262144), (36.00 GiB KV cache is needed, "
    "which is larger than the available KV cache memory (11.08 GiB). Based on the available memory, the estimated "
    "maximum model length is 80704. Try increasing": "--max-model-len 80704",
    "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`": "low-memory",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB.": "low-memory",
    "huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error.": "the name given by --model",
    "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached snapshot": "download",
    "OSError: We couldn't connect to 'https://huggingface.co' to load the files": "download",
    "huggingface_hub.errors.GatedRepoError: 403 Client Error.": "HF_TOKEN",
    "RuntimeError: Failed to infer device type, please set the environment variable": "nvidia-smi",
    "OSError: [Errno 28] No space left on device": "HF_HOME",
}


@pytest.mark.parametrize(("line", "advice"), TAILS.items())
def test_a_known_death_comes_with_its_remedy(line: str, advice: str) -> None:
    lines = ["INFO starting", line, "Engine core initialization failed. See root cause above."]
    assert advice in diagnose(lines, 1).remedy


def test_an_unknown_death_is_told_in_its_own_last_words() -> None:
    told = diagnose(["Traceback (most recent call last):", "KeyError: 'moon'", "  ", "bye"], 1)
    assert "code 1: KeyError: 'moon'" in told.problem
    assert not told.hopeless


def test_one_that_said_nothing_is_told_so() -> None:
    assert "wrote nothing" in diagnose([], 2).problem
    assert "did not come up in time" in diagnose(["loading"], None).problem


def test_a_kill_by_the_system_is_put_down_to_memory() -> None:
    assert "memory" in diagnose(["loading"], 128 + 9).problem


def test_a_python_that_cannot_be_run_is_told() -> None:
    assert "--vllm" in diagnose(["/no/python: No such file or directory"], 127).remedy
