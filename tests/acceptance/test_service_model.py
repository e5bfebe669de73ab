"""A model that is started after the service is used by it, by its answers and by its worker, without a restart."""

from __future__ import annotations

from pathlib import Path

import httpx2

from tests.acceptance.service import PATIENCE, Service, until
from tests.acceptance.test_with_a_model import van_everywhere
from tests.clips import Clip, steady
from tests.scripted_model import ScriptedModel
from videoqa.serving.record import Running, recorded


def test_a_model_that_comes_later_is_used(tmp_path: Path) -> None:
    clip = Clip("gate.mp4", steady(6, rate=5)).write(tmp_path).read_bytes()
    data = tmp_path / "data"
    small = {"VIDEOQA_GROUP_SECONDS": "20", "VIDEOQA_MODEL_LONG_SIDE": "224"}
    with ScriptedModel(van_everywhere) as model, Service(data, **small) as service, service.client() as client:
        recording = bring(client, clip)
        before = client.post("/v1/ask", json={"question": "when does a white van stand?"}).json()
        assert before["given_by"] == "index"
        told = part(client, "model")
        assert told["state"] == "off", told
        with recorded(data, 8000, Running(model.url, ("scripted",), 1)):
            until(lambda: part(client, "model")["state"] == "up")
            after = client.post("/v1/ask", json={"question": "when does a white van stand?"}).json()
            assert after["given_by"] != "index"
            until(lambda: bool(model.shown), PATIENCE)
            client.post("/v1/recordings", files={"file": ("b.mp4", clip + b"\0\0\0\x09free\0")}).raise_for_status()
            until(lambda: seen_by_model(client), 2 * PATIENCE, lambda: service.said)
        # What has gone is told, and is no reason to fail.
        model.stop()
        gone = client.post("/v1/ask", json={"question": "when does a white van stand?"})
        assert gone.status_code == 200
        assert part(client, "model")["state"] != "up"
        assert client.get(f"/v1/recordings/{recording}").json()["state"] == "indexed"


def bring(client: httpx2.Client, clip: bytes) -> str:
    answer = client.post("/v1/recordings", files={"file": ("gate.mp4", clip)}).raise_for_status()
    recording = str(answer.json()["id"])
    client.get(f"/v1/recordings/{recording}/progress").raise_for_status()
    return recording


def part(client: httpx2.Client, name: str) -> dict[str, str]:
    return dict(next(each for each in client.get("/health").json()["parts"] if each["name"] == name))


def seen_by_model(client: httpx2.Client) -> bool:
    jobs = client.get("/v1/jobs").json()["items"]
    return any(job["by_model"] and job["state"] == "indexed" for job in jobs)
