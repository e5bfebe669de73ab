"""Whatever happens to the decoding child, one error of the house comes out, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest import sandbox
from ingest.sandbox import Limits, SandboxedReader, confinement
from tests.clips import H264_B, Clip, steady
from tests.footage import clip
from videoqa.errors import DecoderCrashed, DecoderOverran, FootageTooLarge, SourceChanged
from videoqa.media import Sampling

DENSE = Sampling(period=timedelta(seconds=0.04))
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More pictures than fit into a pipe, so that a survey of it waits for its reader."""
    return Clip("long.mp4", steady(20), options=H264_B, size=(320, 192)).write(tmp_path_factory.mktemp("sandbox"))


def children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    before, open_before = children(), descriptors()
    yield
    assert children() <= before
    assert descriptors() <= open_before + 1


def test_a_child_that_is_killed_is_a_crash(long_clip: Path) -> None:
    before = children()
    with SandboxedReader().survey(str(long_clip), DENSE, gated=False) as items:
        next(items)
        (child,) = children() - before
        os.kill(child, signal.SIGKILL)
        with pytest.raises(DecoderCrashed, match="Killed"):
            list(items)


def test_a_child_that_hangs_is_given_up(long_clip: Path) -> None:
    before, hangs = children(), threading.Event()

    class Stall(timedelta):
        """A minute until the child hangs: on a busy machine, it takes long to begin."""

        def total_seconds(self) -> float:
            return 1.0 if hangs.is_set() else super().total_seconds()

    limits = Limits(stall=Stall(minutes=1))
    with SandboxedReader(limits).survey(str(long_clip), DENSE, gated=False) as items:
        next(items)
        (child,) = children() - before
        os.kill(child, signal.SIGSTOP)
        hangs.set()
        with pytest.raises(DecoderOverran, match="1 seconds of waiting"):
            list(items)


def test_leaving_a_survey_ends_its_child(long_clip: Path) -> None:
    with SandboxedReader().survey(str(long_clip), DENSE, gated=False) as items:
        next(items)


def test_a_child_without_memory_says_so(long_clip: Path) -> None:
    reader = SandboxedReader(Limits(memory=64 * 2**20))
    with pytest.raises((DecoderOverran, DecoderCrashed)):
        reader.probe(str(long_clip))


def test_a_child_that_uses_up_its_processor_time_is_ended(long_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine, the little that it is granted here is long in coming.
    monkeypatch.setattr(sandbox, "_PATIENCE", 600)
    limits = Limits(work=timedelta(seconds=1), work_per_mebibyte=timedelta(0))
    with (
        pytest.raises(DecoderOverran, match="1 seconds of processor time"),
        SandboxedReader(limits).survey(str(long_clip), DENSE) as items,
    ):
        list(items)


def test_a_survey_has_an_end(long_clip: Path) -> None:
    limits = Limits(max_frames=5)
    with (
        pytest.raises(DecoderCrashed, match="without end"),
        SandboxedReader(limits).survey(str(long_clip), DENSE, gated=False) as items,
    ):
        list(items)


def test_pictures_and_streams_beyond_the_limits_are_refused_by_name(long_clip: Path) -> None:
    with pytest.raises(FootageTooLarge, match="VIDEOQA_MAX_PIXELS"):
        SandboxedReader(Limits(max_pixels=320 * 192 - 1)).probe(str(long_clip))
    with pytest.raises(FootageTooLarge, match="VIDEOQA_MAX_STREAMS"):
        SandboxedReader(Limits(max_streams=0)).probe(str(long_clip))


def test_a_file_that_grows_while_it_is_read_has_changed(long_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "growing.mp4"
    path.write_bytes(long_clip.read_bytes())
    with SandboxedReader().survey(str(path), Sampling(), gated=False) as items:
        next(items)
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(SourceChanged):
            list(items)


def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(long_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "replaced.mp4"
    path.write_bytes(long_clip.read_bytes())
    with SandboxedReader().survey(str(path), Sampling(), gated=False) as items:
        next(items)
        path.unlink()
        path.write_bytes(b"something else")
        assert len(list(items)) == 19


def test_the_child_ends_with_its_parent(long_clip: Path) -> None:
    program = (
        "import os, signal, sys, time\n"
        "from datetime import timedelta\n"
        "from ingest.sandbox import SandboxedReader\n"
        "from videoqa.media import Sampling\n"
        f"with SandboxedReader().survey({str(long_clip)!r}, Sampling(timedelta(seconds=.04)), gated=False) as items:\n"
        "    next(items)\n"
        "    print(open('/proc/self/task/%d/children' % os.getpid()).read(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _lives(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def test_two_surveys_run_side_by_side() -> None:
    path, reader = str(clip("b-frames.mp4")), SandboxedReader()
    with (
        reader.survey(path, Sampling(), gated=False) as first,
        reader.survey(path, Sampling(), gated=False) as second,
    ):
        assert [item.pts for item, _ in zip(first, second, strict=True)]  # type: ignore[union-attr]


def test_what_holds_the_child_back_is_told_by_name() -> None:
    measures = confinement()
    assert "nothing written" in measures
    assert "processor time limit" in measures


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp and Landlock are Linux's")
def test_the_child_can_neither_reach_the_network_nor_files_nor_programs(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    program = (
        "import os, socket, subprocess, sys\n"
        "from ingest.confinement import confine\n"
        "from ingest.limits import Limits\n"
        "measures = confine(Limits(), 5, None)\n"
        "def tried(what):\n"
        "    try: what()\n"
        "    except OSError as error: return 'refused'\n"
        "    return 'done'\n"
        "print('seccomp' in ' '.join(measures), 'Landlock' in ' '.join(measures))\n"
        "print(tried(lambda: socket.socket()), tried(lambda: os.fork()), tried(lambda: os.execv('/bin/true', ['t'])),\n"
        f"      tried(lambda: os.unlink({str(secret)!r})), tried(lambda: os.kill(os.getppid(), 0)))\n"
        f"print(tried(lambda: open({str(secret)!r}).read()))\n"
        "import threading; threading.Thread(target=print, args=('threads work',)).start()\n"
    )
    lines = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.splitlines()
    seccomp, landlock = lines[0].split()
    if seccomp == "True":
        assert lines[1].split() == ["refused"] * 5
    if landlock == "True":
        assert lines[2] == "refused"
    assert lines[3] == "threads work"
    assert secret.exists()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
