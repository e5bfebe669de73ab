"""What is said to a broker, under which topics. Pure: from cameras and messages to topics and their text.

| topic | |
|---|---|
| ``<topic>/status`` | ``online``, or ``offline`` once the service is gone; kept |
| ``<topic>/alerts`` | every message of the feed, as it stands in docs/alerts.schema.json |
| ``<topic>/camera/<id>/state`` | how a camera is; kept |
| ``<topic>/camera/<id>/alert`` | ``ON`` while an alert of it is open, or ``OFF``; kept |
| ``<topic>/camera/<id>/event`` | what became of its alerts |
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from api.service import Broker
from videoqa.cameras import Camera, CameraState, CameraStatus

UP, DOWN = "online", "offline"
_KINDS = ("alert.new", "alert.update", "alert.end")


@dataclass(frozen=True, slots=True)
class Word:
    """``kept`` says that the broker tells it to whoever comes later, too; an empty one is forgotten."""

    topic: str
    text: str
    kept: bool = False


def status_topic(broker: Broker) -> str:
    return f"{broker.topic}/status"


def message(broker: Broker, text: str) -> Word:
    return Word(f"{broker.topic}/alerts", text)


def event(broker: Broker, camera_id: str, text: str) -> Word:
    """``text`` is a message about an alert; Home Assistant reads its kind from ``event_type``."""
    told = json.loads(text)
    return Word(f"{_of(broker, camera_id)}/event", json.dumps({"event_type": told["type"], **told["alert"]}))


def alerting(broker: Broker, camera_id: str, *, is_open: bool) -> Word:
    return Word(f"{_of(broker, camera_id)}/alert", "ON" if is_open else "OFF", kept=True)


def state(broker: Broker, camera_id: str, status: CameraStatus | None) -> Word:
    told = CameraState.OFF if status is None else status.state
    problem = "" if status is None else status.problem
    return Word(f"{_of(broker, camera_id)}/state", json.dumps({"state": told.value, "problem": problem}), kept=True)


def introduction(broker: Broker, camera: Camera) -> Iterator[Word]:
    """A camera as a device of Home Assistant with three entities: see its documentation of MQTT discovery."""
    device = {"identifiers": [_name(camera.id)], "name": camera.name, "manufacturer": "videoqa", "model": "camera"}
    place = _of(broker, camera.id)
    entities: dict[str, dict[str, object]] = {
        "binary_sensor/alert": {"name": "Alert", "device_class": "safety", "state_topic": f"{place}/alert"},
        "sensor/state": {
            "name": "State",
            "device_class": "enum",
            "options": [each.value for each in CameraState if each is not CameraState.REMOVED],
            "entity_category": "diagnostic",
            "state_topic": f"{place}/state",
            "value_template": "{{ value_json.state }}",
            "json_attributes_topic": f"{place}/state",
        },
        "event/alert": {"name": "Alerts", "event_types": list(_KINDS), "state_topic": f"{place}/event"},
    }
    for entity, told in entities.items():
        kind, _, name = entity.partition("/")
        whole = {
            **told,
            "unique_id": f"{_name(camera.id)}_{kind}_{name}",
            "availability_topic": status_topic(broker),
            "device": device,
            "origin": {"name": "videoqa"},
        }
        yield Word(_config(broker, camera.id, kind, name), json.dumps(whole), kept=True)


def farewell(broker: Broker, camera_id: str) -> Iterator[Word]:
    """Has the broker, and Home Assistant, forget a camera that was removed."""
    for kind, name in (("binary_sensor", "alert"), ("sensor", "state"), ("event", "alert")):
        yield Word(_config(broker, camera_id, kind, name), "", kept=True)
    yield Word(f"{_of(broker, camera_id)}/state", "", kept=True)
    yield Word(f"{_of(broker, camera_id)}/alert", "", kept=True)


def _of(broker: Broker, camera_id: str) -> str:
    # Whoever subscribes to a part of the tree is not to be told of another by a name.
    plain = "".join("_" if each in "+#/\0" else each for each in camera_id)
    return f"{broker.topic}/camera/{plain}"


def _config(broker: Broker, camera_id: str, kind: str, name: str) -> str:
    return f"{broker.discovery}/{kind}/{_name(camera_id)}/{name}/config"


def _name(camera_id: str) -> str:
    """Letters, digits, - and _ are all that Home Assistant takes; two cameras never have one name."""
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "_" for each in camera_id)
    return f"videoqa_{plain}" if plain == camera_id else f"videoqa_{plain}_{sha256(camera_id.encode()).hexdigest()[:8]}"
