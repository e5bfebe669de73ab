"""Cameras and rules as somebody sets them up: checked, named, and within the reach of who does it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, count

from videoqa.access import Caller, Key, Role, Scope
from videoqa.alerting.naming import plain
from videoqa.alerting.rules import checked, reaches
from videoqa.alerts import AlertRule, Condition, ConditionKind, Schedule, Severity
from videoqa.cameras import Camera, Detail, StreamUrl
from videoqa.errors import (
    BadCamera,
    BringsOutOfReach,
    CameraTaken,
    NotAllowed,
    TagOutOfReach,
    UnknownCamera,
    WidensRule,
)
from videoqa.media import ZERO
from videoqa.ports import Cameras, Rules

LONGEST_NAME = 64
STILL = timedelta(minutes=1)
"""For how long nothing has moved where a rule about stillness does not say."""
_LONGEST_RULE = 60


@dataclass(frozen=True, slots=True)
class CameraWishes:
    """A camera as somebody wishes it to be; fields as in ``Camera``."""

    name: str
    url: StreamUrl
    keep: timedelta | None = None
    keep_events: timedelta | None = None
    keep_bytes: int = 0
    period: timedelta = timedelta(seconds=1)
    detail: Detail = Detail.FULL
    tags: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class RuleWishes:
    """A rule as somebody wishes it to be; fields as in ``AlertRule``.

    ``cameras`` are names or ids; None leaves those that the rule has.
    """

    condition: Condition
    name: str = ""
    cameras: frozenset[str] | None = frozenset()
    schedule: Schedule | None = None
    cooldown: timedelta = timedelta(minutes=1)
    severity: Severity = Severity.MEDIUM
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SettingUp:
    """Adds and changes cameras and rules. ``check_url`` raises ``BadCamera`` for an address that is not watched.

    ``is_left`` says whether footage, alerts or files are kept under the id of a camera, be it there or not;
    ``has_model`` says whether rules in plain language can give alerts.
    """

    cameras: Cameras
    rules: Rules
    check_url: Callable[[StreamUrl], None]
    is_left: Callable[[str], bool]
    has_model: Callable[[], bool] = bool

    def reached(self, scope: Scope) -> tuple[Camera, ...]:
        """The cameras that ``scope`` covers, in the order of their names."""
        return tuple(camera for camera in self.cameras.cameras() if scope.covers(camera.tags, camera.id))

    def camera(self, name_or_id: str, scope: Scope) -> Camera:
        """
        Raises:
            UnknownCamera: there is none of that name or id for whoever has ``scope``.
        """
        camera = self.cameras.camera(name_or_id)
        if camera is None or not scope.covers(camera.tags, camera.id):
            raise UnknownCamera(name=name_or_id)
        return camera

    def add_camera(self, wishes: CameraWishes, caller: Caller) -> Camera:
        """
        Raises:
            BadCamera: it cannot be watched, or is called what nothing can be.
            CameraTaken: one is called so already.
            NotAllowed: it is a file, and the caller no admin.
            TagOutOfReach: it would be in the reach of others.
            BringsOutOfReach: the caller would not reach it.
        """
        name = self._name(wishes, caller)
        known = self.cameras.cameras()
        if any(name in (camera.id, camera.name) for camera in known):
            raise CameraTaken(name=name)
        camera_id = self._id_of(name, {called for camera in known for called in (camera.id, camera.name)})
        camera = Camera(
            id=camera_id,
            name=name,
            url=wishes.url,
            added_at=datetime.now(UTC),
            keep=wishes.keep,
            keep_events=wishes.keep_events,
            keep_bytes=wishes.keep_bytes,
            period=wishes.period,
            detail=wishes.detail,
            tags=_tags(wishes.tags, camera_id, caller),
            enabled=wishes.enabled,
            owner=caller.key_id,
        )
        self.cameras.add(camera)
        return camera

    def change_camera(self, camera: Camera, wishes: CameraWishes, caller: Caller) -> Camera:
        """What ``camera`` has become. Raises as ``add_camera`` does, and ``UnknownCamera`` where it is gone."""
        name = self._name(wishes, caller, camera.url)
        others = (other for other in self.cameras.cameras() if other.id != camera.id)
        if any(name in (other.id, other.name) for other in others):
            raise CameraTaken(name=name)
        _check_change(frozenset(camera.tags), frozenset(wishes.tags), camera.id, caller)
        changed = replace(
            camera,
            name=name,
            url=wishes.url,
            keep=wishes.keep,
            keep_events=wishes.keep_events,
            keep_bytes=wishes.keep_bytes,
            period=wishes.period,
            detail=wishes.detail,
            tags=wishes.tags,
            enabled=wishes.enabled,
        )
        self.cameras.change(changed)
        return changed

    def add_rule(self, wishes: RuleWishes, caller: Caller) -> AlertRule:
        """
        Raises:
            BadRule: nothing could ever fulfil it.
            RuleTaken: one is called so already.
            UnknownCamera: it is about one that is not there for the caller.
        """
        rule = AlertRule(
            id=secrets.token_hex(8),
            name=_printable(wishes.name) or self._rule_name(wishes),
            condition=_lasting(wishes.condition),
            added_at=datetime.now(UTC),
            cameras=self._ids(wishes.cameras or (), caller.scope),
            schedule=wishes.schedule,
            cooldown=wishes.cooldown,
            severity=wishes.severity,
            enabled=wishes.enabled,
            owner=caller.key_id,
        )
        self.rules.add(checked(rule, has_model=True))
        return rule

    def change_rule(self, rule: AlertRule, wishes: RuleWishes, caller: Caller) -> AlertRule:
        """What ``rule`` has become. Raises as ``add_rule`` does, and ``UnknownRule`` where it is gone.

        Raises:
            WidensRule: it is somebody else's, and would be about cameras that the caller does not reach.
        """
        cameras = rule.cameras
        if wishes.cameras is not None:
            cameras = self._ids(wishes.cameras, caller.scope, has=rule.cameras)
        widened = bool(rule.cameras) and not cameras
        if widened and not caller.scope.everything and caller.key_id != rule.owner:
            raise WidensRule
        changed = replace(
            rule,
            name=self._renamed(rule, wishes, same=cameras == rule.cameras),
            condition=_lasting(wishes.condition),
            cameras=cameras,
            schedule=wishes.schedule,
            cooldown=wishes.cooldown,
            severity=wishes.severity,
            enabled=wishes.enabled,
        )
        self.rules.change(checked(changed, has_model=True))
        return changed

    def needs(self, rule: AlertRule) -> str:
        """What is missing before ``rule`` can give an alert, empty where nothing is."""
        if rule.condition.kind is ConditionKind.DESCRIBED and not self.has_model():
            return "a model to look with: start one with `videoqa model serve`, or set VIDEOQA_MODEL_URL"
        return ""

    def blind(self, camera: Camera, keys: Collection[Key]) -> tuple[AlertRule, ...]:
        """The rules that are meant for ``camera``, which nobody can look for; ``keys`` are all that there are."""
        scopes = {key.id: key.scope for key in keys}
        return tuple(
            rule
            for rule in self.rules.rules()
            if rule.enabled
            and (not rule.cameras or camera.id in rule.cameras)
            and reaches(rule, camera, scopes)
            and self.needs(rule)
        )

    def _name(self, wishes: CameraWishes, caller: Caller, known: StreamUrl | None = None) -> str:
        name = wishes.name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable() or not any(map(str.isalnum, name)):
            raise BadCamera(problem=f"its name is one line of 1 to {LONGEST_NAME} characters with a letter or digit")
        if wishes.url == known:
            return name
        self.check_url(wishes.url)
        if wishes.url.scheme == "file":
            if caller.role is not Role.ADMIN:
                raise NotAllowed(name=caller.name, role=caller.role, needed=Role.ADMIN)
            if not caller.scope.everything:
                raise BadCamera(problem="files of this machine are played for keys without limits alone")
        return name

    def _id_of(self, name: str, taken: Collection[str]) -> str:
        """``name`` as files can be called, and keys be limited to, and nothing is known by that was there before."""
        short = plain(name)
        numbered = (f"{short}-{number}" for number in count(2))
        first = next(each for each in chain((short,), numbered) if each not in taken)
        # What a camera has left is its own, whoever adds one of its name.
        unlike = (f"{short}-{secrets.token_hex(4)}" for _ in count())
        return next(each for each in chain((first,), unlike) if each not in taken and not self._was(each))

    def _was(self, camera_id: str) -> bool:
        """True where anything tells of a camera with that id, which is there no longer."""
        meant = any(camera_id in rule.cameras for rule in self.rules.rules())
        return meant or self.cameras.status(camera_id) is not None or self.is_left(camera_id)

    def _ids(self, names: Collection[str], scope: Scope, has: Collection[str] = ()) -> frozenset[str]:
        """The ids of the cameras called ``names``; of those that are not there, what the rule ``has`` already."""
        gone = {name for name in names if name in has and not self._is_there(name, scope)}
        return frozenset(name if name in gone else self.camera(name, scope).id for name in names)

    def _is_there(self, name_or_id: str, scope: Scope) -> bool:
        camera = self.cameras.camera(name_or_id)
        return camera is not None and scope.covers(camera.tags, camera.id)

    def _rule_name(self, wishes: RuleWishes, known: AlertRule | None = None) -> str:
        """What the rule waits for, and a number where another one than ``known`` is called so."""
        short = _short(wishes.condition, wishes.cameras or ())
        taken = {rule.name for rule in self.rules.rules() if known is None or rule.id != known.id}
        numbered = (f"{short} ({number})" for number in count(2))
        return next(name for name in chain((short,), numbered) if name not in taken)

    def _renamed(self, rule: AlertRule, wishes: RuleWishes, *, same: bool) -> str:
        """One that was named for its only camera is named anew where it is about another: its alerts tell its name."""
        name = _printable(wishes.name) or rule.name
        named_for_it = len(rule.cameras) == 1 and rule.condition.kind is not ConditionKind.DESCRIBED
        if same or name != rule.name or not named_for_it:
            return name
        (only,) = rule.cameras
        camera = self.cameras.with_id(only)
        called = {only} if camera is None else {only, camera.name}
        automatic = any(name.startswith(_short(rule.condition, {each})) for each in called)
        return self._rule_name(wishes, rule) if automatic else name


def _short(condition: Condition, cameras: Collection[str]) -> str:
    """What is waited for, and where that is one place: who sees the alerts of one camera need not know the others."""
    where = "".join(f" on {camera}" for camera in cameras) if len(cameras) == 1 else ""
    said = " ".join(condition.text.split())
    whole = said if condition.kind is ConditionKind.DESCRIBED else f"{condition.kind} {said}".strip() + where
    return _printable(whole[:_LONGEST_RULE]) or condition.kind


def _tags(wished: tuple[str, ...], camera_id: str, caller: Caller) -> tuple[str, ...]:
    """A key that reaches some tags alone gives those to what it adds: it would lose sight of it otherwise."""
    scope = caller.scope
    if scope.everything:
        return wished
    if not scope.tags.issuperset(wished):
        raise TagOutOfReach(name=caller.name, tags=tuple(sorted(scope.tags)))
    if scope.covers(wished, camera_id):
        return wished
    if not scope.tags:
        raise BringsOutOfReach(name=caller.name)
    return tuple(sorted(scope.tags.union(wished)))


def _check_change(before: frozenset[str], after: frozenset[str], camera_id: str, caller: Caller) -> None:
    scope = caller.scope
    if scope.everything or before == after:
        return
    if not before.symmetric_difference(after) <= scope.tags or not scope.covers(after, camera_id):
        raise TagOutOfReach(name=caller.name, tags=tuple(sorted(scope.tags)))


def _lasting(condition: Condition) -> Condition:
    if condition.kind is ConditionKind.STILLNESS and condition.lasting == ZERO:
        return replace(condition, lasting=STILL)
    return condition


def _printable(name: str) -> str:
    seen = "".join(char if char.isprintable() else " " for char in name)
    return " ".join(seen.split())[:LONGEST_NAME].strip()
