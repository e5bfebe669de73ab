"""What happens to uploads: kills, slow lines, lies, full disks, harmful files. By the service as a user runs it."""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random

import httpx2
import pytest

from tests.acceptance.product import SAMPLES
from tests.acceptance.service import Service, until
from tests.footage import clip
from tests.hostile import NO_FOOTAGE
from tests.needs import missing

CONTENT = Random(7).randbytes(8_000_000)
BOUNDARY = "b0undary"
KILLS, SOAK_KILLS = 3, 20
PIECE = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("faults") / "data") as running:
        yield running


def form(content: bytes, name: str = "clip.mp4") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


class Line:
    """A connection on which a request is written byte by byte."""

    def __init__(self, service: Service, method: str, path: str, **headers: str | int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        told = {"Host": f"127.0.0.1:{service.port}"} | {name.replace("_", "-"): each for name, each in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode())

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def status(self) -> int:
        """Of the first answer; 0 where there is none."""
        answer = b""
        with suppress(OSError):
            while b"\r\n" not in answer and (data := self._sock.recv(4096)):
                answer += data
        found = re.match(rb"HTTP/1.1 (\d+)", answer)
        return int(found[1]) if found else 0

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()


def form_line(service: Service, length: int) -> Line:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return Line(service, "POST", "/v1/recordings", Content_Type=kind, Content_Length=length)


def piece_line(service: Service, url: str, offset: int, length: int) -> Line:
    headers = {name.replace("-", "_"): value for name, value in PIECE.items()}
    return Line(service, "PATCH", url, Upload_Offset=offset, Content_Length=length, **headers)


def begin(client: httpx2.Client, length: int) -> str:
    answer = client.post("/v1/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(length)})
    return str(answer.raise_for_status().headers["location"])


def offset(client: httpx2.Client, url: str) -> int:
    answer = client.head(url, headers={"Tus-Resumable": "1.0.0"}).raise_for_status()
    return int(answer.headers["upload-offset"])


def piece(client: httpx2.Client, url: str, at: int, content: bytes) -> httpx2.Response:
    return client.patch(url, content=content, headers=PIECE | {"Upload-Offset": str(at)})


def send(client: httpx2.Client, content: bytes, name: str = "clip.mp4") -> httpx2.Response:
    return client.post("/v1/recordings", files={"file": (name, content)})


def parts(service: Service) -> list[Path]:
    return list((service.data / "inbox").glob("*.part"))


def state_of(client: httpx2.Client, recording_id: str) -> str:
    return str(client.get(f"/v1/recordings/{recording_id}").raise_for_status().json()["state"])


def test_an_upload_that_is_killed_at_any_byte_goes_on_and_is_bit_exact(
    service: Service, request: pytest.FixtureRequest
) -> None:
    kills, random = SOAK_KILLS if request.config.getoption("--soak") else KILLS, Random(11)
    with service.client() as client:
        url = begin(client, len(CONTENT))
    for _ in range(kills):
        with service.client() as client:
            at = offset(client, url)
        sent = random.randrange(1, max(2, (len(CONTENT) - at) // 3))
        with piece_line(service, url, at, len(CONTENT) - at) as line:
            line.send(CONTENT[at : at + sent])
            time.sleep(random.random() * 0.1)
            service.kill()
        service.start()
        with service.client() as client:
            here = offset(client, url)
        assert at <= here <= at + sent
        (part,) = [each for each in parts(service) if each.stem == url.rpartition("/")[2]]
        assert part.read_bytes() == CONTENT[:here]
    with service.client() as client:
        at = offset(client, url)
        last = piece(client, url, at, CONTENT[at:])
        assert last.status_code == 204
        recording = client.get(last.headers["location"]).json()
    assert recording["digest"] == hashlib.sha256(CONTENT).hexdigest()
    assert Path(recording["source"]).read_bytes() == CONTENT


def test_what_was_acknowledged_outlives_a_kill_the_moment_after(service: Service) -> None:
    footage = (SAMPLES / "yard.mp4").read_bytes()
    with service.client() as client:
        answer = send(client, footage, "yard.mp4")
        service.kill()
    assert answer.status_code == 201
    service.start()
    with service.client() as client:
        recording = answer.json()["id"]
        until(lambda: state_of(client, recording) == "indexed", 90)
        listed = client.get("/v1/recordings").json()["items"]
        assert [each["id"] for each in listed if each["digest"] == answer.json()["digest"]] == [recording]


def test_a_client_that_goes_leaves_its_pieces_and_none_of_its_form(service: Service) -> None:
    with service.client() as client:
        url = begin(client, len(CONTENT))
        with piece_line(service, url, 0, len(CONTENT)) as line:
            line.send(CONTENT[:3_000_000])
        # What lies in the socket when the line breaks does not always come to be read.
        until(lambda: client.get(url).json()["offset"] > 2_500_000)
        kept = len(parts(service))
        with form_line(service, len(form(CONTENT))) as line:
            line.send(form(CONTENT)[:3_000_000])
            until(lambda: len(parts(service)) == kept + 1)
        until(lambda: len(parts(service)) == kept)
        at = offset(client, url)
        last = piece(client, url, at, CONTENT[at:])
        assert last.status_code == 204
        found = client.get(last.headers["location"]).json()
        assert found["digest"] == hashlib.sha256(CONTENT).hexdigest()


def test_a_length_that_lies_brings_nobody_anything(service: Service) -> None:
    body, kept = form(CONTENT[:100_000]), len(parts(service))
    with service.client() as client, ExitStack() as lines:
        longer = lines.enter_context(form_line(service, len(body) + 50))
        longer.send(body)
        longer._sock.shutdown(socket.SHUT_WR)
        assert longer.status() in (0, 400, 422)
        shorter = lines.enter_context(form_line(service, len(body) - 50))
        shorter.send(body)
        assert shorter.status() in (400, 422)
        url = begin(client, len(CONTENT))
        short = lines.enter_context(piece_line(service, url, 0, 1000))
        short.send(CONTENT[:2000])
        assert short.status() == 204
        assert offset(client, url) == 1000
        until(lambda: len(parts(service)) == kept + 1)
        assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize("declared", [200 * 10**9, 10**18])
def test_what_is_declared_too_large_is_refused_before_a_byte_of_it(service: Service, declared: int) -> None:
    kept = len(parts(service))
    with form_line(service, declared) as line:
        assert line.status() == 413
    with service.client() as client:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(declared)}
        assert client.post("/v1/uploads", headers=headers).status_code == 413
    assert len(parts(service)) == kept


def test_slow_lines_hold_up_nobody(service: Service) -> None:
    def timed(seed: int) -> float:
        content = Random(seed).randbytes(8_000_000)
        began = time.monotonic()
        with service.client() as client:
            assert send(client, content).status_code == 201
        return time.monotonic() - began

    before = timed(21)
    ended = threading.Event()

    def drip(lines: list[Line]) -> None:
        while not ended.wait(1):
            for line in lines:
                with suppress(OSError):
                    line.send(b"x")

    with ExitStack() as stack:
        slow = [stack.enter_context(form_line(service, 10**6)) for _ in range(200)]
        for line in slow:
            line.send(form(b"")[:-20])
        dripping = threading.Thread(target=drip, args=(slow,), daemon=True)
        dripping.start()
        until(lambda: len(parts(service)) >= 200)
        during = timed(22)
        with service.client(timeout=5) as client:
            assert client.get("/v1/recordings").status_code == 200
        ended.set()
        dripping.join()
    assert during < 3 * before + 2
    until(lambda: len(parts(service)) < 200)


def test_two_who_write_at_once_do_not_mix(service: Service) -> None:
    with service.client() as client:
        url = begin(client, len(CONTENT))
        with piece_line(service, url, 0, len(CONTENT)) as line:
            line.send(CONTENT[:2_500_000])
            until(lambda: any(part.stat().st_size for part in parts(service) if part.stem in url))
            assert piece(client, url, 0, CONTENT).status_code in (409, 423)
            assert piece(client, url, 500_000, CONTENT[500_000:]).status_code in (409, 423)
            line.send(CONTENT[2_500_000:])
            assert line.status() == 204
        recording_id = client.get(url).json()["recording"]
        found = client.get(f"/v1/recordings/{recording_id}").json()
        assert found["digest"] == hashlib.sha256(CONTENT).hexdigest()


def hostile_files() -> dict[str, bytes]:
    """Of every kind of file that is no footage, or means harm, one."""
    sound = clip("b-frames.mp4").read_bytes()
    told = {name: text.format(victim=clip("b-frames.mp4")).encode() for name, text in NO_FOOTAGE.items()}
    return told | {
        "cut before its index": sound[:20_000],
        "noise": Random(9).randbytes(200_000),
        "a header and noise": sound[:200] + Random(10).randbytes(100_000),
        "zeros": bytes(300_000),
    }


def test_every_hostile_file_is_refused_or_its_job_fails_and_the_service_lives(service: Service) -> None:
    with service.client() as client:
        brought: dict[str, str] = {}
        for name, content in hostile_files().items():
            answer = send(client, content, f"../../{name}.mp4")
            if not content:
                assert answer.json()["code"] == "empty-upload"
                continue
            if name in NO_FOOTAGE:
                assert (answer.status_code, answer.json()["code"]) == (422, "not-footage"), name
                continue
            assert answer.status_code == 201, (name, answer.text)
            assert answer.json()["title"] == f"{name}.mp4"
            brought[name] = answer.json()["id"]
        for name, recording in brought.items():
            until(lambda recording=recording: state_of(client, recording) == "failed", 90, lambda name=name: name)  # type: ignore[misc]
            problems = client.get(f"/v1/recordings/{recording}").json()["problems"]
            assert any("no recording videoqa can open" in each or "neither a picture" in each for each in problems), (
                name
            )
        jobs = client.get("/v1/jobs?limit=200").json()["items"]
        states = {each["recording"]["id"]: each["state"] for each in jobs if each["recording"]}
        assert {states[recording] for recording in brought.values()} == {"failed"}
        assert client.get("/health/ready").status_code == 200


def test_what_a_day_allows_is_not_exceeded_by_many_at_once(tmp_path: Path) -> None:
    def one(seed: int) -> int:
        with running.client() as client:
            return send(client, Random(seed).randbytes(2_000_000)).status_code

    with Service(tmp_path / "data", VIDEOQA_UPLOAD_MB_A_DAY="9") as running, ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(one, range(8)))
        assert set(codes) <= {201, 429}
        assert codes.count(201) <= 4
        footage = list((running.data / "footage").glob("??/*"))
        assert len(footage) == codes.count(201)
        until(lambda: not parts(running))


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        missing(f"no disk can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def pieces(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), 100_000):
        yield content[at : at + 100_000]


@pytest.mark.parametrize("reserve", [16, 0], ids=["watermark", "to its end"])
def test_a_full_disk_is_told_and_all_is_well_when_there_is_room_again(tmp_path: Path, reserve: int) -> None:
    body = form(Random(31).randbytes(110_000_000))
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with (
        small_disk(tmp_path / "disk", 96) as disk,
        Service(disk / "data", VIDEOQA_DISK_RESERVE_MB=str(reserve)) as running,
        running.client() as client,
    ):
        declared = client.post("/v1/recordings", content=body, headers=kind | {"Content-Length": str(len(body))})
        unannounced = client.post("/v1/recordings", content=pieces(body), headers=kind)
        assert (declared.status_code, unannounced.status_code) == (507, 507)
        assert unannounced.json()["code"] == "disk-full"
        url = begin(client, 40_000_000)
        assert piece(client, url, 0, body[:1_000_000]).status_code == 204
        (disk / "ballast").write_bytes(bytes(max(0, shutil.disk_usage(disk).free - (reserve * 2**20 + 4_000_000))))
        assert piece(client, url, 1_000_000, body[1_000_000:40_000_000]).status_code == 507
        (disk / "ballast").unlink()
        at = offset(client, url)
        assert at >= 1_000_000
        assert piece(client, url, at, body[at:40_000_000]).status_code == 204
        assert client.get("/v1/recordings?limit=1").json()["items"][0]["size"] == 40_000_000
        assert not parts(running)
