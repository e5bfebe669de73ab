from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videoqa.alerting.book import Book
from videoqa.alerts import Alert, AlertRule, AlertState, Condition, ConditionKind, NoticeKind, Schedule, Verdict
from videoqa.cameras import CameraState, CameraStatus
from videoqa.events import Event, Region
from videoqa.media import ZERO, Frame, Picture, Recording, RecordingState
from videoqa.ports import AlertChange, LiveFrame, Looked, Sighting

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PICTURE = Picture(1, 1, bytes(3))
RULE = AlertRule("r", "motion at the gate", Condition(ConditionKind.MOTION), START)
HERE, THERE = Region(0.1, 0.1, 0.2, 0.3), Region(0.7, 0.6, 0.9, 0.9)
NEW, UPDATE, END = NoticeKind.ALERT_NEW, NoticeKind.ALERT_UPDATE, NoticeKind.ALERT_END


def seen(identity: str = "", region: Region = HERE, **fields: object) -> Sighting:
    return Sighting(0.8, "motion on the left", region, identity, **fields)  # type: ignore[arg-type]


@dataclass
class Watch:
    """A book, and the clock of the camera before it."""

    rules: Sequence[AlertRule] = (RULE,)
    now: datetime = START
    book: Book = field(default_factory=lambda: Book("gate"))
    changes: list[AlertChange] = field(default_factory=list)
    recordings: int = 0
    started_at: datetime = START

    def begin(self) -> Watch:
        self.recordings += 1
        self.started_at = self.now
        self._add(self.book.begin(self.recording))
        return self

    @property
    def recording(self) -> Recording:
        name = f"rec{self.recordings}"
        return Recording(name, name, "", "", ZERO, RecordingState.RECORDING, self.started_at, camera="gate")

    def shows(self, seconds: float, sighting: Sighting | None = None, rule: str = "r", blind: bool = False) -> Watch:
        """For ``seconds``, one look a second."""
        for _ in range(round(seconds)):
            sightings = {} if sighting is None else {rule: sighting}
            looked = Looked(sightings, frozenset({rule}) if blind else frozenset())
            live = LiveFrame(Frame(self.now - self.started_at, PICTURE), self.now)
            self._add(self.book.advance(live, self.rules, looked))
            self.now += SECOND
        return self

    def rolls_over(self) -> Watch:
        self._add(self.book.finish(self.now - self.started_at))
        return self.begin()

    def breaks(self, seconds: float) -> Watch:
        self._add(self.book.finish(self.now - self.started_at))
        self.now += timedelta(seconds=seconds)
        return self.begin()

    def restarts(self, seconds: float = 2) -> Watch:
        """The process is killed, and another one takes up what the log has."""
        status = CameraStatus(
            "gate",
            CameraState.ONLINE,
            START,
            last_frame_at=self.now - SECOND,
        )
        last = self.recording
        alerts = self.alerts
        self.now += timedelta(seconds=seconds)
        self.book = Book("gate")
        ended = [alert for alert in alerts if alert.state is AlertState.ENDED]
        self._add(self.book.restore([alert for alert in alerts if not alert.end], ended, self.rules, status, last))
        return self.begin()

    def _add(self, changes: Sequence[AlertChange]) -> None:
        self.changes += changes

    @property
    def kinds(self) -> list[NoticeKind]:
        return [change.kind for change in self.changes]

    @property
    def alerts(self) -> list[Alert]:
        """Each as it was told last."""
        return list({change.alert.id: change.alert for change in self.changes}.values())

    @property
    def events(self) -> list[Event]:
        return list({change.event.id: change.event for change in self.changes if change.event}.values())


def begun(*rules: AlertRule) -> Watch:
    return Watch(rules or (RULE,)).begin()


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def with_lasting(seconds: float, kind: ConditionKind = ConditionKind.MOTION) -> AlertRule:
    return replace(RULE, condition=Condition(kind, lasting=timedelta(seconds=seconds)))


def test_what_is_seen_gives_one_alert_that_ends_once() -> None:
    watch = begun().shows(5).shows(10, seen()).shows(20)
    assert watch.kinds == [NEW, END]
    (alert,) = watch.alerts
    assert (alert.start, alert.end, alert.state) == (at(5), at(14), AlertState.ENDED)
    assert (alert.rule, alert.camera, alert.recording, alert.offset) == ("r", "gate", "rec1", timedelta(seconds=5))
    assert (alert.label, alert.region, alert.verdict) == ("motion at the gate", HERE, Verdict.SIGNALS)


def test_the_picture_of_an_alert_is_the_one_that_shows_it_best_so_far() -> None:
    watch = Watch().begin().shows(1, seen(strength=0.1)).shows(2, seen(strength=0.5)).shows(12, seen(strength=0.3))
    watch.shows(10)
    first, last = watch.changes[0].alert, watch.changes[-1].alert
    assert first is not None
    assert last is not None
    assert (first.frames[0], last.frames[0]) == (ZERO, SECOND)
    assert (len(last.frames), len(set(last.frames))) == (8, 8)
    event = watch.changes[-1].event
    assert event is not None
    assert list(event.frames) == sorted(event.frames)


def test_its_event_is_where_it_was_seen() -> None:
    (event,) = begun().shows(5).shows(10, seen()).shows(20).events
    assert (event.recording_id, event.span.start, event.span.end) == (
        "rec1",
        timedelta(seconds=5),
        timedelta(seconds=15),
    )
    assert event.frames[0] == timedelta(seconds=5)
    assert event.continues is None


def test_what_is_away_for_a_moment_is_the_same() -> None:
    assert begun().shows(5, seen()).shows(2).shows(5, seen()).shows(20).kinds == [NEW, END]


def test_what_has_to_last_gives_no_alert_before_and_is_told_from_its_beginning() -> None:
    watch = begun(with_lasting(10)).shows(8, seen()).shows(10).shows(12, seen())
    assert watch.kinds == [NEW]
    assert watch.alerts[0].start == at(18)


def test_a_single_movement_begins_stillness_anew() -> None:
    rule = with_lasting(10, ConditionKind.STILLNESS)
    assert begun(rule).shows(8, seen("still")).shows(1).shows(8, seen("still")).kinds == []
    assert begun(rule).shows(8, seen("still")).shows(3, seen("still")).kinds == [NEW]


def test_one_that_lasts_is_told_of_again_now_and_then() -> None:
    watch = begun().shows(150, seen())
    assert watch.kinds == [NEW, UPDATE, UPDATE]
    assert watch.alerts[0].seen_at == at(120)


def test_the_same_thing_gives_no_other_alert_within_the_cool_down() -> None:
    watch = begun().shows(5, seen("red car")).shows(10).shows(5, seen("red car")).shows(10)
    assert watch.kinds == [NEW, END]


def test_a_different_arrival_gives_one_within_the_cool_down() -> None:
    watch = begun().shows(5, seen("red car")).shows(10).shows(5, seen("blue van")).shows(10)
    assert watch.kinds == [NEW, END, NEW, END]


def test_what_cannot_be_told_apart_is_known_by_its_place() -> None:
    assert begun().shows(5, seen()).shows(10).shows(5, seen()).shows(10).kinds == [NEW, END]
    assert begun().shows(5, seen()).shows(10).shows(5, seen(region=THERE)).shows(10).kinds == [NEW, END, NEW, END]


def test_what_is_known_to_be_another_one_only_after_a_while_gives_its_alert_then() -> None:
    watch = begun().shows(5, seen("red car")).shows(10).shows(3, seen()).shows(3, seen("blue van"))
    assert watch.kinds == [NEW, END, NEW]
    assert watch.alerts[1].start == at(15)
    assert watch.alerts[1].identity == "blue van"


def test_a_different_one_beside_it_has_an_alert_of_its_own() -> None:
    watch = begun().shows(5, seen("red car")).shows(2, seen("blue van")).shows(2, seen("red car"))
    assert watch.kinds == [NEW, NEW]


def test_the_same_thing_gives_an_alert_again_after_the_cool_down() -> None:
    assert begun().shows(5, seen("cat")).shows(70).shows(5, seen("cat")).kinds == [NEW, END, NEW]


def test_what_came_back_within_the_cool_down_gives_none_when_that_is_over() -> None:
    assert begun().shows(5, seen("cat")).shows(30).shows(200, seen("cat")).kinds == [NEW, END]


def test_a_cool_down_of_nothing_lets_everything_through() -> None:
    rule = replace(RULE, cooldown=ZERO)
    assert begun(rule).shows(5, seen("cat")).shows(10).shows(5, seen("cat")).kinds == [NEW, END, NEW]


def test_it_goes_on_when_the_recording_rolls_over() -> None:
    watch = begun().shows(10, seen("cat")).rolls_over().shows(10, seen("cat")).shows(10)
    assert watch.kinds == [NEW, UPDATE, UPDATE, END]
    (alert,) = watch.alerts
    assert (alert.recording, alert.offset, alert.start, alert.end) == ("rec1", ZERO, at(0), at(19))
    first, second = watch.events
    assert (first.recording_id, first.span.end) == ("rec1", timedelta(seconds=10))
    assert (second.recording_id, second.span.start, second.continues) == ("rec2", ZERO, first.id)
    assert alert.event == first.id


def test_a_chain_of_events_goes_through_every_recording() -> None:
    watch = begun().shows(10, seen())
    for _ in range(3):
        watch.rolls_over().shows(10, seen())
    watch.shows(10)
    assert [event.continues for event in watch.events] == [None, *(event.id for event in watch.events[:-1])]


def test_it_goes_on_over_a_short_break_and_ends_before_a_long_one() -> None:
    watch = begun().shows(5, seen("cat")).breaks(20).shows(5, seen("cat")).shows(10)
    assert watch.kinds == [NEW, UPDATE, UPDATE, END]
    assert watch.alerts[0].end == at(29)
    watch = begun().shows(5, seen("cat")).breaks(40).shows(5).shows(5)
    assert watch.kinds == [NEW, UPDATE, END]
    assert watch.alerts[0].end == at(4)


def test_behind_a_short_break_it_is_given_the_time_to_be_seen() -> None:
    watch = begun().shows(5, seen("cat")).breaks(20).shows(2).shows(5, seen("cat"))
    assert watch.kinds == [NEW, UPDATE, UPDATE]


def test_it_ends_though_the_camera_does_not_come_back() -> None:
    watch = begun().shows(5, seen())
    watch.changes += watch.book.finish(timedelta(seconds=5))
    assert watch.book.idle(at(20)) == ()
    (change,) = watch.book.idle(at(60))
    assert (change.kind, change.alert.end) == (END, at(4))
    assert watch.book.idle(at(90)) == ()


def test_a_restart_in_its_midst_changes_nothing() -> None:
    undisturbed = begun().shows(20, seen("cat")).shows(20)
    watch = begun().shows(10, seen("cat")).restarts().shows(8, seen("cat")).shows(20)
    assert [kind for kind in watch.kinds if kind is not UPDATE] == [NEW, END]
    (alert,), (other,) = watch.alerts, undisturbed.alerts
    assert (alert.id, alert.start, alert.end) == (other.id, other.start, other.end)
    assert watch.events[1].continues == watch.events[0].id


def test_a_restart_within_the_cool_down_changes_nothing() -> None:
    watch = begun().shows(5, seen("cat")).shows(10).restarts().shows(5, seen("cat")).shows(10)
    assert watch.kinds == [NEW, END]
    watch.shows(5, seen("dog"))
    assert watch.kinds == [NEW, END, NEW]


def test_what_was_open_before_a_long_outage_ended_when_it_was_last_looked_at() -> None:
    watch = begun().shows(10, seen("cat")).restarts(3600).shows(5, seen("cat"))
    ends = [change.alert for change in watch.changes if change.kind is END]
    assert [alert.end for alert in ends] == [at(9)]


def test_an_alert_whose_rule_was_removed_meanwhile_ends() -> None:
    watch = begun().shows(10, seen())
    watch.rules = ()
    watch.restarts()
    assert watch.kinds == [NEW, END]


def test_an_alert_whose_rule_is_removed_or_not_armed_any_more_ends() -> None:
    watch = begun().shows(10, seen())
    watch.rules = ()
    assert watch.shows(1).kinds == [NEW, END]
    until = replace(RULE, schedule=Schedule(time(11), time(12, 0, 10), "UTC"))
    watch = begun(until).shows(20, seen())
    assert watch.kinds == [NEW, END]
    assert watch.alerts[0].end == at(9)


def test_a_rule_that_is_changed_meanwhile_counts_as_it_is_now() -> None:
    watch = begun(with_lasting(100)).shows(10, seen())
    watch.rules = (with_lasting(5),)
    assert watch.shows(1, seen()).kinds == [NEW]


def test_what_nobody_could_look_for_is_taken_to_be_there_for_a_short_break() -> None:
    watch = begun().shows(5, seen()).shows(20, blind=True).shows(2, seen())
    assert watch.kinds == [NEW]
    watch = begun().shows(5, seen()).shows(40, blind=True)
    assert watch.kinds == [NEW, END]
    assert watch.alerts[0].end == at(4)


def test_what_a_model_says_later_is_told_of_when_it_was() -> None:
    watch = begun().shows(10)
    sighting = replace(seen(), seen_at=at(6), frames=(timedelta(seconds=5), timedelta(seconds=6)))
    watch.shows(1, sighting)
    (alert,) = watch.alerts
    assert (alert.start, alert.offset) == (at(6), timedelta(seconds=6))
    assert alert.frames == (timedelta(seconds=5), timedelta(seconds=6))


def test_what_was_seen_before_the_recording_began_is_at_its_beginning() -> None:
    watch = begun().shows(10).rolls_over().shows(1)
    watch.shows(1, replace(seen(), seen_at=at(8)))
    assert watch.alerts[0].offset == ZERO
    assert watch.alerts[0].start == at(8)


def test_an_alert_that_is_confirmed_later_is_told_of_again() -> None:
    watch = begun().shows(3, replace(seen(), verdict=Verdict.UNCONFIRMED, confidence=0.3))
    watch.shows(3, replace(seen(), verdict=Verdict.CONFIRMED, confidence=0.9, description="a cat"))
    assert watch.kinds == [NEW, UPDATE]
    assert (watch.alerts[0].verdict, watch.alerts[0].description) == (Verdict.CONFIRMED, "a cat")


def test_a_camera_that_is_switched_off_ends_what_is_open_and_nothing_else() -> None:
    watch = begun(RULE, replace(RULE, id="r2")).shows(5, seen())
    assert [change.kind for change in watch.book.close()] == [END]


def test_a_clock_that_is_set_back_ends_nothing_twice() -> None:
    watch = begun().shows(10, seen())
    watch.now -= timedelta(seconds=5)
    watch.shows(3, seen()).shows(20)
    assert watch.kinds == [NEW, END]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["cat", "dog", "", "nothing", "blind", "roll", "break", "long break", "restart"]),
        st.integers(1, 12),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_every_alert_begins_once_and_ends_at_most_once_whatever_happens(steps: list[tuple[str, int]]) -> None:
    watch = begun()
    for what, seconds in steps:
        match what:
            case "roll":
                watch.rolls_over()
            case "break":
                watch.breaks(seconds)
            case "long break":
                watch.breaks(seconds + 30)
            case "restart":
                watch.restarts(seconds)
            case _:
                sighting = None if what in {"nothing", "blind"} else seen(what)
                watch.shows(seconds, sighting, blind=what == "blind")
    watch.changes += watch.book.close()
    for alert in watch.alerts:
        kinds = [change.kind for change in watch.changes if change.alert.id == alert.id]
        assert kinds[0] is NEW
        assert kinds[-1] is END
        assert kinds.count(NEW) == kinds.count(END) == 1
        assert alert.end is not None
        assert alert.end >= alert.start
    for event in watch.events:
        assert event.continues is None or event.continues in {other.id for other in watch.events}


def test_a_book_needs_a_recording_to_look_at() -> None:
    with pytest.raises(ValueError, match="no recording"):
        Watch().shows(1)


def test_a_clock_that_is_put_back_starts_no_cool_down_that_lasts_until_it_is_where_it_was() -> None:
    watch = begun().shows(5, seen()).shows(20)
    watch.now -= timedelta(hours=1)
    watch.shows(5).shows(5, seen()).shows(20)
    assert watch.kinds == [NEW, END, NEW, END]
    # Nor is there one when it gets there again.
    watch.now = at(10)
    watch.shows(5, seen())
    assert watch.kinds == [NEW, END, NEW, END, NEW]


def test_a_cool_down_goes_on_by_the_clock_that_was_put_back() -> None:
    watch = begun().shows(5, seen())
    watch.now -= timedelta(hours=1)
    assert watch.shows(5, seen()).shows(10).shows(5, seen()).kinds == [NEW, END]


def test_what_is_open_when_the_clock_is_put_back_ends_when_it_is_gone() -> None:
    watch = begun().shows(5, seen())
    watch.now -= timedelta(hours=1)
    watch.shows(3, seen()).shows(20 * 60).shows(5, seen())
    assert watch.kinds == [NEW, END, NEW]
    first, second = watch.alerts
    assert first.end is not None
    assert first.end >= first.start
    assert second.start > at(-3600 + 20 * 60)


def test_what_began_before_the_clock_was_put_back_has_lasted_since_then() -> None:
    watch = begun(with_lasting(10)).shows(6, seen())
    watch.now -= timedelta(hours=1)
    assert watch.shows(3, seen()).kinds == []
    assert watch.shows(4, seen()).kinds == [NEW]


def test_what_lasts_is_told_again_every_minute_though_the_clock_was_put_back() -> None:
    watch = begun().shows(5, seen())
    watch.now -= timedelta(hours=1)
    assert watch.shows(150, seen()).kinds == [NEW, UPDATE, UPDATE]


def test_what_another_watcher_left_before_the_clock_was_put_back_keeps_nothing_from_being_told() -> None:
    watch = begun().shows(5, seen()).shows(20).shows(600).shows(5, seen())
    assert watch.kinds == [NEW, END, NEW]
    watch.restarts(-3600).shows(20).shows(60).shows(1, seen())
    assert watch.kinds == [NEW, END, NEW, END, NEW]


def test_what_is_open_ends_in_a_long_break_in_which_the_clock_is_put_back() -> None:
    watch = begun().shows(5, seen())
    watch.book.finish(5 * SECOND)
    assert watch.book.idle(at(-3600)) == ()
    assert watch.book.idle(at(-3580)) == ()
    assert [change.kind for change in watch.book.idle(at(-3560))] == [END]
