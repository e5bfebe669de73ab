"""The command that tries a rule on recorded footage."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from videoqa.access import Scope
from videoqa.cli import FOUND, NOTHING_FOUND
from videoqa.cli.printing import counted
from videoqa.cli.rule import Json, Meant, name_of, rule_meant
from videoqa.cli.watched import wall_clock
from videoqa.errors import NoModel, NothingToTry, escaped
from videoqa.times import clock, parse_duration

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from videoqa.alerting.trying import Trial
    from videoqa.alerts import Alert, AlertRule
    from videoqa.bootstrap import House
    from videoqa.media import Recording


def try_rule(
    name: Meant,
    *,
    on: Annotated[
        Optional[list[str]],
        typer.Option(help="On this camera's footage; again for a second one; those it is over by default."),
    ] = None,
    last: Annotated[str, typer.Option(help="On the footage of so long: 24h, 7d.")] = "24h",
    as_json: Json = False,
) -> int:
    """Tell what alerts a rule would have given on recorded footage: how many a day, when, and at what cost."""
    from videoqa.bootstrap import house

    place = house()
    rule = rule_meant(place, name)
    if place.setting_up.needs(rule):
        raise NoModel
    until = datetime.now(UTC)
    since = until - parse_duration(last)
    recordings = [
        recording for camera in _over(place, rule, on or ()) for recording in place.trials.footage(camera, since, until)
    ]
    if not recordings:
        raise NothingToTry(last=last)
    trial = _followed(place.trials.run(rule, recordings, since, until))
    if as_json:
        from api.schemas.trials import TrialBody

        print(TrialBody.from_domain(trial).model_dump_json(indent=2))
    else:
        _tell(place, trial, recordings)
    return FOUND if trial.alerts else NOTHING_FOUND


def _over(place: House, rule: AlertRule, names: Sequence[str]) -> Sequence[str]:
    """The ids of the cameras on whose footage it is tried."""
    if names:
        return [_meant(place, name) for name in names]
    return sorted(rule.cameras) or [camera.id for camera in place.cameras.cameras()]


def _meant(place: House, name: str) -> str:
    """The id of the camera; one that was removed is called by it, as long as there is something that it recorded."""
    from videoqa.cameras import id_called
    from videoqa.ports import RecordingFilter

    if place.cameras.camera(name) is None and place.archive.page(RecordingFilter(camera=id_called(name)), limit=1):
        return id_called(name)
    return place.setting_up.camera(name, Scope()).id


def _followed(steps: Iterator[Trial]) -> Trial:
    """What comes of the trial; how it goes is shown where somebody looks."""
    with _bar() as (progress, task):
        for trial in steps:
            told = counted(len(trial.alerts), "alert")
            progress.update(task, completed=trial.done, description=told)
    return trial


@contextmanager
def _bar() -> Iterator[tuple[Progress, TaskID]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        yield progress, progress.add_task("0 alerts", total=1.0)


def _tell(place: House, trial: Trial, recordings: Sequence[Recording]) -> None:
    titles = {recording.id: recording.title for recording in recordings}
    for alert in trial.alerts:
        print(_line(place, alert, titles))
    armed = "" if trial.watched == trial.footage else f", armed for {clock(trial.watched)} of it"
    a_day = trial.alerts_a_day
    rate = "; too little footage to tell a day's number" if a_day is None else f": {a_day:.1f} a day"
    print(f"{counted(len(trial.alerts), 'alert')} in {clock(trial.footage)} of footage{armed}{rate}.")
    usage = trial.usage
    if usage.prompt_tokens:
        cost = f", cost {usage.cost:.4f}" if usage.cost else ""
        print(
            f"The model was asked about {clock(trial.asked)} of it: {usage.prompt_tokens} tokens in "
            f"({usage.cached_tokens} cached), {usage.completion_tokens} out{cost}."
        )
    else:
        print("It cost no model anything.")
    if trial.blind:
        print(f"Nobody could look at {clock(trial.blind)} of it.")
    for problem in trial.problems:
        print(f"note: {escaped(problem)}")


def _line(place: House, alert: Alert, titles: dict[str, str]) -> str:
    lasted = "" if alert.end is None else f" for {clock(alert.end - alert.start)}"
    where = f"{escaped(titles.get(alert.recording, alert.recording))} at {clock(alert.offset)}"
    described = escaped(alert.description or alert.label)
    return f"{wall_clock(alert.start)}{lasted}  {escaped(name_of(place, alert.camera))}  {described}  ({where})"
