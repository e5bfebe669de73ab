"""What every archive lists of many recordings: by scope, by filters, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from videoqa.access import Scope
from videoqa.errors import UnknownRecording
from videoqa.events import Event, Source
from videoqa.media import ZERO, Coverage, FrameGroup, Recording, RecordingState, Sampling, Span
from videoqa.ports import (
    AnalysisKind,
    Archive,
    EventFilter,
    EventPlace,
    FoundEvent,
    Look,
    OwnerUsage,
    RecordedLook,
    RecordingFilter,
    RecordingUsage,
    TimelineChange,
    Usage,
)

pytestmark = pytest.mark.parametrize("shelf", ["memory", "sqlite", "postgresql"], indirect=True)

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COST = Usage(1_500_000_000, 2, 3, 0.5, 0.25, 4)
UNKEEPABLE = ["\0", "a\ud800b", "", "'; DROP TABLE recordings; --"]


def recording(name: str, **fields: object) -> Recording:
    plain = Recording(name, f"{name}.mp4", f"/{name}", f"digest of {name}", MINUTE, RecordingState.INDEXED)
    return replace(plain, **({"added_at": NOON} | fields))  # type: ignore[arg-type]


def added(archive: Archive, *recordings: Recording) -> None:
    for each in recordings:
        assert archive.add(each) == each


def names(found: Iterable[Recording]) -> str:
    return " ".join(each.id for each in found)


def look_at(archive: Archive, name: str, *events: Event, costs: Iterable[Usage] = (), finished: bool = True) -> str:
    """The id of a new analysis of that recording which found ``events``."""
    kind = AnalysisKind.MODEL if any(event.source is Source.MODEL for event in events) else AnalysisKind.SIGNALS
    analysis = archive.begin(name, f"{kind} {len(events)}", Sampling(), MINUTE, [], kind=kind, seen_by=kind.value)
    looks = list(costs) or [Usage()]
    groups = [FrameGroup(number, Span(ZERO, MINUTE), (ZERO,)) for number in range(len(looks))]
    archive.set_plan(analysis, [ZERO], groups)
    for number, cost in enumerate(looks):
        change = TimelineChange(closed=tuple(events)) if number == 0 else TimelineChange()
        archive.record(analysis, number, RecordedLook(Look(usage=cost)), change)
    if finished:
        archive.finish(analysis, Coverage(MINUTE), [], [])
    return analysis


def event(of: str, name: str, at: float, label: str = "motion", source: Source = Source.MOTION) -> Event:
    start = timedelta(seconds=at)
    seen_by = "model" if source is Source.MODEL else "signals"
    return Event(name, of, Span(start, start + MINUTE), label, label, source, (start,), seen_by=seen_by)


def ids(found: Iterable[FoundEvent]) -> str:
    return " ".join(each.event.id for each in found)


def test_tags_camera_owner_and_space_come_back(archive: Archive) -> None:
    whole = recording("a", tags=("hall", "门"), camera="gate-1", owner="k1", kept=True, space="x")
    added(archive, whole)
    assert archive.recording("a") == whole
    assert archive.recordings() == archive.page(RecordingFilter()) == (whole,)


def test_a_recording_is_added_now_unless_it_says_when(archive: Archive) -> None:
    before = datetime.now(UTC)
    came = archive.add(recording("a", added_at=None)).added_at
    assert came is not None
    assert before <= came <= datetime.now(UTC)
    assert came.utcoffset() == ZERO


def test_the_same_content_is_another_recording_in_another_space(archive: Archive) -> None:
    first = recording("a")
    second = recording("b", digest=first.digest, space="x")
    added(archive, first, second)
    assert archive.add(recording("c", digest=first.digest)) == first
    assert archive.add(recording("c", digest=first.digest, space="x")) == second
    assert archive.add(recording("c", digest=first.digest, space="y")).id == "c"


def test_tags_are_replaced_sorted_and_never_doubled(archive: Archive) -> None:
    added(archive, recording("a", tags=("one",)), recording("b", tags=("one",)))
    archive.tag("a", ["two", "one", "two", "Ä"])
    assert names(archive.page(RecordingFilter(tag="one"))) == "b a"
    found = archive.recording("a")
    assert found is not None
    assert found.tags == ("one", "two", "Ä")
    archive.tag("a", [])
    assert names(archive.page(RecordingFilter(tag="one"))) == "b"
    archive.tag("nobody", ["one"])
    archive.remove("b")
    assert archive.ids(RecordingFilter(tag="one")) == frozenset()


def test_pages_hold_every_recording_once_those_added_last_first(archive: Archive) -> None:
    minutes = {"a": 3, "b": 1, "c": 1, "d": 2, "e": 0}
    added(archive, *(recording(name, added_at=NOON + MINUTE * late) for name, late in minutes.items()))
    for limit in (1, 2, 3, 5, 9):
        found, after = list[Recording](), None
        while page := archive.page(RecordingFilter(), after, limit):
            found += page
            after = page[-1].id
        assert names(found) == "a d c b e"


def test_a_page_goes_on_behind_a_recording_that_the_filter_leaves_out(archive: Archive) -> None:
    added(archive, *(recording(name, added_at=NOON + MINUTE * late) for late, name in enumerate("abcd")))
    archive.tag("a", ["x"])
    archive.tag("d", ["x"])
    assert names(archive.page(RecordingFilter(tag="x"), after="c")) == "a"


def test_a_page_behind_nothing_is_refused(archive: Archive) -> None:
    for name in UNKEEPABLE:
        with pytest.raises(UnknownRecording):
            archive.page(RecordingFilter(), after=name)


def test_every_field_of_a_filter_counts(archive: Archive) -> None:
    added(
        archive,
        recording("a", title="Lecture ÄB 50%.mp4", tags=("x", "y"), camera="gate", started_at=NOON),
        recording("b", title="lecture äb 50_.mp4", owner="k1", started_at=NOON + MINUTE),
        recording("c", title="STRASSE.mp4", tags=("y",), owner="k1", state=RecordingState.FAILED),
    )
    wanted = {
        RecordingFilter(): "abc",
        RecordingFilter(title="lecture äB"): "ab",
        RecordingFilter(title="50%"): "a",
        RecordingFilter(title="_"): "b",
        RecordingFilter(title="straße"): "c",
        RecordingFilter(title="A\u0308b"): "ab",
        RecordingFilter(tag="y"): "ac",
        RecordingFilter(tag="Y"): "",
        RecordingFilter(camera="gate"): "a",
        RecordingFilter(state=RecordingState.FAILED): "c",
        RecordingFilter(owner="k1"): "bc",
        RecordingFilter(owner=""): "a",
        RecordingFilter(ids=frozenset("acz")): "ac",
        RecordingFilter(ids=frozenset()): "",
        RecordingFilter(started_from=NOON): "ab",
        RecordingFilter(started_before=NOON + MINUTE): "a",
        RecordingFilter(started_from=NOON + MINUTE, owner="k1"): "b",
        RecordingFilter(tag="y", title="lecture"): "a",
        RecordingFilter(digest=recording("b").digest): "b",
    }
    for each, expected in wanted.items():
        assert archive.ids(each) == frozenset(expected), each
        assert names(archive.page(each)) == " ".join(reversed(expected)), each
        assert [spent.recording_id for spent in archive.usages(each)] == list(expected), each


@pytest.mark.parametrize("text", UNKEEPABLE)
def test_a_filter_of_any_text_is_answered(archive: Archive, text: str) -> None:
    added(archive, recording("a", title="plain"))
    for wanted in (RecordingFilter(title=text), RecordingFilter(tag=text), RecordingFilter(camera=text)):
        assert archive.ids(wanted) == (frozenset() if text else frozenset("a"))
    assert archive.ids(RecordingFilter(owner=text)) == (frozenset() if text else frozenset("a"))
    assert archive.ids(RecordingFilter(ids=frozenset({text}))) == frozenset()
    assert archive.ids(RecordingFilter(title=text * 100_000 + "x")) == frozenset()
    assert archive.find_events(EventFilter(label=text), EventPlace(NOON, text)) == ()


def test_any_number_of_ids_can_be_asked_for(archive: Archive) -> None:
    added(archive, recording("a", tags=("x",)), recording("it's"), recording("%s:c"))
    look_at(archive, "it's", event("it's", "e", 1))
    wanted = RecordingFilter(ids=frozenset({"it's", "a", *UNKEEPABLE, *map(str, range(70_000))}))
    assert archive.ids(wanted) == {"a", "it's"}
    assert names(archive.page(wanted, limit=100_000)) == "it's a"
    assert ids(archive.find_events(EventFilter(wanted), limit=100_000)) == "e"


def test_a_scope_reaches_its_tags_and_its_cameras_and_nothing_else(archive: Archive) -> None:
    added(
        archive,
        recording("a", tags=("x",)),
        recording("b", camera="gate"),
        recording("c", tags=("x", "y"), camera="gate"),
        recording("d", tags=("z",), camera="hall"),
        recording("e"),
    )
    reach = {
        Scope(): "abcde",
        Scope(tags=frozenset("x")): "ac",
        Scope(tags=frozenset("yz")): "cd",
        Scope(cameras=frozenset({"gate"})): "bc",
        Scope(frozenset("x"), frozenset({"hall"})): "acd",
        Scope(frozenset("q")): "",
        Scope(cameras=frozenset({""})): "ae",
    }
    for scope, expected in reach.items():
        wanted = RecordingFilter(scope=scope)
        assert archive.ids(wanted) == frozenset(expected)
        assert names(archive.page(wanted)) == " ".join(reversed(expected))
        covered = {each.id for each in archive.recordings() if scope.covers(each.tags, each.camera)}
        assert covered == set(expected)


def test_usage_is_told_of_every_recording_that_is_wanted(archive: Archive) -> None:
    added(archive, recording("a", owner="k1"), recording("b", owner="k2"), recording("c", length=ZERO))
    look_at(archive, "a", costs=[COST, COST])
    look_at(archive, "a", event("a", "e", 1, source=Source.MODEL), costs=[COST])
    look_at(archive, "b", costs=[COST], finished=False)
    assert archive.usages(RecordingFilter()) == (
        RecordingUsage("a", "k1", MINUTE, COST + COST + COST),
        RecordingUsage("b", "k2", MINUTE, COST),
        RecordingUsage("c", "", ZERO, Usage()),
    )
    assert [archive.usage(name) for name in "abc"] == [each.usage for each in archive.usages(RecordingFilter())]
    assert archive.usages(RecordingFilter(owner="k2")) == (RecordingUsage("b", "k2", MINUTE, COST),)
    assert isinstance(archive.usages(RecordingFilter())[0].usage.prompt_tokens, int)
    assert [each.recording_id for each in archive.usages(RecordingFilter(), "a", 1)] == ["b"]
    assert archive.usages(RecordingFilter(), "c") == ()


def test_what_each_owner_brought_is_added_up(archive: Archive) -> None:
    assert archive.owners(RecordingFilter()) == ()
    added(archive, recording("a", owner="k2"), recording("b", owner="k2"), recording("c", owner="k1"), recording("d"))
    look_at(archive, "a", costs=[COST, COST])
    look_at(archive, "a", event("a", "e", 1, source=Source.MODEL), costs=[COST])
    look_at(archive, "b", costs=[COST], finished=False)
    assert archive.owners(RecordingFilter()) == (
        OwnerUsage("", MINUTE, Usage()),
        OwnerUsage("k1", MINUTE, Usage()),
        OwnerUsage("k2", 2 * MINUTE, COST + COST + COST + COST),
    )
    assert archive.owners(RecordingFilter(owner="k1")) == (OwnerUsage("k1", MINUTE, Usage()),)
    assert isinstance(archive.owners(RecordingFilter())[2].usage.prompt_tokens, int)


def test_what_replaced_analyses_cost_is_no_longer_counted(archive: Archive) -> None:
    added(archive, recording("a"))
    look_at(archive, "a", costs=[COST])
    again = archive.begin("a", "again", Sampling(), MINUTE, [])
    archive.set_plan(again, [ZERO], [FrameGroup(0, Span(ZERO, MINUTE), (ZERO,))])
    archive.record(again, 0, RecordedLook(Look(usage=COST)), TimelineChange())
    archive.finish(again, Coverage(MINUTE), [], [])
    assert archive.usage("a") == COST


@pytest.fixture
def hall(archive: Archive) -> Archive:
    """Three recordings: ``a`` at noon, ``b`` two minutes later, ``c`` added at a minute past, wall clock unknown."""
    added(
        archive,
        recording("a", started_at=NOON, added_at=NOON + MINUTE * 60, tags=("x",)),
        recording("b", started_at=NOON + 2 * MINUTE, added_at=NOON + MINUTE * 50, camera="gate"),
        recording("c", added_at=NOON + MINUTE),
    )
    look_at(archive, "a", event("a", "a0", 0, "Door"), event("a", "a5", 5, source=Source.SLIDE))
    look_at(archive, "a", event("a", "a3", 3, "door", Source.MODEL))
    look_at(archive, "b", event("b", "b0", 0), event("b", "b1", 0, source=Source.SPEECH))
    look_at(archive, "c", event("c", "c1", 1), event("c", "c100", 100))
    return archive


def test_events_of_many_recordings_come_the_youngest_first(hall: Archive) -> None:
    found = hall.find_events(EventFilter())
    assert ids(found) == "c100 b1 b0 c1 a5 a3 a0"
    assert [each.recording for each in found] == [hall.recording(each.event.recording_id) for each in found]
    assert {each.event for each in found} == {event for name in "abc" for event in hall.events(name)}
    assert [each.happened_at for each in found[:2]] == [None, NOON + 2 * MINUTE]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_events_hold_every_one_once(hall: Archive, limit: int) -> None:
    found, after = list[FoundEvent](), None
    while page := hall.find_events(EventFilter(), after, limit):
        found += page
        after = page[-1].place
    assert ids(found) == "c100 b1 b0 c1 a5 a3 a0"


def test_a_page_of_events_goes_on_where_the_last_one_was_removed(hall: Archive) -> None:
    last = hall.find_events(EventFilter(), limit=3)[-1].place
    hall.remove("b")
    assert ids(hall.find_events(EventFilter(), last)) == "c1 a5 a3 a0"


def test_every_field_of_a_filter_for_events_counts(hall: Archive) -> None:
    wanted = {
        EventFilter(label="DOOR"): "a3 a0",
        EventFilter(source=Source.MOTION): "c100 b0 c1 a0",
        EventFilter(happened_from=NOON + timedelta(seconds=3)): "b1 b0 a5 a3",
        EventFilter(happened_before=NOON + timedelta(seconds=3)): "a0",
        EventFilter(RecordingFilter(ids=frozenset("bc"))): "c100 b1 b0 c1",
        EventFilter(RecordingFilter(scope=Scope(frozenset("x"), frozenset({"gate"})))): "b1 b0 a5 a3 a0",
        EventFilter(RecordingFilter(scope=Scope(frozenset("nothing")))): "",
        EventFilter(RecordingFilter(title="A.MP4"), "door", Source.MODEL): "a3",
    }
    for each, expected in wanted.items():
        assert ids(hall.find_events(each)) == expected, each


def test_what_somebody_says_of_a_recording_is_found_by_at_once(hall: Archive) -> None:
    before = hall.recording("c")
    assert before is not None
    hall.amend("c", title="The Vault", started_at=NOON - MINUTE, prompt="keys")
    hall.amend("c")
    hall.amend("nobody", title="The Vault")
    after = replace(before, title="The Vault", started_at=NOON - MINUTE, prompt="keys")
    assert hall.page(RecordingFilter(title="vault")) == (after,)
    assert hall.ids(RecordingFilter(title="c.mp4")) == frozenset()
    assert ids(hall.find_events(EventFilter())) == "b1 b0 c100 a5 a3 a0 c1"
    assert ids(hall.find_events(EventFilter(happened_before=NOON))) == "c1"
    hall.amend("c", prompt="locks")
    assert hall.recording("c") == replace(after, prompt="locks")


def test_events_of_an_unfinished_analysis_are_not_listed(archive: Archive) -> None:
    added(archive, recording("a"))
    look_at(archive, "a", event("a", "e", 1), finished=False)
    assert archive.find_events(EventFilter()) == ()


def test_events_move_with_the_beginning_of_their_recording(hall: Archive) -> None:
    hall.describe("c", length=MINUTE, started_at=NOON - MINUTE)
    assert ids(hall.find_events(EventFilter())) == "b1 b0 c100 a5 a3 a0 c1"
    assert ids(hall.find_events(EventFilter(happened_before=NOON))) == "c1"
    hall.describe("b", length=MINUTE, started_at=None)
    assert ids(hall.find_events(EventFilter(), limit=3)) == "b1 b0 c100"
    assert ids(hall.find_events(EventFilter(happened_from=NOON))) == "c100 a5 a3 a0"


def test_events_of_rules_are_listed_while_their_recording_is_under_way(archive: Archive) -> None:
    added(archive, recording("a", state=RecordingState.RECORDING, started_at=NOON, camera="c1"))
    analysis = archive.begin("a", "rules", Sampling(), ZERO, (), kind=AnalysisKind.RULES)
    archive.set_plan(analysis, [ZERO], [FrameGroup(0, Span(ZERO, MINUTE), (ZERO,))])
    archive.record(analysis, 0, RecordedLook(Look()), TimelineChange(opened=(event("a", "e", 3),)))
    look_at(archive, "a", event("a", "unfinished", 1), finished=False)
    assert ids(archive.find_events(EventFilter())) == "e"
    assert ids(archive.find_events(EventFilter(RecordingFilter(camera="c1"), source=Source.MOTION))) == "e"
    assert [each.id for each in archive.events("a")] == ["e"]
