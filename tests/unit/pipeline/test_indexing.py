"""Every stage of indexing may be begun again, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.identity import LocalFiles
from ingest.spool import DiskSpool
from videoqa.analyser.signals import SignalsAnalyser
from videoqa.errors import CalledOff, DecoderCrashed, NoSuchFile, RecordingRemoved, SourceChanged
from videoqa.media import CoverageState, Cue, Frame, Picture, Recording, RecordingState, Sampling, Span
from videoqa.passages import passages
from videoqa.pipeline import indexing as module
from videoqa.pipeline.admission import Admitted
from videoqa.pipeline.indexing import Indexing
from videoqa.pipeline.looking import Cancelled
from videoqa.ports import Checkpoint, FileIdentity, IndexRequest, MediaFacts, Sampled, Unread, VideoFacts
from videoqa.testing.archive import MemoryArchive
from videoqa.timeline.timeline import EventTimeline

NEVER = bool
LENGTH = 6
BLACK = Picture(64, 32, bytes(64 * 32 * 3))


def second(number: float) -> timedelta:
    return timedelta(seconds=number)


@dataclass
class Footage:
    """Black footage; its decoder dies at the second ``crashes_at``, and ``meanwhile`` happens at the third."""

    crashes_at: int | None = None
    surveys: int = 0
    meanwhile: list[object] = field(default_factory=list)
    fingerprint: str = "footage"

    def probe(self, path: str) -> MediaFacts:
        return MediaFacts(second(LENGTH), VideoFacts(64, 32, "h264"), None, None, ())

    @contextmanager
    def survey(
        self, path: str, sampling: Sampling, *, gated: bool = True, since: Checkpoint | None = None
    ) -> Iterator[Iterator[Sampled | Unread]]:
        self.surveys += 1
        yield self._instants()

    def _instants(self) -> Iterator[Sampled | Unread]:
        for number in range(LENGTH):
            if number == 3:
                for happens in self.meanwhile:
                    assert callable(happens)
                    happens()
            if number == self.crashes_at:
                raise DecoderCrashed(problem="signal 11")
            checkpoint = Checkpoint(second(0), b"gate") if number == 0 else None
            yield Sampled(second(number), Frame(second(number), BLACK), checkpoint)


class Beside:
    """The subtitles beside each file, by its path, and those that were brought, by the recording's id."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.brought: dict[str, str] = {}

    def beside(self, path: str, recording_id: str) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        said = self.brought.get(recording_id, self.said.get(path))
        return (() if said is None else (Cue(Span(second(0), second(2)), said),), ())

    def bring(self, path: str, recording_id: str) -> tuple[str, ...]:
        if path in self.said:
            self.brought[recording_id] = self.said[path]
        return ()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.mp4"
    path.write_bytes(b"footage")
    return path


@pytest.fixture
def indexing(tmp_path: Path) -> Indexing:
    return Indexing(
        files=LocalFiles(),
        reader=Footage(),
        cues=Beside(),
        spool=DiskSpool(tmp_path / "spool", 1 << 20),
        analyser=SignalsAnalyser(),
        timeline=EventTimeline(),
        passages=passages,
        archive=MemoryArchive(),
        workers=1,
    )


def carry_out(indexing: Indexing, path: Path) -> Admitted:
    admitted = indexing.admission.admit(IndexRequest(str(path)))
    if admitted.analysis_id is not None:
        indexing.survey(str(path), admitted, NEVER)
        indexing.analyse(admitted, NEVER)
        indexing.finish(admitted)
    return admitted


def test_what_came_before_a_crash_is_indexed_however_short_it_is(indexing: Indexing, file: Path) -> None:
    admitted = carry_out(replace(indexing, reader=Footage(crashes_at=4)), file)
    coverage = indexing.archive.coverage(admitted.recording_id)
    assert coverage is not None
    assert coverage.total(CoverageState.FAILED) == second(3)
    assert coverage.analysed == second(3)


def test_a_copy_admitted_beside_the_first_finds_the_work_done(indexing: Indexing, file: Path) -> None:
    copy = file.with_name("two.mp4")
    copy.write_bytes(file.read_bytes())
    waiting = indexing.admission.admit(IndexRequest(str(copy)))
    carry_out(indexing, file)
    assert indexing.is_done(waiting)
    indexing.survey(str(copy), waiting, NEVER)
    assert isinstance(indexing.reader, Footage)
    assert indexing.reader.surveys == 1
    assert indexing.spool.analyses() == ()


def test_a_copy_without_subtitles_does_not_take_those_of_the_first_away(indexing: Indexing, file: Path) -> None:
    beside = Beside()
    beside.said[str(file)] = "the chain rule"
    indexing = replace(indexing, cues=beside)
    first = carry_out(indexing, file)
    copy = file.with_name("two.mp4")
    copy.write_bytes(file.read_bytes())
    assert carry_out(indexing, copy) == replace(first, analysis_id=None, identity=LocalFiles().identify(str(copy)))
    assert [cue.text for cue in indexing.archive.cues(first.recording_id)] == ["the chain rule"]


def test_a_recording_that_is_known_takes_its_new_title_and_time(indexing: Indexing, file: Path) -> None:
    known = carry_out(indexing, file)
    began = datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert indexing.admission.admit(IndexRequest(str(file), "Another", began)).analysis_id is None
    recording = indexing.archive.recording(known.recording_id)
    assert recording is not None
    assert (recording.title, recording.started_at) == ("Another", began)


def test_a_known_recording_does_not_stay_failed(indexing: Indexing, file: Path) -> None:
    known = carry_out(indexing, file)
    indexing.fail(known.recording_id, "it failed under other settings")
    assert indexing.admission.admit(IndexRequest(str(file))).analysis_id is None
    recording = indexing.archive.recording(known.recording_id)
    assert recording is not None
    assert recording.state is RecordingState.INDEXED


def test_a_kill_after_the_end_was_written_leaves_no_frames(indexing: Indexing, file: Path) -> None:
    admitted = indexing.admission.admit(IndexRequest(str(file)))
    indexing.survey(str(file), admitted, NEVER)
    indexing.analyse(admitted, NEVER)
    killed = replace(indexing, spool=_Lasting(indexing.spool))
    killed.finish(admitted)
    assert indexing.spool.analyses() != ()
    indexing.finish(admitted)
    assert indexing.spool.analyses() == ()


def test_a_failure_told_twice_is_written_down_once(indexing: Indexing, file: Path) -> None:
    admitted = indexing.admission.admit(IndexRequest(str(file)))
    indexing.fail(admitted.recording_id, "the reason")
    indexing.fail(admitted.recording_id, "the reason")
    recording = indexing.archive.recording(admitted.recording_id)
    assert recording is not None
    assert recording.problems == ("the reason",)


def test_what_is_called_off_leaves_no_frames_and_can_be_done_after_all(indexing: Indexing, file: Path) -> None:
    admitted = indexing.admission.admit(IndexRequest(str(file)))
    indexing.survey(str(file), admitted, NEVER)
    assert indexing.spool.analyses() == (admitted.analysis_id,)
    with pytest.raises(Cancelled):
        indexing.analyse(admitted, lambda: True)
    indexing.call_off(admitted)
    assert indexing.spool.analyses() == ()
    recording = indexing.archive.recording(admitted.recording_id)
    assert recording is not None
    assert (recording.state, recording.problems) == (RecordingState.FAILED, (str(CalledOff()),))
    carry_out(indexing, file)
    recording = indexing.archive.recording(admitted.recording_id)
    assert recording is not None
    assert recording.state is RecordingState.INDEXED


def test_frames_that_nobody_works_on_are_swept_at_the_start(indexing: Indexing, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(b"other footage")
    left, goes_on = (indexing.admission.admit(IndexRequest(str(path))) for path in (file, other))
    for path, admitted in ((file, left), (other, goes_on)):
        indexing.survey(str(path), admitted, NEVER)
    indexing.settle({goes_on.recording_id})
    assert indexing.spool.analyses() == (goes_on.analysis_id,)


def test_a_recording_removed_while_it_is_surveyed_ends_at_once_and_leaves_no_frames(
    indexing: Indexing, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_A_MOMENT", 0.0)
    admitted = indexing.admission.admit(IndexRequest(str(file)))
    footage = Footage(meanwhile=[lambda: indexing.archive.remove(admitted.recording_id)])
    with pytest.raises(RecordingRemoved):
        replace(indexing, reader=footage).survey(str(file), admitted, NEVER)
    indexing.fail(admitted.recording_id, "it was removed")
    assert indexing.spool.analyses() == ()


def test_frames_of_a_file_that_changed_are_not_gone_on_from(indexing: Indexing, file: Path) -> None:
    admitted = indexing.admission.admit(IndexRequest(str(file)))
    footage = Footage(crashes_at=4, meanwhile=[lambda: file.write_bytes(b"something else")])
    with pytest.raises(SourceChanged):
        replace(indexing, reader=footage).survey(str(file), admitted, NEVER)
    assert admitted.analysis_id is not None
    assert indexing.spool.resume_at(admitted.analysis_id) is None


class _Lasting:
    """A spool whose owner is killed before it discards anything."""

    def __init__(self, spool: object) -> None:
        self._spool = spool

    def __getattr__(self, name: str) -> object:
        return getattr(self._spool, name)

    def discard(self, analysis_id: str) -> None:
        pass


def brought(indexing: Indexing, file: Path, space: str = "") -> Recording:
    """The recording of a file that came with a title, a time and a tag, as the intake adds it."""
    fresh = Recording(
        id=f"brought{len(space)}",
        title="The gate",
        source=str(file),
        digest=LocalFiles().identify(str(file)).digest,
        length=second(0),
        state=RecordingState.QUEUED,
        started_at=datetime(2026, 7, 1, 8, tzinfo=UTC),
        tags=("north",),
        owner="key",
        kept=True,
        space=space,
    )
    return indexing.archive.add(fresh)


def test_what_was_brought_stays_the_recording_it_is(indexing: Indexing, file: Path) -> None:
    before = brought(indexing, file)
    asked = IndexRequest(str(file), recording_id=before.id)
    admitted = indexing.admission.admit(asked)
    assert admitted.recording_id == before.id
    assert indexing.archive.recordings() == (replace(before, state=RecordingState.INDEXING, length=second(LENGTH)),)
    indexing.survey(str(file), admitted, NEVER)
    indexing.analyse(admitted, NEVER)
    indexing.finish(admitted)
    after = indexing.archive.recording(before.id)
    assert after == replace(before, state=RecordingState.INDEXED, length=second(LENGTH))
    assert indexing.admission.admit(asked).analysis_id is None


def test_what_is_kept_under_its_digest_is_not_read_again(indexing: Indexing, file: Path) -> None:
    class Unread(LocalFiles):
        def identify(self, path: str) -> FileIdentity:
            raise AssertionError(path)

    before = brought(indexing, file)
    admitted = replace(indexing, files=Unread()).admission.admit(IndexRequest(str(file), recording_id=before.id))
    assert admitted.identity == LocalFiles().identify(str(file))


def test_the_same_content_in_another_space_has_an_analysis_of_its_own(indexing: Indexing, file: Path) -> None:
    one, other = brought(indexing, file), brought(indexing, file, "tenant")
    admitted = [indexing.admission.admit(IndexRequest(str(file), recording_id=each.id)) for each in (one, other)]
    assert [each.recording_id for each in admitted] == [one.id, other.id]
    assert admitted[0].analysis_id != admitted[1].analysis_id


def test_what_is_wrong_is_told_of_the_very_recording_that_was_asked_for(indexing: Indexing, file: Path) -> None:
    before = brought(indexing, file)
    file.unlink()
    with pytest.raises(NoSuchFile):
        indexing.admission.admit(IndexRequest(str(file), recording_id=before.id))
    after = indexing.archive.recording(before.id)
    assert after is not None
    assert after.state is RecordingState.FAILED
    assert "No such file" in after.problems[-1]


def test_a_recording_that_was_removed_meanwhile_does_not_come_back(indexing: Indexing, file: Path) -> None:
    with pytest.raises(RecordingRemoved):
        indexing.admission.admit(IndexRequest(str(file), recording_id="gone"))
    assert indexing.archive.recordings() == ()


def test_a_file_that_is_not_ours_and_holds_something_else_now_is_not_taken_for_the_recording(
    indexing: Indexing, file: Path
) -> None:
    known = carry_out(indexing, file)
    file.write_bytes(b"other footage")
    with pytest.raises(SourceChanged):
        indexing.admission.admit(IndexRequest(str(file), recording_id=known.recording_id))
