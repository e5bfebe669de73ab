"""Cameras, rules and alerts as they are there for a caller: what its key does not reach is not."""

from __future__ import annotations

from api.service import Service
from videoqa.access import Caller
from videoqa.alerts import Alert, AlertRule
from videoqa.cameras import Camera
from videoqa.errors import UnknownAlert, UnknownRule


def camera_of(service: Service, caller: Caller, name_or_id: str) -> Camera:
    """
    Raises:
        UnknownCamera: there is none for this caller.
    """
    return service.setting_up.camera(name_or_id, caller.scope)


def rules_of(service: Service, caller: Caller) -> tuple[AlertRule, ...]:
    """Those that are there for the caller, in the order of their names."""
    return _reached(service, caller, service.setting_up.rules.rules())


def rule_names(service: Service, caller: Caller) -> dict[str, str]:
    """What the rules are called that are there for the caller, by their ids."""
    return {rule.id: rule.name for rule in rules_of(service, caller)}


def rule_of(service: Service, caller: Caller, name_or_id: str) -> AlertRule:
    """
    Raises:
        UnknownRule: there is none for this caller.
    """
    rule = service.setting_up.rules.rule(name_or_id)
    if rule is None or not _reached(service, caller, (rule,)):
        raise UnknownRule(name=name_or_id)
    return rule


def alert_of(service: Service, caller: Caller, alert_id: str) -> Alert:
    """
    Raises:
        UnknownAlert: there is none for this caller.
    """
    alert = service.alerts.alert(alert_id)
    if alert is not None:
        camera = service.setting_up.cameras.with_id(alert.camera)
        # Of a camera that was removed nothing is known but its id.
        if caller.scope.covers(() if camera is None else camera.tags, alert.camera):
            return alert
    raise UnknownAlert(name=alert_id)


def _reached(service: Service, caller: Caller, rules: tuple[AlertRule, ...]) -> tuple[AlertRule, ...]:
    """Those that are the caller's own, or all of whose cameras it sees. The cameras are read once for all of them."""
    if caller.scope.everything:
        return rules
    seen = frozenset(camera.id for camera in service.setting_up.reached(caller.scope))
    return tuple(
        rule
        for rule in rules
        if (caller.key_id and rule.owner == caller.key_id) or (rule.cameras and rule.cameras <= seen)
    )
