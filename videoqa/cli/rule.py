"""The commands about rules: to add one, to see which there are, to take one away, to try one on recorded footage."""

from __future__ import annotations

import json
from datetime import time
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from videoqa.cli import FOUND, NOTHING_FOUND
from videoqa.cli.watched import LOCAL, say_who_watches, wall_clock
from videoqa.cli.worded import DAYS, points, schedule, severity_called
from videoqa.errors import AmbiguousRule, BadSetting, UnknownRule, escaped
from videoqa.times import duration, parse_duration

if TYPE_CHECKING:
    from videoqa.alerts import AlertRule
    from videoqa.bootstrap import House

_KINDS = ("motion", "stillness", "crossing", "text", "covered", "turned")

app = typer.Typer(
    help="Add, list, show, change, remove and try the rules by which cameras give alerts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Its name or id.", metavar="RULE")]
Meant = Annotated[str, typer.Argument(help="Its name, a beginning that no other has, or its id.", metavar="RULE")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def add(
    *,
    words: Annotated[
        str,
        typer.Argument(
            help='What to be told of, in plain language: "a person climbs the fence"; with --when text, what is read.',
            metavar="[WORDS]",
        ),
    ] = "",
    when: Annotated[
        Optional[str],
        typer.Option(help="What can be told without a model: motion, stillness, crossing, text, covered or turned."),
    ] = None,
    camera: Annotated[
        Optional[list[str]], typer.Option(help="Only this camera; again for a second one; all by default.")
    ] = None,
    between: Annotated[
        Optional[tuple[str, str]],
        typer.Option(help="Only between two times of day, HH:MM, over midnight too.", metavar="FROM TO"),
    ] = None,
    days: Annotated[Optional[str], typer.Option(help="Only on these days: mon-fri, or sat,sun.")] = None,
    timezone: Annotated[
        Optional[str], typer.Option(help="Whose clock --between goes by: Europe/Berlin; this machine's by default.")
    ] = None,
    cooldown: Annotated[str, typer.Option(help="Within this time the same thing gives no other alert.")] = "1m",
    severity: Annotated[str, typer.Option(help="low, medium or high.")] = "medium",
    zone: Annotated[
        Optional[str],
        typer.Option(help='Only inside this polygon: "0.1,0.5 0.9,0.5 0.9,1", fractions of width and height.'),
    ] = None,
    line: Annotated[
        Optional[str], typer.Option(help='For --when crossing, from its left to its right: "0.5,1 0.5,0".')
    ] = None,
    lasting: Annotated[Optional[str], typer.Option(help="Only once it has held so long: 30s.")] = None,
    strength: Annotated[float, typer.Option(help="The least strength of a motion, 0 to 1.", min=0, max=1)] = 0.0,
    name: Annotated[str, typer.Option(help="What to call it; as it reads by default.")] = "",
) -> int:
    """Add a rule. A running `videoqa serve` watches for it from then on."""
    from videoqa.alerting.setting_up import RuleWishes
    from videoqa.alerts import Condition, ConditionKind
    from videoqa.bootstrap import house
    from videoqa.media import ZERO

    if when is not None and when not in _KINDS:
        raise BadSetting(name="--when", value=when, expected=f"{', '.join(_KINDS[:-1])} or {_KINDS[-1]}")
    condition = Condition(
        kind=ConditionKind.DESCRIBED if when is None else ConditionKind(when),
        text=words.strip(),
        zone=() if zone is None else points("--zone", zone),
        line=() if line is None else points("--line", line),
        lasting=ZERO if lasting is None else parse_duration(lasting),
        strength=strength,
    )
    place = house()
    wishes = RuleWishes(
        condition=condition,
        name=name,
        cameras=frozenset(camera or ()),
        schedule=schedule(place, between, days, timezone),
        cooldown=parse_duration(cooldown),
        severity=severity_called(severity),
    )
    added = place.setting_up.add_rule(wishes, LOCAL)
    print(f"added {escaped(added.name)} ({added.id}): {told(place, added)}")
    if needs := place.setting_up.needs(added):
        print(f"It gives no alert yet: it needs {needs}. --when {', '.join(_KINDS)} need none.")
    say_who_watches(place)
    return FOUND


@app.command(name="list")
def list_rules(as_json: Json = False) -> int:
    """List the rules, and what each still needs."""
    from videoqa.bootstrap import house

    place = house()
    rules = place.rules.rules()
    if as_json:
        print(json.dumps([_document(place, rule) for rule in rules], indent=2))
    for rule in () if as_json else rules:
        print(f"{escaped(rule.name)}  ({rule.id})  {told(place, rule)}")
        if needs := place.setting_up.needs(rule):
            print(f"  needs {needs}")
    if not rules and not as_json:
        print("There are no rules yet; `videoqa rule add` takes one in.")
    if rules and not as_json:
        say_who_watches(place)
    return FOUND if rules else NOTHING_FOUND


@app.command()
def show(name: Meant, as_json: Json = False) -> int:
    """Show a rule, and the alerts that it gave last."""
    from videoqa.bootstrap import house
    from videoqa.ports import AlertFilter

    place = house()
    rule = rule_meant(place, name)
    if as_json:
        print(json.dumps(_document(place, rule), indent=2))
        return FOUND
    condition = rule.condition
    print(f"{escaped(rule.name)}  ({rule.id})")
    print(f"when      {condition.kind}{f': {escaped(condition.text)}' if condition.text else ''}")
    for what, places in (("zone", condition.zone), ("line", condition.line)):
        if places:
            print(f"{what:9} {' '.join(f'{x:g},{y:g}' for x, y in places)}")
    if condition.lasting:
        print(f"lasting   {duration(condition.lasting)}")
    print(f"told      {told(place, rule)}")
    if needs := place.setting_up.needs(rule):
        print(f"needs     {needs}")
    for alert in place.alert_log.alerts(AlertFilter(rules=frozenset({rule.id})), limit=10):
        print(f"alert     {wall_clock(alert.start)}  {escaped(alert.camera)}: {escaped(alert.description)}")
    return FOUND


@app.command()
def remove(name: Name) -> int:
    """Remove a rule; its alerts stay."""
    from videoqa.bootstrap import house

    rule = rule_called(house(), name)
    house().rules.remove(rule.id)
    print(f"removed {escaped(rule.name)} ({rule.id}); its alerts stay")
    return FOUND


def rule_called(place: House, name: str) -> AlertRule:
    """
    Raises:
        UnknownRule: there is none of that name or id.
    """
    rule = place.rules.rule(name)
    if rule is None:
        raise UnknownRule(name=name)
    return rule


def rule_meant(place: House, name: str) -> AlertRule:
    """The rule of that name or id, or else the only one whose name begins so, whatever its case.

    Raises:
        UnknownRule: there is none.
        AmbiguousRule: several begin so.
    """
    rule = place.rules.rule(name)
    if rule is not None:
        return rule
    folded = " ".join(name.split()).casefold()
    fitting = [rule for rule in place.rules.rules() if folded and rule.name.casefold().startswith(folded)]
    if not fitting:
        raise UnknownRule(name=name)
    if len(fitting) > 1:
        raise AmbiguousRule(name=name, names=tuple(rule.name for rule in fitting))
    return fitting[0]


def told(place: House, rule: AlertRule) -> str:
    """Where, when and how ``rule`` gives alerts."""
    names = [escaped(name_of(place, camera)) for camera in sorted(rule.cameras)]
    parts = [f"on {', '.join(names)}" if names else "on every camera"]
    if rule.schedule is not None:
        start, end = rule.schedule.start, rule.schedule.end
        hours = "all day" if start == end == time(0) else f"{start:%H:%M} to {end:%H:%M}"
        when = f"{hours} ({rule.schedule.zone})"
        if len(rule.schedule.days) < len(DAYS):
            when += " on " + ", ".join(DAYS[day] for day in sorted(rule.schedule.days))
        parts.append(when)
    parts += [f"severity {rule.severity}", f"cool-down {duration(rule.cooldown)}"]
    return ", ".join([*parts, *(() if rule.enabled else ("switched off",))])


def name_of(place: House, camera_id: str) -> str:
    """What the camera is called; one that was removed, by its id."""
    camera = place.cameras.with_id(camera_id)
    return f"{camera_id} (removed)" if camera is None else camera.name


def _document(place: House, rule: AlertRule) -> dict[str, object]:
    from api.schemas.rules import RuleBody

    return RuleBody.from_domain(rule, place.setting_up.needs(rule)).model_dump(mode="json")
