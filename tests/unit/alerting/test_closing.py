"""What becomes of a recording whose file is not as it should be."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.camera.file import holds_media
from ingest.identity import LocalFiles
from ingest.known import KnownFiles
from videoqa.alerting.closing import Closing, begin_rules, under_way
from videoqa.errors import BadMedia, DecoderCrashed, DecoderOverran, EmptyFootage, NotFootage, SourceChanged
from videoqa.events import Event, Source
from videoqa.media import ZERO, Coverage, CoverageState, CoveredSpan, Recording, RecordingState, Span
from videoqa.passages import passages
from videoqa.ports import AnalysisKind, MediaFacts
from videoqa.testing.archive import MemoryArchive
from videoqa.testing.jobs import MemoryJobQueue

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NOT_FOOTAGE = NotFootage(problem="moov not found", formats="MP4")


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack("!I4s", 8 + len(body), kind) + body


HEAD = box(b"ftyp", b"isom") + box(b"moov", bytes(40))
FRAGMENT = box(b"moof", bytes(20)) + box(b"mdat", bytes(60))


class Reader:
    def __init__(self, *troubles: BadMedia) -> None:
        self.troubles = list(troubles)

    def probe(self, path: str) -> MediaFacts:
        if self.troubles:
            raise self.troubles.pop(0)
        return MediaFacts(8 * SECOND, None, None, None, ())


class World:
    """One recording of ten seconds, with what was seen in it live up to its fifth."""

    def __init__(self, path: Path, content: bytes, *troubles: BadMedia) -> None:
        path.write_bytes(content)
        self.archive = MemoryArchive()
        self.closing = Closing(
            self.archive,
            Reader(*troubles),  # type: ignore[arg-type]
            LocalFiles(),
            passages,
            MemoryJobQueue(),
            lambda recording: self.archive.remove(recording.id),
            holds_media,
        )
        self.recording = self.archive.add(under_way(str(path), "gate", NOON, NOON, None))
        begin_rules(self.archive, self.recording.id)
        event = Event("e", self.recording.id, Span(ZERO, 5 * SECOND), "motion", "it moves", Source.MOTION, ())
        self.archive.put(event, is_open=False)

    def close(self, looked: Sequence[CoveredSpan] = ()) -> Recording | None:
        self.closing.close(self.recording, looked)
        return self.archive.recording(self.recording.id)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.mp4"


@pytest.mark.parametrize(
    "trouble", [DecoderOverran(limit="1 s", what="time"), DecoderCrashed(problem="killed"), SourceChanged()]
)
def test_what_a_machine_without_time_does_to_footage_passes(trouble: BadMedia, path: Path) -> None:
    world = World(path, HEAD + FRAGMENT, trouble)
    with pytest.raises(type(trouble)):
        world.close()
    [left] = world.closing.left_behind()
    assert (left.id, left.problems) == (world.recording.id, ())
    closed = world.close()
    assert closed is not None
    assert (closed.state, closed.length) == (RecordingState.QUEUED, 8 * SECOND)


def test_what_crashes_the_decoder_the_last_time_too_has_failed_and_plays(path: Path, tmp_path: Path) -> None:
    world = World(path, HEAD + FRAGMENT, *[DecoderCrashed(problem="killed")])
    with pytest.raises(DecoderCrashed):
        world.close()
    world.closing.give_up(replace(world.recording, length=7 * SECOND), (), DecoderCrashed(problem="killed"))
    assert world.closing.left_behind() == ()
    failed = world.archive.recording(world.recording.id)
    assert failed is not None
    assert (failed.state, failed.length) == (RecordingState.FAILED, 7 * SECOND)
    assert failed.problems == (str(DecoderCrashed(problem="killed")),)
    with KnownFiles(tmp_path / "known").opened(failed) as file:
        assert file.read() == HEAD + FRAGMENT


def test_what_was_given_up_is_closed_once_it_can_be_read(path: Path) -> None:
    late = DecoderOverran(limit="1 s", what="time")
    world = World(path, HEAD + FRAGMENT, late)
    assert world.closing.failed() == ()
    assert not world.closing.reopen(world.recording)
    world.closing.give_up(world.recording, (), late)
    [failed] = world.closing.failed()
    assert world.closing.reopen(failed)
    closed = world.close()
    assert closed is not None
    assert (closed.state, closed.problems, closed.length) == (RecordingState.QUEUED, (), 8 * SECOND)
    world.closing.give_up(world.recording, (), late)
    world.archive.set_state(closed.id, RecordingState.FAILED, ["the pipeline cannot read it"])
    assert world.closing.failed() == ()


@pytest.mark.parametrize(("trouble", "length"), [(None, 8 * SECOND), (NOT_FOOTAGE, 5 * SECOND)])
def test_of_what_a_kill_cut_off_it_is_not_known_what_rules_were_looked_for(
    trouble: BadMedia | None, length: timedelta, path: Path
) -> None:
    world = World(path, HEAD + FRAGMENT, *() if trouble is None else (trouble,))

    def not_known(_: Recording, lasted: timedelta) -> Sequence[CoveredSpan]:
        return (CoveredSpan(Span(ZERO, lasted), CoverageState.DROPPED, cause="killed"),)

    replace(world.closing, not_known=not_known).close(world.recording)
    told = world.archive.coverage(world.recording.id, AnalysisKind.RULES)
    assert told == Coverage(length, tuple(not_known(world.recording, length)))


@pytest.mark.parametrize("content", [b"", HEAD[:5], HEAD, HEAD + FRAGMENT[:20], HEAD + FRAGMENT[:60]])
@pytest.mark.parametrize("trouble", [NOT_FOOTAGE, EmptyFootage(problem="nothing")])
def test_a_file_without_a_whole_fragment_is_forgotten(content: bytes, trouble: BadMedia, path: Path) -> None:
    assert World(path, content, trouble).close() is None


@pytest.mark.parametrize("content", [HEAD + FRAGMENT, HEAD + FRAGMENT * 2, HEAD[8:] + FRAGMENT, bytes(9)])
def test_footage_that_nobody_can_open_is_kept_and_so_is_what_was_seen_in_it(content: bytes, path: Path) -> None:
    world = World(path, content, NOT_FOOTAGE)
    looked = CoveredSpan(Span(ZERO, 9 * SECOND), CoverageState.ANALYSED, 9)
    failed = world.close([looked])
    assert failed is not None
    assert (failed.state, failed.length, len(failed.problems)) == (RecordingState.FAILED, 9 * SECOND, 1)
    assert path.read_bytes() == content
    assert world.archive.finished_analysis(failed.id, AnalysisKind.RULES) is not None
    assert world.archive.coverage(failed.id, AnalysisKind.RULES) == Coverage(9 * SECOND, (looked,))


def test_footage_whose_file_is_gone_fails_as_long_as_what_was_seen_in_it(path: Path) -> None:
    world = World(path, HEAD)
    path.unlink()
    failed = world.close()
    assert failed is not None
    assert (failed.state, failed.length) == (RecordingState.FAILED, 5 * SECOND)
