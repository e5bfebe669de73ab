"""The command line that starts vLLM for one model."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from videoqa.errors import BadSetting
from videoqa.serving.models import Kind
from videoqa.serving.profiles import Layout

MODULE = "vllm.entrypoints.openai.api_server"
MOST_QUEUED = 256
_LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
_PROCESSOR_CACHE_GB = 4
_SHORTEST_EDGE = 4096


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter: the name it is asked for by, and its folder."""

    name: str
    path: str

    @classmethod
    def read(cls, text: str) -> Lora:
        """Reads ``NAME=PATH``."""
        name, found, path = text.partition("=")
        if not (name and found and path):
            raise BadSetting(name="--lora", value=text, expected="NAME=PATH")
        folder = Path(path).expanduser()
        return cls(name, str(folder) if folder.exists() else path)

    @property
    def _config(self) -> dict[str, object]:
        try:
            read = json.loads((Path(self.path) / "adapter_config.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def rank(self) -> int:
        """The smallest rank vLLM can make room for that holds this adapter; 64 where its files are not at hand."""
        rank = self._config.get("r")
        if not isinstance(rank, int):
            return 64
        return next((room for room in _LORA_RANKS if room >= rank), _LORA_RANKS[-1])

    @property
    def base(self) -> str:
        """The model it was trained on, as it says itself; empty where it does not."""
        return str(self._config.get("base_model_name_or_path") or "")


@dataclass(frozen=True, slots=True)
class Served:
    """One model as it is served: ``names`` are those it answers to, the first one shown; ``devices`` GPU indices."""

    names: tuple[str, ...]
    layout: Layout
    loras: tuple[Lora, ...] = ()
    devices: tuple[int, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def kind(self) -> Kind:
        return Kind.of(self.layout.model)

    @property
    def all_names(self) -> tuple[str, ...]:
        return self.names + tuple(lora.name for lora in self.loras)

    @property
    def context(self) -> int | None:
        """The tokens of its context; what the extra flags say goes before the layout's."""
        told = flag(self.extra, "--max-model-len")
        return int(told) if told is not None and told.isdigit() else self.layout.context


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, and the variables of its environment that are set for it."""

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As it can be typed into a shell. A key among the arguments is not shown."""
        words = [f"{name}={shlex.quote(value)}" for name, value in self.environment]
        return " ".join([*words, shlex.join(_without_keys(self.arguments))])


def command(served: Served, python: str, port: int) -> Command:
    """What starts vLLM for ``served`` on ``port`` of this machine alone. Extra flags take the place of ours."""
    layout = served.layout
    words: list[str] = [python, "-m", MODULE, "--model", layout.model, "--served-model-name", *served.names]
    words += ["--host", "127.0.0.1", "--port", str(port)]
    if layout.context is not None:
        words += ["--max-model-len", str(layout.context)]
    words += _memory(layout)
    words += ["--runner", "pooling"] if served.kind is Kind.EMBEDDING else _asking(served)
    if served.loras:
        words += ["--enable-lora", "--max-loras", str(len(served.loras))]
        words += ["--max-lora-rank", str(max(lora.rank for lora in served.loras))]
        words += ["--lora-modules", *(f"{lora.name}={lora.path}" for lora in served.loras)]
    return Command((*_without(words, served.extra), *served.extra), _environment(served))


def flag(arguments: tuple[str, ...], name: str) -> str | None:
    """The value that ``name`` is given last in ``arguments``; None where it is not there."""
    found = None
    for number, word in enumerate(arguments):
        if word == name and number + 1 < len(arguments):
            found = arguments[number + 1]
        elif word.startswith(f"{name}="):
            found = word.partition("=")[2]
    return found


def _memory(layout: Layout) -> list[str]:
    if layout.utilization is None:
        return ["--dtype", "bfloat16", "--enforce-eager"]
    words = ["--gpu-memory-utilization", f"{layout.utilization:.2f}"]
    words += ["--kv-cache-dtype", "fp8"] if layout.kv_fp8 else []
    words += ["--quantization", "fp8"] if layout.quantise else []
    words += ["--enforce-eager"] if layout.eager else []
    words += ["--tensor-parallel-size", str(layout.gpus)] if layout.gpus > 1 else []
    return words


def _asking(served: Served) -> list[str]:
    """What a model that is asked about footage needs beside its memory."""
    size = {"size": {"longest_edge": served.layout.longest_edge, "shortest_edge": _SHORTEST_EDGE}}
    words = [
        *("--limit-mm-per-prompt", '{"video":1,"image":16}'),
        *("--media-io-kwargs", '{"video":{"num_frames":-1}}'),
        *("--mm-processor-kwargs", json.dumps({"videos_kwargs": size}, separators=(",", ":"))),
        *("--mm-processor-cache-gb", "0" if served.layout.eager else str(_PROCESSOR_CACHE_GB)),
        "--trust-request-mm-kwargs",
        "--enable-prompt-tokens-details",
        *("--scheduling-policy", "priority"),
        *("--max-num-queued-reqs", str(MOST_QUEUED)),
    ]
    # An Instruct model that is started with a reasoning parser never keeps to a reply's schema.
    return words + (["--reasoning-parser", "qwen3"] if served.kind is Kind.THINKING else [])


def _environment(served: Served) -> tuple[tuple[str, str], ...]:
    wished = {"CUDA_VISIBLE_DEVICES": ",".join(map(str, served.devices))} if served.devices else {}
    wished |= {"VLLM_CPU_KVCACHE_SPACE": "4"} if served.layout.utilization is None else {"OMP_NUM_THREADS": "1"}
    return tuple((name, value) for name, value in wished.items() if name not in os.environ)


def _without(words: list[str], extra: tuple[str, ...]) -> list[str]:
    """``words`` without the flags, and their values, that ``extra`` gives anew."""
    given = {word.partition("=")[0] for word in extra if word.startswith("--")}
    kept, dropping = list[str](), False
    for word in words:
        dropping = word in given if word.startswith("--") else dropping
        kept += [] if dropping else [word]
    return kept


def _without_keys(arguments: tuple[str, ...]) -> list[str]:
    shown, hidden = [], False
    for word in arguments:
        shown.append("***" if hidden else "--api-key=***" if word.startswith("--api-key=") else word)
        hidden = word == "--api-key"
    return shown
