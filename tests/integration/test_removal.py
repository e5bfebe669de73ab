"""Of what is removed nothing is left, and nothing goes that another recording stands on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.identity import LocalFiles
from ingest.inbox import DiskInbox
from tests.footage import clip
from videoqa.bootstrap import House
from videoqa.intake import kept_files
from videoqa.media import Recording, RecordingState, Span
from videoqa.settings import Settings

WITHIN = Span(timedelta(seconds=1), timedelta(seconds=2))


def kept(house: House, name: str, space: str) -> Recording:
    digest = LocalFiles().identify(str(clip("b-frames.mp4"))).digest
    path = house.folder / "footage" / digest[:2] / f"{digest}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(clip("b-frames.mp4").read_bytes())
    length = timedelta(seconds=12)
    recording = Recording(name, name, str(path), digest, length, RecordingState.INDEXED, kept=True, space=space)
    return house.archive.add(recording)


def test_a_file_goes_with_the_last_recording_that_stands_on_it(tmp_path: Path) -> None:
    house = House(Settings(data_dir=tmp_path))
    ours, theirs = kept(house, "ours", ""), kept(house, "theirs", "gate")
    assert ours.id != theirs.id
    house.clips.thumbnail(ours, WITHIN.start)
    house.clips.clip(ours, WITHIN)
    house.remove(ours)
    with house.clips.original(theirs) as file:
        assert file.read() == clip("b-frames.mp4").read_bytes()
    house.remove(theirs)
    assert not Path(theirs.source).exists()
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in (".mp4", ".closeup")]
    assert left == []


def test_a_file_goes_though_somebody_cleared_or_kept_it_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(Settings(data_dir=tmp_path))
    ours, real = kept(house, "ours", ""), house.archive.remove

    def remove(recording_id: str) -> None:
        DiskInbox(tmp_path).clear(lambda: kept_files(house.archive))
        real(recording_id)

    monkeypatch.setattr(house.archive, "remove", remove)
    house.remove(ours)
    assert not Path(ours.source).exists()


@pytest.mark.parametrize("elsewhere", ["data", "the same by another name", "where it was before"])
def test_what_a_camera_recorded_goes_with_the_last_recording_of_it(elsewhere: str, tmp_path: Path) -> None:
    house = House(Settings(data_dir=tmp_path / "data"))
    folder = house.folder / "cameras" / "gate"
    folder.mkdir(parents=True)
    (folder / "1.mp4").write_bytes(b"footage")
    here = Recording(
        "here", "here", str(folder / "1.mp4"), "1", WITHIN.end, RecordingState.INDEXED, kept=True, camera="gate"
    )
    there = replace(here, id="there", source=str(tmp_path / elsewhere / "cameras" / "gate" / "1.mp4"), digest="2")
    for each in (here, there):
        house.archive.add(each)
    house.remove(here)
    assert (folder / "1.mp4").exists()
    house.remove(there)
    assert not (folder / "1.mp4").exists()


def test_a_users_own_file_is_never_removed(tmp_path: Path) -> None:
    house = House(Settings(data_dir=tmp_path / "data"))
    path = tmp_path / "mine.mp4"
    path.write_bytes(clip("b-frames.mp4").read_bytes())
    digest = LocalFiles().identify(str(path)).digest
    length = timedelta(seconds=12)
    mine = house.archive.add(Recording("mine", "mine", str(path), digest, length, RecordingState.INDEXED))
    house.clips.thumbnail(mine, WITHIN.start)
    house.remove(mine)
    assert path.exists()
    assert house.archive.recording("mine") is None
