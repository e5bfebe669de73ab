"""Rules: listed, added, changed, removed, and tried on recorded footage."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import Operator, Viewer
from api.live_reach import rule_of, rules_of
from api.schemas.rules import NewRule, RuleBody, RuleChange, RulePage
from api.service import Parts, Service
from api.threads import in_thread
from videoqa.alerts import AlertRule

router = APIRouter(prefix="/v1/rules", tags=["rules"])


@router.get("")
async def list_rules(*, service: Parts, caller: Viewer) -> RulePage:
    """Rules in the order of their names: one's own, and those all of whose cameras the key reaches."""

    def page() -> RulePage:
        return RulePage(items=tuple(_body(service, rule) for rule in rules_of(service, caller)))

    return await in_thread(page)


@router.post("", status_code=201)
async def add_rule(*, service: Parts, caller: Operator, wanted: NewRule, response: Response) -> RuleBody:
    """Adds a rule, which is watched for from then on. `needs` says what is missing before it can give an alert."""
    added = await in_thread(lambda: service.setting_up.add_rule(wanted.wishes, caller), storing=True)
    response.headers["Location"] = f"/v1/rules/{added.id}"
    return _body(service, added)


@router.get("/{rule_id}")
async def show_rule(*, service: Parts, caller: Viewer, rule_id: str) -> RuleBody:
    """One rule, by its id or name."""
    return await in_thread(lambda: _body(service, rule_of(service, caller, rule_id)))


@router.patch("/{rule_id}")
async def change_rule(*, service: Parts, caller: Operator, rule_id: str, change: RuleChange) -> RuleBody:
    """Changes a rule; alerts that it gave stay as they are."""

    def changed() -> RuleBody:
        rule = rule_of(service, caller, rule_id)
        return _body(service, service.setting_up.change_rule(rule, change.applied(rule), caller))

    return await in_thread(changed, storing=True)


@router.delete("/{rule_id}", status_code=204)
async def remove_rule(*, service: Parts, caller: Operator, rule_id: str) -> Response:
    """Removes a rule; its alerts stay."""
    await in_thread(lambda: service.setting_up.rules.remove(rule_of(service, caller, rule_id).id), storing=True)
    return Response(status_code=204)


def _body(service: Service, rule: AlertRule) -> RuleBody:
    return RuleBody.from_domain(rule, service.setting_up.needs(rule))
