"""What every archive does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from videoqa.errors import RecordingRemoved
from videoqa.events import Chapter, Event, Observation, Passage, Region, Source
from videoqa.media import (
    Coverage,
    CoverageState,
    CoveredSpan,
    Cue,
    FrameGroup,
    Progress,
    Recording,
    RecordingState,
    Sampling,
    Span,
)
from videoqa.ports import (
    Analysis,
    AnalysisKind,
    Archive,
    Look,
    RecordedLook,
    RecordingFilter,
    TimelineChange,
    Usage,
)

pytestmark = pytest.mark.parametrize("shelf", ["memory", "sqlite", "postgresql"], indirect=True)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def span(start: float, end: float) -> Span:
    return Span(seconds(start), seconds(end))


RECORDING = Recording(
    id="abc",
    title="lecture-03.mp4",
    source="/home/ada/lecture-03.mp4",
    digest="d1",
    length=timedelta(hours=1, microseconds=1),
    state=RecordingState.QUEUED,
    started_at=datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    problems=("3 packets are missing",),
    added_at=datetime(2024, 3, 1, microsecond=1, tzinfo=UTC),
)
SAMPLING = Sampling(timedelta(milliseconds=500), 640, 16)
CUES = (
    Cue(span(1, 2.000001), "the chain rule", "en", "lecture.en.srt"),
    Cue(span(1.5, 3), "链式法则 \U0001f600", None, ""),
)
GROUPS = (
    FrameGroup(0, span(0, 10), (seconds(0), seconds(1.000001)), CUES[:1]),
    FrameGroup(1, span(8, 20), (seconds(9),)),
    FrameGroup(2, span(18, 30), (), CUES),
)
TIMES = (seconds(0), seconds(1.000001), seconds(9))
SEEN = Observation(
    "motion",
    "something moves on the left",
    Source.MOTION,
    (seconds(1), seconds(2)),
    confidence=0.1 + 0.2,
    identity="x",
    lasts_until=seconds(3.000001),
    region=Region(0.1, 0.2, 1 / 3, 1),
    strength=1e-9,
)


NOTHING = RecordedLook(Look())


def event(recording_id: str, event_id: str = "e1", start: float = 1, end: float = 3) -> Event:
    return Event(
        event_id,
        recording_id,
        span(start, end),
        "motion",
        "something moves on the left",
        Source.MOTION,
        (seconds(1), seconds(2.000001)),
        confidence=0.1 + 0.2,
        identity="x",
        region=Region(0.1, 0.2, 1 / 3, 1),
        strength=1e-9,
        revisits="e0",
    )


def begun(archive: Archive, digest: str = "d1", fingerprint: str = "signals 1") -> tuple[str, str]:
    """The ids of a recording and of its planned analysis."""
    recording = archive.add(replace(RECORDING, id="", digest=digest))
    analysis_id = archive.begin(recording.id, fingerprint, SAMPLING, seconds(30), CUES)
    archive.set_plan(analysis_id, TIMES, GROUPS, (640, 352))
    return recording.id, analysis_id


def finish(archive: Archive, recording_id: str, analysis_id: str, word: str = "first") -> None:
    archive.finish(
        analysis_id,
        Coverage(seconds(30), (CoveredSpan(span(0, 30), CoverageState.ANALYSED, 3),)),
        [Chapter(span(0, 30), word)],
        [Passage(recording_id, span(0, 30), word, Source.SLIDE)],
    )


def test_a_recording_comes_back_as_it_was_added(archive: Archive) -> None:
    assert archive.add(RECORDING) == RECORDING
    assert archive.recording("abc") == RECORDING
    assert archive.recordings() == (RECORDING,)


def test_a_path_that_is_no_text_comes_back_byte_by_byte(archive: Archive) -> None:
    odd = replace(RECORDING, source="/home/\udcff\udcfe/a\nb'\"\\%.mp4")
    archive.add(odd)
    assert archive.recording("abc") == odd


def test_an_unknown_recording_is_none(archive: Archive) -> None:
    assert archive.recording("nobody") is None
    assert archive.progress("nobody") is None
    assert archive.coverage("nobody") is None
    assert archive.events("nobody") == ()
    assert archive.finished_analysis("nobody") is None
    assert archive.analysis("nothing") is None


def test_the_same_content_is_added_once(archive: Archive) -> None:
    first = archive.add(RECORDING)
    again = archive.add(replace(RECORDING, id="other", title="copy.mp4", source="/copy.mp4"))
    assert again == first
    assert archive.recordings() == (first,)


def test_a_recording_without_an_id_or_with_one_that_is_taken_gets_its_own(archive: Archive) -> None:
    archive.add(RECORDING)
    taken = archive.add(replace(RECORDING, digest="d2"))
    unnamed = archive.add(replace(RECORDING, digest="d3", id=""))
    assert len({"abc", taken.id, unnamed.id, ""}) == 4
    assert archive.recording(taken.id) == taken


def test_recordings_come_in_the_order_of_their_titles(archive: Archive) -> None:
    for number, title in enumerate(["b", "a", "C", "ä"]):
        archive.add(replace(RECORDING, id="", digest=str(number), title=title))
    assert [recording.title for recording in archive.recordings()] == ["C", "a", "b", "ä"]


def test_what_is_found_out_later_is_written_down(archive: Archive) -> None:
    archive.add(RECORDING)
    archive.describe("abc", length=seconds(7), started_at=None)
    assert archive.recording("abc") == replace(RECORDING, length=seconds(7), started_at=None)
    archive.describe("abc", length=seconds(8), started_at=RECORDING.started_at, title="new")
    assert archive.recording("abc") == replace(RECORDING, length=seconds(8), title="new")


def test_a_state_keeps_the_problems_unless_it_brings_new_ones(archive: Archive) -> None:
    archive.add(RECORDING)
    archive.set_state("abc", RecordingState.INDEXING)
    assert archive.recording("abc") == replace(RECORDING, state=RecordingState.INDEXING)
    archive.set_state("abc", RecordingState.FAILED, ["it is damaged"])
    assert archive.recording("abc") == replace(RECORDING, state=RecordingState.FAILED, problems=("it is damaged",))
    archive.set_state("abc", RecordingState.INDEXED, [])
    assert archive.recording("abc") == replace(RECORDING, state=RecordingState.INDEXED, problems=())


def test_progress_is_the_last_that_was_told(archive: Archive) -> None:
    archive.add(RECORDING)
    assert archive.progress("abc") is None
    archive.set_progress("abc", Progress("survey", 0.25))
    archive.set_progress("abc", Progress("analysis", 0.5))
    assert archive.progress("abc") == Progress("analysis", 0.5)


def test_news_of_a_removed_recording_changes_nothing(archive: Archive) -> None:
    archive.set_state("gone", RecordingState.FAILED, ["why"])
    archive.set_progress("gone", Progress("survey", 0.5))
    archive.describe("gone", length=seconds(1), started_at=None)
    archive.remove("gone")
    assert archive.recordings() == ()


def test_an_unfinished_analysis_is_taken_up_again(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    assert archive.begin(recording_id, "signals 1", SAMPLING, seconds(30), CUES) == analysis_id
    assert archive.begin(recording_id, "signals 2", SAMPLING, seconds(30), CUES) != analysis_id
    assert archive.recording(recording_id) == replace(RECORDING, id=recording_id, length=seconds(30))


def test_a_plan_comes_back_as_it_was_set(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    assert archive.analysis(analysis_id) == Analysis(
        analysis_id, recording_id, "signals 1", SAMPLING, TIMES, GROUPS, 0, finished=False, size=(640, 352)
    )
    assert archive.analysis_cues(analysis_id) == CUES


def test_a_plan_may_be_set_again_until_its_first_group_is_recorded(archive: Archive) -> None:
    _, analysis_id = begun(archive)
    archive.set_plan(analysis_id, TIMES[:1], GROUPS[:1])
    plan = archive.analysis(analysis_id)
    assert plan is not None
    assert (plan.times, plan.groups, plan.size) == (TIMES[:1], GROUPS[:1], None)
    archive.record(analysis_id, 0, NOTHING, TimelineChange())
    with pytest.raises(ValueError, match="its plan stands"):
        archive.set_plan(analysis_id, TIMES, GROUPS)


def test_everything_an_event_has_is_kept(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    seen = event(recording_id)
    bare = Event("e2", recording_id, span(0, 2), "slide", "", Source.SLIDE, ())
    archive.record(analysis_id, 0, RecordedLook(Look((SEEN,))), TimelineChange(opened=(seen,), closed=(bare,)))
    assert archive.analysis_events(analysis_id) == (bare, seen)
    assert archive.open_events(analysis_id) == (seen,)


def test_an_event_is_open_until_it_is_closed(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    archive.record(analysis_id, 0, NOTHING, TimelineChange(opened=(event(recording_id, end=3),)))
    archive.record(analysis_id, 1, NOTHING, TimelineChange(updated=(event(recording_id, end=5),)))
    assert archive.open_events(analysis_id) == (event(recording_id, end=5),)
    archive.record(analysis_id, 2, NOTHING, TimelineChange(closed=(event(recording_id, end=7),)))
    assert archive.open_events(analysis_id) == ()
    assert archive.analysis_events(analysis_id) == (event(recording_id, end=7),)


def test_a_group_is_recorded_once(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    archive.record(analysis_id, 0, RecordedLook(Look((SEEN,))), TimelineChange(opened=(event(recording_id, "e1"),)))
    archive.record(
        analysis_id, 0, RecordedLook(Look((SEEN,)), "it failed"), TimelineChange(opened=(event(recording_id, "e2"),))
    )
    assert archive.analysis_events(analysis_id) == (event(recording_id, "e1"),)
    assert archive.looks(analysis_id) == {0: RecordedLook(Look((SEEN,)))}
    analysis = archive.analysis(analysis_id)
    assert analysis is not None
    assert analysis.next_group == 1


def test_groups_are_recorded_in_order(archive: Archive) -> None:
    _, analysis_id = begun(archive)
    with pytest.raises(ValueError, match="group 1 was recorded before group 0"):
        archive.record(analysis_id, 1, NOTHING, TimelineChange())


def test_failures_are_told_by_group(archive: Archive) -> None:
    _, analysis_id = begun(archive)
    archive.record(analysis_id, 0, RecordedLook(Look(), "no memory"), TimelineChange())
    archive.record(analysis_id, 1, NOTHING, TimelineChange())
    archive.record(analysis_id, 2, RecordedLook(Look(), "too slow"), TimelineChange())
    assert [archive.looks(analysis_id)[number].failure for number in range(3)] == ["no memory", None, "too slow"]


def test_nothing_of_an_unfinished_analysis_is_shown(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    archive.record(analysis_id, 0, RecordedLook(Look((SEEN,))), TimelineChange(opened=(event(recording_id),)))
    assert archive.events(recording_id) == ()
    assert archive.cues(recording_id) == ()
    assert archive.chapters(recording_id) == ()
    assert archive.coverage(recording_id) is None
    assert archive.finished_analysis(recording_id) is None


def test_a_finished_analysis_is_shown_whole(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    archive.record(analysis_id, 0, RecordedLook(Look((SEEN,))), TimelineChange(opened=(event(recording_id),)))
    coverage = Coverage(
        seconds(30),
        (
            CoveredSpan(span(0, 10), CoverageState.ANALYSED, 10),
            CoveredSpan(span(10, 20.000001), CoverageState.STATIC),
            CoveredSpan(span(20.000001, 30), CoverageState.FAILED, cause="門: no model"),
        ),
    )
    chapters = [Chapter(span(0, 15), "one"), Chapter(span(15, 30), "zwei")]
    archive.finish(analysis_id, coverage, chapters, [])
    assert archive.events(recording_id) == (event(recording_id),)
    assert archive.open_events(analysis_id) == ()
    assert archive.cues(recording_id) == CUES
    assert archive.chapters(recording_id) == tuple(chapters)
    assert archive.coverage(recording_id) == coverage
    assert archive.coverages({recording_id, "nobody"}) == {recording_id: coverage}
    assert archive.coverages({recording_id}, AnalysisKind.RULES) == {}
    for state in CoverageState:
        of_it = tuple(covered for covered in coverage.spans if covered.state is state)
        assert archive.coverages({recording_id}, state=state) == {recording_id: Coverage(coverage.length, of_it)}
    indexed = archive.recording(recording_id)
    assert indexed is not None
    assert indexed.state is RecordingState.INDEXED
    finished = archive.finished_analysis(recording_id)
    assert finished == archive.analysis(analysis_id)
    assert finished is not None
    assert finished.finished


def test_coverages_are_added_up(archive: Archive) -> None:
    first, first_analysis = begun(archive, "d1")
    second, second_analysis = begun(archive, "d2")
    third, _ = begun(archive, "d3")
    begun(archive, "d4")
    halves = (CoveredSpan(span(0, 10), CoverageState.ANALYSED, 3), CoveredSpan(span(10, 25.5), CoverageState.STATIC))
    archive.finish(first_analysis, Coverage(seconds(30), halves), [], [])
    parts = (CoveredSpan(span(1, 2), CoverageState.ANALYSED), CoveredSpan(span(3, 5), CoverageState.ANALYSED))
    archive.finish(second_analysis, Coverage(seconds(20), parts), [], [])
    total = archive.total_coverage([first, second, third, "nobody"])
    assert total.length == seconds(30 + 20 + 30)
    assert {state: total.total(state) for state in CoverageState} == {
        CoverageState.ANALYSED: seconds(13),
        CoverageState.STATIC: seconds(15.5),
        CoverageState.GAP: seconds(0),
        CoverageState.DROPPED: seconds(0),
        CoverageState.FAILED: seconds(0),
    }
    assert archive.total_coverage([]) == Coverage(seconds(0))


def test_finishing_twice_changes_nothing(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    finish(archive, recording_id, analysis_id, "first")
    finish(archive, recording_id, analysis_id, "second")
    assert [chapter.title for chapter in archive.chapters(recording_id)] == ["first"]


def test_a_finished_analysis_takes_the_place_of_its_predecessor(archive: Archive) -> None:
    recording_id, old = begun(archive)
    finish(archive, recording_id, old, "old")
    recording_id, new = begun(archive, fingerprint="signals 2")
    assert archive.finished_analysis(recording_id) == archive.analysis(old)
    finish(archive, recording_id, new, "new")
    assert archive.analysis(old) is None
    assert archive.finished_analysis(recording_id) == archive.analysis(new)
    assert [chapter.title for chapter in archive.chapters(recording_id)] == ["new"]


def test_the_same_analysis_can_be_made_anew(archive: Archive) -> None:
    recording_id, old = begun(archive)
    finish(archive, recording_id, old)
    again = archive.begin(recording_id, "signals 1", SAMPLING, seconds(30), CUES)
    assert again != old
    assert archive.finished_analysis(recording_id) == archive.analysis(old)


def test_removing_leaves_nothing_behind(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    other_id, other = begun(archive, digest="d2")
    for number in range(3):
        archive.record(
            analysis_id, number, RecordedLook(Look((SEEN,)), "failed"), TimelineChange(opened=(event(recording_id),))
        )
    finish(archive, recording_id, analysis_id)
    finish(archive, other_id, other)
    archive.remove(recording_id)
    assert [recording.id for recording in archive.recordings()] == [other_id]
    assert archive.analysis(analysis_id) is None
    assert archive.analysis_events(analysis_id) == ()
    assert archive.analysis_cues(analysis_id) == ()
    assert archive.looks(analysis_id) == {}
    assert archive.events(recording_id) == ()
    assert archive.coverage(recording_id) is None
    assert archive.coverage(other_id) is not None


def test_work_on_a_removed_recording_is_told_so(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    archive.remove(recording_id)
    with pytest.raises(RecordingRemoved):
        archive.record(analysis_id, 0, NOTHING, TimelineChange())
    with pytest.raises(RecordingRemoved):
        archive.set_plan(analysis_id, TIMES, GROUPS)
    with pytest.raises(RecordingRemoved):
        finish(archive, recording_id, analysis_id)
    with pytest.raises(RecordingRemoved):
        archive.begin(recording_id, "signals 1", SAMPLING, seconds(30), CUES)


def test_threads_that_add_the_same_file_agree_on_one_recording(archive: Archive) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda number: archive.add(replace(RECORDING, id=f"r{number}")), range(16)))
    assert len({recording.id for recording in added}) == 1
    assert len(archive.recordings()) == 1


def test_text_of_any_kind_is_kept_or_made_harmless(archive: Archive) -> None:
    recording = archive.add(replace(RECORDING, title="zero \0 half \ud800 quote '"))
    assert recording.title.startswith("zero")
    assert recording.title.endswith(" quote '")
    cues = (Cue(span(0, 1), "zero \0 half \udfff"), Cue(span(1, 2), "x" * 100_000))
    analysis_id = archive.begin(recording.id, "signals 1", SAMPLING, seconds(2), cues)
    assert [len(cue.text) for cue in archive.analysis_cues(analysis_id)] == [13, 100_000]


LOOKED = Look((SEEN, replace(SEEN, label="a van")), "a van arrives", Usage(1000, 900, 50, 1.5, 0.003, 2))


def looked_at_by_model(archive: Archive, recording_id: str, prompt: str = "", text: str = "a van arrives") -> str:
    """The id of a finished analysis of the recording by a model."""
    analysis_id = archive.begin(
        recording_id,
        f"model 1 {prompt}",
        SAMPLING,
        seconds(30),
        CUES[:1],
        kind=AnalysisKind.MODEL,
        seen_by="Qwen3-VL",
        prompt=prompt,
    )
    archive.set_plan(analysis_id, TIMES, GROUPS, (640, 352))
    seen = TimelineChange(closed=(event(recording_id, "m1", 2, 5),))
    archive.record(analysis_id, 0, RecordedLook(LOOKED), seen)
    archive.finish(
        analysis_id,
        Coverage(seconds(30), (CoveredSpan(span(0, 30), CoverageState.FAILED),)),
        (),
        [Passage(recording_id, span(2, 5), text, Source.MODEL)],
    )
    return analysis_id


def test_what_a_look_said_and_cost_is_kept(archive: Archive) -> None:
    _, analysis_id = begun(archive)
    archive.record(analysis_id, 0, RecordedLook(LOOKED), TimelineChange())
    archive.record(analysis_id, 1, RecordedLook(Look(), "the reply was cut"), TimelineChange())
    assert archive.looks(analysis_id) == {0: RecordedLook(LOOKED), 1: RecordedLook(Look(), "the reply was cut")}


def test_signals_and_a_model_stand_side_by_side(archive: Archive) -> None:
    recording_id, by_signals = begun(archive)
    archive.record(by_signals, 0, RecordedLook(Look((SEEN,))), TimelineChange(closed=(event(recording_id),)))
    finish(archive, recording_id, by_signals)
    by_model = looked_at_by_model(archive, recording_id, "vans")
    assert [(seen.id, seen.seen_by) for seen in archive.events(recording_id)] == [("e1", "signals"), ("m1", "Qwen3-VL")]
    assert [chapter.title for chapter in archive.chapters(recording_id)] == ["first"]
    assert archive.cues(recording_id) == CUES
    found = archive.finished_analysis(recording_id, AnalysisKind.MODEL)
    assert found is not None
    assert (found.id, found.kind, found.seen_by, found.prompt) == (by_model, AnalysisKind.MODEL, "Qwen3-VL", "vans")
    kept = archive.finished_analysis(recording_id)
    assert kept is not None
    assert (kept.id, kept.kind, kept.seen_by) == (by_signals, AnalysisKind.SIGNALS, "signals")
    assert archive.usage(recording_id) == LOOKED.usage


def test_each_kind_has_its_own_coverage(archive: Archive) -> None:
    recording_id, by_signals = begun(archive)
    finish(archive, recording_id, by_signals)
    assert archive.coverage(recording_id, AnalysisKind.MODEL) is None
    looked_at_by_model(archive, recording_id)
    for kind, state in ((AnalysisKind.SIGNALS, CoverageState.ANALYSED), (AnalysisKind.MODEL, CoverageState.FAILED)):
        coverage = archive.coverage(recording_id, kind)
        assert coverage is not None
        assert coverage.total(state) == seconds(30)
        assert archive.total_coverage([recording_id], kind).total(state) == seconds(30)


def test_an_analysis_takes_the_place_of_those_of_its_kind_alone(archive: Archive) -> None:
    recording_id, by_signals = begun(archive)
    finish(archive, recording_id, by_signals)
    first = looked_at_by_model(archive, recording_id)
    second = looked_at_by_model(archive, recording_id, "people")
    assert archive.analysis(first) is None
    assert archive.analysis(by_signals) is not None
    again = archive.begin(recording_id, "signals 2", SAMPLING, seconds(30), CUES)
    finish(archive, recording_id, again, "second")
    assert archive.analysis(by_signals) is None
    assert archive.analysis(second) is not None


def test_a_model_alone_does_not_make_a_recording_indexed(archive: Archive) -> None:
    recording = archive.add(replace(RECORDING, id=""))
    looked_at_by_model(archive, recording.id)
    known = archive.recording(recording.id)
    assert known is not None
    assert known.state is RecordingState.QUEUED


UNDER_WAY = replace(
    RECORDING,
    source="/cameras/c1/1.mp4",
    digest="live:abc",
    length=timedelta(0),
    state=RecordingState.RECORDING,
    problems=(),
    camera="c1",
    kept=True,
    tags=("hall",),
)


def test_a_recording_under_way_ends_with_its_length_and_digest_and_waits_to_be_indexed(archive: Archive) -> None:
    archive.add(UNDER_WAY)
    assert archive.page(RecordingFilter(state=RecordingState.RECORDING, camera="c1")) == (UNDER_WAY,)
    archive.describe("abc", length=seconds(4), started_at=UNDER_WAY.started_at)
    archive.close("abc", length=seconds(600.000001), digest="d9")
    ended = replace(UNDER_WAY, length=seconds(600.000001), digest="d9", state=RecordingState.QUEUED)
    assert archive.recordings() == (ended,)
    archive.close("abc", length=seconds(1), digest="another")
    archive.close("nothing", length=seconds(1), digest="another")
    assert archive.recordings() == (ended,)


def test_only_a_recording_under_way_is_ended(archive: Archive) -> None:
    archive.add(RECORDING)
    archive.close("abc", length=seconds(1), digest="d9")
    assert archive.recording("abc") == RECORDING


def test_two_recordings_of_cameras_with_the_same_content_stay_two(archive: Archive) -> None:
    first = archive.add(UNDER_WAY)
    second = archive.add(replace(UNDER_WAY, id="def", digest="live:def", camera="c2"))
    elsewhere = archive.add(replace(UNDER_WAY, id="ghi", digest="live:ghi", space="x"))
    for each in (first, second, elsewhere):
        archive.close(each.id, length=seconds(1), digest="d9")
    known = {each.id: each for each in archive.recordings()}
    assert {each.digest for each in known.values()} == {"d9"}
    assert {each.state for each in known.values()} == {RecordingState.QUEUED}
    assert (known["abc"].space, known["ghi"].space) == ("", "x")
    assert len({each.space for each in known.values()}) == 3


def test_an_event_knows_which_one_it_goes_on_with(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    on = replace(event(recording_id), continues="e7")
    archive.record(analysis_id, 0, NOTHING, TimelineChange(opened=(on,)))
    assert archive.open_events(analysis_id) == (on,)
    finish(archive, recording_id, analysis_id)
    assert archive.events(recording_id) == (on,)


def test_an_analysis_by_rules_stands_beside_the_others(archive: Archive) -> None:
    recording_id, analysis_id = begun(archive)
    rules = archive.begin(recording_id, "rules", SAMPLING, seconds(30), (), kind=AnalysisKind.RULES)
    archive.finish(rules, Coverage(seconds(30)), (), [Passage(recording_id, span(1, 3), "alarm", Source.MODEL)])
    known = archive.recording(recording_id)
    assert known is not None
    assert known.state is not RecordingState.INDEXED
    finish(archive, recording_id, analysis_id)
    assert archive.finished_analysis(recording_id, AnalysisKind.RULES) is not None
    assert archive.coverage(recording_id, AnalysisKind.RULES) == Coverage(seconds(30))
    later = archive.begin(recording_id, "rules 2", SAMPLING, seconds(30), (), kind=AnalysisKind.RULES)
    archive.finish(later, Coverage(seconds(30)), (), ())
    assert archive.analysis(rules) is None
    assert archive.finished_analysis(recording_id) is not None
