"""The command that tells of alerts as they come."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from videoqa.access import Scope
from videoqa.alerts import NoticeKind, Severity
from videoqa.cli import FOUND
from videoqa.cli.rule import rule_meant
from videoqa.cli.watched import say_who_watches, wall_clock
from videoqa.errors import BadSetting, escaped
from videoqa.times import clock

if TYPE_CHECKING:
    from videoqa.alerts import Alert, Notice
    from videoqa.bootstrap import House

_LOOK_SECONDS = 0.1
_ASK_SECONDS = 5.0
_AT_ONCE = 500


def watch(
    camera: Annotated[Optional[list[str]], typer.Option(help="Only this camera; again for a second one.")] = None,
    rule: Annotated[Optional[list[str]], typer.Option(help="Only this rule; again for a second one.")] = None,
    severity: Annotated[
        Optional[list[str]], typer.Option(help="Only low, medium or high; again for a second one.")
    ] = None,
    after: Annotated[
        Optional[int], typer.Option(help="Begin behind this number of the log; 0 for all that is kept.", min=0)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")] = False,
) -> int:
    """Print alerts as they come, until interrupted."""
    from api.schemas.alerts import message_of
    from videoqa.bootstrap import house

    place = house()
    wanted = _Wanted(place, camera or (), rule or (), severity or ())
    for notice in _notices(place, after):
        if wanted.includes(notice):
            print(message_of(notice).model_dump_json() if as_json else wanted.line(notice), flush=True)
    return FOUND


def _notices(place: House, after: int | None) -> Iterator[Notice]:
    """Those of the log behind ``after``, and then each as it is written; says where nobody watches the cameras."""
    log = place.alert_log
    seq = log.last_seq() if after is None else after
    watched, asked = True, -_ASK_SECONDS
    while True:
        if time.monotonic() - asked >= _ASK_SECONDS:
            if watched != place.watched:
                watched = not watched
                say_who_watches(place)
            asked = time.monotonic()
        found = log.notices(seq, _AT_ONCE)
        for notice in found:
            yield notice
            seq = notice.seq
        if len(found) < _AT_ONCE:
            time.sleep(_LOOK_SECONDS)


class _Wanted:
    """Which notices are wanted, and how they read. Cameras' own are told where no rule or severity is asked for.

    Raises:
        UnknownCamera, UnknownRule: nothing is called so.
        AmbiguousRule: several are.
        BadSetting: there is no such severity.
    """

    def __init__(
        self, place: House, cameras: Collection[str], rules: Collection[str], severities: Collection[str]
    ) -> None:
        self._place = place
        self._cameras = {place.setting_up.camera(name, Scope()).id for name in cameras}
        self._rules = {rule_meant(place, name).id for name in rules}
        for severity in severities:
            if severity not in list(Severity):
                raise BadSetting(name="--severity", value=severity, expected=", ".join(Severity))
        self._severities = set(severities)

    def includes(self, notice: Notice) -> bool:
        if self._cameras and notice.camera not in self._cameras:
            return False
        alert = notice.alert
        if alert is None:
            return not self._rules and not self._severities
        return (not self._rules or alert.rule in self._rules) and (
            not self._severities or alert.severity in self._severities
        )

    def line(self, notice: Notice) -> str:
        """One line: the time by this machine's clock, the camera, what is the matter."""
        known = self._place.cameras.with_id(notice.camera)
        camera = escaped(notice.camera if known is None else known.name)
        if notice.alert is not None:
            when = notice.alert.start if notice.kind is NoticeKind.ALERT_NEW else notice.at
            return f"{wall_clock(when)}  {camera}  {self._alert(notice.kind, notice.alert)}"
        if notice.status is not None:
            why = f": {escaped(notice.status.problem)}" if notice.status.problem else ""
            return f"{wall_clock(notice.at)}  {camera}  is {notice.status.state}{why}"
        assert notice.gap is not None
        if notice.gap.end is None:
            return f"{wall_clock(notice.gap.start)}  {camera}  no footage from here: {escaped(notice.gap.cause)}"
        lasted = clock(notice.gap.end - notice.gap.start)
        return f"{wall_clock(notice.gap.end)}  {camera}  footage again after {lasted}: {escaped(notice.gap.cause)}"

    def _alert(self, kind: NoticeKind, alert: Alert) -> str:
        rule = self._place.rules.rule(alert.rule)
        name = escaped(alert.label if rule is None else rule.name)
        if kind is NoticeKind.ALERT_END:
            lasted = "" if alert.end is None else f" after {clock(alert.end - alert.start)}"
            return f"over{lasted}: {name}  [{alert.id}]{self._clip(alert)}"
        if kind is NoticeKind.ALERT_UPDATE:
            said = [f"seen to by {escaped(alert.acknowledged_by)}"] if alert.acknowledged_by else []
            said += ["a false alarm"] if alert.false_alarm else []
            said += [f'"{escaped(each.text)}" (by {escaped(each.author)})' for each in alert.remarks[-1:]]
            return f"{', '.join(said) or 'goes on'}: {name}  [{alert.id}]"
        described = f": {escaped(alert.description)}" if alert.description else ""
        sure = f"{alert.verdict}, {alert.confidence:.2f}"
        return f"{alert.severity.upper()}  {name}{described}  ({sure})  [{alert.id}]"

    def _clip(self, alert: Alert) -> str:
        """Where the service has its clip; nothing where its footage was deleted."""
        from api.schemas.alerts import AlertBody

        clip = AlertBody.from_domain(alert).clip_url
        return "" if clip is None else f"  clip: {clip}"
