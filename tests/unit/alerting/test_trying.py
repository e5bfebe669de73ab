from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import pytest

from tests.yards import SECOND
from videoqa.alerting.trying import Trial, Trials
from videoqa.alerts import AlertRule, AlertState, Condition, ConditionKind, Schedule
from videoqa.errors import NotFootage
from videoqa.media import ZERO, Frame, Picture, Recording, RecordingState, Sampling
from videoqa.ports import Checkpoint, MediaFacts, Sampled, Unread, VideoFacts
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.sentries import WhiteSentries

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
RULE = AlertRule("r", "white", Condition(ConditionKind.MOTION), NOON, cooldown=ZERO)
BLACK, WHITE = Picture(1, 1, bytes(3)), Picture(1, 1, 3 * b"\xff")


@dataclass
class Film:
    """A ``FootageReader`` of footage that is white at the seconds that ``white`` has for its path."""

    white: Mapping[str, frozenset[int]]
    seconds: int = 600
    fingerprint: str = "film"

    def probe(self, path: str) -> MediaFacts:
        return MediaFacts(self.seconds * SECOND, VideoFacts(1, 1, "film"), None, None, ())

    @contextmanager
    def survey(
        self, path: str, sampling: Sampling, *, gated: bool = True, since: Checkpoint | None = None
    ) -> Iterator[Iterator[Sampled | Unread]]:
        if path not in self.white:
            raise NotFootage(problem="it is damaged", formats="films")
        assert not gated
        step = sampling.period // SECOND
        yield (
            Sampled(pts, Frame(pts, WHITE if pts // SECOND in self.white[path] else BLACK))
            for pts in (SECOND * second for second in range(0, self.seconds, step))
        )


def recording(name: str, minutes: int, camera: str = "gate", **fields: object) -> Recording:
    started_at = NOON + timedelta(minutes=minutes)
    made = Recording(name, name, name, name, timedelta(minutes=10), RecordingState.INDEXED, started_at, camera=camera)
    return replace(made, **fields)  # type: ignore[arg-type]


def trials(archive: MemoryArchive | None = None, **white: set[int]) -> Trials:
    film = Film({name: frozenset(seconds) for name, seconds in white.items()})
    return Trials(archive or MemoryArchive(), film, WhiteSentries(), Sampling())


def ended(steps: Iterator[Trial]) -> Trial:
    (*_, last) = steps
    assert last.done == 1.0
    return last


def test_a_trial_has_the_alerts_that_the_rule_would_have_given() -> None:
    trial = ended(trials(a={*range(60, 70), *range(300, 303)}).run(RULE, [recording("a", 0)]))
    first, second = trial.alerts
    assert (first.start, first.end) == (NOON + timedelta(seconds=60), NOON + timedelta(seconds=69))
    assert (first.recording, first.offset, first.state) == ("a", timedelta(seconds=60), AlertState.ENDED)
    assert second.offset == timedelta(seconds=300)
    assert trial.footage == trial.watched == timedelta(minutes=10)
    assert trial.alerts_a_day is None
    assert trial.rule == RULE


def test_how_many_a_day_that_is_is_told_of_an_hour_and_more() -> None:
    footage = [recording(name, 10 * number) for number, name in enumerate("abcdef")]
    made = trials(a={60}, b=set(), c={300}, d=set(), e=set(), f=set())
    assert ended(made.run(RULE, footage)).alerts_a_day == pytest.approx(2 * 24)
    assert ended(made.run(RULE, footage[:5])).alerts_a_day is None


def test_what_has_not_been_ended_is_left_out_and_told() -> None:
    under_way = replace(recording("b", 10), state=RecordingState.RECORDING)
    trial = ended(trials(a={5}, b={5}).run(RULE, [recording("a", 0), under_way]))
    assert len(trial.alerts) == 1
    assert trial.footage == timedelta(minutes=10)
    (problem,) = trial.problems
    assert "has not been ended yet" in problem


def test_however_many_recordings_there_are_none_is_compared_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Recording] = []
    monkeypatch.setattr(Recording, "__eq__", lambda one, _: compared.append(one))
    under_way = recording("now", 0, state=RecordingState.RECORDING)
    recordings = [*(recording(f"r{minute}", minute) for minute in range(3)), under_way]
    assert len(ended(trials(r0=set(), r1=set(), r2=set()).run(RULE, recordings)).problems) == 1
    assert not compared


def test_what_goes_on_in_the_next_recording_is_one_alert() -> None:
    trial = ended(trials(a=set(range(590, 600)), b=set(range(20))).run(RULE, [recording("b", 10), recording("a", 0)]))
    (alert,) = trial.alerts
    assert alert.recording == "a"
    assert alert.end == NOON + timedelta(minutes=10, seconds=19)


def test_two_cameras_have_nothing_to_do_with_one_another() -> None:
    recordings = [recording("a", 0), recording("b", 10, camera="yard")]
    trial = ended(trials(a=set(range(590, 600)), b=set(range(20))).run(RULE, recordings))
    assert [alert.camera for alert in trial.alerts] == ["gate", "yard"]


def test_it_tells_how_it_stands_as_it_goes() -> None:
    steps = list(trials(a={60}).run(RULE, [recording("a", 0)]))
    assert len(steps) >= 10
    shares = [step.done for step in steps]
    assert shares == sorted(shares)
    assert steps[2].alerts


def test_only_the_time_that_was_asked_for_counts() -> None:
    since, until = NOON + timedelta(minutes=2), NOON + timedelta(minutes=4)
    trial = ended(trials(a={30, 180, 400}).run(RULE, [recording("a", 0)], since, until))
    assert [alert.offset for alert in trial.alerts] == [timedelta(seconds=180)]
    assert trial.footage == timedelta(minutes=2)


def test_a_schedule_counts_where_the_wall_clock_is_known() -> None:
    rule = replace(RULE, schedule=Schedule(time(12, 5), time(13), "UTC"), enabled=False)
    trial = ended(trials(a={60, 400}).run(rule, [recording("a", 0)]))
    assert [alert.offset for alert in trial.alerts] == [timedelta(seconds=400)]
    assert (trial.footage, trial.watched) == (timedelta(minutes=10), timedelta(minutes=5))
    trial = ended(trials(a={60, 400}).run(rule, [recording("a", 0, started_at=None)]))
    assert len(trial.alerts) == 2


def test_footage_that_cannot_be_read_is_told_and_the_rest_is_tried() -> None:
    trial = ended(trials(b={5}).run(RULE, [recording("a", 0), recording("b", 10)]))
    assert len(trial.alerts) == 1
    (problem,) = trial.problems
    assert "it is damaged" in problem


def test_what_nobody_could_look_for_is_told_with_its_reason() -> None:
    made = trials(a={5})
    sentries = made._sentries
    assert isinstance(sentries, WhiteSentries)
    sentries.sentry("gate", SECOND).away = True
    trial = ended(made.run(RULE, [recording("a", 0)]))
    assert trial.blind == timedelta(minutes=10)
    assert trial.problems == ("it is away",)


def test_a_trial_of_no_footage_has_nothing_a_day() -> None:
    trial = ended(trials().run(RULE, []))
    assert (trial.alerts, trial.alerts_a_day) == ((), None)


def test_a_trial_that_is_left_ends_what_it_began() -> None:
    made = trials(a=set(range(600)))
    steps = made.run(RULE, [recording("a", 0)])
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert isinstance(made._sentries, WhiteSentries)
    assert made._sentries.made["gate"].closed


def test_the_footage_of_a_time_is_what_reaches_into_it() -> None:
    archive = MemoryArchive()
    for minutes in range(0, 60, 10):
        archive.add(recording(f"at {minutes}", minutes))
    archive.add(recording("yard", 30, camera="yard"))
    archive.add(recording("now", 60, length=ZERO, state=RecordingState.RECORDING))
    found = trials(archive).footage("gate", NOON + timedelta(minutes=25), NOON + timedelta(hours=2))
    assert [each.title for each in found] == ["at 20", "at 30", "at 40", "at 50", "now"]
    found = trials(archive).footage("gate", NOON + timedelta(minutes=25), NOON + timedelta(minutes=45))
    assert [each.title for each in found] == ["at 20", "at 30", "at 40"]
