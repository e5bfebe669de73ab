"""Cameras and rules as somebody sets them up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from videoqa.access import Caller, Role, Scope
from videoqa.alerting.setting_up import STILL, CameraWishes, RuleWishes, SettingUp
from videoqa.alerts import Condition, ConditionKind, Schedule, Severity
from videoqa.cameras import CameraState, CameraStatus, StreamUrl
from videoqa.errors import (
    BadCamera,
    BadRule,
    BringsOutOfReach,
    CameraTaken,
    NotAllowed,
    RuleTaken,
    TagOutOfReach,
    UnknownCamera,
    WidensRule,
)
from videoqa.testing.cameras import MemoryCameras
from videoqa.testing.rules import MemoryRules

URL = StreamUrl("rtsp://user:secret@10.0.0.7/stream")
LOCAL = Caller("", "local", Role.ADMIN)
NOTHING = frozenset[str]()
MOTION = Condition(ConditionKind.MOTION)


def limited(*tags: str, cameras: tuple[str, ...] = (), role: Role = Role.OPERATOR) -> Caller:
    return Caller("k1", "guard", role, Scope(frozenset(tags), frozenset(cameras)))


@pytest.fixture
def setting_up() -> SettingUp:
    return SettingUp(MemoryCameras(), MemoryRules(), lambda url: None, NOTHING.__contains__)


@pytest.mark.parametrize(
    ("name", "camera_id"),
    [("gate-1", "gate-1"), ("Front door", "Front-door"), ("大门", "大门"), ("../../etc", "etc"), (".a/b", "a-b")],
)
def test_a_camera_is_known_by_what_files_and_keys_can_be_called(
    name: str, camera_id: str, setting_up: SettingUp
) -> None:
    added = setting_up.add_camera(CameraWishes(name, URL), LOCAL)
    assert (added.name, added.id) == (name, camera_id)
    assert setting_up.camera(name, Scope()) == setting_up.camera(camera_id, Scope()) == added


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "two\nlines", "..", "/", "-"])
def test_a_camera_is_called_something(name: str, setting_up: SettingUp) -> None:
    with pytest.raises(BadCamera):
        setting_up.add_camera(CameraWishes(name, URL), LOCAL)


def test_names_that_come_to_the_same_id_are_told_apart(setting_up: SettingUp) -> None:
    assert [setting_up.add_camera(CameraWishes(name, URL), LOCAL).id for name in ("a b", "a  b", "a/b")] == [
        "a-b",
        "a-b-2",
        "a-b-3",
    ]


def test_a_camera_does_not_take_over_what_one_of_its_name_has_left() -> None:
    left: set[str] = set()
    cameras = MemoryCameras()
    setting_up = SettingUp(cameras, MemoryRules(), lambda url: None, left.__contains__)

    def again() -> str:
        """The id of a camera of the same name that is added, and removed."""
        camera = setting_up.add_camera(CameraWishes("gate", URL), LOCAL)
        setting_up.cameras.remove(camera.id)
        return camera.id

    assert again() == again() == "gate"
    left.add("gate")
    first, second = again(), again()
    assert first.startswith("gate-")
    assert len({"gate", first, second}) == 3
    left.clear()
    assert again() == "gate"
    cameras.put_status(CameraStatus("gate", CameraState.ONLINE, datetime.now(UTC)))
    assert again() != "gate"
    setting_up.cameras.remove("gate")
    setting_up.add_camera(CameraWishes("gate", URL), LOCAL)
    setting_up.add_rule(RuleWishes(MOTION, cameras=frozenset({"gate"})), LOCAL)
    setting_up.cameras.remove("gate")
    assert again() != "gate"


def test_a_key_for_one_camera_adds_none_in_the_place_of_one_that_left_something() -> None:
    setting_up = SettingUp(MemoryCameras(), MemoryRules(), lambda url: None, {"gate"}.__contains__)
    with pytest.raises(BringsOutOfReach):
        setting_up.add_camera(CameraWishes("gate", URL), limited(cameras=("gate",)))


def test_no_camera_is_known_by_what_another_one_is_called(setting_up: SettingUp) -> None:
    old = setting_up.add_camera(CameraWishes("old", URL), LOCAL)
    renamed = setting_up.change_camera(old, CameraWishes("gate-1", URL), LOCAL)
    assert setting_up.add_camera(CameraWishes("gate 1", URL), LOCAL).id == "gate-1-2"
    assert setting_up.camera("gate-1", Scope()) == renamed


def test_a_name_or_id_that_another_camera_has_is_taken(setting_up: SettingUp) -> None:
    first = setting_up.add_camera(CameraWishes("a b", URL), LOCAL)
    for name in (first.name, first.id):
        with pytest.raises(CameraTaken):
            setting_up.add_camera(CameraWishes(name, URL), LOCAL)
    other = setting_up.add_camera(CameraWishes("other", URL), LOCAL)
    with pytest.raises(CameraTaken):
        setting_up.change_camera(other, CameraWishes(first.id, URL), LOCAL)
    assert setting_up.change_camera(other, CameraWishes("third", URL), LOCAL).id == "other"


def test_an_address_is_checked_when_it_is_new() -> None:
    def refuse(url: StreamUrl) -> None:
        raise BadCamera(problem="no")

    refusing = SettingUp(MemoryCameras(), MemoryRules(), refuse, NOTHING.__contains__)
    with pytest.raises(BadCamera):
        refusing.add_camera(CameraWishes("gate", URL), LOCAL)
    known = SettingUp(refusing.cameras, MemoryRules(), lambda url: None, NOTHING.__contains__).add_camera(
        CameraWishes("gate", URL), LOCAL
    )
    assert not refusing.change_camera(known, CameraWishes("gate", URL, enabled=False), LOCAL).enabled
    with pytest.raises(BadCamera):
        refusing.change_camera(known, CameraWishes("gate", StreamUrl("rtsp://127.0.0.1/")), LOCAL)


def test_files_are_played_for_admins_without_limits_alone(setting_up: SettingUp) -> None:
    wishes = CameraWishes("film", StreamUrl("file:///etc/passwd"))
    with pytest.raises(NotAllowed):
        setting_up.add_camera(wishes, Caller("k1", "guard", Role.OPERATOR))
    with pytest.raises(BadCamera):
        setting_up.add_camera(wishes, limited("ours", role=Role.ADMIN))
    assert setting_up.add_camera(wishes, LOCAL).url.scheme == "file"


def test_a_limited_key_gives_its_tags_and_no_others_to_what_it_adds(setting_up: SettingUp) -> None:
    assert setting_up.add_camera(CameraWishes("a", URL), limited("ours", "gate")).tags == ("gate", "ours")
    assert setting_up.add_camera(CameraWishes("b", URL, tags=("gate",)), limited("ours", "gate")).tags == ("gate",)
    with pytest.raises(TagOutOfReach):
        setting_up.add_camera(CameraWishes("c", URL, tags=("theirs",)), limited("ours"))
    with pytest.raises(BringsOutOfReach):
        setting_up.add_camera(CameraWishes("c", URL), limited(cameras=("d",)))
    assert setting_up.add_camera(CameraWishes("d", URL), limited(cameras=("d",))).tags == ()


def test_a_limited_key_leaves_a_camera_in_its_reach(setting_up: SettingUp) -> None:
    ours = limited("ours")
    camera = setting_up.add_camera(CameraWishes("a", URL), ours)
    for tags in ((), ("ours", "theirs")):
        with pytest.raises(TagOutOfReach):
            setting_up.change_camera(camera, CameraWishes("a", URL, tags=tags), ours)


def test_what_a_key_does_not_reach_is_not_there(setting_up: SettingUp) -> None:
    setting_up.add_camera(CameraWishes("a", URL, tags=("theirs",)), LOCAL)
    ours = limited("ours")
    assert setting_up.reached(ours.scope) == ()
    with pytest.raises(UnknownCamera):
        setting_up.camera("a", ours.scope)
    with pytest.raises(UnknownCamera):
        setting_up.add_rule(RuleWishes(MOTION, cameras=frozenset({"a"})), ours)


def test_a_rule_is_called_as_it_reads(setting_up: SettingUp) -> None:
    setting_up.add_camera(CameraWishes("gate 1", URL), LOCAL)
    described = Condition(ConditionKind.DESCRIBED, "a person\nclimbs the fence")
    wishes = [RuleWishes(described), RuleWishes(MOTION, cameras=frozenset({"gate 1"})), RuleWishes(described)]
    added = [setting_up.add_rule(each, LOCAL) for each in wishes]
    assert [rule.name for rule in added] == [
        "a person climbs the fence",
        "motion on gate 1",
        "a person climbs the fence (2)",
    ]
    assert added[1].cameras == {"gate-1"}
    with pytest.raises(RuleTaken):
        setting_up.add_rule(RuleWishes(MOTION, name="motion on gate 1"), LOCAL)


def test_a_rule_is_named_for_no_camera_but_its_only_one(setting_up: SettingUp) -> None:
    for name in ("gate", "vault"):
        setting_up.add_camera(CameraWishes(name, URL), LOCAL)
    gate, both = (
        RuleWishes(MOTION, cameras=frozenset({"gate"})),
        RuleWishes(MOTION, cameras=frozenset({"gate", "vault"})),
    )
    rule = setting_up.add_rule(gate, LOCAL)
    assert (rule.name, setting_up.add_rule(both, LOCAL).name) == ("motion on gate", "motion")
    kept = setting_up.change_rule(rule, replace(gate, name=rule.name, enabled=False), LOCAL)
    assert kept.name == "motion on gate"
    moved = setting_up.change_rule(kept, replace(gate, name=kept.name, cameras=frozenset({"vault"})), LOCAL)
    assert moved.name == "motion on vault"
    assert setting_up.change_rule(moved, replace(both, name=moved.name), LOCAL).name == "motion (2)"
    said = setting_up.add_rule(replace(gate, name="by the gate"), LOCAL)
    assert setting_up.change_rule(said, replace(both, name=said.name), LOCAL).name == "by the gate"


def test_a_rule_in_plain_language_says_what_it_needs_until_it_is_there() -> None:
    models = [False]
    setting_up = SettingUp(MemoryCameras(), MemoryRules(), lambda url: None, NOTHING.__contains__, lambda: models[0])
    described = setting_up.add_rule(RuleWishes(Condition(ConditionKind.DESCRIBED, "a person")), LOCAL)
    motion = setting_up.add_rule(RuleWishes(MOTION), LOCAL)
    assert "videoqa model serve" in setting_up.needs(described)
    assert setting_up.needs(motion) == ""
    models[0] = True
    assert setting_up.needs(described) == ""


def test_stillness_that_does_not_say_how_long_is_that_of_a_minute(setting_up: SettingUp) -> None:
    rule = setting_up.add_rule(RuleWishes(Condition(ConditionKind.STILLNESS)), LOCAL)
    assert rule.condition.lasting == STILL


@pytest.mark.parametrize(
    "wishes",
    [
        RuleWishes(Condition(ConditionKind.DESCRIBED)),
        RuleWishes(Condition(ConditionKind.CROSSING)),
        RuleWishes(Condition(ConditionKind.MOTION, zone=((0, 0), (1, 1)))),
        RuleWishes(Condition(ConditionKind.MOTION, zone=((0, 0), (1, 1), (2, 0)))),
        RuleWishes(MOTION, schedule=Schedule(time(22), time(6), "Europe/Nowhere")),
        RuleWishes(MOTION, cooldown=timedelta(days=-1)),
    ],
)
def test_what_nothing_can_fulfil_is_no_rule(wishes: RuleWishes, setting_up: SettingUp) -> None:
    with pytest.raises(BadRule):
        setting_up.add_rule(wishes, LOCAL)
    known = setting_up.add_rule(RuleWishes(MOTION), LOCAL)
    with pytest.raises(BadRule):
        setting_up.change_rule(known, wishes, LOCAL)
    assert setting_up.rules.rule(known.id) == known


def test_a_rule_about_a_camera_that_was_removed_can_be_changed(setting_up: SettingUp) -> None:
    camera = setting_up.add_camera(CameraWishes("a", URL), LOCAL)
    rule = setting_up.add_rule(RuleWishes(MOTION, cameras=frozenset({"a"})), LOCAL)
    setting_up.cameras.remove(camera.id)
    changed = RuleWishes(MOTION, cameras=rule.cameras, severity=Severity.HIGH)
    assert setting_up.change_rule(rule, changed, LOCAL).severity is Severity.HIGH


def test_a_rule_goes_to_the_camera_that_bears_a_name_now_where_somebody_says_so(setting_up: SettingUp) -> None:
    setting_up.add_camera(CameraWishes("yard", URL), LOCAL)
    rule = setting_up.add_rule(RuleWishes(MOTION, cameras=frozenset({"yard"})), LOCAL)
    setting_up.cameras.remove("yard")
    yard = setting_up.add_camera(CameraWishes("yard", URL), LOCAL)
    kept = setting_up.change_rule(rule, RuleWishes(MOTION, name=rule.name, cameras=None, enabled=False), LOCAL)
    assert (kept.cameras, kept.name) == ({"yard"}, "motion on yard")
    named = RuleWishes(MOTION, name=rule.name, cameras=frozenset({"yard"}))
    # To a key that does not reach the new one it is not there.
    assert setting_up.change_rule(kept, named, limited("ours")).cameras == {"yard"}
    moved = setting_up.change_rule(kept, named, LOCAL)
    assert (moved.cameras, moved.name) == ({yard.id}, "motion on yard")


def test_a_rule_of_somebody_else_is_not_widened_beyond_a_limited_key(setting_up: SettingUp) -> None:
    guard = limited("ours")
    setting_up.add_camera(CameraWishes("a", URL, tags=("ours",)), LOCAL)
    here, everywhere = RuleWishes(MOTION, cameras=frozenset({"a"})), RuleWishes(MOTION)
    rule = setting_up.add_rule(here, LOCAL)
    with pytest.raises(WidensRule):
        setting_up.change_rule(rule, everywhere, guard)
    assert setting_up.rules.rule(rule.id) == rule
    assert setting_up.change_rule(rule, everywhere, LOCAL).cameras == frozenset()
    own = setting_up.add_rule(here, guard)
    assert setting_up.change_rule(own, everywhere, guard).cameras == frozenset()
