"""What is known of the models: their shapes, and the GPU memory that these need.

The memory of a model on one GPU is the sum of four parts, in bytes:

- weights: 2 a parameter; in an FP8 checkpoint 1 for the weights of the language model's layers, 2 for all others.
- KV cache: ``2 * layers * kv_heads * head_dim * (1 in FP8, else 2)`` a token of context.
- pictures: vLLM lays its memory out for the largest video it takes. A video of T tokens keeps ``4 * hidden`` numbers a
  token in the encoder cache (the embedding and three deepstack layers), and is seen as ``4 * T`` patches, each holding
  its pixels (1536), three hidden states and two intermediate ones of the vision tower; 2 bytes a number.
- the rest: CUDA's context, its graphs and the language model's activations, taken as 2 GiB (1 GiB without graphs).

The first two are exact. The others are an upper estimate read from vLLM 0.32, not measured on a GPU.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

GIB = 2**30
NATIVE_CONTEXT = 262_144
_PATCHES_A_TOKEN = 4
_PIXELS_A_PATCH = 3 * 2 * 16 * 16
_DEEPSTACK_LAYERS = 3


class Kind(StrEnum):
    """What a model is for, by which its flags differ."""

    INSTRUCT = "instruct"
    THINKING = "thinking"
    EMBEDDING = "embedding"

    @classmethod
    def of(cls, name: str) -> Kind:
        """By the model's name, the way Qwen3-VL models are called."""
        last = name.rstrip("/").rsplit("/", 1)[-1].lower()
        if "embedding" in last or "reranker" in last:
            return cls.EMBEDDING
        return cls.THINKING if "thinking" in last else cls.INSTRUCT


@dataclass(frozen=True, slots=True)
class Shape:
    """The figures of a model that its memory follows from.

    ``linear`` counts the weights of the language model's layers, ``others`` all other parameters; ``stored`` is the
    size of its files in bytes where they are at hand, which then counts instead of these.
    """

    layers: int
    hidden: int
    kv_heads: int
    head_dim: int
    linear: int
    others: int
    vision_hidden: int
    vision_intermediate: int
    context: int = NATIVE_CONTEXT
    fp8: bool = False
    stored: int | None = None

    @property
    def weights(self) -> int:
        """Bytes."""
        if self.stored is not None:
            return self.stored
        return self.linear * (1 if self.fp8 else 2) + self.others * 2

    def kv_per_token(self, *, fp8: bool) -> int:
        """Bytes of KV cache that one token of context takes."""
        return 2 * self.layers * self.kv_heads * self.head_dim * (1 if fp8 else 2)

    def pictures(self, video_tokens: int) -> int:
        """Bytes set aside for the largest video, of ``video_tokens`` tokens."""
        kept = (1 + _DEEPSTACK_LAYERS) * self.hidden
        seen = _PATCHES_A_TOKEN * (_PIXELS_A_PATCH + 3 * self.vision_hidden + 2 * self.vision_intermediate)
        return 2 * video_tokens * (kept + seen)


_SMALL_EYE, _LARGE_EYE = (1024, 4096), (1152, 4304)
# Counted on transformers 5.19's models of these configurations, built without weights.
_SIZES = {
    "2B": Shape(28, 2048, 8, 128, 1_409_286_144, 718_245_888, *_SMALL_EYE),
    "4B": Shape(36, 2560, 8, 128, 3_633_315_840, 804_499_968, *_SMALL_EYE),
    "8B": Shape(36, 4096, 8, 128, 6_945_767_424, 1_821_356_272, *_LARGE_EYE),
    "32B": Shape(64, 5120, 8, 128, 31_205_621_760, 2_151_768_304, *_LARGE_EYE),
    "30B-A3B": Shape(48, 2048, 4, 128, 29_909_581_824, 1_161_172_208, *_LARGE_EYE),
    "235B-A22B": Shape(94, 4096, 4, 128, 233_848_176_640, 1_821_846_256, *_LARGE_EYE),
}
_FAMILY = "Qwen/Qwen3-VL-"
_VARIANTS = ("-Instruct", "-Thinking")
_FP8 = "-FP8"


def shape_of(model: str) -> Shape | None:
    """The shape of a Qwen3-VL model by its name, or of a checkpoint folder by its files; None where it is not known."""
    folder = Path(model).expanduser()
    if (folder / "config.json").is_file():
        return _shape_in(folder)
    if not model.startswith(_FAMILY):
        return None
    name = model.removeprefix(_FAMILY)
    fp8 = name.endswith(_FP8)
    name = name.removesuffix(_FP8).removeprefix("Embedding-").removeprefix("Reranker-")
    for variant in _VARIANTS:
        name = name.removesuffix(variant)
    shape = _SIZES.get(name)
    return None if shape is None else replace(shape, fp8=fp8)


def fp8_twin(model: str) -> str | None:
    """The same model with FP8 weights; itself where it is one, None where there is none that is known of."""
    if model.endswith(_FP8):
        return model
    if model.startswith(_FAMILY) and model.endswith(_VARIANTS):
        return model + _FP8
    return None


def _shape_in(folder: Path) -> Shape | None:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        if not isinstance(config, dict):
            return None
        text, eye = _part(config, "text_config"), _part(config, "vision_config")
        heads = int(text["num_attention_heads"])
        return Shape(
            layers=int(text["num_hidden_layers"]),
            hidden=int(text["hidden_size"]),
            kv_heads=int(text.get("num_key_value_heads") or heads),
            head_dim=int(text.get("head_dim") or int(text["hidden_size"]) // heads),
            linear=0,
            others=0,
            vision_hidden=int(eye.get("hidden_size", 0)),
            vision_intermediate=int(eye.get("intermediate_size", 0)),
            context=int(text.get("max_position_embeddings", NATIVE_CONTEXT)),
            stored=sum(file.stat().st_size for file in folder.glob("*.safetensors")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        # A folder that is no model fails at the start of the server, with a reason; its memory is just not known.
        return None


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The part of a configuration called ``name``; a model of text alone has but one, without a name."""
    part = config.get(name, config if name == "text_config" else {})
    return part if isinstance(part, Mapping) else {}
