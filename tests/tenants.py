"""Two tenants of one service, who must not learn of one another, and what each of them has."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.service import Service
from tests.service import a_service
from videoqa.access import Key, Role, Scope
from videoqa.alerts import Alert, AlertRule, AlertState, Condition, ConditionKind, NoticeKind, Severity, Verdict
from videoqa.cameras import Camera, StreamUrl
from videoqa.events import Chapter, Event, Passage, Source, Usage
from videoqa.media import (
    ZERO,
    Coverage,
    CoverageState,
    CoveredSpan,
    Cue,
    FrameGroup,
    Picture,
    Recording,
    RecordingState,
    Sampling,
    Span,
)
from videoqa.ports import (
    AlertChange,
    AlertFilter,
    GivenAnswer,
    IndexRequest,
    JobState,
    Look,
    Pin,
    RecordedLook,
    TimelineChange,
    Webhook,
)

LENGTH = timedelta(seconds=60)
SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,000\nhello\n"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Things:
    """What one tenant has, by the names that paths have for it."""

    recording_id: str
    job_id: str
    upload_id: str
    answer_id: str
    task_id: str
    key_id: str
    camera_id: str
    rule_id: str
    alert_id: str
    pin_id: str
    webhook_id: str
    track: str = "talk.en.srt"


@dataclass(frozen=True)
class Tenant:
    """Keys that reach the recordings tagged ``name`` alone: their secrets by role."""

    name: str
    word: str
    secrets: dict[Role, str]
    keys: dict[Role, Key]


@dataclass(frozen=True)
class House:
    """A service with two tenants, and keys that reach everything."""

    service: Service
    ours: Tenant
    theirs: Tenant
    everywhere: Tenant


def a_house(folder: Path) -> House:
    """Each tenant has one recording in which its word is to be found."""
    service = a_service(folder)
    house = House(
        service,
        _tenant(service, "ours", "zebra", Scope(tags=frozenset({"ours"}))),
        _tenant(service, "theirs", "walrus", Scope(tags=frozenset({"theirs"}))),
        _tenant(service, "everywhere", "", Scope()),
    )
    for tenant in (house.ours, house.theirs):
        recording = service.archive.add(_recording(service, tenant, tenant.keys[Role.OPERATOR].id))
        _index(service, recording, tenant.word)
    return house


def things_of(house: House, tenant: Tenant) -> Things:
    """New things of ``tenant``, with its word in what is told of them."""
    service, owner = house.service, tenant.keys[Role.OPERATOR].id
    recording = service.archive.add(_recording(service, tenant, owner))
    (job_id,) = service.jobs.submit([IndexRequest(recording.source, recording_id=recording.id, owner=owner)])
    service.jobs.become(job_id, JobState.FAILED)
    service.archive.set_state(recording.id, RecordingState.FAILED)
    track = f"{recording.id}.en.srt"
    service.subtitles.put(recording.id, track, SUBTITLES)
    upload = service.inbox.begin(owner, 1000, {"title": f"{tenant.word}.mp4"})
    number = next(_numbers)
    given = GivenAnswer(
        id=f"{number:032x}",
        owner=tenant.keys[Role.VIEWER].id,
        asked_at=datetime.now(UTC),
        question=f"where is the {tenant.word}?",
        document="{}",
        usage=Usage(),
    )
    service.answers.add(given)
    camera = _camera(tenant, f"{tenant.word}-gate-{number}", owner)
    service.setting_up.cameras.add(camera)
    service.snapshots.keep(camera.id, Picture(2, 2, bytes(12)), datetime.now(UTC))
    rule = _rule(tenant, f"{number:016x}", camera.id, owner)
    service.setting_up.rules.add(rule)
    alert = _alert(f"{number:016x}", rule, camera.id, recording.id, tenant.word)
    service.alerts.write([AlertChange(NoticeKind.ALERT_NEW, alert)])
    pin = Pin(f"{number:016x}", recording.id, Span(ZERO, LENGTH), tenant.word, tenant.name, datetime.now(UTC))
    service.pins.add(pin)
    made, _ = service.keys.create(f"{tenant.word}-{number}", Role.VIEWER, tenant.keys[Role.VIEWER].scope)
    url = StreamUrl(f"https://{tenant.word}.example/")
    scope = tenant.keys[Role.OPERATOR].scope
    hook = Webhook(f"{number:016x}", url, "s", datetime.now(UTC), AlertFilter(scope=scope), enabled=False, owner=owner)
    service.webhooks.add(hook)
    made_here = (made.id, camera.id, rule.id, alert.id, pin.id, hook.id, track)
    return Things(recording.id, job_id, upload.id, given.id, given.id, *made_here)


def _tenant(service: Service, name: str, word: str, scope: Scope) -> Tenant:
    made = {role: service.keys.create(f"{word or name}-{role}", role, scope) for role in Role}
    return Tenant(
        name, word, {role: secret for role, (_, secret) in made.items()}, {role: key for role, (key, _) in made.items()}
    )


def _camera(tenant: Tenant, name: str, owner: str) -> Camera:
    # Where nobody answers: whoever watched it would find it offline.
    url = StreamUrl(f"rtsp://{tenant.word}:{tenant.word}@127.0.0.1:9/{tenant.word}")
    return Camera(name, name, url, datetime.now(UTC), tags=(tenant.name,), owner=owner)


def _rule(tenant: Tenant, number: str, camera_id: str, owner: str) -> AlertRule:
    condition = Condition(ConditionKind.DESCRIBED, f"a {tenant.word} climbs the fence")
    return AlertRule(
        number,
        f"{tenant.word} {number}",
        condition,
        datetime.now(UTC),
        cameras=frozenset({camera_id}),
        owner=owner,
    )


def _alert(number: str, rule: AlertRule, camera_id: str, recording_id: str, word: str) -> Alert:
    return Alert(
        id=number,
        rule=rule.id,
        camera=camera_id,
        event=f"e{recording_id}",
        state=AlertState.OPEN,
        start=datetime.now(UTC),
        end=None,
        severity=Severity.HIGH,
        label=word,
        description=f"a {word} on the fence",
        confidence=0.9,
        verdict=Verdict.CONFIRMED,
        recording=recording_id,
        offset=ZERO,
    )


def _recording(service: Service, tenant: Tenant, owner: str) -> Recording:
    number = next(_numbers)
    footage = service.folder / "footage"
    footage.mkdir(exist_ok=True)
    source = footage / f"{tenant.word}-{number}.mp4"
    source.write_bytes(b"no footage at all")
    return Recording(
        id=f"{number:016x}",
        title=f"{tenant.word}-{number}.mp4",
        source=str(source),
        digest=f"{number:064x}",
        length=LENGTH,
        state=RecordingState.QUEUED,
        tags=(tenant.name,),
        added_at=datetime.now(UTC),
        owner=owner,
        kept=True,
        space=tenant.name,
    )


def _index(service: Service, recording: Recording, word: str) -> None:
    archive, whole = service.archive, Span(ZERO, LENGTH)
    cues = [Cue(Span(ZERO, LENGTH / 2), f"a {word} crosses the road")]
    analysis = archive.begin(recording.id, "f", Sampling(), LENGTH, cues)
    archive.set_plan(analysis, (ZERO,), [FrameGroup(0, whole, (ZERO,))], (64, 64))
    event = Event(f"e{recording.id}", recording.id, whole, word, f"a {word}", Source.MOTION, (ZERO,))
    change = TimelineChange(opened=(event,), updated=(), closed=(event,))
    archive.record(analysis, 0, RecordedLook(Look(())), change)
    coverage = Coverage(LENGTH, (CoveredSpan(whole, CoverageState.ANALYSED, 1),))
    passage = Passage(recording.id, whole, f"a {word} crosses the road", Source.SUBTITLE)
    archive.finish(analysis, coverage, [Chapter(whole, f"The {word}")], [passage])
