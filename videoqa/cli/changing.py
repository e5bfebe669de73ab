"""The commands that change a camera or a rule; what is not named stays as it is."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from videoqa.access import Scope
from videoqa.cli import FOUND
from videoqa.cli.camera import GIGABYTE, Name, told_camera
from videoqa.cli.rule import Meant, rule_meant, told
from videoqa.cli.watched import LOCAL, say_who_watches
from videoqa.cli.worded import address, kept, period, points, schedule, severity_called
from videoqa.errors import BadRule, BadSetting, escaped
from videoqa.times import parse_duration


def change_camera(
    camera: Name,
    *,
    name: Annotated[Optional[str], typer.Option(help="What to call it from now on; its id stays.")] = None,
    url: Annotated[
        Optional[str], typer.Option(help="Where its pictures come from; - reads it from standard input.")
    ] = None,
    keep: Annotated[Optional[str], typer.Option(help='Keep its footage so long: 7d, 24h; "" for ever.')] = None,
    keep_events: Annotated[
        Optional[str], typer.Option(help='Keep footage with alerts so long; "" as the rest.')
    ] = None,
    keep_gb: Annotated[
        Optional[float], typer.Option(help="Gigabytes that its footage may take; 0 for all.", min=0)
    ] = None,
    period_: Annotated[Optional[str], typer.Option("--period", help="How long from one look to the next.")] = None,
    keyframes: Annotated[
        Optional[bool], typer.Option("--keyframes/--no-keyframes", help="Look at keyframes alone.")
    ] = None,
    tag: Annotated[
        Optional[list[str]], typer.Option(help='In place of its tags; again for a second one; "" for none.')
    ] = None,
    enabled: Annotated[Optional[bool], typer.Option("--enable/--disable", help="Watch it, or do not.")] = None,
) -> int:
    """Change a camera. A running `videoqa serve` goes by it from then on; what is not named stays as it is."""
    from videoqa.alerting.setting_up import CameraWishes
    from videoqa.bootstrap import house
    from videoqa.cameras import Detail

    place = house()
    known = place.setting_up.camera(camera, Scope())
    _check_some(name, url, keep, keep_events, keep_gb, period_, keyframes, tag or None, enabled)
    wishes = CameraWishes(
        name=known.name if name is None else name,
        url=known.url if url is None else address(url),
        keep=known.keep if keep is None else kept(keep),
        keep_events=known.keep_events if keep_events is None else kept(keep_events),
        keep_bytes=known.keep_bytes if keep_gb is None else round(keep_gb * GIGABYTE),
        period=known.period if period_ is None else period(period_),
        detail=known.detail if keyframes is None else Detail.KEYFRAMES if keyframes else Detail.FULL,
        tags=tuple(sorted(set(filter(None, tag)))) if tag else known.tags,
        enabled=known.enabled if enabled is None else enabled,
    )
    changed = place.setting_up.change_camera(known, wishes, LOCAL)
    print(f"changed {told_camera(changed)}")
    say_who_watches(place)
    return FOUND


def change_rule(
    rule: Meant,
    *,
    name: Annotated[Optional[str], typer.Option(help="What to call it from now on.")] = None,
    words: Annotated[Optional[str], typer.Option(help="What to be told of, or with `text` what is read.")] = None,
    when: Annotated[
        Optional[str],
        typer.Option(help="described, motion, stillness, crossing, text, covered or turned."),
    ] = None,
    camera: Annotated[
        Optional[list[str]],
        typer.Option(help='In place of its cameras; again for a second one; "" for all there are.'),
    ] = None,
    between: Annotated[
        Optional[tuple[str, str]],
        typer.Option(help="Only between two times of day, HH:MM, over midnight too.", metavar="FROM TO"),
    ] = None,
    days: Annotated[Optional[str], typer.Option(help="Only on these days: mon-fri, or sat,sun.")] = None,
    timezone: Annotated[Optional[str], typer.Option(help="Whose clock --between goes by: Europe/Berlin.")] = None,
    always: Annotated[bool, typer.Option("--always", help="At all times, instead of between two.")] = False,
    cooldown: Annotated[
        Optional[str], typer.Option(help="Within this time the same thing gives no other alert.")
    ] = None,
    severity: Annotated[Optional[str], typer.Option(help="low, medium or high.")] = None,
    zone: Annotated[Optional[str], typer.Option(help='Only inside this polygon; "" for the whole picture.')] = None,
    line: Annotated[
        Optional[str], typer.Option(help='For a crossing, from its left to its right: "0.5,1 0.5,0".')
    ] = None,
    lasting: Annotated[Optional[str], typer.Option(help='Only once it has held so long: 30s; "" at once.')] = None,
    strength: Annotated[
        Optional[float], typer.Option(help="The least strength of a motion, 0 to 1.", min=0, max=1)
    ] = None,
    enabled: Annotated[Optional[bool], typer.Option("--enable/--disable", help="Watch for it, or do not.")] = None,
) -> int:
    """Change a rule. A running `videoqa serve` goes by it from then on; what is not named stays as it is."""
    from videoqa.alerting.setting_up import RuleWishes
    from videoqa.alerts import Condition, ConditionKind
    from videoqa.bootstrap import house

    place = house()
    known = rule_meant(place, rule)
    clock = (between, days, timezone)
    what = (words, when, zone, line, lasting, strength)
    _check_some(name, camera or None, cooldown, severity, enabled, always or None, *clock, *what)
    if when is not None and when not in list(ConditionKind):
        raise BadSetting(name="--when", value=when, expected=", ".join(ConditionKind))
    if always and any(given is not None for given in clock):
        raise BadRule(problem="it is armed always, or at the times of --between, --days and --timezone")
    before = known.condition
    condition = Condition(
        kind=before.kind if when is None else ConditionKind(when),
        text=before.text if words is None else words.strip(),
        zone=before.zone if zone is None else points("--zone", zone),
        line=before.line if line is None else points("--line", line),
        lasting=before.lasting if lasting is None else parse_duration(lasting or "0s"),
        strength=before.strength if strength is None else strength,
    )
    wishes = RuleWishes(
        condition=condition,
        name=known.name if name is None else name,
        cameras=frozenset(filter(None, camera)) if camera else None,
        schedule=None if always else schedule(place, between, days, timezone, known.schedule),
        cooldown=known.cooldown if cooldown is None else parse_duration(cooldown),
        severity=known.severity if severity is None else severity_called(severity),
        enabled=known.enabled if enabled is None else enabled,
    )
    changed = place.setting_up.change_rule(known, wishes, LOCAL)
    print(f"changed {escaped(changed.name)} ({changed.id}): {told(place, changed)}")
    if needs := place.setting_up.needs(changed):
        print(f"It gives no alert yet: it needs {needs}.")
    say_who_watches(place)
    return FOUND


def _check_some(*given: object) -> None:
    if all(value is None for value in given):
        raise typer.BadParameter("say what is to be changed; --help shows what can be")
