"""The profiles, and the memory of models, as tables in Markdown; computed, for `--profiles` and the README."""

from __future__ import annotations

from videoqa.serving.models import GIB, shape_of
from videoqa.serving.profiles import TIERS, Profile, Room, laid_out

_LIKELY = ("4B-Instruct", "8B-Instruct", "30B-A3B-Instruct", "32B-Instruct", "235B-A22B-Instruct")


def profile_table() -> str:
    """The profiles of all sizes of GPU, as a table in Markdown."""
    columns = (
        "GPU",
        "model",
        "context",
        "video",
        "KV cache",
        "needs",
        "`low-memory` needs",
        "`long` context",
        "also fits",
    )
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for tier in TIERS:
        room = Room(tier.memory)
        auto, least, longest = (
            laid_out(None, room, profile) for profile in (Profile.AUTO, Profile.LOW_MEMORY, Profile.LONG)
        )
        lines.append(
            f"| {tier.label} GB | {_short(auto.model)} | {_thousands(auto.context)} | {_thousands(auto.video_tokens)} "
            f"| {'FP8' if auto.kv_fp8 else '16 bit'} | {_gib(auto.needs)} | {_gib(least.needs)} "
            f"| {_thousands(longest.context)} | {', '.join(_also(room, auto.model))} |"
        )
    return "\n".join(lines)


def memory_table() -> str:
    """What each model needs, part by part, as a table in Markdown."""
    columns = (
        "model",
        "weights, 16 bit",
        "FP8",
        "32K of context, 16 bit",
        "32K, FP8",
        "256K, FP8",
        "video of 16K",
        "128K",
    )
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for name in ("2B-Instruct", *_LIKELY):
        plain, small = shape_of(f"Qwen/Qwen3-VL-{name}"), shape_of(f"Qwen/Qwen3-VL-{name}-FP8")
        assert plain is not None
        assert small is not None
        contexts = [
            plain.kv_per_token(fp8=fp8) * tokens for fp8, tokens in ((False, 2**15), (True, 2**15), (True, 2**18))
        ]
        parts = [plain.weights, small.weights, *contexts, plain.pictures(2**14), plain.pictures(2**17)]
        lines.append(f"| Qwen3-VL-{name} | " + " | ".join(map(_gib, parts)) + " |")
    return "\n".join(lines)


def _also(room: Room, but: str) -> list[str]:
    """The models that fit with at least 32K of context, the larger precision first."""
    fitting = []
    for name in _LIKELY:
        layout = laid_out(f"Qwen/Qwen3-VL-{name}", room)
        if not layout.note and (layout.context or 0) >= 2**15 and layout.model != but:
            fitting.append(f"{_short(layout.model)} ({_thousands(layout.context)})")
    return fitting


def _short(model: str) -> str:
    return model.rsplit("/", 1)[-1].removeprefix("Qwen3-VL-")


def _thousands(tokens: int | None) -> str:
    return "?" if tokens is None else f"{tokens // 1024}K"


def _gib(size: int | None) -> str:
    return "?" if size is None else f"{size / GIB:.1f}"
