"""The commands about cameras, rules and alerts, as a user types them; no service runs beside them."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

from tests.acceptance import canaries
from tests.acceptance.product import Videoqa
from tests.live import alert_log, an_alert, new
from videoqa.alerts import AlertState, NoticeKind, Severity
from videoqa.ports import AlertChange

URL = f"rtsp://guard:{canaries.CANARY}@10.0.0.7/stream"
NOBODY = "start `videoqa serve`"


def test_a_camera_is_added_shown_and_removed_without_its_password(videoqa: Videoqa) -> None:
    added = videoqa("camera", "add", "gate-1", URL, "--keep", "7d", "--keep-events", "30d")
    assert added.code == 0, added.err
    assert "rtsp://10.0.0.7/stream" in added.out
    assert "kept 7d, with alerts 30d" in added.out
    assert NOBODY in added.err
    listed = videoqa("camera", "list", "--json").json
    assert [(each["id"], each["keep"]) for each in listed] == [("gate-1", 7 * 86400)]
    snapshot = videoqa("camera", "snapshot", "gate-1")
    assert snapshot.code == 2
    assert NOBODY in snapshot.err
    assert videoqa("camera", "remove", "gate-1").code == 0


def test_a_password_can_be_given_where_no_list_of_processes_shows_it(videoqa: Videoqa) -> None:
    process = videoqa.start("camera", "add", "gate-1", "-", stdin=subprocess.PIPE)
    out, err = process.communicate(f"{URL}\n", timeout=240)
    assert process.returncode == 0, err
    assert not canaries.sing(out, err)
    assert "rtsp://10.0.0.7/stream" in out


def test_a_rule_is_added_as_the_readme_says(videoqa: Videoqa) -> None:
    videoqa("camera", "add", "gate-1", URL)
    fence = ("rule", "add", "a person climbs the fence", "--camera", "gate-1", "--between", "22:00", "06:00")
    added = videoqa(*fence, "--cooldown", "5m", "--severity", "high", "--timezone", "Europe/Berlin")
    assert added.code == 0, added.err
    assert "on gate-1, 22:00 to 06:00 (Europe/Berlin), severity high, cool-down 5m" in added.out
    assert "videoqa model serve" in added.out
    assert "model" in videoqa("rule", "try", "a person climbs the fence", "--on", "gate-1", "--last", "24h").err


def test_alerts_are_printed_as_they_come(videoqa: Videoqa) -> None:
    videoqa("camera", "add", "gate-1", URL)
    with alert_log(videoqa.data) as log:
        log.write([new(an_alert(1))])
        process = videoqa.start("watch", "--camera", "gate-1", "--severity", "high", "--after", "0")
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert "HIGH" in first
            assert "gate-1" in first
            assert "person 1 on the fence" in first
            log.write([new(an_alert(2, "yard")), new(an_alert(3, severity=Severity.LOW)), new(an_alert(4))])
            assert "person 4 on the fence" in process.stdout.readline()
            ended = replace(an_alert(4), state=AlertState.ENDED, end=datetime.now(UTC))
            log.write([AlertChange(NoticeKind.ALERT_END, ended)])
            assert "over after" in process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert NOBODY in err
        as_json = videoqa.start("watch", "--after", "0", "--json")
        try:
            assert as_json.stdout is not None
            told = [json.loads(as_json.stdout.readline()) for _ in range(5)]
        finally:
            as_json.kill()
            as_json.communicate()
        assert [each["type"] for each in told] == [*["alert.new"] * 4, "alert.end"]
        assert [each["seq"] for each in told] == [1, 2, 3, 4, 5]
