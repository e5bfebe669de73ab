"""What every inbox keeps to."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.inbox import DiskInbox
from videoqa.errors import ArrivalBusy, DiskFull, StorageError, TooManyBegun, UnknownUpload, WrongOffset
from videoqa.ports import Arrived, Inbox

CONTENT = Random(4).randbytes(300_000)


class Restarted:
    """A process of its own for every call: what has to be remembered has to be on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getattr__(self, name: str) -> Any:
        return getattr(DiskInbox(self._folder), name)


@pytest.fixture(params=["one process", "another process every time"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Inbox:
    return DiskInbox(tmp_path) if request.param == "one process" else Restarted(tmp_path)  # type: ignore[return-value]


def receive(inbox: Inbox, content: bytes = CONTENT, parts: int = 3, **metadata: str) -> Arrived:
    arrival = inbox.begin("key", len(content), metadata)
    step = max(1, -(-len(content) // parts))
    for at in range(0, len(content), step):
        write(inbox, arrival.id, at, content[at : at + step])
    return inbox.complete(arrival.id)


def write(inbox: Inbox, arrival_id: str, offset: int, data: bytes) -> None:
    with closing(inbox.open(arrival_id, offset)) as file:
        file.write(data)


def kept(inbox: Inbox, arrived: Arrived, name: str = "clip.mp4") -> Path:
    with inbox.keep(arrived, name) as path:
        return path


def age(folder: Path, by: timedelta) -> None:
    for path in (folder / "inbox").iterdir():
        then = path.stat().st_mtime - by.total_seconds()
        os.utime(path, (then, then))


def test_what_was_told_of_an_arrival_is_told_again(inbox: Inbox) -> None:
    begun = inbox.begin("key", 10, {"title": "Gate \N{SNOWMAN}\0\n", "tags": "a,b"})
    assert inbox.arrival(begun.id) is not None
    found = inbox.arrival(begun.id)
    assert found is not None
    assert (found.owner, found.declared, found.metadata) == (
        "key",
        10,
        {"title": "Gate \N{SNOWMAN}\0\n", "tags": "a,b"},
    )
    assert found.created_at == begun.created_at
    assert abs(found.expires_at - begun.expires_at) < timedelta(seconds=5)
    assert found.recording_id == ""


@pytest.mark.parametrize("name", ["", "x", "0" * 32, "../" * 8 + "etc/passwd", "a" * 5000, "\0", "." * 32])
def test_an_arrival_that_was_never_begun_is_unknown(inbox: Inbox, name: str) -> None:
    assert inbox.arrival(name) is None
    for ask in (lambda: inbox.offset(name), lambda: inbox.open(name, 0), lambda: inbox.complete(name)):
        with pytest.raises(UnknownUpload):
            ask()
    inbox.discard(name)


def test_the_offset_is_the_size_of_the_file(inbox: Inbox, tmp_path: Path) -> None:
    arrival = inbox.begin("key", None, {})
    assert inbox.offset(arrival.id) == 0
    write(inbox, arrival.id, 0, b"abc")
    write(inbox, arrival.id, 3, b"de")
    assert inbox.offset(arrival.id) == 5
    (part,) = (tmp_path / "inbox").glob("*.part")
    assert part.read_bytes() == b"abcde"


@pytest.mark.parametrize("offset", [0, 2, 4, 10**15])
def test_nobody_writes_elsewhere_than_at_the_end(inbox: Inbox, offset: int) -> None:
    arrival = inbox.begin("key", None, {})
    write(inbox, arrival.id, 0, b"abc")
    with pytest.raises(WrongOffset, match="byte 3"):
        inbox.open(arrival.id, offset)
    write(inbox, arrival.id, 3, b"d")


def test_two_do_not_write_at_once(inbox: Inbox) -> None:
    arrival = inbox.begin("key", None, {})
    with closing(inbox.open(arrival.id, 0)) as file:
        file.write(b"a")
        with pytest.raises(ArrivalBusy):
            inbox.open(arrival.id, 1)
    write(inbox, arrival.id, 1, b"b")
    assert inbox.offset(arrival.id) == 2


def test_closing_twice_does_not_let_go_of_what_another_one_holds(inbox: Inbox) -> None:
    arrival = inbox.begin("key", None, {})
    first = inbox.open(arrival.id, 0)
    first.close()
    with closing(inbox.open(arrival.id, 0)):
        first.close()
        with pytest.raises(ArrivalBusy):
            inbox.open(arrival.id, 0)


@pytest.mark.parametrize("parts", [1, 7])
def test_the_digest_is_that_of_the_content(inbox: Inbox, parts: int) -> None:
    arrived = receive(inbox, parts=parts)
    assert (arrived.digest, arrived.size) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def test_an_empty_file_has_a_digest_too(inbox: Inbox) -> None:
    arrived = receive(inbox, b"")
    assert (arrived.digest, arrived.size) == (hashlib.sha256(b"").hexdigest(), 0)


def test_what_is_not_proven_is_undone(inbox: Inbox) -> None:
    arrival = inbox.begin("key", None, {})
    write(inbox, arrival.id, 0, CONTENT[:1000])
    with closing(inbox.open(arrival.id, 1000, unproven=True)) as file:
        file.write(b"wrong" * 1000)
        assert file.size == 6000
    assert inbox.offset(arrival.id) == 1000
    with closing(inbox.open(arrival.id, 1000, unproven=True)) as file:
        file.write(CONTENT[1000:])
        file.prove()
    assert inbox.complete(arrival.id).digest == hashlib.sha256(CONTENT).hexdigest()


def test_what_a_killed_writer_did_not_prove_is_undone(tmp_path: Path) -> None:
    inbox = DiskInbox(tmp_path)
    arrival = inbox.begin("key", None, {})
    write(inbox, arrival.id, 0, b"right")
    killed = f"""
import os, pathlib
from ingest.inbox import DiskInbox
file = DiskInbox(pathlib.Path({str(tmp_path)!r})).open({arrival.id!r}, 5, unproven=True)
file.write(b"wrong" * 1000)
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", killed], check=False, cwd=Path(__file__).parents[2])
    assert inbox.offset(arrival.id) == 5
    write(inbox, arrival.id, 5, b"er")
    assert inbox.offset(arrival.id) == 7
    assert inbox.complete(arrival.id).path.read_bytes() == b"righter"


def test_what_is_kept_lies_under_its_digest(inbox: Inbox, tmp_path: Path) -> None:
    arrived = receive(inbox)
    path = kept(inbox, arrived, "Gate 1.MP4")
    assert path == tmp_path / "footage" / arrived.digest[:2] / f"{arrived.digest}.mp4"
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "name",
    ["../../x", "a/../../b.mp4/..", "x.mp4\0.sh", "C:\\x\\CON.mp4:stream", "x." + "y" * 4000, ".", "", "x. mp4", "é.é"],
)
def test_a_name_is_never_a_path(inbox: Inbox, tmp_path: Path, name: str) -> None:
    arrived = receive(inbox, b"x")
    path = kept(inbox, arrived, name)
    assert path.parent == tmp_path / "footage" / arrived.digest[:2]
    assert path.name in (arrived.digest, f"{arrived.digest}.mp4", f"{arrived.digest}.sh")


def test_the_same_content_is_kept_once(inbox: Inbox, tmp_path: Path) -> None:
    paths = [kept(inbox, receive(inbox), name) for name in ("a.mp4", "b.mp4", "c.mkv", "d")]
    assert len(set(paths)) == 1
    assert len(list((tmp_path / "footage").glob("??/*"))) == 1


def test_a_file_that_was_cut_off_where_it_is_kept_is_put_right(inbox: Inbox) -> None:
    path = kept(inbox, receive(inbox))
    path.unlink()
    path.write_bytes(b"half")
    assert kept(inbox, receive(inbox)).read_bytes() == CONTENT


def test_what_was_kept_before_a_kill_can_be_kept_again(inbox: Inbox) -> None:
    arrived = receive(inbox)
    assert kept(inbox, arrived) == kept(inbox, inbox.complete(arrived.id))
    assert inbox.offset(arrived.id) == len(CONTENT)


def test_what_has_become_a_recording_says_so_and_takes_no_room(inbox: Inbox, tmp_path: Path) -> None:
    arrived = receive(inbox)
    kept(inbox, arrived)
    inbox.taken(arrived.id, "r1")
    arrival = inbox.arrival(arrived.id)
    assert arrival is not None
    assert arrival.recording_id == "r1"
    assert inbox.offset(arrived.id) == len(CONTENT)
    assert not list((tmp_path / "inbox").glob("*.part"))
    with pytest.raises(WrongOffset):
        inbox.open(arrived.id, 0)


def test_what_became_nothing_says_why_and_takes_no_room(inbox: Inbox, tmp_path: Path) -> None:
    waiting, failed = inbox.begin("key", None, {}), inbox.begin("key", None, {})
    write(inbox, failed.id, 0, b"abc")
    inbox.fail(failed.id, "the server hung up")
    arrival = inbox.arrival(failed.id)
    assert arrival is not None
    assert (arrival.problem, inbox.offset(failed.id)) == ("the server hung up", 3)
    assert [path.stem for path in (tmp_path / "inbox").glob("*.part")] == [waiting.id]
    assert [each.id for each in inbox.arrivals()] == [waiting.id]


def test_a_length_may_be_told_later(inbox: Inbox) -> None:
    arrival = inbox.begin("key", None, {"title": "t"})
    assert inbox.declare(arrival.id, 7).declared == 7
    found = inbox.arrival(arrival.id)
    assert found is not None
    assert (found.declared, dict(found.metadata)) == (7, {"title": "t"})


def test_nothing_is_left_of_what_is_discarded(inbox: Inbox, tmp_path: Path) -> None:
    arrival = inbox.begin("key", None, {})
    write(inbox, arrival.id, 0, b"abc")
    inbox.discard(arrival.id)
    assert inbox.arrival(arrival.id) is None
    assert list((tmp_path / "inbox").iterdir()) == []
    inbox.discard(arrival.id)


def test_an_arrival_is_given_up_a_day_after_its_last_byte(inbox: Inbox, tmp_path: Path) -> None:
    arrival, done = inbox.begin("key", None, {}), receive(inbox)
    inbox.taken(done.id, "r1")
    write(inbox, arrival.id, 0, b"s")
    age(tmp_path, timedelta(hours=23))
    write(inbox, arrival.id, 1, b"till here")
    assert inbox.sweep() == 0
    age(tmp_path, timedelta(hours=2))
    assert inbox.arrival(arrival.id) is not None
    assert inbox.arrival(done.id) is None
    assert inbox.sweep() == 1
    age(tmp_path, timedelta(hours=23))
    assert inbox.arrival(arrival.id) is None
    assert inbox.sweep() == 1
    assert list((tmp_path / "inbox").iterdir()) == []


def test_an_arrival_of_which_nothing_came_is_given_up_after_an_hour(inbox: Inbox, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    arrival, begun = inbox.begin("key", 100, {}), inbox.begin("key", 100, {})
    assert arrival.expires_at <= before + timedelta(minutes=61)
    write(inbox, begun.id, 0, b"first")
    moved = inbox.arrival(begun.id)
    assert moved is not None
    assert moved.expires_at > before + timedelta(hours=23)
    age(tmp_path, timedelta(minutes=61))
    assert inbox.arrival(arrival.id) is None
    assert inbox.sweep() == 1
    assert inbox.arrival(begun.id) is not None


def test_what_is_being_written_is_not_swept(inbox: Inbox, tmp_path: Path) -> None:
    arrival = inbox.begin("key", None, {})
    with closing(inbox.open(arrival.id, 0)) as file:
        age(tmp_path, timedelta(days=3))
        assert inbox.sweep() == 0
        file.write(b"abc")
    assert inbox.offset(arrival.id) == 3


def test_what_a_killed_process_began_and_nobody_can_go_on_with_is_swept(tmp_path: Path) -> None:
    inbox = DiskInbox(tmp_path)
    arrival = inbox.begin("key", None, {}, lasting=False)
    write(inbox, arrival.id, 0, b"abc")
    assert inbox.offset(arrival.id) == 3
    assert DiskInbox(tmp_path).arrival(arrival.id) is None
    assert DiskInbox(tmp_path).sweep() == 0
    age(tmp_path, timedelta(minutes=5))
    assert inbox.sweep() == 0
    assert DiskInbox(tmp_path).sweep() == 1
    assert list((tmp_path / "inbox").iterdir()) == []


def test_a_damaged_note_is_swept_with_its_bytes(inbox: Inbox, tmp_path: Path) -> None:
    arrival = inbox.begin("key", None, {})
    (tmp_path / "inbox" / f"{arrival.id}.json").write_bytes(b'{"owner": ')
    assert inbox.arrival(arrival.id) is None
    age(tmp_path, timedelta(minutes=5))
    assert inbox.sweep() == 1


def test_kept_files_that_are_doubted_and_not_wanted_are_cleared_away(inbox: Inbox) -> None:
    first, second = kept(inbox, receive(inbox, b"first")), kept(inbox, receive(inbox, b"second"))
    assert inbox.clear(list) == 0
    inbox.doubt(first)
    inbox.doubt(second)
    assert inbox.clear(lambda: [second]) == 1
    assert not first.exists()
    assert inbox.clear(list) == 0
    assert second.exists()


def test_a_file_whose_keeping_was_cut_off_is_cleared_away(inbox: Inbox) -> None:
    with pytest.raises(RuntimeError), inbox.keep(receive(inbox), "clip.mp4") as path:
        raise RuntimeError("the archive was not there")
    assert path.exists()
    assert inbox.clear(list) == 1
    assert not path.exists()


def test_a_folder_that_was_moved_keeps_its_footage(inbox: Inbox, tmp_path: Path) -> None:
    path = kept(inbox, receive(inbox))
    inbox.doubt(path)
    assert inbox.clear(lambda: [Path("/elsewhere/footage") / path.parent.name / path.name]) == 0
    assert path.exists()


def test_only_what_is_kept_is_ever_cleared_away(inbox: Inbox, tmp_path: Path) -> None:
    kept(inbox, receive(inbox))
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(b"x")
    inbox.doubt(mine)
    assert inbox.clear(list) == 0
    assert mine.exists()


def test_what_is_being_taken_in_is_never_cleared_away(inbox: Inbox) -> None:
    known: list[Path] = []
    arrived = receive(inbox)
    inbox.doubt(kept(inbox, arrived))
    with inbox.keep(arrived, "clip.mp4") as path:
        clearing = threading.Thread(target=lambda: inbox.clear(lambda: known))
        clearing.start()
        clearing.join(0.2)
        assert clearing.is_alive()
        known.append(path)
    clearing.join(5)
    assert path.read_bytes() == CONTENT


def full(free: int) -> Callable[[Path], SimpleNamespace]:
    return lambda path: SimpleNamespace(free=free)


def test_the_disk_is_never_filled_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = DiskInbox(tmp_path, reserve=1000)
    monkeypatch.setattr("shutil.disk_usage", full(2000))
    with pytest.raises(DiskFull):
        inbox.begin("key", 1001, {})
    arrival = inbox.begin("key", 1000, {})
    with closing(inbox.open(arrival.id, 0)) as file:
        file.write(b"x" * 600)
        monkeypatch.setattr("shutil.disk_usage", full(1400))
        with pytest.raises(DiskFull):
            file.write(b"x" * 600)
    assert inbox.offset(arrival.id) == 600


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("in the way")
    with pytest.raises(StorageError, match="inbox"):
        DiskInbox(tmp_path).begin("key", 1, {})


def test_what_is_declared_and_not_yet_here_counts_as_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = DiskInbox(tmp_path, reserve=1000)
    monkeypatch.setattr("shutil.disk_usage", full(2000))
    first = inbox.begin("key", 600, {})
    inbox.begin("key", 300, {}, lasting=False)
    with pytest.raises(DiskFull):
        inbox.begin("key", 101, {})
    later = inbox.begin("key", None, {})
    with pytest.raises(DiskFull):
        inbox.declare(later.id, 101)
    inbox.declare(later.id, 100)
    inbox.discard(first.id)
    inbox.begin("key", 600, {})


def test_what_one_declares_leaves_half_of_the_room_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = DiskInbox(tmp_path, reserve=1000)
    monkeypatch.setattr("shutil.disk_usage", full(2000))
    inbox.begin("greedy", 900, {})
    with pytest.raises(DiskFull):
        inbox.begin("other", 501, {})
    inbox.begin("other", 500, {})
    with pytest.raises(DiskFull):
        inbox.begin("other", 1, {})


def test_what_was_declared_holds_room_only_while_it_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = DiskInbox(tmp_path, reserve=1000)
    monkeypatch.setattr("shutil.disk_usage", full(2000))
    first = inbox.begin("key", 900, {})
    write(inbox, first.id, 0, b"x" * 100)
    with pytest.raises(DiskFull):
        inbox.begin("key", 201, {})
    age(tmp_path, timedelta(minutes=11))
    second = inbox.begin("key", 1000, {})
    inbox.discard(second.id)
    # What goes on holds room again.
    write(inbox, first.id, 100, b"x")
    with pytest.raises(DiskFull):
        inbox.begin("key", 202, {})
    inbox.begin("key", 201, {})


def test_what_is_here_as_a_whole_may_have_its_length_told_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = DiskInbox(tmp_path, reserve=1000)
    arrival = inbox.begin("key", None, {})
    write(inbox, arrival.id, 0, b"abc")
    monkeypatch.setattr("shutil.disk_usage", full(0))
    assert inbox.declare(arrival.id, 3).declared == 3


def test_an_owner_has_a_bounded_number_of_arrivals_waiting(tmp_path: Path) -> None:
    inbox = DiskInbox(tmp_path, most=2)
    first, _ = inbox.begin("key", 5, {}), inbox.begin("key", None, {})
    with pytest.raises(TooManyBegun, match="2 uploads"):
        inbox.begin("key", 5, {})
    inbox.begin("other", 5, {})
    inbox.fail(first.id, "it broke off")
    inbox.begin("key", 5, {})


def test_keeping_a_file_again_does_not_end_the_doubt_of_whoever_removes_it(inbox: Inbox) -> None:
    path = kept(inbox, receive(inbox))
    inbox.doubt(path)
    kept(inbox, receive(inbox))
    assert inbox.clear(list) == 1
    assert not path.exists()


def test_a_doubt_waits_until_the_file_is_kept(inbox: Inbox) -> None:
    with inbox.keep(receive(inbox), "clip.mp4") as path:
        doubting = threading.Thread(target=lambda: inbox.doubt(path))
        doubting.start()
        doubting.join(0.2)
        assert doubting.is_alive()
    doubting.join(5)
    assert inbox.clear(list) == 1
