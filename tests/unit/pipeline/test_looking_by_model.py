"""A model's look stands beside the signals', waits for the model, and is tried again where it failed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.identity import LocalFiles
from ingest.spool import DiskSpool
from videoqa.analyser.signals import SignalsAnalyser
from videoqa.errors import BadReply, ModelUnreachable, RecordingRemoved
from videoqa.events import Observation, Source
from videoqa.media import CoverageState, Cue, Frame, FrameGroup, Picture, RecordingState, Sampling, Span
from videoqa.passages import passages
from videoqa.pipeline import looking
from videoqa.pipeline.admission import Admitted
from videoqa.pipeline.indexing import Indexing
from videoqa.pipeline.looking import WAITING, Cancelled
from videoqa.ports import (
    AnalysisKind,
    Brief,
    Checkpoint,
    FileIdentity,
    IndexRequest,
    Look,
    MediaFacts,
    Pictures,
    Sampled,
    Unread,
    Usage,
    VideoFacts,
)
from videoqa.testing.archive import MemoryArchive
from videoqa.timeline.timeline import EventTimeline

NEVER = bool
LENGTH = 12
SPENT = Usage(prompt_tokens=100, completion_tokens=10)


def second(number: float) -> timedelta:
    return timedelta(seconds=number)


class Footage:
    """Grey footage, a frame a second."""

    fingerprint = "footage"

    def probe(self, path: str) -> MediaFacts:
        return MediaFacts(second(LENGTH), VideoFacts(64, 32, "h264"), None, None, ())

    @contextmanager
    def survey(
        self, path: str, sampling: Sampling, *, gated: bool = True, since: Checkpoint | None = None
    ) -> Iterator[Iterator[Sampled | Unread]]:
        grey = Picture(64, 32, bytes(64 * 32 * 3))
        yield (Sampled(second(number), Frame(second(number), grey)) for number in range(LENGTH))


class NoCues:
    def beside(self, path: str, recording_id: str) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        return (), ()

    def bring(self, path: str, recording_id: str) -> tuple[str, ...]:
        return ()


@dataclass
class Model:
    """A model that sees "a van" in every group of three frames; ``fails`` names the group numbers it cannot do."""

    fails: dict[int, Callable[[], Exception]] = field(default_factory=dict)
    away: list[ModelUnreachable] = field(default_factory=list)
    asked: list[tuple[int, Brief]] = field(default_factory=list)
    in_turn: bool = False
    kind: AnalysisKind = AnalysisKind.MODEL
    seen_by: str = "a model"
    fingerprint: str = "model-1"
    sampling: Sampling = field(default_factory=Sampling)

    def plan(
        self, times: Sequence[timedelta], cues: Sequence[Cue], size: tuple[int, int], length: timedelta
    ) -> tuple[FrameGroup, ...]:
        starts = range(0, LENGTH, 3)
        return tuple(
            FrameGroup(number, Span(second(start), second(start + 3)), tuple(times[start : start + 3]))
            for number, start in enumerate(starts)
        )

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        self.asked.append((group.number, brief))
        assert pictures.jpeg(group.times[0])[:2] == b"\xff\xd8"
        if self.away:
            raise self.away.pop()
        if group.number in self.fails:
            raise self.fails[group.number]()
        seen = Observation("van", "A van stands there.", Source.MODEL, group.times, 0.9)
        return Look((seen,), f"group {group.number}", SPENT)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "_WAIT_SECONDS", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.mp4"
    path.write_bytes(b"footage")
    return path


@pytest.fixture
def by_signals(tmp_path: Path) -> Indexing:
    return Indexing(
        files=LocalFiles(),
        reader=Footage(),
        cues=NoCues(),
        spool=DiskSpool(tmp_path / "spool", 1 << 20),
        analyser=SignalsAnalyser(),
        timeline=EventTimeline(),
        passages=passages,
        archive=MemoryArchive(),
        workers=2,
    )


def carry_out(way: Indexing, path: Path, admitted: Admitted) -> None:
    if admitted.analysis_id is not None:
        way.survey(str(path), admitted, NEVER)
        way.analyse(admitted, NEVER)
        way.finish(admitted)


def indexed(by_signals: Indexing, file: Path, prompt: str | None = None) -> Admitted:
    admitted = by_signals.admission.admit(IndexRequest(str(file), prompt=prompt))
    carry_out(by_signals, file, admitted)
    return admitted


def look(by_signals: Indexing, file: Path, model: Model, prompt: str | None = None, *, again: bool = False) -> Admitted:
    way = replace(by_signals, analyser=model)
    admitted = way.admission.look_again(indexed(by_signals, file, prompt), NEVER, again=again)
    carry_out(way, file, admitted)
    return admitted


def test_a_model_looks_beside_the_signals(by_signals: Indexing, file: Path) -> None:
    admitted = look(by_signals, file, Model())
    events = by_signals.archive.events(admitted.recording_id)
    assert [(event.label, event.seen_by, event.span) for event in events if event.source is Source.MODEL] == [
        ("van", "a model", Span(second(0), second(LENGTH)))
    ]
    assert by_signals.archive.finished_analysis(admitted.recording_id) is not None
    assert by_signals.archive.usage(admitted.recording_id) == SPENT + SPENT + SPENT + SPENT
    assert by_signals.spool.analyses() == ()


def test_what_a_model_has_seen_is_not_asked_again_unless_it_must(by_signals: Indexing, file: Path) -> None:
    model = Model()
    look(by_signals, file, model)
    assert look(by_signals, file, model).analysis_id is None
    assert len(model.asked) == 4
    look(by_signals, file, model, again=True)
    assert len(model.asked) == 8
    look(by_signals, file, replace(model, fingerprint="model-2"))
    assert len(model.asked) == 12


def test_a_failed_look_is_failed_coverage_and_only_it_is_tried_again(by_signals: Indexing, file: Path) -> None:
    model = Model(fails={1: lambda: BadReply(problem="it was cut", usage=SPENT)})
    first = look(by_signals, file, model)
    coverage = by_signals.archive.coverage(first.recording_id, AnalysisKind.MODEL)
    assert coverage is not None
    assert coverage.total(CoverageState.FAILED) == second(3)
    recording = by_signals.archive.recording(first.recording_id)
    assert recording is not None
    assert recording.state is RecordingState.INDEXED
    assert by_signals.archive.usage(first.recording_id) == SPENT + SPENT + SPENT + SPENT
    before = {event.id for event in by_signals.archive.events(first.recording_id) if event.source is Source.MODEL}
    healed = Model()
    second_look = look(by_signals, file, healed)
    assert [number for number, _ in healed.asked] == [1]
    coverage = by_signals.archive.coverage(second_look.recording_id, AnalysisKind.MODEL)
    assert coverage is not None
    assert coverage.total(CoverageState.FAILED) == second(0)
    events = [event for event in by_signals.archive.events(first.recording_id) if event.source is Source.MODEL]
    assert [event.span for event in events] == [Span(second(0), second(LENGTH))]
    assert {event.id for event in events} & before
    assert by_signals.archive.usage(first.recording_id) == SPENT + SPENT + SPENT + SPENT


def test_an_analyser_that_breaks_fails_its_group_alone(by_signals: Indexing, file: Path) -> None:
    first = look(by_signals, file, Model(fails={3: lambda: ZeroDivisionError("oh")}))
    analysis = by_signals.archive.finished_analysis(first.recording_id, AnalysisKind.MODEL)
    assert analysis is not None
    looks = by_signals.archive.looks(analysis.id)
    assert [number for number, recorded in looks.items() if recorded.failure] == [3]
    assert "ZeroDivisionError" in str(looks[3].failure)


def test_while_the_model_is_away_its_work_waits_and_loses_nothing(by_signals: Indexing, file: Path) -> None:
    away = [ModelUnreachable(url="http://gpu", problem="connection refused") for _ in range(3)]
    first = look(by_signals, file, Model(away=away))
    coverage = by_signals.archive.coverage(first.recording_id, AnalysisKind.MODEL)
    assert coverage is not None
    assert coverage.analysed == second(LENGTH)


def test_work_that_waits_says_so_and_can_be_stopped(
    by_signals: Indexing, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted = indexed(by_signals, file)
    model = Model(away=[ModelUnreachable(url="http://gpu", problem="connection refused")] * 1000)
    way = replace(by_signals, analyser=model)
    begun = way.admission.look_again(admitted, NEVER)
    way.survey(str(file), begun, NEVER)

    def stop() -> bool:
        progress = by_signals.archive.progress(admitted.recording_id)
        return progress is not None and progress.stage == WAITING

    monkeypatch.setattr(looking, "_WAIT_SECONDS", 5.0)
    with pytest.raises(Cancelled):
        way.analyse(begun, stop)
    model.away.clear()
    carry_out(way, file, begun)
    assert by_signals.archive.finished_analysis(admitted.recording_id, AnalysisKind.MODEL) is not None


def test_each_group_is_told_of_the_one_before_where_they_are_analysed_in_turn(by_signals: Indexing, file: Path) -> None:
    model = Model(in_turn=True, fails={1: lambda: BadReply(problem="it was cut")})
    look(by_signals, file, model)
    assert [brief.before for _, brief in model.asked] == ["", "group 0", "group 0", "group 2"]


def test_a_prompt_is_kept_until_another_is_given(by_signals: Indexing, file: Path) -> None:
    model = Model()
    first = look(by_signals, file, model, "forklifts")
    analysis = by_signals.archive.finished_analysis(first.recording_id, AnalysisKind.MODEL)
    assert analysis is not None
    assert analysis.prompt == "forklifts"
    assert {brief.prompt for _, brief in model.asked} == {"forklifts"}
    assert look(by_signals, file, model).analysis_id is None
    assert look(by_signals, file, model, "people").analysis_id is not None
    assert look(by_signals, file, model, "").analysis_id is not None
    assert model.asked[-1][1].prompt == ""


def test_the_model_gets_the_signals_cues_and_they_are_found_once(by_signals: Indexing, file: Path) -> None:
    cue = Cue(Span(second(0), second(2)), "the chain rule", "en", "talk.srt")

    class Beside(NoCues):
        def beside(self, path: str, recording_id: str) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
            return (cue,), ()

    first = look(replace(by_signals, cues=Beside()), file, Model())
    analysis = by_signals.archive.finished_analysis(first.recording_id, AnalysisKind.MODEL)
    assert analysis is not None
    assert by_signals.archive.analysis_cues(analysis.id) == (cue,)
    assert isinstance(by_signals.archive, MemoryArchive)
    texts = [passage.text for _, passage in by_signals.archive.passages()]
    assert texts.count("the chain rule") == 1


def test_a_prompt_outlives_a_model_that_never_answered(by_signals: Indexing, file: Path) -> None:
    indexed(by_signals, file, "forklifts")
    model = Model()
    look(by_signals, file, model)
    assert {brief.prompt for _, brief in model.asked} == {"forklifts"}


def test_in_turn_a_resumed_analysis_is_told_what_the_last_good_look_told(by_signals: Indexing, file: Path) -> None:
    model = Model(in_turn=True, fails={1: lambda: BadReply(problem="it was cut")})
    way = replace(by_signals, analyser=model)
    begun = way.admission.look_again(indexed(by_signals, file), NEVER)
    way.survey(str(file), begun, NEVER)
    with pytest.raises(Cancelled):
        way.analyse(begun, lambda: len(model.asked) > 2)
    carry_out(way, file, begun)
    assert [(number, brief.before) for number, brief in model.asked if number == 2] == [(2, "group 0")] * 2


def test_nothing_is_asked_once_it_is_stopped(by_signals: Indexing, file: Path) -> None:
    model = Model()
    way = replace(by_signals, analyser=model)
    begun = way.admission.look_again(indexed(by_signals, file), NEVER)
    way.survey(str(file), begun, NEVER)
    with pytest.raises(Cancelled):
        way.analyse(begun, lambda: True)
    assert model.asked == []


@dataclass
class Scribe:
    """Hears one sentence, unless it is away."""

    away: Exception | None = None
    fingerprint: str = "scribe"

    def describe(self) -> str:
        return "a scribe"

    def transcribe(
        self, path: str, identity: FileIdentity, tell: Callable[[timedelta], None] | None = None
    ) -> tuple[Cue, ...]:
        if self.away is not None:
            raise self.away
        return (Cue(Span(second(0), second(2)), "the chain rule", "en", "speech scribe"),)


class Sounding(Footage):
    def probe(self, path: str) -> MediaFacts:
        return replace(super().probe(path), sound=True)


@pytest.mark.parametrize("later", [None, Scribe(ModelUnreachable(url="u", problem="p")), Scribe(OverflowError("oh"))])
def test_what_was_heard_stands_where_nobody_can_hear_it_now(
    by_signals: Indexing, file: Path, later: Scribe | None
) -> None:
    hearing = replace(by_signals, reader=Sounding(), transcriber=Scribe())
    first = indexed(hearing, file)
    assert [cue.text for cue in by_signals.archive.cues(first.recording_id)] == ["the chain rule"]
    assert indexed(replace(hearing, transcriber=later), file).analysis_id is None


@pytest.mark.parametrize("scribe", [None, Scribe(ModelUnreachable(url="u", problem="p")), Scribe(OverflowError("oh"))])
def test_speech_that_nobody_wrote_down_is_told(by_signals: Indexing, file: Path, scribe: Scribe | None) -> None:
    first = indexed(replace(by_signals, reader=Sounding(), transcriber=scribe), file)
    recording = by_signals.archive.recording(first.recording_id)
    assert recording is not None
    assert recording.state is RecordingState.INDEXED
    assert "speech not transcribed" in recording.problems[0]


def test_a_recording_removed_while_the_model_looks_is_told_so(by_signals: Indexing, file: Path) -> None:
    admitted = indexed(by_signals, file)

    class Remover(Model):
        def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
            by_signals.archive.remove(admitted.recording_id)
            by_signals.clear()
            return super().analyse(group, pictures, brief)

    way = replace(by_signals, analyser=Remover())
    begun = way.admission.look_again(admitted, NEVER)
    way.survey(str(file), begun, NEVER)
    with pytest.raises(RecordingRemoved):
        way.analyse(begun, NEVER)


def test_the_model_is_told_under_whom_the_analysis_was_begun(by_signals: Indexing, file: Path) -> None:
    model = Model(seen_by="large")
    look(by_signals, file, model)
    assert {brief.seen_by for _, brief in model.asked} == {"large"}


def test_looks_behind_a_slow_one_are_not_asked_for_again_after_a_kill(by_signals: Indexing, file: Path) -> None:
    model = Stuck()
    way = replace(by_signals, analyser=model)
    begun = way.admission.look_again(indexed(by_signals, file), NEVER)
    way.survey(str(file), begun, NEVER)
    with pytest.raises(Cancelled):
        way.analyse(begun, lambda: len(model.asked) == 3 and len(way.spool.put_by_already(str(begun.analysis_id))) == 2)
    model.free.set()
    assert begun.analysis_id is not None
    analysis = way.archive.analysis(begun.analysis_id)
    assert analysis is not None
    assert analysis.next_group == 0
    again = Model()
    carry_out(replace(by_signals, analyser=again), file, begun)
    asked = sorted(number for number, _ in again.asked)
    assert asked == [number for number in range(len(analysis.groups)) if number not in (1, 2)]
    assert way.spool.analyses() == ()


class Stuck(Model):
    """Does not come to an end with the first group."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def analyse(self, group: FrameGroup, pictures: Pictures, brief: Brief) -> Look:
        look = super().analyse(group, pictures, brief)
        if group.number == 0:
            self.free.wait(30)
        return look
