"""Prometheus metrics of several servers as one document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_OURS = "vllm:"
_UP = "videoqa:model_up"


def merged(documents: Sequence[str], up: Mapping[str, bool]) -> str:
    """The documents as one: every family described once, with all its samples behind it; and which models are ``up``.

    vLLM labels its samples with the model's name. What it tells of its process it does not, so of several servers only
    its own families are kept.
    """
    families: dict[str, tuple[dict[str, None], list[str]]] = {}
    for document in documents:
        family = ""
        for line in document.splitlines():
            if line.startswith("# "):
                family = line.split(" ", 3)[2]
                families.setdefault(family, ({}, []))[0][line] = None
            elif line:
                families.setdefault(family, ({}, []))[1].append(line)
    lines = [f"# TYPE {_UP} gauge", *(f'{_UP}{{model_name="{_label(name)}"}} {int(on)}' for name, on in up.items())]
    for name, (described, samples) in families.items():
        if len(documents) == 1 or name.startswith(_OURS):
            lines += [*described, *samples]
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
