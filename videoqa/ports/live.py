"""What the live side needs: cameras and what comes from them, rules, and the log of what they gave rise to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from videoqa.access import Scope
from videoqa.alerts import Alert, AlertRule, Notice, NoticeKind, Severity, Verdict
from videoqa.cameras import Camera, CameraState, CameraStatus, ClockSource, Gap, Limits, StreamUrl
from videoqa.events import Event, Region, Usage
from videoqa.media import Frame, Span


class Cameras(Protocol):
    """The cameras that there are, how they are, and where their footage has holes."""

    def add(self, camera: Camera) -> None:
        """
        Raises:
            CameraTaken: one is called so already.
        """
        ...

    def cameras(self) -> tuple[Camera, ...]:
        """All of them, in the order of their names."""
        ...

    def camera(self, name_or_id: str) -> Camera | None:
        """The one with that id or name."""
        ...

    def change(self, camera: Camera) -> None:
        """Puts ``camera`` in the place of the one with its id.

        Raises:
            UnknownCamera: there is none.
            CameraTaken: another one is called so.
        """
        ...

    def remove(self, camera_id: str) -> None:
        """Forgets the camera, its status and gaps, not what it recorded: for that its limits go on to hold."""
        ...

    def limits(self) -> tuple[Limits, ...]:
        """How long footage is kept: of each camera, and of those that had limits when they were removed."""
        ...

    def status(self, camera_id: str) -> CameraStatus | None:
        """How it is, or was when it was last watched."""
        ...

    def touch(self, status: CameraStatus) -> None:
        """Writes down how a camera is without telling anybody: times and counts that rise.

        Nothing where the camera is not there, or was never told of: it would put back what was removed.
        """
        ...

    def gaps(self, camera_id: str, since: datetime, until: datetime, latest: int | None = None) -> tuple[Gap, ...]:
        """Those that reach into the time from ``since`` to ``until``, in order; the log writes them.

        Of more than ``latest`` those that began last.
        """
        ...


class Rules(Protocol):
    def add(self, rule: AlertRule) -> None:
        """
        Raises:
            RuleTaken: one is called so already.
        """
        ...

    def rules(self) -> tuple[AlertRule, ...]:
        """All of them, in the order of their names."""
        ...

    def rule(self, name_or_id: str) -> AlertRule | None: ...

    def change(self, rule: AlertRule) -> None:
        """
        Raises:
            UnknownRule: there is none with its id.
            RuleTaken: another one is called so.
        """
        ...

    def remove(self, rule_id: str) -> None:
        """Forgets the rule; its alerts stay."""
        ...


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are wanted: all that every field which is not empty allows.

    ``since`` and ``until`` bound their starts. ``scope`` goes by the camera and its tags: of a camera that was removed
    only who reaches it by its id, or everything, sees alerts.
    """

    cameras: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    severities: frozenset[Severity] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What became of an alert, with the event that it is about: both are written in one transaction with the notice."""

    kind: NoticeKind
    alert: Alert
    event: Event | None = None


class AlertLog(Protocol):
    """Alerts, and the notices of all that happened to them and to cameras, in the order of their commits.

    Every write is one transaction with its notices. Raises ``StorageError`` where it cannot be read or written.
    """

    def write(self, changes: Sequence[AlertChange | CameraStatus | Gap]) -> tuple[Notice, ...]:
        """Notes them all, in order, or none.

        What is as it was already is no change and has no notice: an alert by its id, a gap by its start; an alert whose
        ``seen_at`` alone is another is kept without one. What people said of an alert stays, and an alert that is there
        is neither new nor, once it has ended, ended again, whatever the change says: then it is an update.
        A notice tells of the ``TOLD_REMARKS`` newest remarks; the alert itself has them all.
        The event is put among those of its recording's latest analysis by rules. Where that recording was removed there
        is none, and the alert has no recording.

        Raises:
            ValueError: no analysis by rules of the event's recording was begun.
        """
        ...

    def notices(self, after_seq: int, limit: int = 500) -> tuple[Notice, ...]:
        """Those behind ``after_seq``, in order."""
        ...

    def last_seq(self) -> int:
        """Of the notice written last, 0 where there was none; kept when old ones go."""
        ...

    def oldest_seq(self) -> int:
        """Of the oldest notice that is kept; one more than ``last_seq`` where none is."""
        ...

    def alert(self, alert_id: str) -> Alert | None: ...

    def alerts(self, wanted: AlertFilter, after: str | None = None, limit: int = 50) -> tuple[Alert, ...]:
        """Those that began last first, from behind the alert with the id ``after`` on.

        Raises:
            UnknownAlert: there is none of the id ``after``.
        """
        ...

    def open_alerts(self, camera: str = "") -> tuple[Alert, ...]:
        """Those of one camera, or of all, in the order of their starts."""
        ...

    def latest(self, rule: str, camera: str, limit: int = 20) -> tuple[Alert, ...]:
        """The alerts of one rule at one camera that ended last, the youngest first: by them a cool-down is known."""
        ...

    def judge(
        self,
        alert_id: str,
        author: str,
        *,
        acknowledge: bool = False,
        false_alarm: bool | None = None,
        remark: str = "",
    ) -> Alert:
        """Writes down what somebody says of an alert, with its notice where that is anything new.

        It stays acknowledged by whoever was the first to.

        Raises:
            UnknownAlert: there is none.
            TooManyRemarks: it has ``MOST_REMARKS`` already.
        """
        ...

    def forget(self, before: datetime) -> int:
        """Drops notices of before then, and alerts that ended before then; the number of notices that went."""
        ...


@dataclass(frozen=True, slots=True)
class Tuned:
    """A session with a camera has begun: what it sends. ``started_at`` is the wall clock at pts 0."""

    width: int
    height: int
    codec: str
    started_at: datetime
    clock: ClockSource


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One look: the picture, its pts in the recording under way, and the wall clock when it was taken.

    ``dropped`` counts the frames of this session so far that nobody took in time.
    """

    frame: Frame
    taken_at: datetime
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class RolledOver:
    """The recording under way has ended at ``length`` and its file is whole; the next one begins where it ended."""

    path: str
    length: timedelta
    started_at: datetime
    clock: ClockSource


@dataclass(frozen=True, slots=True)
class Lost:
    """The session is over. ``state`` says how the camera is now and ``problem`` why, without a secret.

    ``length`` is that of the recording under way, None where there is none.
    """

    state: CameraState
    problem: str
    at: datetime
    length: timedelta | None = None


LiveItem = Tuned | LiveFrame | RolledOver | Lost


class LiveSource(Protocol):
    """Opens a camera and keeps what it sends."""

    def session(
        self, camera: Camera, path_of: Callable[[datetime], str], stop: Callable[[], bool]
    ) -> AbstractContextManager[Iterator[LiveItem]]:
        """One unbroken session: ``Tuned`` first, ``Lost`` last; where none comes about, ``Lost`` alone.

        ``path_of`` gives the file of a recording that begins then. Frames are dropped, oldest first, where nobody takes
        them in time; packets never are. Leaving it ends the session; what is recorded is playable at any time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What of a frame is not part of the empty scene, on a grid of ``rows`` by ``columns`` places over the picture.

    ``news`` and ``moving`` have a byte a place, row by row from the top, 1 where it holds: where something is that
    stood out anew, and where something is that came by moving. ``admitted`` says that a model might see more in this
    frame than in those before it.
    """

    rows: int
    columns: int
    news: bytes
    moving: bytes
    admitted: bool


class Scenery(Protocol):
    """Learns what a camera sees where nothing happens: its noise, its leaves, its light. Used by one thread."""

    def change(self, frame: Frame) -> Change:
        """What ``frame`` shows beyond that; learns from it. Frames come in the order of their times."""
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """A rule's condition holds. ``identity`` is equal for two sightings of the same thing where that can be told, and
    empty otherwise, or as long as it cannot be told yet.

    ``frames`` are the pts that show it, in the recording under way. ``seen_at`` is when it was seen, None where that is
    the frame just looked at: a model's answer is about an earlier one.
    """

    confidence: float
    description: str
    region: Region | None = None
    identity: str = ""
    frames: tuple[timedelta, ...] = ()
    seen_at: datetime | None = None
    verdict: Verdict = Verdict.SIGNALS
    seen_by: str = "signals"
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class LookedAway:
    """A stretch of a recording under way that nobody looked at for ``rules``, and why."""

    span: Span
    rules: tuple[str, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look saw, by the ids of rules. A rule that is in neither was looked for and its condition does not hold.

    ``blind`` are those for which nobody could look, and ``problem`` why; ``away`` is what was given up since the look
    before, to be told as coverage.
    """

    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()
    problem: str = ""
    away: tuple[LookedAway, ...] = ()


class Sentry(Protocol):
    """Watches the frames of one camera for the conditions of rules. Used by one thread; it never raises."""

    def look(self, live: LiveFrame, rules: Collection[AlertRule]) -> Looked:
        """What is seen of ``rules`` now. It does not wait for a model: what that says is told with a later frame."""
        ...

    def begin(self) -> None:
        """Another recording begins: the pts start anew, and what is still being looked at was in the one before."""
        ...

    @property
    def usage(self) -> Usage:
        """What its looks have cost a model so far."""
        ...

    def close(self) -> None:
        """Gives up what is still to be looked at."""
        ...


class Sentries(Protocol):
    """Makes sentries. They share what looks with a model, fairly among cameras."""

    def sentry(self, camera: str, period: timedelta, known: Sequence[Alert] = (), *, waiting: bool = False) -> Sentry:
        """One for the frames of a camera, or of its recordings, that come every ``period``.

        ``known`` are alerts by whose identities the same thing is known again. With ``waiting`` each look waits until
        the model has answered, and nothing is given up: for recorded footage.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pin:
    """A moment that somebody wants kept: its recording stays as long as the pin does, however old it is."""

    id: str
    recording_id: str
    span: Span
    note: str
    author: str
    at: datetime


class Pins(Protocol):
    """Moments that are kept. They go with their recording where somebody removes that."""

    def add(self, pin: Pin) -> None:
        """
        Raises:
            UnknownRecording: its recording is not there.
        """
        ...

    def pins(self, recordings: Collection[str] | None = None) -> tuple[Pin, ...]:
        """Those of the recordings with these ids, or of all, in the order in which they were added."""
        ...

    def remove(self, pin_id: str) -> None:
        """Nothing where it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a camera showed last, as JPEG."""

    jpeg: bytes
    taken_at: datetime


class Snapshots(Protocol):
    """The latest picture of each camera."""

    def latest(self, camera_id: str) -> Snapshot | None:
        """None where none was taken yet."""
        ...

    def taken_at(self, camera_id: str) -> datetime | None:
        """When the latest one was taken; cheap enough to be asked several times a second."""
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that notices are posted to, signed with ``secret``. ``wanted`` says which; its scope is that of the
    key that added it, ``owner``, and no scope at all where nobody needed one.

    ``delivered`` is the ``seq`` up to which it has been told. ``failures`` counts tries in a row that failed,
    ``problem`` says why the last one did, ``tried_at`` is when it was.
    """

    id: str
    url: StreamUrl
    secret: str = field(repr=False)
    added_at: datetime
    wanted: AlertFilter = AlertFilter()
    enabled: bool = True
    owner: str = ""
    delivered: int = 0
    failures: int = 0
    problem: str = ""
    tried_at: datetime | None = None


class Webhooks(Protocol):
    def add(self, webhook: Webhook) -> None: ...

    def webhooks(self) -> tuple[Webhook, ...]:
        """All of them, in the order in which they were added."""
        ...

    def change(self, webhook_id: str, *, enabled: bool) -> None:
        """Nothing where it is not there."""
        ...

    def tried(self, webhook_id: str, delivered: int, failures: int, problem: str, tried_at: datetime) -> None:
        """Writes down how far it has been told, and how the last try went; nothing where it is not there."""
        ...

    def remove(self, webhook_id: str) -> None:
        """Nothing where it is not there."""
        ...


class Poster(Protocol):
    """Posts to addresses on the network."""

    def check(self, url: StreamUrl) -> None:
        """
        Raises:
            BadWebhook: nothing is posted to such an address.
        """
        ...

    def post(self, url: StreamUrl, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status that it came to.

        Raises:
            BadWebhook: nothing is posted to such an address.
            FetchFailed: the server is not there, does not answer in time, or is not to be asked.
        """
        ...
