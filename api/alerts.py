"""Alerts: listed, shown, and what people say of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Viewer
from api.live_reach import alert_of, camera_of, rule_of
from api.schemas.alerts import AlertBody
from api.schemas.instants import Instant
from api.schemas.judgements import AlertPage, Comment, FalseAlarm
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.alerts import Severity
from videoqa.cameras import id_called
from videoqa.errors import BadCursor, UnknownAlert, UnknownCamera, UnknownRule
from videoqa.ports import AlertFilter

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

_Names = Annotated[list[Annotated[str, Query(max_length=64)]] | None, Query(max_length=100)]


@router.get("")
async def list_alerts(
    *,
    service: Parts,
    caller: Viewer,
    camera: Annotated[_Names, Query(description="Names or ids; alerts of any where none is given.")] = None,
    rule: Annotated[_Names, Query(description="Names or ids; alerts of any where none is given.")] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    begin: Annotated[Instant | None, Query(alias="from", description="They began then or later.")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="They began before that.")] = None,
    after: Annotated[str | None, Query(max_length=64, description="The `next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AlertPage:
    """Alerts, the youngest first."""

    def page() -> AlertPage:
        wanted = AlertFilter(
            cameras=frozenset(_camera(service, caller, name) for name in camera or ()),
            rules=frozenset(_rule(service, caller, name) for name in rule or ()),
            severities=frozenset(severity or ()),
            since=begin,
            until=end,
            scope=caller.scope,
        )
        try:
            if after is not None:
                alert_of(service, caller, after)
            # One more than is shown tells whether there is more.
            found = service.alerts.alerts(wanted, after, limit + 1)
        except UnknownAlert as error:
            raise BadCursor(cursor=after) from error
        shown = found[:limit]
        return AlertPage(
            items=tuple(map(AlertBody.from_domain, shown)), next=shown[-1].id if len(found) > limit else None
        )

    return await in_thread(page)


@router.get("/{alert_id}")
async def show_alert(*, service: Parts, caller: Viewer, alert_id: str) -> AlertBody:
    """One alert."""
    return await in_thread(lambda: AlertBody.from_domain(alert_of(service, caller, alert_id)))


@router.post("/{alert_id}/ack")
async def acknowledge_alert(*, service: Parts, caller: Viewer, alert_id: str) -> AlertBody:
    """Says that somebody sees to it. Who did so first stays."""
    return await in_thread(lambda: _judged(service, caller, alert_id, acknowledge=True), storing=True)


@router.post("/{alert_id}/comment")
async def comment_alert(*, service: Parts, caller: Viewer, alert_id: str, comment: Comment) -> AlertBody:
    """Writes something to an alert, which takes 50 remarks. The feed tells of the five newest."""
    return await in_thread(lambda: _judged(service, caller, alert_id, remark=comment.text), storing=True)


@router.post("/{alert_id}/false-alarm")
async def judge_alert(*, service: Parts, caller: Viewer, alert_id: str, verdict: FalseAlarm) -> AlertBody:
    """Says that an alert was none, or that it was one after all."""
    said = verdict.false_alarm
    return await in_thread(lambda: _judged(service, caller, alert_id, false_alarm=said), storing=True)


def _judged(
    service: Service,
    caller: Caller,
    alert_id: str,
    *,
    acknowledge: bool = False,
    false_alarm: bool | None = None,
    remark: str = "",
) -> AlertBody:
    known = alert_of(service, caller, alert_id)
    judged = service.alerts.judge(
        known.id, caller.name, acknowledge=acknowledge, false_alarm=false_alarm, remark=remark
    )
    return AlertBody.from_domain(judged)


def _camera(service: Service, caller: Caller, name: str) -> str:
    try:
        return camera_of(service, caller, name).id
    except UnknownCamera:
        # Alerts outlive their camera, which then goes by its id alone.
        return id_called(name)


def _rule(service: Service, caller: Caller, name: str) -> str:
    try:
        return rule_of(service, caller, name).id
    except UnknownRule:
        return name
