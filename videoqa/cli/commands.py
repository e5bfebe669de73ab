"""Every command, its options and its exit code; what it prints is made in ``printing``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from api.details import details
from api.exports import ExportFormat, exported
from videoqa.bootstrap import diagnose, house
from videoqa.cli import (
    FAILED,
    FOUND,
    NOTHING_FOUND,
    asking,
    camera,
    changing,
    keys,
    mcp,
    model,
    printing,
    rule,
    serve,
    trying,
    watch,
)
from videoqa.errors import CameraMeant, EmptyStretch, UnknownRecording, escaped
from videoqa.media import ZERO, Recording, Span
from videoqa.ports import AnalysisKind, RecordingFilter
from videoqa.times import SECOND, clock, parse_offset

app = typer.Typer(
    help="Footage goes in, every second becomes searchable, a question comes back as a moment you can play.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(asking.ask)
app.command()(asking.search)
app.add_typer(model.app, name="model")
camera.app.command(name="change")(changing.change_camera)
app.add_typer(camera.app, name="camera")
rule.app.command(name="change")(changing.change_rule)
rule.app.command(name="try")(trying.try_rule)
app.add_typer(rule.app, name="rule")
app.command(name="watch")(watch.watch)
app.add_typer(keys.app, name="keys")
app.command(name="serve")(serve.serve)
app.command(name="mcp")(mcp.mcp)
app.command(name="work", hidden=True)(serve.work)
app.command(name="live", hidden=True)(serve.live)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_MOST_TITLES = 5
Name = Annotated[str, typer.Argument(help="Title, title's stem, or id.", metavar="RECORDING")]


@app.command()
def index(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders; folders are searched all the way down.")],
    title: Annotated[str | None, typer.Option(help="What to call the recording; its file's name by default.")] = None,
    started_at: Annotated[
        str | None, typer.Option(help="When the recording began, in ISO 8601; the container's own time by default.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(help='What a model is to look for, kept with the result; "" forgets it.')
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Analyse anew what is known already.")] = False,
) -> int:
    """Make recordings searchable. Goes on where it was stopped."""
    from videoqa.cli.indexing import index_paths

    try:
        return index_paths(paths, title, started_at, prompt, again=again)
    except BrokenPipeError as error:
        # Whoever reads no further ends the work like an interrupt does: it is not done, and says so.
        raise KeyboardInterrupt from error


@app.command()
def describe(
    recording: Name,
    since: Annotated[
        str | None, typer.Option("--from", help="Where to begin: [H:]MM:SS; the start by default.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Where to end: [H:]MM:SS; the end by default.")] = None,
    prompt: Annotated[str, typer.Option(help="What to look for.")] = "",
) -> int:
    """Have a model tell all that happens in a stretch of a recording."""
    chosen = _recording_called(recording)
    start = ZERO if since is None else parse_offset(since)
    end = max(chosen.length, start + SECOND) if until is None else parse_offset(until)
    if end <= start:
        raise EmptyStretch(start=since or clock(start), end=until or clock(end))
    return _written(house().describing.describe(chosen, Span(start, end), prompt))


@app.command()
def summary(recording: Name) -> int:
    """Have a model sum up what was found in a recording."""
    return _written(house().describing.summary(_recording_called(recording)))


@app.command(name="list")
def list_recordings(as_json: Json = False) -> int:
    """List the recordings, and what became of each."""
    found = house().archive.recordings()
    print(printing.recordings_json(found) if as_json else printing.recordings(found))
    return FOUND


@app.command()
def show(
    recording: Name,
    plan: Annotated[bool, typer.Option("--plan", help="Show the groups it is analysed in, and their tokens.")] = False,
    as_json: Json = False,
) -> int:
    """Show what was found in a recording: its chapters, events and coverage."""
    chosen = _recording_called(recording)
    if plan:
        planned = house().plan(chosen)
        print(printing.plan_json(planned) if as_json else printing.plan(chosen, planned))
        return FOUND
    found = details(house().archive, chosen)
    if as_json:
        print(found.model_dump_json(indent=2))
        return FOUND
    print(printing.details(found))
    if house().waits_for_model(chosen):
        print("\nA look by the model waits until it answers; the next `videoqa index` goes on with it.")
    return FOUND


@app.command()
def coverage(
    recording: Name,
    by: Annotated[AnalysisKind, typer.Option(help="Whose looks: the signals' or a model's.")] = AnalysisKind.SIGNALS,
    as_json: Json = False,
) -> int:
    """Show which stretches of a recording were looked at, and which were not."""
    chosen = _recording_called(recording)
    seen = house().archive.coverage(chosen.id, by)
    waits = by is AnalysisKind.MODEL and house().waits_for_model(chosen)
    if as_json:
        rules = {rule.id: rule.name for rule in house().rules.rules()}
        print(printing.coverage_json(chosen, by, seen, rules))
    else:
        print(printing.coverage(chosen, by, seen, waits=waits))
    return FOUND if seen is not None else NOTHING_FOUND


@app.command()
def remove(recording: Name) -> int:
    """Forget a recording and all that was found in it; its file is left alone."""
    chosen = _recording_called(recording)
    house().remove(chosen)
    print(f"removed {escaped(chosen.title)} ({chosen.id})")
    return FOUND


@app.command()
def export(
    recording: Name,
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.VTT,
) -> int:
    """Write a recording's subtitles, chapters or events for other programs."""
    sys.stdout.write(exported(form, house().archive, _recording_called(recording)))
    return FOUND


@app.command(name="eval")
def evaluate(
    truth: Annotated[Path, typer.Argument(help="A file of JSON lines: questions with their true spans, events.")],
    as_json: Json = False,
) -> int:
    """Measure how exact the answers are, against your own truth file."""
    report = house().evaluate(truth)
    print(report.as_json() if as_json else report.as_text())
    return FOUND


@app.command()
def doctor(as_json: Json = False) -> int:
    """Tell what works here, what is missing, and how to get it."""
    checks = diagnose()
    print(printing.checks_json(checks) if as_json else printing.checks(checks))
    return FAILED if any(check.broken for check in checks) else FOUND


def _written(text: Iterable[str]) -> int:
    """Prints ``text`` as it is written."""
    try:
        for part in text:
            print("\n".join(map(escaped, part.split("\n"))), end="", flush=True)
    finally:
        print(flush=True)
    return FOUND


def _recording_called(name: str) -> Recording:
    """
    Raises:
        UnknownRecording: none is called so.
        CameraMeant: a camera is; it names what that recorded last.
    """
    place = house()
    try:
        return place.resolve(name)
    except UnknownRecording as error:
        camera = place.cameras.camera(name)
        recorded = RecordingFilter(camera=name if camera is None else camera.id)
        titles = tuple(each.title for each in place.archive.page(recorded, limit=_MOST_TITLES))
        if titles:
            raise CameraMeant(name=name, titles=titles) from error
        raise
