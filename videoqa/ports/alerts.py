"""Rules, and the log of the alerts that they gave rise to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from videoqa.access import Scope
from videoqa.alerts import Alert, AlertRule, Notice, NoticeKind, Severity
from videoqa.cameras import CameraStatus, Gap
from videoqa.events import Event
from videoqa.wording import ToldNotice


class Rules(Protocol):
    def add(self, rule: AlertRule) -> None:
        """
        Raises:
            RuleTaken: one is called so already.
        """
        ...

    def rules(self) -> tuple[AlertRule, ...]:
        """All of them, in the order of their names."""
        ...

    def rule(self, name_or_id: str) -> AlertRule | None: ...

    def change(self, rule: AlertRule) -> None:
        """
        Raises:
            UnknownRule: there is none with its id.
            RuleTaken: another one is called so.
        """
        ...

    def remove(self, rule_id: str) -> None:
        """Forgets the rule; its alerts stay."""
        ...


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are wanted: all that every field which is not empty allows.

    ``since`` and ``until`` bound their starts. ``scope`` goes by the camera and its tags: of a camera that was removed
    only who reaches it by its id, or everything, sees alerts.
    """

    cameras: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What became of an alert, with the event that it is about: both are written in one transaction with the notice."""

    kind: NoticeKind
    alert: Alert
    event: Event | None = None


class AlertLog(Protocol):
    """Alerts, and the notices of all that happened to them and to cameras, in the order of their commits.

    Every write is one transaction with its notices. Raises ``StorageError`` where it cannot be read or written.
    """

    def write(self, changes: Sequence[AlertChange | CameraStatus | Gap]) -> tuple[Notice, ...]:
        """Notes them all, in order, or none.

        What is as it was already is no change and has no notice: an alert by its id, a gap by its start; an alert whose
        ``seen_at`` alone is another is kept without one. What people said of an alert stays, and an alert that is there
        is neither new nor, once it has ended, ended again, whatever the change says: then it is an update.
        A notice tells of the ``TOLD_REMARKS`` newest remarks; the alert itself has them all.
        The event is put among those of its recording's latest analysis by rules. Where that recording was removed there
        is none, and the alert has no recording.

        Raises:
            ValueError: no analysis by rules of the event's recording was begun.
        """
        ...

    def notices(self, after_seq: int, limit: int = 500) -> tuple[Notice, ...]:
        """Those behind ``after_seq``, in order."""
        ...

    def told(self, after_seq: int, limit: int = 500) -> tuple[ToldNotice, ...]:
        """The same in the words in which they are told, in less time: nothing is made of what nobody looks into."""
        ...

    def last_seq(self) -> int:
        """Of the notice written last, 0 where there was none; kept when old ones go."""
        ...

    def oldest_seq(self) -> int:
        """Of the oldest notice that is kept; one more than ``last_seq`` where none is."""
        ...

    def alert(self, alert_id: str) -> Alert | None: ...

    def alerts(self, wanted: AlertFilter, after: str | None = None, limit: int = 50) -> tuple[Alert, ...]:
        """Those that began last first, from behind the alert with the id ``after`` on.

        Raises:
            UnknownAlert: there is none of the id ``after``.
        """
        ...

    def open_alerts(self, camera: str = "") -> tuple[Alert, ...]:
        """Those of one camera, or of all, in the order of their starts."""
        ...

    def tells_of(self, camera: str) -> bool:
        """True where a notice is of the camera of that id, be it there or not."""
        ...

    def latest(self, rule: str, camera: str, limit: int = 20) -> tuple[Alert, ...]:
        """The alerts of one rule at one camera that ended last, the youngest first: by them a cool-down is known."""
        ...

    def judge(
        self,
        alert_id: str,
        author: str,
        *,
        acknowledge: bool = False,
        false_alarm: bool | None = None,
        remark: str = "",
    ) -> Alert:
        """Writes down what somebody says of an alert, with its notice where that is anything new.

        It stays acknowledged by whoever was the first to.

        Raises:
            UnknownAlert: there is none.
            TooManyRemarks: it has ``MOST_REMARKS`` already.
        """
        ...

    def forget(self, before: datetime) -> int:
        """Drops notices of before then, and alerts that ended before then; the number of notices that went."""
        ...
