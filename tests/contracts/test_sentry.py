"""What every ``Sentry`` does, and ``Sentries`` make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.gate.scenery import LiveScenery
from tests.yards import SECOND, START, Yard, seen
from videoqa.alerts import AlertRule, Condition, ConditionKind
from videoqa.analyser.sentry.sentries import CameraSentries
from videoqa.events import Usage
from videoqa.ports import Sentries, Sentry
from videoqa.testing.sentries import WhiteSentries

RULE = AlertRule("r", "motion", Condition(ConditionKind.MOTION), START)


@pytest.fixture(params=["white", "camera"])
def sentries(request: pytest.FixtureRequest) -> Sentries:
    return WhiteSentries() if request.param == "white" else CameraSentries(LiveScenery)


@pytest.fixture
def sentry(sentries: Sentries) -> Sentry:
    return sentries.sentry("gate", SECOND)


def test_what_is_there_is_seen_and_where_it_is(sentry: Sentry) -> None:
    yard = Yard()
    seen(sentry, yard.empty(20), [RULE])
    looks = seen(sentry, yard.drive(8), [RULE])
    sightings = [look.sightings["r"] for look in looks if "r" in look.sightings]
    assert len(sightings) >= 6
    for sighting in sightings:
        assert 0 < sighting.confidence <= 1
        assert sighting.description
        assert sighting.region is not None
        assert 0.3 < sighting.region.top < 0.8


def test_what_is_not_there_is_not_seen(sentry: Sentry) -> None:
    yard = Yard()
    looks = [*seen(sentry, yard.empty(20), [RULE])]
    seen(sentry, yard.drive(8), [RULE])
    looks += seen(sentry, yard.empty(20), [RULE])[5:]
    assert not any(look.sightings or look.blind for look in looks)


def test_only_the_rules_that_were_asked_for_are_told_of(sentry: Sentry) -> None:
    yard = Yard()
    seen(sentry, yard.empty(20), [])
    other = replace(RULE, id="other")
    looks = [*seen(sentry, yard.drive(4), [other]), *seen(sentry, yard.drive(4, start=110), [RULE])]
    assert [set(look.sightings) | look.blind for look in looks[2:4]] == [{"other"}, {"other"}]
    assert all(set(look.sightings) | look.blind <= {"r"} for look in looks[4:])
    assert "r" in looks[-1].sightings


def test_a_recording_that_rolls_over_is_no_news(sentry: Sentry) -> None:
    yard = Yard()
    seen(sentry, yard.empty(20), [RULE])
    sentry.begin()
    yard.second = 0
    assert not any(look.sightings for look in seen(sentry, yard.empty(5), [RULE]))


def test_signals_cost_no_model_anything(sentry: Sentry) -> None:
    yard = Yard()
    seen(sentry, [*yard.empty(10), *yard.drive(5)], [RULE])
    assert sentry.usage == Usage()


def test_the_camera_s_size_may_change_in_its_midst(sentry: Sentry) -> None:
    seen(sentry, Yard().empty(5), [RULE])
    large = Yard(size=(640, 480))
    looks = seen(sentry, large.empty(10), [RULE])
    assert not any(look.sightings for look in looks)


def test_it_can_be_closed_at_any_time(sentries: Sentries) -> None:
    sentry = sentries.sentry("gate", SECOND)
    sentry.close()
    other = sentries.sentry("yard", SECOND)
    seen(other, Yard().empty(2), [RULE])
    other.close()
