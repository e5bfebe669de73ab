"""What is kept of close looks at footage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ingest import closeups as kept
from ingest import known
from ingest.closeups import FootageCloseups
from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from videoqa.errors import NoSuchFile, SourceChanged
from videoqa.media import Frame, Picture, Recording, RecordingState, Sampling, Span
from videoqa.ports import Closeup, MediaFacts, Sampled, Unread

SECOND = timedelta(seconds=1)
FINE = Sampling(period=SECOND / 4, long_side=64)


class Counting(SandboxedReader):
    """Noise in the place of a decoder, as long to make as it is asked for, and how often it was."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Span] = []
        self.probed = 0

    def probe(self, path: str) -> MediaFacts:
        self.probed += 1
        return MediaFacts(60 * SECOND, None, None, None, ())

    @contextmanager
    def closer(
        self, path: str, sampling: Sampling, span: Span, *, leaps: bool, grows: bool = False
    ) -> Iterator[Iterator[Sampled | Unread]]:
        self.taken.append(span)
        yield self._frames(sampling, span)

    def _frames(self, sampling: Sampling, span: Span) -> Iterator[Sampled]:
        for number in range(span.length // sampling.period):
            pts = span.start + number * sampling.period
            # Another every time it is made, so that what is made anew is told from what was kept.
            noise = np.random.default_rng(len(self.taken) * 1000 + number).integers(0, 256, 64 * 32 * 3, np.uint8)
            yield Sampled(pts, Frame(pts, Picture(64, 32, noise.tobytes())))


@pytest.fixture
def reader() -> Counting:
    return Counting()


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    path = tmp_path / "one.mp4"
    path.write_bytes(b"footage")
    digest = LocalFiles().identify(str(path)).digest
    return Recording("id", "one.mp4", str(path), digest, 60 * SECOND, RecordingState.INDEXED)


def span(start: float) -> Span:
    return Span(start * SECOND, (start + 1) * SECOND)


def jpegs(closeup: Closeup) -> list[bytes]:
    return [closeup.pictures.jpeg(pts) for pts in closeup.times]


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def test_a_span_is_decoded_once_for_all_questions_over_it(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    folder = tmp_path / "closeups"
    once = FootageCloseups(reader, folder, 2**20).take(recording, span(3), FINE)
    again = FootageCloseups(reader, folder, 2**20).take(recording, span(3), FINE)
    assert jpegs(again) == jpegs(once)
    assert (again.times, again.size) == (once.times, (64, 32))
    assert len(reader.taken) == 1


def test_another_span_sampling_or_recording_is_another_look(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    closeups = FootageCloseups(reader, tmp_path / "closeups", 2**20)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"other footage")
    second = Recording("2", "", str(other), LocalFiles().identify(str(other)).digest, SECOND, RecordingState.INDEXED)
    for one, where, sampling in (
        (recording, span(3), FINE),
        (recording, span(4), FINE),
        (recording, span(3), Sampling(period=SECOND / 2, long_side=64)),
        (recording, span(3), Sampling(period=SECOND / 4, long_side=32)),
        (second, span(3), FINE),
    ):
        closeups.take(one, where, sampling)
    assert len(reader.taken) == 5


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 4096, None])
def test_a_damaged_entry_is_made_anew(
    reader: Counting, recording: Recording, tmp_path: Path, damage: bytes | None
) -> None:
    folder = tmp_path / "closeups"
    closeups = FootageCloseups(reader, folder, 2**20)
    before = closeups.take(recording, span(3), FINE)
    (entry,) = entries(folder)
    content = entry.read_bytes()
    entry.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if damage is None else damage)
    anew = closeups.take(recording, span(3), FINE)
    assert jpegs(anew) != jpegs(before)
    assert jpegs(closeups.take(recording, span(3), FINE)) == jpegs(anew)
    assert len(reader.taken) == 2


def test_what_was_not_used_for_longest_makes_room(reader: Counting, recording: Recording, tmp_path: Path) -> None:
    folder = tmp_path / "closeups"
    closeups = FootageCloseups(reader, folder, 2**20)
    for start in (0, 1, 2):
        closeups.take(recording, span(start), FINE)
        for path in entries(folder):
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 10**9))
    closeups.take(recording, span(0), FINE)
    room = sum(path.stat().st_size for path in entries(folder)) + 1000
    closeups = FootageCloseups(reader, folder, room)
    closeups.take(recording, span(3), FINE)
    assert sum(path.stat().st_size for path in entries(folder)) <= room
    for start in (0, 2, 3):
        closeups.take(recording, span(start), FINE)
    assert len(reader.taken) == 4
    closeups.take(recording, span(1), FINE)
    assert len(reader.taken) == 5


def test_what_is_larger_than_all_the_room_is_shown_all_the_same(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    closeups = FootageCloseups(reader, tmp_path / "closeups", 100)
    assert len(closeups.take(recording, span(3), FINE).times) == 4
    assert entries(tmp_path / "closeups") == []


def test_a_folder_that_cannot_be_written_costs_time_alone(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    (tmp_path / "closeups").write_text("no folder")
    assert len(FootageCloseups(reader, tmp_path / "closeups", 2**20).take(recording, span(3), FINE).times) == 4


def test_the_file_is_read_whole_only_when_it_has_changed(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    folder = tmp_path / "closeups"
    for start in range(3):
        FootageCloseups(reader, folder, 2**20).take(recording, span(start), FINE)
    assert reader.probed == 1
    path = Path(recording.source)
    os.utime(path, (1, 1))
    FootageCloseups(reader, folder, 2**20).take(recording, span(3), FINE)
    assert reader.probed == 2


def test_a_file_of_other_content_is_not_looked_at(reader: Counting, recording: Recording, tmp_path: Path) -> None:
    closeups = FootageCloseups(reader, tmp_path / "closeups", 2**20)
    closeups.take(recording, span(3), FINE)
    Path(recording.source).write_bytes(b"others.")
    for _ in range(2):
        with pytest.raises(SourceChanged):
            closeups.take(recording, span(3), FINE)
    Path(recording.source).unlink()
    with pytest.raises(NoSuchFile):
        closeups.take(recording, span(3), FINE)


def test_a_file_that_changes_while_it_is_looked_at_leaves_nothing_behind(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    class Written(Counting):
        def _frames(self, sampling: Sampling, span: Span) -> Iterator[Sampled]:
            Path(recording.source).write_bytes(b"longer than before")
            yield from super()._frames(sampling, span)

    with pytest.raises(SourceChanged):
        FootageCloseups(Written(), tmp_path / "closeups", 2**20).take(recording, span(3), FINE)
    assert entries(tmp_path / "closeups") == []


def test_questions_at_once_over_one_moment_decode_it_once(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    closeups = FootageCloseups(reader, tmp_path / "closeups", 2**20)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: closeups.take(recording, span(3), FINE), range(16)))
    assert len(reader.taken) == 1
    assert all(jpegs(closeup) == jpegs(taken[0]) for closeup in taken)


def test_what_a_killed_process_left_half_written_is_removed_and_counts_until_then(
    reader: Counting, recording: Recording, tmp_path: Path
) -> None:
    folder = tmp_path / "closeups"
    FootageCloseups(reader, folder, 2**20).take(recording, span(0), FINE)
    (entry,) = entries(folder)
    fresh, *old = folder / ".fresh", folder / ".old", folder / "files" / ".old"
    for path in (fresh, *old):
        path.write_bytes(b"x" * 1000)
    for path in (entry, *old):
        os.utime(path, (1, 1))
    room = entry.stat().st_size * 2 + 900
    os.utime(recording.source, (1, 1))
    FootageCloseups(reader, folder, room).take(recording, span(1), FINE)
    assert fresh.exists()
    assert not any(path.exists() for path in (entry, *old))


def test_the_newest_of_the_files_that_were_read_are_known(
    reader: Counting, recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_MOST_FILES", 2)
    files = tmp_path / "closeups" / "files"
    files.mkdir(parents=True)
    for number in range(3):
        (files / str(number)).write_text("[]")
        os.utime(files / str(number), (number, number))
    FootageCloseups(reader, tmp_path / "closeups", 2**20).take(recording, span(0), FINE)
    names = {path.name for path in files.iterdir()}
    assert len(names) == 2
    assert "2" in names


def test_of_a_forgotten_recording_nothing_is_left(reader: Counting, recording: Recording, tmp_path: Path) -> None:
    folder = tmp_path / "closeups"
    FootageCloseups(reader, folder, 2**20).take(recording, span(0), FINE)
    kept.forget(folder, recording.digest)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
