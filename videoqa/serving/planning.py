"""Which models share this machine, and how: what was asked for, made into what is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from videoqa.errors import BadSetting
from videoqa.serving.command import Lora, Served
from videoqa.serving.gpus import Gpu
from videoqa.serving.models import Kind
from videoqa.serving.profiles import SHARE, Layout, Profile, Room, laid_out

_NUMBERS_OF_GPUS = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A model as it was asked for; ``model`` None leaves the choice to the profile."""

    model: str | None
    name: str = ""

    @classmethod
    def read(cls, text: str) -> _Wanted:
        """Reads ``ID``, a folder, or ``NAME=`` before one of these."""
        name, found, model = text.partition("=")
        if not found or "/" in name:
            name, model = "", text
        if not model:
            raise BadSetting(name="--model", value=text, expected="a model, its folder, or NAME=MODEL")
        folder = Path(model).expanduser()
        return cls(str(folder) if folder.is_dir() else model, name)

    def names(self, layout: Layout) -> tuple[str, ...]:
        """What it answers to: the given name, its own, and that of the twin that is run in its place."""
        if self.model is not None and Path(self.model).is_dir():
            return tuple(dict.fromkeys(name for name in (self.name, Path(self.model).name) if name))
        return tuple(dict.fromkeys(name for name in (self.name, self.model, layout.model) if name))


def planned(
    asked: Sequence[str],
    profile: Profile,
    loras: Sequence[Lora],
    extra: Sequence[str],
    gpus: Sequence[Gpu],
) -> tuple[Served, ...]:
    """The models of ``asked`` (the profile's own where that is empty), laid out side by side on ``gpus``.

    Raises:
        BadSetting: two models would answer to one name.
    """
    wanted = [_Wanted.read(text) for text in asked] or [_Wanted(None)]
    served = _alone(wanted[0], profile, gpus) if len(wanted) == 1 else _together(wanted, profile, gpus)
    served = [replace(one, extra=tuple(extra)) for one in served]
    for lora in loras:
        base = _base(lora, served)
        served[base] = replace(served[base], loras=(*served[base].loras, lora))
    names = [name for one in served for name in one.all_names]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadSetting(name="--model", value=twice, expected="a name that is given once; write NAME=MODEL")
    return tuple(served)


def visible(gpus: Sequence[Gpu], environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """Those of ``gpus`` that CUDA_VISIBLE_DEVICES leaves to us; all where it does not name them by number."""
    told = environment.get("CUDA_VISIBLE_DEVICES")
    if told is None:
        return tuple(gpus)
    wanted = [part.strip() for part in told.split(",") if part.strip()]
    if not all(part.lstrip("-").isdigit() for part in wanted):
        return tuple(gpus)
    return tuple(gpu for gpu in gpus if str(gpu.index) in wanted)


def _alone(wanted: _Wanted, profile: Profile, gpus: Sequence[Gpu]) -> list[Served]:
    """One model on one GPU, or on as many together as it takes."""
    if not gpus:
        layout = laid_out(wanted.model, None, profile)
        return [Served(wanted.names(layout), layout)]
    memory, knows_fp8 = min(gpu.memory for gpu in gpus), all(gpu.knows_fp8 for gpu in gpus)
    layouts = [
        laid_out(wanted.model, Room(memory, number, knows_fp8=knows_fp8), profile)
        for number in _NUMBERS_OF_GPUS
        if number <= len(gpus)
    ]
    layout = next((fitting for fitting in layouts if not fitting.note), layouts[0])
    if not layout.note and layout.gpus < len(gpus):
        times = len(gpus) // layout.gpus
        note = f"it runs on {layout.gpus} of {len(gpus)} GPUs; -- --data-parallel-size {times} takes all"
        layout = replace(layout, note=note)
    return [Served(wanted.names(layout), layout)]


def _together(wanted: Sequence[_Wanted], profile: Profile, gpus: Sequence[Gpu]) -> list[Served]:
    """Each model on a GPU of its own; those that share one share its memory, embedding models taking what they need."""
    served: dict[int, Served] = {}
    for at in range(len(wanted)) if not gpus else ():
        layout = laid_out(wanted[at].model, None, profile)
        served[at] = Served(wanted[at].names(layout), layout)
    for number, gpu in enumerate(gpus):
        here = range(number, len(wanted), len(gpus))
        left = SHARE
        # The others share evenly what these leave.
        for at in sorted(here, key=lambda at: Kind.of(wanted[at].model or "") is not Kind.EMBEDDING):
            others = len(here) - sum(one in served for one in here)
            modest = Kind.of(wanted[at].model or "") is Kind.EMBEDDING
            share = left if modest else left / others
            layout = laid_out(wanted[at].model, Room(gpu.memory, 1, share, gpu.knows_fp8), profile)
            left -= layout.utilization or 0
            served[at] = Served(wanted[at].names(layout), layout, devices=(gpu.index,) if len(gpus) > 1 else ())
    return [served[at] for at in range(len(wanted))]


def _base(lora: Lora, served: Sequence[Served]) -> int:
    """The model that ``lora`` says it was trained on; else the first that writes."""
    for number, one in enumerate(served):
        if lora.base in one.names:
            return number
    return next((number for number, one in enumerate(served) if one.kind is not Kind.EMBEDDING), 0)
