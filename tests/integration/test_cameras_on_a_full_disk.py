"""A camera goes on to be watched while the disk is full, by the parts that the service is made of."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.comings import comings
from videoqa.alerting.session import NO_ROOM
from videoqa.alerts import AlertRule, Condition, ConditionKind
from videoqa.bootstrap import House
from videoqa.bootstrap.watchers import Watchers
from videoqa.cameras import Camera, StreamUrl
from videoqa.ports import AlertFilter, RecordingFilter
from videoqa.settings import Settings

NOW = datetime.now(UTC)
GENEROUS = 60.0
MORE_THAN_ANY_DISK = 2**40
"""Mebibytes."""


def test_an_alert_comes_though_nothing_can_be_recorded(tmp_path: Path) -> None:
    clip = comings(tmp_path / "clip.mp4", 8, [(3, 7)])
    place = House(Settings(data_dir=tmp_path / "data", disk_reserve_mb=MORE_THAN_ANY_DISK))
    place.cameras.add(Camera("gate", "gate", StreamUrl(clip.as_uri()), NOW, period=timedelta(seconds=0.5)))
    place.rules.add(AlertRule("moves", "moves", Condition(ConditionKind.MOTION), NOW))
    watchers = Watchers(place, place.alert_log)
    deadline, alerts, problem = time.monotonic() + GENEROUS, place.alert_log.alerts(AlertFilter()), ""
    try:
        while not alerts and time.monotonic() < deadline:
            watchers.look()
            time.sleep(0.2)
            status = place.cameras.status("gate")
            problem = status.problem if status is not None and status.width else problem
            alerts = place.alert_log.alerts(AlertFilter())
    finally:
        watchers.stop("the test is over")
    assert [(alert.rule, alert.recording) for alert in alerts] == [("moves", "")]
    assert problem == NO_ROOM
    assert NO_ROOM in {gap.cause for gap in place.cameras.gaps("gate", NOW, NOW + timedelta(days=1))}
    assert place.archive.page(RecordingFilter()) == ()
    assert list((place.folder / "cameras").glob("*/*.mp4")) == []
    assert place.snapshots.latest("gate") is not None
