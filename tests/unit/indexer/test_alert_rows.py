"""Which words of what is kept of an alert are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from indexer import alert_rows
from tests.alerts import an_alert
from videoqa.alerts import NoticeKind
from videoqa.events import Region
from videoqa.wording import told_of

NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)


def test_what_is_kept_of_an_alert_beside_its_words_is_not_told() -> None:
    alert = an_alert(7, region=Region(0.1, 0.2, 0.3, 0.4), identity="red")
    row = alert_rows.notice_row(1, NoticeKind.ALERT_NEW, NOON, alert)
    body = json.dumps(json.loads(row["body"]) | {"added_later": "for the service alone"})
    told = alert_rows.told(1, "alert.new", 0, body)
    plain = told_of(alert_rows.notice(1, "alert.new", NOON, row["body"]))
    assert json.loads(told.words) == json.loads(plain.words)
    assert not {"identity", "added_later", "recording"} & json.loads(told.words).keys()
