"""The service over PostgreSQL: footage comes in, is found, survives a kill, and goes."""

from __future__ import annotations

from pathlib import Path

import httpx2

from tests.acceptance.service import Service, until
from tests.clips import Clip, steady
from tests.databases import postgresql_server

SAID = (
    "1\n00:00:01,000 --> 00:00:03,000\nNow think of the chain rule as of gear wheels, each of which turns the next.\n"
)


def test_what_is_brought_is_found_in_the_other_database_too(tmp_path: Path) -> None:
    clip = Clip("lecture.mp4", steady(4, rate=5)).write(tmp_path)
    files = {"file": ("lecture.mp4", clip.read_bytes()), "subtitles": ("lecture.en.srt", SAID)}
    with (
        postgresql_server() as url,
        Service(tmp_path / "data", VIDEOQA_DATABASE_URL=url) as service,
        service.client() as client,
    ):
        until(lambda: service.worker)
        recording = str(client.post("/v1/recordings", files=files).raise_for_status().json()["id"])
        service.restart()
        told = client.get(f"/v1/recordings/{recording}/progress").text
        assert '"state":"indexed"' in told, (told, service.said)
        answer = client.post(
            "/v1/ask", json={"question": "when does she compare the chain rule with gear wheels"}
        ).json()
        found = client.get("/v1/search", params={"q": "gear wheels"}).json()
        assert answer["found"], (answer, found)
        assert "gear wheels" in answer["moments"][0]["text"]
        assert states(client) == {"indexed"}
        health = client.get("/health").json()
        (database,) = (part for part in health["parts"] if part["name"] == "database")
        assert database["detail"].startswith("postgresql")
        assert not list((tmp_path / "data").glob("*.sqlite")), "nothing is kept in a database beside it"
        client.delete(f"/v1/recordings/{recording}").raise_for_status()
        assert not client.get("/v1/search", params={"q": "gear wheels"}).json()["moments"]
        assert service.stop() == 0


def states(client: httpx2.Client) -> set[str]:
    return {job["state"] for job in client.get("/v1/jobs").json()["items"]}
