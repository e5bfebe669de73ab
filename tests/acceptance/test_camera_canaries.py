"""A camera's password is read nowhere: not in logs, lists, metrics, notices, errors, nor in the titles of processes."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect

from tests.acceptance.canaries import CANARY, sing
from tests.acceptance.product import Videoqa
from tests.acceptance.service import Service, until
from tests.needs import ROOT
from tests.rtsp.doors import Digest
from tests.rtsp.film import shot_anew
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer
from tests.web import Connection, serving

BAD = [
    f"rtsp://admin:{CANARY}/{CANARY}@127.0.0.1/a",
    f"rtsp://admin:12?{CANARY}@127.0.0.1/a",
    f"rtsp://admin:{CANARY}@169.254.169.254/a",
    f"rtsp://admin:{CANARY}@127.0.0.1:70000/a",
    f"{CANARY}://127.0.0.1/a",
    f"admin:{CANARY}@127.0.0.1/a",
    f"rtsp://admin:{CANARY}\n@127.0.0.1/a",
    "rtsp://127.0.0.1/" + CANARY * 400,
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RtspServer]:
    shown = shot_anew(ROOT / "samples" / "yard.mp4", tmp_path / "clip.mp4", seconds=2, size=(160, 96), gop=5)
    with RtspServer({"gate": Channel(shown, door=Digest("admin", CANARY))}) as server:
        yield server


def ask(connection: Connection) -> None:
    connection.answer("401 Unauthorized", WWW_Authenticate='Basic realm="camera"')


def test_no_password_of_a_camera_is_read_anywhere(tmp_path: Path, server: RtspServer) -> None:
    videoqa, service = Videoqa(tmp_path / "data"), Service(tmp_path / "data", VIDEOQA_DEBUG="1")
    answers = list[httpx2.Response]()
    with serving(ask) as web, service, service.client() as client:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            closed = nobody.getsockname()[1]
        watched = {
            "good": server.url("gate", f"admin:{CANARY}"),
            "wrong": server.url("gate", f"admin:{CANARY}-wrong"),
            "nowhere": f"rtsp://admin:{CANARY}@127.0.0.1:{closed}/a?token={CANARY}",
            "unknown": f"rtsp://admin:{CANARY}@camera.invalid/user=admin_password={CANARY}",
            "web": f"http://admin:{CANARY}@127.0.0.1:{web}/video.mjpg?token={CANARY}",
        }
        for name, url in watched.items():
            answers.append(client.post("/v1/cameras", json={"name": name, "url": url}))
            assert answers[-1].status_code == 201, answers[-1].text
        for number, url in enumerate(BAD):
            answers.append(client.post("/v1/cameras", json={"name": f"bad-{number}", "url": url}))
            assert 400 <= answers[-1].status_code < 500, url
        answers.append(client.patch("/v1/cameras/web", json={"url": BAD[0]}))
        answers.append(client.post("/v1/cameras", json={"name": "good", "url": watched["good"]}))

        def states() -> dict[str, str]:
            answers.append(client.get("/v1/cameras"))
            told = {each["id"]: each["status"] for each in answers[-1].json()["items"]}
            return {name: status["state"] if status else "" for name, status in told.items()}

        ends = {"good": "online", "wrong": "auth failed", "web": "auth failed", "nowhere": "offline"}
        until(lambda: ends.items() <= states().items() and states()["unknown"] == "offline", 90, lambda: f"{states()}")

        for process in service.processes:
            for kind in ("cmdline", "environ", "comm"):
                with contextlib.suppress(OSError):
                    assert not hears(Path(f"/proc/{process}/{kind}").read_bytes()), f"{kind} of {process}"
        answers += [client.get(f"/v1/cameras/{name}") for name in watched]
        answers += [client.get(f"/v1/cameras/{name}/timeline") for name in watched]
        answers += [client.get(f"/v1/cameras/{name}/snapshot") for name in watched]
        answers += [client.get(path) for path in ("/health", "/metrics", "/v1/audit", "/v1/recordings", "/v1/jobs")]
        told = [f"{answer.text} {answer.headers}" for answer in answers]
        told += notices(service)
        assert not sing(*told), "a password is answered"
        shown = videoqa("camera", "list", "--json")
        assert shown.code == 0, shown.err
        service.stop()
    kept = [path for path in service.data.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert {path.name.partition(".")[0] for path in kept} <= {"videoqa"}, "only the database knows it"


def test_the_command_takes_a_password_that_stands_in_no_list_of_processes(tmp_path: Path) -> None:
    videoqa = Videoqa(tmp_path / "data")
    with videoqa.start("camera", "add", "gate", "-", stdin=subprocess.PIPE) as adding:
        out, err = adding.communicate(f"rtsp://admin:{CANARY}@10.0.0.7/stream\n", timeout=60)
    assert adding.returncode == 0, err
    assert "10.0.0.7" in out
    assert not sing(out, err)
    refused = videoqa("camera", "add", "bad", "--", BAD[0])
    assert refused.code not in (0, 1), refused.out


def notices(service: Service) -> list[str]:
    """Everything that the feed has told."""
    told = list[str]()
    url = f"ws://127.0.0.1:{service.port}/v1/alerts/ws?after_seq=0"
    with connect(url, proxy=None) as feed, contextlib.suppress(TimeoutError):
        while True:
            told.append(str(feed.recv(timeout=1)))
    assert any("camera.status" in each for each in told)
    return told


def hears(data: bytes) -> bool:
    """Whether a password of a camera is in it; the canaries of settings are in every environment."""
    return CANARY.encode() in data.replace(f"{CANARY}-".encode(), b"")
