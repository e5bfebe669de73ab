"""The Python client against the real service. Faults are tried with both clients in tests/integration."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Videoqa
from tests.acceptance.service import Service
from tests.clips import Clip, steady
from tests.flaky_line import FlakyLine
from tests.hostile_service import HostileService, answer
from videoqa.client import (
    Answer,
    AsyncClient,
    BadRequest,
    Changed,
    Client,
    End,
    IndexingFailed,
    KeyNeeded,
    NotAllowed,
    NotFound,
    Recording,
    ServiceFailed,
    Token,
)

PART = 2**16
both = pytest.mark.parametrize("do", ["blocking", "awaiting"], indirect=True)


@pytest.fixture(scope="module")
def service(samples: Videoqa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The running service over the indexed samples."""
    data = tmp_path_factory.mktemp("client") / "data"
    shutil.copytree(samples.data, data)
    with Service(data, VIDEOQA_FETCH_PRIVATE="yes") as running:
        yield running


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of a megabyte or so, most of which nobody decodes."""
    path = Clip("gate.mp4", steady(2)).write(tmp_path_factory.mktemp("clips"))
    with path.open("ab") as file:
        # A box that players pass over.
        file.write((2**20 + 8).to_bytes(4, "big") + b"free" + os.urandom(2**20))
    return path


@pytest.fixture
def do(request: pytest.FixtureRequest, service: Service, tmp_path: Path) -> Callable[..., Any]:
    """Calls an operation of the blocking client, or of either where a test is ``both``, and waits for all of it."""
    options: dict[str, Any] = {"folder": tmp_path / "notes", "chunk_bytes": PART, "pause": 0.1, "retries": 8}

    def blocking(name: str, *args: Any, key: str = "", **kwargs: Any) -> Any:
        with Client(service.url, key, **options) as client:
            result = getattr(client, name)(*args, **kwargs)
            return list(result) if isinstance(result, Iterator) else result

    async def awaiting(name: str, *args: Any, key: str = "", **kwargs: Any) -> Any:
        async with AsyncClient(service.url, key, **options) as client:
            result = getattr(client, name)(*args, **kwargs)
            return [item async for item in result] if isinstance(result, AsyncIterator) else await result

    if getattr(request, "param", "blocking") == "blocking":
        return blocking
    return lambda *args, **kwargs: asyncio.run(awaiting(*args, **kwargs))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@both
def test_the_samples_are_asked_searched_and_looked_through(do: Callable[..., Any]) -> None:
    recordings: list[Recording] = do("recordings", title="lecture")
    assert [each.state for each in recordings] == ["indexed"]
    lecture = recordings[0]
    given: Answer = do("ask", "What is a hash table?", recordings=[lecture.id])
    assert {moment.recording.id for moment in given.moments} <= {lecture.id}
    parts = do("ask_stream", "What is a hash table?", recordings=[lecture.id])
    assert isinstance(parts[-1], Answer)
    assert any(isinstance(part, Token) for part in parts) == given.found
    assert do("come_back", parts[0].task_id)[-1] == parts[-1]
    assert len(do("search", "table", limit=3)) <= 3
    assert do("chapters", lecture.id)
    assert do("recording_events", lecture.id)
    assert [each.kind for each in do("coverage", lecture.id)] == ["signals"]
    assert len(do("events", recordings=[lecture.id])) == len(do("recording_events", lecture.id))
    do("feedback", given.id, right=True, note="as I said")
    assert given.id in {judged.id for judged in do("judged", right=True)}
    assert do("usage").keys


@both
def test_footage_that_is_brought_is_the_very_same_there(do: Callable[..., Any], clip: Path, tmp_path: Path) -> None:
    told: list[int] = []
    recording = do("upload", clip, title="Gate", tags=["gate"], on_progress=lambda done, of: told.append(done))
    assert (recording.title, recording.tags, recording.digest) == ("Gate", ("gate",), digest(clip))
    assert told == sorted(told)
    assert told[-1] == recording.size == clip.stat().st_size
    assert not list((tmp_path / "notes").iterdir())
    assert do("change", recording.id, title="Gate 2", tags=["gate", "east"]).tags == ("east", "gate")
    with clip.open("rb") as file:
        assert do("upload", file).id == recording.id
    do("remove", recording.id)
    with pytest.raises(NotFound):
        do("recording", recording.id)


@both
def test_footage_stills_clips_and_captions_are_fetched(do: Callable[..., Any], tmp_path: Path) -> None:
    (lecture,) = do("recordings", title="lecture")
    whole = do("content", lecture.id, tmp_path / "lecture.mp4")
    assert digest(whole) == lecture.digest
    cut = do("clip", lecture.id, tmp_path / "cut.mp4", start=20.0, end=24.0)
    assert cut.start <= 20
    assert cut.end >= 23.9
    assert cut.path.read_bytes()[4:8] == b"ftyp"
    assert do("thumbnail", lecture.id, tmp_path / "still.jpg", seconds=20.0).read_bytes()[:2] == b"\xff\xd8"
    assert do("captions", lecture.id, tmp_path / "lecture.vtt").read_text().startswith("WEBVTT")
    with pytest.raises(BadRequest):
        do("thumbnail", lecture.id, tmp_path / "late.jpg", seconds=10**6)


def test_work_is_followed_to_its_end_cancelled_and_tried_again(do: Callable[..., Any], clip: Path) -> None:
    told: list[str] = []
    recording = do("upload", clip, title="Gate")
    ready = do("wait_until_indexed", recording.id, on_progress=lambda step: told.append(step.state))
    assert ready.state == "indexed"
    assert ready.length > 1
    assert do("progress", recording.id)[-1] == End(state="indexed")
    (job,) = [
        each for each in do("jobs", states=["indexed", "known"]) if each.recording and each.recording.id == ready.id
    ]
    assert do("cancel", job.id).state == job.state
    again = do("retry", job.id)
    assert again.id != job.id
    assert do("job", again.id).id == again.id
    do("wait_until_indexed", recording.id, thoroughly=True)
    do("remove", recording.id)
    with pytest.raises(NotFound):
        do("wait_until_indexed", recording.id)


def test_footage_that_is_none_is_told_so(do: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("milk, bread, " * 99)
    with pytest.raises(BadRequest, match="not-footage"):
        do("upload", tmp_path / "notes.mp4")
    (tmp_path / "noise.mp4").write_bytes(random.Random(4).randbytes(9_999))
    recording = do("upload", tmp_path / "noise.mp4")
    with pytest.raises(IndexingFailed, match="no recording"):
        do("wait_until_indexed", recording.id)
    do("remove", recording.id)


def test_footage_is_fetched_from_an_address(do: Callable[..., Any], clip: Path) -> None:
    told: list[int] = []
    with HostileService(answer(200, clip.read_bytes(), Content_Type="video/mp4")) as elsewhere:
        recording = do(
            "upload_url", f"{elsewhere.url}/gate.mp4", priority=1, on_progress=lambda done, of: told.append(done)
        )
    assert recording.digest == digest(clip)
    assert told[-1] == clip.stat().st_size
    do("remove", recording.id)
    with HostileService(answer(404)) as elsewhere, pytest.raises(ServiceFailed, match="404"):
        do("upload_url", f"{elsewhere.url}/gate.mp4")


def test_an_upload_outlives_the_service(do: Callable[..., Any], service: Service, clip: Path) -> None:
    killed: list[int] = []

    def kill_once(done: int, of: int) -> None:
        if done >= of // 2 and not killed:
            killed.append(done)
            service.restart()

    recording = do("upload", clip, on_progress=kill_once)
    assert killed
    assert recording.digest == digest(clip)
    do("remove", recording.id)


def test_an_upload_outlives_its_process(do: Callable[..., Any], service: Service, clip: Path, tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, pathlib; from videoqa.client import Client\n"
        "def kill(done, of):\n"
        "    if done >= of // 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"client = Client(sys.argv[1], folder=pathlib.Path(sys.argv[2]), chunk_bytes={PART})\n"
        "client.upload(sys.argv[3], on_progress=kill)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, service.url, str(tmp_path / "notes"), str(clip)], check=False, timeout=60
    )
    assert ran.returncode == -signal.SIGKILL
    told: list[int] = []
    recording = do("upload", clip, on_progress=lambda done, of: told.append(done))
    assert recording.digest == digest(clip)
    assert told[0] > clip.stat().st_size // 2
    do("remove", recording.id)


def test_footage_goes_and_comes_whole_over_a_line_that_breaks_at_random_points(
    service: Service, clip: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for seed in range(200 if request.config.getoption("--soak") else 3):
        with FlakyLine(service.port, seed=seed, breaks=12, most=4 * PART) as line:
            with Client(line.url, folder=tmp_path, chunk_bytes=PART, pause=0.01, retries=12) as client:
                recording = client.upload(clip, title=f"Gate {seed}")
                back = client.content(recording.id, tmp_path / "back.mp4")
                assert client.wait_until_indexed(recording.id).state == "indexed"
            assert line.broken == 12, seed
        assert recording.digest == digest(clip) == digest(back)
        with Client(service.url) as client:
            client.remove(recording.id)


def test_a_file_that_changes_while_it_is_sent_is_told_so(do: Callable[..., Any], clip: Path, tmp_path: Path) -> None:
    growing = Path(shutil.copy(clip, tmp_path / "growing.mp4"))

    def grow(done: int, of: int) -> None:
        with growing.open("ab") as file:
            file.write(b"more")

    with pytest.raises(Changed, match=r"growing\.mp4 changed"):
        do("upload", growing, on_progress=grow)


def test_what_cannot_be_is_told_with_what_to_do(do: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"absent\.mp4"):
        do("upload", tmp_path / "absent.mp4")
    with pytest.raises(BadRequest, match="priority"):
        do("upload", __file__, priority=99)
    with pytest.raises(BadRequest) as told:
        do("ask", " ")
    assert told.value.request_id
    assert told.value.status == 422


def test_keys_are_made_used_and_revoked(tmp_path: Path) -> None:
    with Service(tmp_path / "data") as service, Client(service.url) as local:
        made = local.create_key("boss", role="admin")
        assert made.secret not in repr(made)
        with pytest.raises(KeyNeeded):
            list(local.recordings())
        with Client(service.url, made.secret) as boss:
            viewer = boss.create_key("gate", tags=["gate"])
            with Client(service.url, viewer.secret) as gate:
                assert list(gate.recordings()) == []
                with pytest.raises(NotAllowed):
                    list(gate.keys())
                boss.revoke_key(viewer.key.id)
                with pytest.raises(KeyNeeded):
                    list(gate.recordings())
            assert [key.name for key in list(boss.keys())] == ["boss", "gate"]
            assert list(boss.deeds())
