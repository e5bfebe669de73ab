"""How a model is laid out on the GPU there is: which precision, how long a context, how large a video.

``TIERS`` is the choice for each common size of GPU. Another model than a tier's own is fitted by the formula of
``videoqa.serving.models``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from videoqa.serving.models import GIB, NATIVE_CONTEXT, Kind, Shape, fp8_twin, shape_of

PIXELS_A_TOKEN = 2048
SHARE = 0.92
"""The share of a GPU's memory that vLLM may fill; the rest is for CUDA itself and what else is shown there."""
_REST = 2 * GIB
_REST_EAGER = 1 * GIB
_STEP = 1024
_USEFUL_CONTEXT = 32_768
_LEAST_CONTEXT = 8_192
_LEAST_VIDEO = 8_192
_LARGEST_VIDEO = 131_072
_STOCK_VIDEO = 12_288


class Profile(StrEnum):
    """What the GPU's memory is spent on."""

    AUTO = "auto"
    FP8 = "fp8"
    LOW_MEMORY = "low-memory"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Tier:
    """The choice for one size of GPU. ``label`` is the size it is sold as in GB, ``memory`` what it has at least."""

    label: int
    memory: int
    model: str
    context: int
    video_tokens: int
    kv_fp8: bool


_4B_FP8 = "Qwen/Qwen3-VL-4B-Instruct-FP8"
_8B = "Qwen/Qwen3-VL-8B-Instruct"
_8B_FP8 = "Qwen/Qwen3-VL-8B-Instruct-FP8"
TIERS = (
    Tier(16, 15 * GIB, _4B_FP8, 40_960, 32_768, kv_fp8=True),
    Tier(24, 22 * GIB, _8B_FP8, 53_248, 32_768, kv_fp8=True),
    Tier(48, 44 * GIB, _8B_FP8, NATIVE_CONTEXT, 65_536, kv_fp8=True),
    Tier(80, 79 * GIB, _8B, NATIVE_CONTEXT, _LARGEST_VIDEO, kv_fp8=True),
    Tier(141, 139 * GIB, _8B, NATIVE_CONTEXT, _LARGEST_VIDEO, kv_fp8=False),
)


@dataclass(frozen=True, slots=True)
class Room:
    """What a model may take: ``memory`` bytes on each of ``gpus`` alike, of which it may fill the ``share``."""

    memory: int
    gpus: int = 1
    share: float = SHARE
    knows_fp8: bool = True

    @property
    def usable(self) -> float:
        return self.memory * self.share * self.gpus


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model is laid out. ``utilization`` is the share of a GPU's memory, None without a GPU.

    ``video_tokens`` is the largest video it takes; ``needs`` the bytes it takes with one request of full length, None
    where the model's shape is not known. ``context`` None leaves it to the model.
    """

    model: str
    context: int | None
    video_tokens: int = _STOCK_VIDEO
    utilization: float | None = None
    kv_fp8: bool = False
    quantise: bool = False
    eager: bool = False
    gpus: int = 1
    needs: int | None = None
    note: str = ""

    @property
    def longest_edge(self) -> int:
        """Pixels of a video, all frames together, that make ``video_tokens``: the processor's setting of that name."""
        return self.video_tokens * PIXELS_A_TOKEN


def tier_of(memory: int) -> Tier:
    """The largest tier that a GPU of ``memory`` bytes has room for; the smallest one for one with less."""
    return max((tier for tier in TIERS if tier.memory <= memory), key=lambda tier: tier.memory, default=TIERS[0])


def laid_out(model: str | None, room: Room | None, profile: Profile = Profile.AUTO) -> Layout:
    """The layout of ``model`` (None takes the tier's own) in ``room``; without a GPU where that is None."""
    if room is None:
        return _on_cpu(model or "Qwen/Qwen3-VL-2B-Instruct")
    tier = tier_of(room.memory)
    name = model or tier.model
    if Kind.of(name) is Kind.EMBEDDING:
        return _least(name, room, context=_USEFUL_CONTEXT, eager=False)
    if profile is Profile.LOW_MEMORY:
        name, quantise = _in_fp8(name)
        return _least(name, room, context=_USEFUL_CONTEXT, eager=True, quantise=quantise)
    kv_fp8 = room.knows_fp8 and (tier.kv_fp8 or profile is not Profile.AUTO)
    video = _LARGEST_VIDEO if profile is Profile.LONG else tier.video_tokens
    longest = NATIVE_CONTEXT if profile is Profile.LONG or tier.memory > TIERS[1].memory else tier.context
    useful = NATIVE_CONTEXT if profile is Profile.LONG else _USEFUL_CONTEXT
    if profile is Profile.AUTO:
        plain = _fitted(name, room, kv_fp8=kv_fp8, video=video, longest=longest, useful=useful)
        if plain is None or (plain.context or 0) >= useful or fp8_twin(name) in (None, name):
            return plain or _unknown(name, room, tier)
    name, quantise = _in_fp8(name)
    layout = _fitted(name, room, kv_fp8=kv_fp8, video=video, longest=longest, useful=useful) or _unknown(
        name, room, tier
    )
    return replace(layout, quantise=quantise)


def _fitted(model: str, room: Room, *, kv_fp8: bool, video: int, longest: int, useful: int) -> Layout | None:
    """Spends on context what weights and pictures leave; gives up on large videos before it gives up on context."""
    shape = shape_of(model)
    if shape is None:
        return None
    useful, longest = min(useful, shape.context), min(longest, shape.context)
    per_token = shape.kv_per_token(fp8=kv_fp8)
    left = room.usable - shape.weights - _REST * room.gpus
    while video > _LEAST_VIDEO and (left - shape.pictures(video)) // per_token < useful:
        video //= 2
    fits = int((left - shape.pictures(video)) // per_token) // _STEP * _STEP
    context = max(min(longest, fits), min(_LEAST_CONTEXT, shape.context))
    return Layout(
        model=model,
        context=context,
        video_tokens=video,
        utilization=room.share,
        kv_fp8=kv_fp8,
        gpus=room.gpus,
        needs=_needs(shape, context, video, kv_fp8=kv_fp8) + _REST * room.gpus,
        note="" if fits >= context else f"{model} may not fit into {room.usable / GIB:.1f} GiB",
    )


def _least(model: str, room: Room, *, context: int, eager: bool, quantise: bool = False) -> Layout:
    """Only what one request of ``context`` tokens needs, so that other programs find room beside it."""
    kv_fp8 = room.knows_fp8 and Kind.of(model) is not Kind.EMBEDDING
    video = _LEAST_VIDEO
    shape = shape_of(model)
    layout = Layout(model, context, video, room.share, kv_fp8, quantise, eager, room.gpus)
    if shape is None:
        return layout
    context = min(context, shape.context)
    rest = (_REST_EAGER if eager else _REST) * room.gpus
    while (needs := _needs(shape, context, video, kv_fp8=kv_fp8) + rest) > room.usable and context > _LEAST_CONTEXT:
        context //= 2
    share = math.ceil(100 * needs / (room.memory * room.gpus)) / 100
    note = "" if needs <= room.usable else f"{model} may not fit into {room.usable / GIB:.1f} GiB"
    return replace(layout, context=context, utilization=min(share, room.share), needs=needs, note=note)


def _unknown(model: str, room: Room, tier: Tier) -> Layout:
    note = f"what memory {model} needs is not known here; if it does not fit, give -- --max-model-len"
    kv_fp8 = tier.kv_fp8 and room.knows_fp8
    return Layout(model, None, tier.video_tokens, room.share, kv_fp8, gpus=room.gpus, note=note)


def _on_cpu(model: str) -> Layout:
    shape = shape_of(model)
    context = min(_USEFUL_CONTEXT, shape.context if shape else _USEFUL_CONTEXT)
    needs = None if shape is None else _needs(shape, context, _STOCK_VIDEO, kv_fp8=False)
    note = "no GPU is found: it runs on the processor, slowly"
    return Layout(model, context, eager=True, needs=needs, note=note)


def _in_fp8(model: str) -> tuple[str, bool]:
    """The model's FP8 twin and False, or where it has none the model itself and True: it is quantised at start."""
    twin = fp8_twin(model)
    return (twin, False) if twin is not None else (model, True)


def _needs(shape: Shape, context: int, video: int, *, kv_fp8: bool) -> int:
    return shape.weights + shape.pictures(video) + context * shape.kv_per_token(fp8=kv_fp8)
