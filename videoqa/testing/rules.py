"""Rules in memory."""

from __future__ import annotations

import threading

from videoqa.alerts import AlertRule
from videoqa.errors import RuleTaken, UnknownRule


class MemoryRules:
    """Implements ``Rules``. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rules: dict[str, AlertRule] = {}

    def add(self, rule: AlertRule) -> None:
        with self._lock:
            self._put(rule)

    def rules(self) -> tuple[AlertRule, ...]:
        with self._lock:
            return tuple(sorted(self._rules.values(), key=lambda rule: (rule.name, rule.id)))

    def rule(self, name_or_id: str) -> AlertRule | None:
        with self._lock:
            named = (rule for rule in self._rules.values() if rule.name == name_or_id)
            return self._rules.get(name_or_id) or next(named, None)

    def change(self, rule: AlertRule) -> None:
        with self._lock:
            if rule.id not in self._rules:
                raise UnknownRule(name=rule.name)
            self._put(rule)

    def remove(self, rule_id: str) -> None:
        with self._lock:
            self._rules.pop(rule_id, None)

    def _put(self, rule: AlertRule) -> None:
        if any(rule.name in (other.name, other.id) for other in self._rules.values() if other.id != rule.id):
            raise RuleTaken(name=rule.name)
        self._rules[rule.id] = rule
