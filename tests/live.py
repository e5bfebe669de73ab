"""Cameras and alerts written into a data directory by hand, as the live process writes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from indexer.alert_log import SqlAlertLog
from indexer.database import open_database
from videoqa.alerts import Alert, AlertState, NoticeKind, Severity, Verdict
from videoqa.media import ZERO
from videoqa.ports import AlertChange


@contextmanager
def alert_log(data: Path) -> Iterator[SqlAlertLog]:
    """The alert log of the data directory."""
    engine = open_database(data / "videoqa.sqlite")
    try:
        yield SqlAlertLog(engine)
    finally:
        engine.dispose()


def an_alert(number: int, camera: str = "gate-1", rule: str = "r1", severity: Severity = Severity.HIGH) -> Alert:
    """An alert that is known by its ``number``."""
    return Alert(
        id=f"{number:016x}",
        rule=rule,
        camera=camera,
        event=f"e{number}",
        state=AlertState.OPEN,
        start=datetime.now(UTC),
        end=None,
        severity=severity,
        label="fence",
        description=f"person {number} on the fence",
        confidence=0.9,
        verdict=Verdict.CONFIRMED,
        recording="",
        offset=ZERO,
    )


def new(alert: Alert) -> AlertChange:
    return AlertChange(NoticeKind.ALERT_NEW, alert)
