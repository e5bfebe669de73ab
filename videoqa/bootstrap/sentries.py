"""Those who look for what rules are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from videoqa.alerts import Alert, AlertRule
from videoqa.events import Usage
from videoqa.ports import LiveFrame, Looked, Sentries, Sentry

if TYPE_CHECKING:
    from videoqa.bootstrap.model import ModelRoom


class _Nobody:
    usage = Usage()

    def look(self, live: LiveFrame, rules: Collection[AlertRule]) -> Looked:
        return Looked(blind=frozenset(rule.id for rule in rules), problem="nobody can look for it")

    def begin(self) -> None: ...

    def close(self) -> None: ...


class _Nobodies:
    def sentry(self, camera: str, period: timedelta, known: Sequence[Alert] = (), *, waiting: bool = False) -> Sentry:
        return _Nobody()


def sentries(model: ModelRoom | None) -> Sentries:
    return _Nobodies()
