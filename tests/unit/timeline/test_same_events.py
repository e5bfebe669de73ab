"""However footage is split into groups, and whatever words a model finds, the events are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from videoqa.analyser.budget import Budget, TokenRoom, pairs
from videoqa.analyser.grouping import groups
from videoqa.errors import BadReply
from videoqa.events import Event
from videoqa.media import FrameGroup, Span
from videoqa.ports import Analysis, AnalysisKind, Brief, Look, RecordedLook
from videoqa.testing.oracle import Happening, OracleAnalyser, Paraphraser
from videoqa.timeline.matching import PATIENCE
from videoqa.timeline.timeline import EventTimeline

THINGS = (
    ("red car", "A red car stands at the gate."),
    ("blue car", "A blue car drives out of the yard."),
    ("person in a red jacket", "Somebody in a red jacket crosses the yard."),
    ("dog", "A dog runs along the fence."),
    ("delivery truck", "A truck unloads boxes at the door."),
    ("红色汽车", "一辆红色汽车停在门口。"),
    ("行人走过", "一个人走过院子。"),
)
TWINS = (
    ("white van", "The van with the ladder waits beside the left wall."),
    ("white van", "A delivery for the kitchen comes through the main gate."),
)


UNHURRIED = settings(deadline=None)
"""A machine with other work makes one example in thousands slow."""


class Nothing:
    """No pictures."""

    def jpeg(self, pts: timedelta) -> bytes:
        raise AssertionError("the oracle looks at none")


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def looks_of(
    oracle: OracleAnalyser, times: Sequence[timedelta], length: timedelta, planned: Sequence[FrameGroup] = ()
) -> tuple[Analysis, list[RecordedLook]]:
    """What is recorded of each group, those ``planned`` or the oracle's own."""
    plan = tuple(planned) or oracle.plan(times, (), (64, 64), length)
    analysis = Analysis(
        id="analysis",
        recording_id="recording",
        fingerprint=oracle.fingerprint,
        sampling=oracle.sampling,
        times=tuple(times),
        groups=plan,
        next_group=0,
        finished=False,
        kind=AnalysisKind.MODEL,
        seen_by=oracle.seen_by,
    )
    recorded = []
    for group in plan:
        try:
            recorded.append(RecordedLook(oracle.analyse(group, Nothing(), Brief())))
        except BadReply as error:
            recorded.append(RecordedLook(Look(), str(error)))
    return analysis, recorded


def events_of(analysis: Analysis, looks: Sequence[RecordedLook]) -> tuple[Event, ...]:
    """What the timeline makes of ``looks``, with the books kept as an archive keeps them."""
    kept: dict[str, Event] = {}
    going_on: dict[str, Event] = {}
    for group, recorded in zip(analysis.groups, looks, strict=True):
        seen = None if recorded.failure else recorded.look.observations
        change = EventTimeline().advance(analysis, group, seen, tuple(going_on.values()), tuple(kept.values()))
        told = {event.id for event in (*change.opened, *change.updated, *change.closed)}
        assert going_on.keys() <= told
        assert not {event.id for event in change.opened} & kept.keys()
        for event in (*change.opened, *change.updated):
            kept[event.id] = going_on[event.id] = event
        for event in change.closed:
            kept[event.id] = event
            going_on.pop(event.id, None)
    assert not going_on
    return tuple(sorted(kept.values(), key=lambda event: (event.span, event.label, event.id)))


@dataclass(frozen=True)
class Footage:
    """Frames, not all equally far apart, and what truly happens in them."""

    times: tuple[timedelta, ...]
    truth: tuple[Happening, ...]

    @property
    def length(self) -> timedelta:
        return self.times[-1] + s(1)


@dataclass(frozen=True)
class Split:
    most_frames: int
    overlap: int


@st.composite
def footages(draw: st.DrawFn, visits: int = 3) -> Footage:
    """Things that come and stay, some of them up to ``visits`` times, and two alike that are there at once."""
    steps = draw(st.lists(st.sampled_from([0.5, 0.5, 0.5, 1, 2, 7]), min_size=8, max_size=90))
    times = [s(0)]
    for step in steps:
        times.append(times[-1] + s(step))
    truth: list[Happening] = []
    for thing in draw(st.lists(st.sampled_from(THINGS), unique=True, max_size=5)):
        reached = s(0)
        for away, stays in draw(st.lists(st.tuples(st.floats(0.1, 20), st.floats(0.6, 25)), max_size=visits)):
            start = reached + s(away)
            # Without a frame that shows it is gone it never left.
            if (span := _shown(times, start, start + s(stays))) is not None and span.start > reached:
                truth.append(Happening(*thing, span))
                reached = span.end
    if draw(st.booleans()):
        first = draw(st.integers(0, len(times) - 4))
        second = draw(st.integers(first + 1, len(times) - 3))
        ends = [draw(st.integers(second + 1, len(times) - 1)) for _ in TWINS]
        for twin, start, end in zip(TWINS, (first, second), ends, strict=True):
            truth.append(Happening(*twin, Span(times[start], times[end])))
    return Footage(tuple(times), tuple(truth))


def _shown(times: Sequence[timedelta], start: timedelta, end: timedelta) -> Span | None:
    """From the first frame in ``[start, end)`` to the first behind it."""
    shown = [pts for pts in times if start <= pts < end]
    return Span(shown[0], next((pts for pts in times if pts >= end), times[-1] + s(1))) if shown else None


SPLITS = st.integers(3, 40).flatmap(lambda most: st.builds(Split, st.just(most), st.integers(0, min(4, most - 1))))


def expected(footage: Footage) -> list[tuple[str, Span]]:
    """The truth, a thing that was away for no longer than the patience being one event."""
    spans: dict[tuple[str, str], list[Span]] = {}
    for happening in sorted(footage.truth, key=lambda happening: happening.span):
        known = spans.setdefault((happening.label, happening.description), [])
        if known and happening.span.start <= known[-1].end + PATIENCE:
            known[-1] = known[-1].union(happening.span)
        else:
            known.append(happening.span)
    return sorted((description, span) for (_, description), found in spans.items() for span in found)


def told(events: Sequence[Event]) -> list[tuple[str, Span]]:
    return sorted((event.description, event.span) for event in events)


@UNHURRIED
@given(footage=footages(), split=SPLITS)
def test_footage_split_in_any_way_gives_the_true_events(footage: Footage, split: Split) -> None:
    oracle = OracleAnalyser(footage.truth, most_frames=split.most_frames, overlap=split.overlap)
    events = events_of(*looks_of(oracle, footage.times, footage.length))
    assert told(events) == expected(footage)
    assert {event.seen_by for event in events} <= {"oracle"}


@UNHURRIED
@given(footage=footages(), split=SPLITS, seed=st.integers(0, 10_000))
def test_other_words_for_the_same_thing_change_no_event(footage: Footage, split: Split, seed: int) -> None:
    oracle = OracleAnalyser(
        footage.truth, most_frames=split.most_frames, overlap=split.overlap, words=Paraphraser(seed)
    )
    events = events_of(*looks_of(oracle, footage.times, footage.length))
    assert sorted(event.span for event in events) == sorted(span for _, span in expected(footage))


@UNHURRIED
@given(footage=footages(), tokens=st.integers(60, 400), overlap=st.integers(0, 3), seed=st.integers(0, 10_000))
def test_groups_as_a_budget_of_tokens_fills_them_give_the_true_events(
    footage: Footage, tokens: int, overlap: int, seed: int
) -> None:
    budget = Budget(context=tokens, reserved=0, within=s(2))
    planned = groups(footage.times, (), footage.length, lambda: TokenRoom(budget, (64, 64)), overlap)
    oracle = OracleAnalyser(footage.truth, words=Paraphraser(seed))
    events = events_of(*looks_of(oracle, footage.times, footage.length, planned))
    assert sorted(event.span for event in events) == sorted(span for _, span in expected(footage))


@UNHURRIED
@given(footage=footages(visits=1), split=SPLITS, seed=st.integers(0, 10_000))
def test_a_model_that_sees_frames_in_pairs_is_a_frame_off_at_most(footage: Footage, split: Split, seed: int) -> None:
    oracle = OracleAnalyser(
        footage.truth,
        most_frames=split.most_frames,
        overlap=split.overlap,
        words=Paraphraser(seed),
        pairs=lambda times: pairs(times, s(2)),
    )
    events = events_of(*looks_of(oracle, footage.times, footage.length))
    times = [*footage.times, footage.length]
    found, true = sorted(event.span for event in events), sorted(span for _, span in expected(footage))
    assert len(found) == len(true)
    starts = zip(sorted(span.start for span in found), sorted(span.start for span in true), strict=True)
    ends = zip(sorted(span.end for span in found), sorted(span.end for span in true), strict=True)
    for one, other in [*starts, *ends]:
        assert abs(times.index(one) - times.index(other)) <= 1


@UNHURRIED
@given(footage=footages(), split=SPLITS, seed=st.integers(0, 10_000))
def test_the_same_looks_give_the_same_events_to_the_id(footage: Footage, split: Split, seed: int) -> None:
    oracle = OracleAnalyser(
        footage.truth, most_frames=split.most_frames, overlap=split.overlap, words=Paraphraser(seed)
    )
    analysis, looks = looks_of(oracle, footage.times, footage.length)
    turned = [
        replace(recorded, look=replace(recorded.look, observations=recorded.look.observations[::-1]))
        for recorded in looks
    ]
    once = events_of(analysis, looks)
    assert events_of(replace(analysis, id="another"), turned) == once
    assert len({event.id for event in once}) == len(once)
    assert not {event.id for event in once} & {
        event.id for event in events_of(replace(analysis, fingerprint="other"), looks)
    }


@UNHURRIED
@given(footage=footages(), split=SPLITS, data=st.data())
def test_a_failed_look_that_is_made_good_leaves_no_trace(footage: Footage, split: Split, data: st.DataObject) -> None:
    oracle = OracleAnalyser(footage.truth, most_frames=split.most_frames, overlap=split.overlap)
    analysis, looks = looks_of(oracle, footage.times, footage.length)
    oracle.failing = data.draw(st.sets(st.integers(0, len(looks) - 1), min_size=1))
    _, disturbed = looks_of(oracle, footage.times, footage.length)
    events_of(analysis, disturbed)
    oracle.failing = ()
    made_good = [
        recorded if recorded.failure is None else RecordedLook(oracle.analyse(group, Nothing(), Brief()))
        for group, recorded in zip(analysis.groups, disturbed, strict=True)
    ]
    assert events_of(analysis, made_good) == events_of(analysis, looks)


@UNHURRIED
@given(footage=footages(), split=SPLITS, data=st.data())
def test_nothing_is_joined_across_a_failed_look_and_nothing_is_lost(
    footage: Footage, split: Split, data: st.DataObject
) -> None:
    oracle = OracleAnalyser(footage.truth, most_frames=split.most_frames, overlap=split.overlap)
    analysis, looks = looks_of(oracle, footage.times, footage.length)
    failed = data.draw(st.integers(0, len(looks) - 1))
    oracle.failing = {failed}
    events = events_of(*looks_of(oracle, footage.times, footage.length))
    before = {pts for group in analysis.groups[:failed] for pts in group.times}
    behind = {pts for group in analysis.groups[failed + 1 :] for pts in group.times}
    for event in events:
        assert not (before - behind).intersection(event.frames) or not (behind - before).intersection(event.frames)
    shown = {pts for event in events for pts in event.frames}
    seen = {
        pts
        for number, recorded in enumerate(looks)
        if number != failed
        for each in recorded.look.observations
        for pts in each.frames
    }
    assert seen == shown
