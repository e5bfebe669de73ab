"""docs/alerts.schema.json: it is the models, and every kind of message passes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from api.alert_feed import schema
from api.alert_feed.asked import filtered
from api.schemas.alerts import (
    CLIENT,
    SERVER,
    AuthMessage,
    ErrorMessage,
    FilterMessage,
    HeartbeatMessage,
    TruncatedMessage,
    message_of,
    text_of,
)
from tests.alerts import NOON, an_alert
from videoqa.alerts import AlertState, Notice, NoticeKind, Remark, Severity, Verdict
from videoqa.cameras import CameraState, CameraStatus, ClockSource, Gap
from videoqa.events import Region
from videoqa.ports import AlertFilter
from videoqa.wording import told_of

FILE = Path(__file__).parents[3] / "docs" / "alerts.schema.json"
WHOLE = an_alert(
    1,
    recording="r",
    state=AlertState.ENDED,
    end=NOON + timedelta(seconds=9),
    region=Region(0.1, 0.2, 0.3, 0.4),
    acknowledged_by="ann",
    false_alarm=True,
    remarks=(Remark(NOON, "ann", "a cat"),),
)
STATUS = CameraStatus(
    "gate", CameraState.ONLINE, NOON, "", NOON, "r", 1280, 720, "h264", ClockSource.RTCP, reconnects=2, dropped=3
)
NOTICES = [
    *(Notice(1, kind, NOON, alert=WHOLE) for kind in NoticeKind if kind.of_alert),
    Notice(2, NoticeKind.ALERT_NEW, NOON, alert=an_alert(2)),
    *(Notice(3, NoticeKind.ALERT_NEW, NOON, alert=an_alert(3, severity=each)) for each in Severity),
    *(Notice(3, NoticeKind.ALERT_NEW, NOON, alert=an_alert(3, verdict=each)) for each in Verdict),
    Notice(4, NoticeKind.CAMERA_STATUS, NOON, status=STATUS),
    *(Notice(4, NoticeKind.CAMERA_STATUS, NOON, status=CameraStatus("gate", each, NOON)) for each in CameraState),
    *(Notice(4, NoticeKind.CAMERA_STATUS, NOON, status=replace(STATUS, clock=each)) for each in ClockSource),
    Notice(5, NoticeKind.GAP, NOON, gap=Gap("gate", NOON, None, "offline")),
    Notice(6, NoticeKind.GAP, NOON, gap=Gap("gate", NOON, NOON, "offline")),
]
OTHERS = [
    HeartbeatMessage(last_seq=7),
    TruncatedMessage(oldest_seq=7),
    TruncatedMessage(oldest_seq=8, reason="ahead"),
    filtered(AlertFilter()),
    filtered(AlertFilter(frozenset({"gate"}), frozenset({"fence"}), frozenset(Severity))),
    ErrorMessage(code="key-needed", detail="..."),
]
MESSAGES = [*map(message_of, NOTICES), *OTHERS]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(told)
    return told


def test_the_file_is_what_the_models_say() -> None:
    assert FILE.read_text() == schema.text(), "python -m api.alert_feed.schema > docs/alerts.schema.json"


def test_every_kind_of_message_was_tried(document: dict[str, Any]) -> None:
    assert {message.type for message in MESSAGES} == set(document["discriminator"]["mapping"])
    assert {notice.kind for notice in NOTICES} == set(NoticeKind)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_what_the_service_says_passes_the_file(message: Any, document: dict[str, Any]) -> None:
    said = json.loads(message.model_dump_json())
    validator = jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker())
    validator.validate(said)
    assert SERVER.validate_python(message) == message
    for field in said:
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({name: value for name, value in said.items() if name != field})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(said | {"more": 1})


@pytest.mark.parametrize("footage", [True, False])
@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.kind)
def test_what_is_put_together_of_words_is_what_the_models_say(notice: Notice, footage: bool) -> None:
    said = message_of(notice, footage=footage).model_dump_json()
    assert json.loads(text_of(told_of(notice), footage=footage)) == json.loads(said)


@pytest.mark.parametrize(
    "said",
    [AuthMessage(type="auth", key="vqa_x"), FilterMessage(type="filter", camera=("gate",))],
    ids=["auth", "filter"],
)
def test_what_a_client_says_passes_the_file(said: Any, document: dict[str, Any]) -> None:
    heard = document | {"oneOf": document["$defs"]["ClientMessage"]["oneOf"]}
    jsonschema.validate(json.loads(said.model_dump_json()), heard)
    assert CLIENT.validate_json(said.model_dump_json()) == said


def test_the_documented_examples_are_messages(document: dict[str, Any]) -> None:
    text = (FILE.parent / "alerts.md").read_text()
    examples = [part.partition("```")[0] for part in text.split("```json\n")[1:]]
    assert len(examples) >= 3
    for example in examples:
        jsonschema.validate(json.loads(example), document)
