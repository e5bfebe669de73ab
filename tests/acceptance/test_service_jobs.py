"""Jobs of the running service: called off down to the model's connection, and shared with the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.acceptance.product import Videoqa
from tests.acceptance.service import Service, until
from tests.clips import X264, Clip, steady
from tests.scripted_model import Said, ScriptedModel

SLOW = 120.0


def uploaded(service: Service, clip: Path) -> str:
    with clip.open("rb") as footage, service.client() as client:
        answer = client.post("/v1/recordings", files={"file": (clip.name, footage)})
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def jobs(service: Service, **which: Any) -> list[dict[str, Any]]:
    with service.client() as client:
        return list(client.get("/v1/jobs", params=which).raise_for_status().json()["items"])


def test_a_cancelled_job_and_a_stopped_service_hang_up_on_the_model(tmp_path: Path) -> None:
    clip = Clip("short.mp4", steady(3, rate=5), options=X264).write(tmp_path)
    with (
        ScriptedModel(lambda _: Said("late", after=SLOW)) as model,
        Service(tmp_path / "data", VIDEOQA_MODEL_URL=model.url) as service,
    ):
        recording = uploaded(service, clip)
        until(lambda: model.requests)
        (looking,) = (job for job in jobs(service, state="running") if job["by_model"])
        assert looking["recording"]["id"] == recording
        with service.client() as client:
            assert client.post(f"/v1/jobs/{looking['id']}/cancel").json()["state"] == "cancelled"
            # A second on an idle machine; the polls of a busy one take longer.
            until(lambda: model.hung_up, 10)
            assert client.get(f"/v1/recordings/{recording}").json()["state"] == "indexed"
            asked = len(model.requests)
            again = client.post(f"/v1/jobs/{looking['id']}/retry")
            assert again.status_code == 202
            until(lambda: len(model.requests) > asked)
        before = len(model.hung_up)
        assert service.stop(within=15) == 0
        until(lambda: len(model.hung_up) > before, 10)


def test_a_command_beside_the_service_hands_over_to_it_and_follows(tmp_path: Path) -> None:
    clip = Clip("short.mp4", steady(3, rate=5), options=X264).write(tmp_path)
    with Service(tmp_path / "data") as service, service.client() as client:
        # Before its worker is, whoever comes first does the work.
        until(lambda: '"at work"' in client.get("/health").text)
        ran = Videoqa(service.data)("index", clip)
        assert ran.code == 0, ran.err
        assert "indexed  short.mp4" in ran.out
        assert "another videoqa is at work here" in ran.err
        (job,) = jobs(service)
        assert (job["state"], job["recording"]["title"]) == ("indexed", "short.mp4")
        # What is known by its content is not brought in twice, whichever way it comes.
        assert uploaded(service, clip) == job["recording"]["id"]
