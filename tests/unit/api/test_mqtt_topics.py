"""What is said to an MQTT broker, and where."""

from __future__ import annotations

import json

import pytest

from api.mqtt import topics
from api.service import Broker
from tests.alerts import a_camera
from videoqa.cameras import CameraState

BROKER = Broker("broker", 1883, topic="site/videoqa", user="ann", password="s3cret")


def test_a_broker_does_not_show_whose_it_is() -> None:
    assert "s3cret" not in repr(BROKER)
    assert "ann" not in repr(BROKER)


@pytest.mark.parametrize("camera_id", ["gate-1", "gate/1", "tor #2", "門", "a+b", "gate.1"])
def test_no_name_of_a_camera_leads_to_other_topics(camera_id: str) -> None:
    for word in (*topics.introduction(BROKER, a_camera(camera_id)), *topics.farewell(BROKER, camera_id)):
        levels = word.topic.split("/")
        assert len(levels) == 5
        assert not set("+#") & set(word.topic)
        assert word.kept


def test_two_cameras_never_have_one_device() -> None:
    names = ("gate 1", "gate_1", "gate#1", "gäte_1")
    configs = [word.topic for name in names for word in topics.introduction(BROKER, a_camera(name))]
    assert len(set(configs)) == len(configs)


def test_every_state_of_a_camera_is_one_that_was_announced() -> None:
    told = [json.loads(word.text) for word in topics.introduction(BROKER, a_camera()) if "/sensor/" in word.topic]
    assert set(told[0]["options"]) == {state.value for state in CameraState} - {"removed"}


def test_what_was_introduced_is_taken_back_when_the_camera_goes() -> None:
    introduced = {word.topic for word in topics.introduction(BROKER, a_camera())}
    gone = {word.topic for word in topics.farewell(BROKER, "gate")}
    assert introduced <= gone
    assert not any(word.text for word in topics.farewell(BROKER, "gate"))
