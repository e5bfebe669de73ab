"""A rule in plain language, before a camera and a model: looked at fast, confirmed, told with its verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.acceptance.service import Service, until
from tests.comings import comings
from tests.rtsp.film import film
from tests.rtsp.player import Channel
from tests.rtsp.server import RtspServer
from tests.scripted_model import MODEL, Reply, Request, Said, ScriptedModel

SENTENCE = "A person walks past the gate."


def guard(request: Request) -> Reply:
    """Says of every fast look that it may be, and of a closer one that it is a person and no dog."""
    if request.schema == {"enum": [0, 1]}:
        return Said("1", completion_tokens=1)
    if "<question>" not in request.prompt:
        return Said({"events": [], "summary": ""})
    person = "a person passes" in request.prompt
    first, last = (str(request.stamps[0]), str(request.stamps[-1])) if person else (None, None)
    verdict = "yes" if person else "no"
    return Said({"verdict": verdict, "first": first, "last": last, "sentence": SENTENCE, "certainty": 0.9})


def alerts(service: Service) -> list[dict[str, Any]]:
    with service.client() as client:
        return list(client.get("/v1/alerts").raise_for_status().json()["items"])


def test_what_a_rule_says_in_plain_language_is_confirmed_before_it_is_told(tmp_path: Path) -> None:
    clip = comings(tmp_path / "gate.mp4", 10, [(4, 6.5)])
    with RtspServer({"gate": Channel(film(clip), shared=True)}) as gate, ScriptedModel(guard) as model:
        settings = {"VIDEOQA_MODEL_URL": model.url, "VIDEOQA_MODEL": MODEL, "VIDEOQA_CAMERA_MINUTES": "60"}
        with Service(tmp_path / "data", **settings) as service:
            until(lambda: service.live)
            with service.client() as client:
                for text in ("a dog runs by", "a person passes"):
                    condition = {"kind": "described", "text": text}
                    client.post("/v1/rules", json={"condition": condition}).raise_for_status()
                camera = {"name": "gate-1", "url": gate.url("gate")}
                client.post("/v1/cameras", json=camera).raise_for_status()
            until(lambda: alerts(service), told=lambda: service.said)
            until(
                lambda: any("a dog runs by" in asked.prompt for asked in model.requests if "<question>" in asked.prompt)
            )
            told = alerts(service)
        assert {alert["label"] for alert in told} == {"a person passes"}
        assert (told[0]["verdict"], told[0]["description"]) == ("confirmed", SENTENCE)
        fast = [request for request in model.requests if request.schema == {"enum": [0, 1]}]
        assert all(request.body["priority"] == 0 and request.body["max_tokens"] == 2 for request in fast)
