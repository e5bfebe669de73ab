"""The commands about the model: to serve one, and to see how it is."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from videoqa.cli import FOUND, NOTHING_FOUND

if TYPE_CHECKING:
    from videoqa.bootstrap.serving import ModelStatus
    from videoqa.serving.gpus import Gpu

UP, NOT_UP = FOUND, NOTHING_FOUND
_GIB = 2**30

app = typer.Typer(
    help="Serve a model with vLLM, and see how it is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def serve(
    *,
    models: Annotated[
        Optional[list[str]],
        typer.Option(
            "--model",
            help="A Qwen3-VL model or its folder, NAME= before it where it is to be called so; again for a second one.",
            metavar="[NAME=]MODEL",
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option(help="What GPU memory is spent on: auto, fp8, low-memory, long.", metavar="PROFILE")
    ] = "auto",
    lora: Annotated[Optional[list[str]], typer.Option(help="An adapter and its name.", metavar="NAME=PATH")] = None,
    host: Annotated[str, typer.Option(help="The address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to serve at.", min=1, max=65535)] = 8000,
    idle_stop: Annotated[
        Optional[str], typer.Option(help="Start when first asked, stop when unasked for so long.", metavar="15m")
    ] = None,
    schedule: Annotated[
        Optional[str], typer.Option(help="Run in these hours of the day alone.", metavar="08:00-20:00")
    ] = None,
    vllm: Annotated[
        Optional[str], typer.Option(help="The Python of vLLM's environment; VIDEOQA_VLLM.", metavar="PYTHON")
    ] = None,
    wait: Annotated[str, typer.Option(help="How long a request waits for its model to start.")] = "100s",
    hang: Annotated[str, typer.Option(help="How long an engine may take no step while it is asked.")] = "3m",
    start_within: Annotated[str, typer.Option(help="How long a start may take, with its download.")] = "1h",
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what vLLM writes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the command and start nothing.")] = False,
    profiles: Annotated[bool, typer.Option("--profiles", help="Print what fits on which GPU.")] = False,
    extra: Annotated[
        Optional[list[str]], typer.Argument(help="Flags for vLLM, behind --.", metavar="[-- VLLM FLAGS]")
    ] = None,
) -> int:
    """Start vLLM with the right flags, watch it, and start it again when it is ill."""
    from videoqa.bootstrap.serving import ServeOptions, serve_models
    from videoqa.errors import BadSetting
    from videoqa.serving.command import command
    from videoqa.serving.profiles import Profile
    from videoqa.serving.tables import memory_table, profile_table

    if profiles:
        print(profile_table(), memory_table(), sep="\n\n")
        return FOUND
    if profile not in list(Profile):
        raise BadSetting(name="--profile", value=profile, expected=", ".join(Profile))
    options = ServeOptions(
        models=models or (),
        profile=Profile(profile),
        loras=lora or (),
        host=host,
        port=port,
        idle_stop=idle_stop,
        schedule=schedule,
        vllm=vllm,
        wait=wait,
        hang=hang,
        start_within=start_within,
        verbose=verbose,
        extra=extra or (),
    )
    served = options.served()
    for one in served:
        if one.layout.note:
            _tell(f"note: {one.layout.note}")
    if dry_run:
        for number, one in enumerate(served):
            print(command(one, options.python, port + number))
        return FOUND
    serve_models(options, served, _tell)
    return FOUND


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> int:
    """Tell whether the model is up, what it is at, and how the GPUs are."""
    from videoqa.bootstrap.serving import model_status

    found = model_status()
    print(_json(found) if as_json else _text(found))
    return UP if found.up else NOT_UP


def _tell(line: str) -> None:
    print(f"videoqa: {line}", file=sys.stderr, flush=True)


def _text(found: ModelStatus) -> str:
    return "\n".join([*_server(found), *_gpus(found)])


def _server(found: ModelStatus) -> list[str]:
    server = found.server
    if server is None:
        return ["no model: none is set by VIDEOQA_MODEL_URL, and none runs here; `videoqa model serve` starts one"]
    if not server.up:
        return [f"not up: {server.url} ({server.problem})"]
    state = found.states.get(server.model, "up")
    lines = [f"{state}: {server.model} at {server.url}" + (f" ({server.problem})" if server.problem else "")]
    lines += [f"{'':4}{name}: {other}" for name, other in found.states.items() if name != server.model]
    shown = (
        ("context", None if server.context is None else f"{server.context} tokens"),
        ("requests", None if server.running is None else f"{server.running} running, {server.waiting or 0} waiting"),
        ("prefix cache", _share(server.prefix_hits, "of prompt tokens")),
        ("media cache", _share(server.media_hits, "of media")),
        ("KV cache", _share(server.kv_usage, "in use")),
    )
    return lines + [f"{'':4}{name:13} {value}" for name, value in shown if value is not None]


def _gpus(found: ModelStatus) -> list[str]:
    if not found.gpus:
        return ["no GPU on this machine (nvidia-smi shows none)"]
    return [_gpu(gpu) for gpu in found.gpus]


def _gpu(gpu: Gpu) -> str:
    heat = "" if gpu.temperature is None else f", {gpu.temperature} °C"
    load = "" if gpu.load is None else f", {gpu.load:.0%} busy"
    return f"GPU {gpu.index}  {gpu.name}: {gpu.used / _GIB:.1f} of {gpu.memory / _GIB:.1f} GiB{heat}{load}"


def _share(share: float | None, of: str) -> str | None:
    return None if share is None else f"{share:.0%} {of}"


def _json(found: ModelStatus) -> str:
    server = None if found.server is None else asdict(found.server)
    gpus = [asdict(gpu) | {"capability": ".".join(map(str, gpu.capability))} for gpu in found.gpus]
    return json.dumps({"up": found.up, "server": server, "states": dict(found.states), "gpus": gpus}, indent=2)
