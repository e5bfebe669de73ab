"""The model server's commands: what they need put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from videoqa.analyser.model.exchange import ServerStatus
from videoqa.bootstrap import house
from videoqa.serving.command import Lora, Served
from videoqa.serving.engine import Care, State
from videoqa.serving.gpus import Gpu, gpus
from videoqa.serving.planning import planned, visible
from videoqa.serving.profiles import Profile
from videoqa.serving.record import running, states
from videoqa.serving.schedule import Schedule, duration
from videoqa.serving.serve import Place, serve

_AWAY = frozenset({State.CLOSED, State.FAILED})


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What a user asked of `model serve`, as it was typed."""

    models: Sequence[str] = ()
    profile: Profile = Profile.AUTO
    loras: Sequence[str] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    idle_stop: str | None = None
    schedule: str | None = None
    vllm: str | None = None
    wait: str = "100s"
    hang: str = "3m"
    start_within: str = "1h"
    verbose: bool = False
    extra: Sequence[str] = ()

    def served(self) -> tuple[Served, ...]:
        """The models, laid out on this machine's GPUs."""
        loras = [Lora.read(text) for text in self.loras]
        return planned(self.models, self.profile, loras, self.extra, visible(gpus(), os.environ))

    @property
    def python(self) -> str:
        """vLLM's Python; where an environment's folder was given, the one in it."""
        given = self.vllm or house().settings.vllm or sys.executable
        folder = Path(given).expanduser()
        return str(folder / "bin" / "python") if folder.is_dir() else str(folder)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How the model is; ``server`` is None where none is set nor found. ``states`` are those of a front's models."""

    server: ServerStatus | None
    states: Mapping[str, str]
    gpus: Sequence[Gpu]

    @property
    def up(self) -> bool:
        """True where it can be asked, be it that it has to start first."""
        if self.server is None or not self.server.up:
            return False
        return self.states.get(self.server.model) not in _AWAY


def serve_models(options: ServeOptions, served: Sequence[Served], tell: Callable[[str], None]) -> None:
    """Serves until a signal ends it."""
    found = house()
    care = Care(
        zone=found.zone,
        idle_stop=None if options.idle_stop is None else duration("--idle-stop", options.idle_stop),
        schedule=None if options.schedule is None else Schedule.read(options.schedule),
        hang=duration("--hang", options.hang),
        start_within=duration("--start-within", options.start_within),
    )
    place = Place(
        found.folder,
        options.python,
        options.host,
        options.port,
        found.settings.model_key,
        duration("--wait", options.wait),
        options.verbose,
    )
    serve(served, place, care, tell)


def model_status() -> ModelStatus:
    """How the model that is set is, or the one that runs on this machine, and the GPUs here."""
    found = house()
    if found.model is None:
        return ModelStatus(None, {}, gpus())
    front = running(found.folder)
    here = front is not None and not found.settings.model_url
    return ModelStatus(found.model.server.status(), states(front) if front and here else {}, gpus())
