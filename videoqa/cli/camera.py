"""The commands about cameras: to add one, to see how they are, to take one away, to look through one."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from videoqa.cli import FOUND, NOTHING_FOUND
from videoqa.cli.printing import counted
from videoqa.cli.watched import LOCAL, say_who_watches, unwatched, wall_clock
from videoqa.cli.worded import address, kept, period
from videoqa.errors import NoPicture, escaped
from videoqa.times import duration

if TYPE_CHECKING:
    from videoqa.bootstrap import House
    from videoqa.cameras import Camera, CameraStatus
    from videoqa.ports import Cameras

GIGABYTE = 10**9
_DAY = timedelta(days=1)
_MOST_A_DAY = 2000
_CLOCKS = {"sender report": "its own sender reports", "arrival": "the time of arrival"}

app = typer.Typer(
    help="Add, list, show, change and remove cameras, and see what they show.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Its name or id.", metavar="CAMERA")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def add(
    *,
    name: Annotated[str, typer.Argument(help="What to call it.", metavar="NAME")],
    url: Annotated[
        str,
        typer.Argument(
            help="rtsp://, http:// or https:// (MJPEG or HLS), or file://; - reads it from standard input, so that its "
            "password stands in no list of processes.",
            metavar="URL",
        ),
    ],
    keep: Annotated[Optional[str], typer.Option(help="Keep its footage so long: 7d, 24h; for ever by default.")] = None,
    keep_events: Annotated[
        Optional[str], typer.Option(help="Keep footage with alerts so long; as the rest by default.")
    ] = None,
    keep_gb: Annotated[float, typer.Option(help="Gigabytes that its footage may take; 0 for all.", min=0)] = 0,
    period_: Annotated[str, typer.Option("--period", help="How long from one look to the next.")] = "1s",
    keyframes: Annotated[
        bool, typer.Option("--keyframes", help="Look at keyframes alone, for a fifth of the processor.")
    ] = False,
    tag: Annotated[
        Optional[list[str]], typer.Option(help="A word by which keys reach it; again for a second one.")
    ] = None,
) -> int:
    """Add a camera. A running `videoqa serve` watches it from then on; its password is never shown again."""
    from ingest.camera.addresses import path_of
    from videoqa.alerting.setting_up import CameraWishes
    from videoqa.bootstrap import house
    from videoqa.cameras import Detail

    wishes = CameraWishes(
        name=name,
        url=address(url),
        keep=None if keep is None else kept(keep),
        keep_events=None if keep_events is None else kept(keep_events),
        keep_bytes=round(keep_gb * GIGABYTE),
        period=period(period_),
        detail=Detail.KEYFRAMES if keyframes else Detail.FULL,
        tags=tuple(sorted(set(tag or ()))),
    )
    added = house().setting_up.add_camera(wishes, LOCAL)
    print(f"added {told_camera(added)}")
    for line in _left_behind(house(), added):
        print(line)
    if added.url.scheme == "file" and not Path(path_of(added.url)).is_file():
        print(
            f"videoqa: there is no file {escaped(path_of(added.url))} yet; nothing is seen until there is",
            file=sys.stderr,
        )
    say_who_watches(house())
    return FOUND


@app.command(name="list")
def list_cameras(as_json: Json = False) -> int:
    """List the cameras, and how each is."""
    from videoqa.bootstrap import house

    cameras = house().cameras
    every = cameras.cameras()
    if as_json:
        print(json.dumps([_document(cameras, camera) for camera in every], indent=2))
    elif every:
        wide = max(len(camera.name) for camera in every)
        watched = house().watched
        print(f"{'name':{wide}}  {'state':11}  {'since':19}  address")
        for camera in every:
            print(_line(camera, cameras.status(camera.id), wide, watched=watched))
        say_who_watches(house())
    else:
        print("There are no cameras yet; `videoqa camera add` takes one in.")
    return FOUND if every else NOTHING_FOUND


@app.command()
def show(name: Name, as_json: Json = False) -> int:
    """Show a camera: how it is, what is kept of it, the gaps of the last day, and what rules were not looked for."""
    from videoqa.access import Scope
    from videoqa.bootstrap import house

    place = house()
    camera = place.setting_up.camera(name, Scope())
    if as_json:
        print(json.dumps(_document(place.cameras, camera), indent=2))
        return FOUND
    status = place.cameras.status(camera.id)
    print(f"{escaped(camera.name)}  ({camera.id})")
    print(f"address   {escaped(camera.url.shown)}")
    word, why = _standing(camera, status, watched=place.watched)
    since = "" if status is None else f" since {wall_clock(status.since)}"
    print(f"state     {word}{since}{f': {why}' if why else ''}")
    if status is not None and status.width:
        clock = "" if status.clock is None else f", wall clock by {_CLOCKS[status.clock]}"
        print(f"picture   {status.width}x{status.height}, {escaped(status.codec)}{clock}")
    if status is not None and status.last_frame_at is not None:
        again = counted(status.reconnects, "reconnect")
        print(f"seen      {wall_clock(status.last_frame_at)}, {again}, {status.dropped} dropped")
    print(f"footage   {_kept(camera)}")
    print(f"looks     every {duration(camera.period)}, {camera.detail}")
    if camera.tags:
        print(f"tags      {', '.join(map(escaped, camera.tags))}")
    now = datetime.now(UTC)
    for gap in place.cameras.gaps(camera.id, now - _DAY, now):
        ended = "now" if gap.end is None else wall_clock(gap.end)
        print(f"gap       {wall_clock(gap.start)} to {ended}: {escaped(gap.cause)}")
    for line in _unjudged(place, camera, now):
        print(line)
    say_who_watches(place)
    return FOUND


@app.command()
def remove(name: Name) -> int:
    """Forget a camera. What it recorded stays for as long as it was to be kept; `videoqa remove` takes it away."""
    from videoqa.access import Scope
    from videoqa.bootstrap import house

    camera = house().setting_up.camera(name, Scope())
    house().cameras.remove(camera.id)
    print(f"removed {escaped(camera.name)} ({camera.id}); what it recorded stays, {_kept(camera)}")
    return FOUND


@app.command()
def snapshot(
    name: Name,
    to: Annotated[Optional[Path], typer.Option(help="The file to write; - for standard output.")] = None,
) -> int:
    """Write what a camera showed last as JPEG."""
    from videoqa.access import Scope
    from videoqa.bootstrap import house

    camera = house().setting_up.camera(name, Scope())
    shown = house().snapshots.latest(camera.id)
    if shown is None:
        status = house().cameras.status(camera.id)
        problem = unwatched(house()) or ("" if status is None else status.problem)
        raise NoPicture(name=camera.name, problem=problem or "it has not been reached yet")
    if to is not None and str(to) == "-":
        sys.stdout.buffer.write(shown.jpeg)
        sys.stdout.buffer.flush()
        return FOUND
    path = to or Path(f"{camera.id}.jpg")
    path.write_bytes(shown.jpeg)
    print(f"{path}: {escaped(camera.name)} at {wall_clock(shown.taken_at)}")
    return FOUND


def told_camera(camera: Camera) -> str:
    """What it is called, where its pictures come from, and how long they are kept."""
    off = "" if camera.enabled else ", switched off"
    return f"{escaped(camera.name)} ({camera.id}): {escaped(camera.url.shown)}, {_kept(camera)}{off}"


def _left_behind(place: House, added: Camera) -> Iterator[str]:
    """The rules about earlier cameras of that name, and how each is told to go over to this one."""
    from videoqa.alerting.naming import left_behind

    earlier = escaped(added.name)
    for rule, cameras in left_behind(added, place.cameras.cameras(), place.rules.rules()):
        named = (word for name in cameras for word in ("--camera", name))
        yield f'The rule "{escaped(rule.name)}" is about an earlier {earlier}, not this one, until you say so:'
        yield f"  {escaped(shlex.join(['videoqa', 'rule', 'change', rule.name, *named]))}"


def _unjudged(place: House, camera: Camera, now: datetime) -> Iterator[str]:
    """What nobody looks at now, and did not in what was recorded since a day ago."""
    from videoqa.alerting.unjudged import unjudged
    from videoqa.ports import RecordingFilter

    for rule in place.setting_up.blind(camera, place.keys.keys()):
        yield f"blind     {escaped(rule.name)}: it needs {place.setting_up.needs(rule)}"
    wanted = RecordingFilter(camera=camera.id, started_from=now - _DAY)
    names = {rule.id: rule.name for rule in place.rules.rules()}
    for missed in unjudged(place.archive, place.archive.page(wanted, limit=_MOST_A_DAY), names):
        yield f"unseen    {wall_clock(missed.start)} to {wall_clock(missed.end)}: {escaped(missed.cause)}"


def _line(camera: Camera, status: CameraStatus | None, wide: int, *, watched: bool) -> str:
    word, why = _standing(camera, status, watched=watched)
    since = "" if status is None else wall_clock(status.since)
    problem = f"  ({why})" if why else ""
    return f"{escaped(camera.name):{wide}}  {word:11}  {since:19}  {escaped(camera.url.shown)}{problem}"


def _standing(camera: Camera, status: CameraStatus | None, *, watched: bool) -> tuple[str, str]:
    """How the camera is, and why; what was written down of one that nobody watches is over."""
    if not camera.enabled:
        return "off", ""
    if not watched:
        return "off", f"last {status.state}" if status is not None else ""
    return ("starting", "") if status is None else (status.state, escaped(status.problem))


def _kept(camera: Camera) -> str:
    told = "kept for ever" if camera.keep is None else f"kept {duration(camera.keep)}"
    if camera.keep_events is not None:
        told += f", with alerts {duration(camera.keep_events)}"
    if camera.keep_bytes:
        told += f", at most {camera.keep_bytes / GIGABYTE:g} GB"
    return told


def _document(cameras: Cameras, camera: Camera) -> dict[str, object]:
    from api.schemas.cameras import CameraBody

    return CameraBody.from_domain(camera, cameras.status(camera.id)).model_dump(mode="json")
