"""Bad input gets one clear line, and the rest of the batch goes on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.product import Videoqa
from tests.needs import missing, program


def clip(path: Path, seconds: float = 3, picture: str = "smptebars") -> Path:
    """A small sound clip, made by ffmpeg."""
    source = f"{picture}=size=320x192:rate=10:duration={seconds}"
    command = [program("ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", source, "-g", "10", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, f"file:{path}"], check=True)
    return path


def noisy(path: Path, seconds: float) -> Path:
    """A clip whose frames take a quarter of a megabyte each where they are kept."""
    source = f"testsrc2=size=768x448:rate=2:duration={seconds},noise=alls=100:allf=t"
    command = [program("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", source, "-g", "10", "-preset", "ultrafast"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n")


def concat(path: Path) -> None:
    path.write_text("ffconcat version 1.0\nfile 'good.mp4'\n")


def session(path: Path) -> None:
    path.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )


def svg(path: Path) -> None:
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')


def html(path: Path) -> None:
    path.write_text("<!doctype html><title>Not found</title>")


def tiny(path: Path) -> None:
    path.write_bytes(b"\0\0\0\x2dftypisom" + bytes(33))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def sound(path: Path) -> None:
    command = [program("ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac"]
    subprocess.run([*command, str(path)], check=True)


def noise(path: Path) -> None:
    path.write_bytes(os.urandom(200_000))


def test_what_is_no_footage_fails_in_one_line_and_the_rest_goes_on(videoqa: Videoqa, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    bad = {f"{make.__name__}.mp4": make for make in (playlist, concat, session, svg, html, tiny, empty, sound, noise)}
    for name, make in bad.items():
        make(folder / name)
    clip(folder / "good.mp4")
    ran = videoqa("index", folder)
    assert ran.code == 3
    failed = [line for line in ran.err.splitlines() if line.startswith("failed")]
    assert failed == [line for line in ran.err.splitlines() if any(name in line for name in bad)]
    for name in bad:
        assert ran.err.count(f"failed   {name}: ") == 1, ran.err
    assert len(failed) == len(bad)
    assert "indexed  good.mp4" in ran.out
    assert not any(name in ran.out for name in bad)
    assert "Traceback" not in ran.err
    assert "root:" not in ran.out + ran.err
    assert [each["title"] for each in videoqa("list", "--json").json if each["state"] == "indexed"] == ["good.mp4"]


def test_a_name_is_only_a_name(videoqa: Videoqa, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["-i.mp4", "http:x.mp4", "a" * 251 + ".mp4", "new\nline.mp4", "concat:a|b.mp4", "名前 é.mp4", "%d.mp4"]
    for seconds, name in enumerate(names, 1):
        clip(tmp_path / "made.mp4", seconds).rename(folder / name)
    ran = videoqa("index", folder)
    assert ran.code == 0, ran.err
    found = {recording["title"]: recording["length"] for recording in videoqa("list", "--json").json}
    assert found == {name: pytest.approx(seconds) for seconds, name in enumerate(names, 1)}
    assert len(videoqa("list").out.splitlines()) == 1 + len(names)
    for name in names:
        assert videoqa("show", "--", name).code == 0


def test_a_name_that_is_no_valid_text_is_only_a_name(videoqa: Videoqa, tmp_path: Path) -> None:
    made = clip(tmp_path / "made.mp4")
    folder = tmp_path / "in"
    folder.mkdir()
    try:
        made.rename(os.fsdecode(os.fsencode(folder) + b"/\xff.mp4"))
    except OSError:
        pytest.skip("file names are valid text here")
    ran = videoqa("index", folder)
    assert ran.code == 0, ran.err
    (recording,) = videoqa("list", "--json").json
    assert recording["source"].endswith("\\udcff.mp4")
    assert "\\udcff.mp4" in videoqa("show", recording["id"]).out


def test_a_path_with_dots_is_the_file_it_leads_to(videoqa: Videoqa, tmp_path: Path) -> None:
    clip(tmp_path / "good.mp4")
    (tmp_path / "in").mkdir()
    assert videoqa("index", tmp_path / "in" / ".." / "good.mp4").code == 0
    (recording,) = videoqa("list", "--json").json
    assert recording["source"] == str(tmp_path / "good.mp4")


def test_what_is_not_there_or_cannot_be_read_is_told(videoqa: Videoqa, tmp_path: Path) -> None:
    (tmp_path / "looped.mp4").symlink_to(tmp_path / "looped.mp4")
    (tmp_path / "bare").mkdir()
    useless = [tmp_path / "bare", tmp_path / ("a" * 300 + ".mp4")]
    ran = videoqa("index", *useless, tmp_path / "absent.mp4", tmp_path / "looped.mp4", clip(tmp_path / "good.mp4"))
    assert ran.code == 3
    assert f"failed   {tmp_path / 'bare'}: " in ran.err
    assert "failed   aaa" in ran.err
    assert "failed   absent.mp4: " in ran.err
    assert "failed   looped.mp4: " in ran.err
    assert "indexed  good.mp4" in ran.out


def test_a_folder_without_footage_is_misuse(videoqa: Videoqa, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("x")
    ran = videoqa("index", tmp_path / "in")
    assert ran.code == 2
    assert "MP4" in ran.err


def test_subtitles_of_nonsense_leave_the_footage_findable(videoqa: Videoqa, tmp_path: Path) -> None:
    clip(tmp_path / "good.mp4")
    (tmp_path / "good.srt").write_bytes(os.urandom(2_000_000))
    ran = videoqa("index", tmp_path / "good.mp4")
    assert ran.code == 0, ran.err
    assert "note: " in ran.out


def test_the_same_file_twice_is_one_recording(videoqa: Videoqa, tmp_path: Path) -> None:
    one = clip(tmp_path / "one.mp4")
    (tmp_path / "two.mp4").write_bytes(one.read_bytes())
    ran = videoqa("index", one, tmp_path / "two.mp4")
    assert ran.code == 0, ran.err
    assert len(videoqa("list", "--json").json) == 1


def test_a_truncated_file_is_indexed_as_far_as_it_is_sound(videoqa: Videoqa, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    clip(whole, seconds=40, picture="testsrc")
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ran = videoqa("index", cut)
    assert ran.code == 0, ran.err
    (recording,) = videoqa("list", "--json").json
    assert 10 < recording["length"] < 30


def test_a_file_that_changes_while_it_is_read_is_told_and_indexed_when_it_is_complete(
    videoqa: Videoqa, tmp_path: Path
) -> None:
    growing = clip(tmp_path / "growing.mkv", seconds=60)
    process = videoqa.start("index", growing)
    try:
        while process.poll() is None:
            with growing.open("ab") as file:
                file.write(b"\0")
            time.sleep(0.1)
    finally:
        _, err = process.communicate()
    assert process.returncode == 3
    assert "changed while it was read" in err
    assert videoqa("index", growing).code == 0


def test_a_folder_of_thousands_of_files_is_taken_in(videoqa: Videoqa, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number:05}.txt").write_bytes(b"")
    for number in range(100):
        (folder / f"{number:05}.mp4").write_bytes(b"")
    clip(folder / "good.mp4")
    ran = videoqa("index", folder)
    assert ran.code == 3
    assert ran.err.count("failed   ") == 100
    assert "indexed  good.mp4" in ran.out


def test_a_database_of_a_newer_version_is_refused(videoqa: Videoqa, tmp_path: Path) -> None:
    assert videoqa("index", clip(tmp_path / "good.mp4")).code == 0
    with sqlite3.connect(videoqa.data / "videoqa.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (("list",), ("serve", "--port", "0"), ("keys", "list")):
        ran = videoqa(*command)
        assert ran.code == 3
        assert "written by a newer videoqa" in ran.err
        assert "update videoqa" in ran.err
        assert ran.out == ""


def test_a_damaged_database_is_told_as_one(videoqa: Videoqa, tmp_path: Path) -> None:
    videoqa.data.mkdir()
    (videoqa.data / "videoqa.sqlite").write_bytes(b"this is no database at all" * 400)
    ran = videoqa("list")
    assert ran.code == 3
    assert "restore" in ran.err
    assert "Traceback" not in ran.err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for a few megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=27m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        missing("a file system of a few megabytes cannot be mounted here without rights")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_the_next_run_goes_on(small_disk: Path, tmp_path: Path) -> None:
    footage = noisy(tmp_path / "noisy.mp4", seconds=160)
    product = Videoqa(small_disk / "data")
    ran = product("index", footage)
    assert ran.code == 3, (ran.out, ran.err)
    assert "No space is left" in ran.err
    assert "Traceback" not in ran.err
    subprocess.run(["mount", "-o", "remount,size=300m", str(small_disk)], check=True)
    ran = product("index", footage)
    assert ran.code == 0, ran.err
    assert "indexed  noisy.mp4" in ran.out
