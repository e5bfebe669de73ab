"""No secret is read in what the service logs, counts, answers or keeps: not in requests, errors, tracebacks or jobs."""

from __future__ import annotations

from pathlib import Path

import httpx2

from tests.acceptance.canaries import CANARY, sing, sing_in
from tests.acceptance.product import SAMPLES, Videoqa
from tests.acceptance.service import Service, until


def test_no_secret_is_read_in_anything_the_service_writes(tmp_path: Path) -> None:
    videoqa = Videoqa(tmp_path / "data")
    made = videoqa("keys", "create", "--name", "admin", "--role", "admin")
    secret = next(word for word in made.out.split() if word.startswith("vqa_"))
    service = Service(
        tmp_path / "data",
        key=secret,
        VIDEOQA_MODEL_URL=f"http://user:{CANARY}-url@127.0.0.1:9/v1",
        VIDEOQA_SPEECH_URL=f"http://user:{CANARY}-url@127.0.0.1:9/v1",
        VIDEOQA_SPEECH_MODEL="small",
        VIDEOQA_DEBUG="1",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://user:{CANARY}-otlp@127.0.0.1:9",
    )
    answers: list[httpx2.Response] = []
    with service, service.client() as client, service.client(key=f"vqa_{CANARY}") as stranger:
        answers += [
            stranger.get("/v1/recordings"),
            stranger.post("/v1/ask", json={"question": "who came?"}),
            client.get("/v1/recordings", params={"token": CANARY, "title": "a"}),
            client.get("/v1/recordings", headers={"X-Request-Id": f"{CANARY} {CANARY}", "X-Api-Key": CANARY}),
            client.post("/v1/recordings", json={"url": f"rtsp://admin:{CANARY}@192.0.2.1/stream"}),
            client.post("/v1/recordings", json={"url": f"http://admin:{CANARY}@127.0.0.1:9/a.mp4"}),
            client.post("/v1/recordings", json={"url": f"https://admin:{CANARY}@camera.invalid/a.mp4"}),
            client.post("/v1/ask", content=b'{"question": ' + CANARY.encode()),
        ]
        # What a caller has made up may come back to that very caller, and to nobody else.
        client.get(f"/v1/recordings/vqa_{CANARY}0000")
        with (SAMPLES / "yard.mp4").open("rb") as footage:
            brought = client.post("/v1/recordings", files={"file": ("yard.mp4", footage)})
        assert brought.status_code == 201, brought.text

        def jobs() -> str:
            answers.append(client.get("/v1/jobs"))
            return answers[-1].text

        until(lambda: '"by_model":true' in jobs().replace(" ", ""), 90)
        answers += [client.post("/v1/ask", json={"question": "did a car pass?"}), client.get("/v1/audit")]
        answers += [client.get(path) for path in ("/health", "/metrics", "/v1/keys", "/v1/usage", "/openapi.json")]
        assert answers[-2].status_code == 200
        told = [answer.text + str(answer.headers) for answer in answers]
        assert not sing(*told), "a secret is answered"
        assert not [text for text in told if secret in text]
        assert not sing_in(service.data), "a secret is kept"
        service.stop()
    assert "127.0.0.1:9" in service.said, "the worker has told that the model does not answer"
    assert not sing(service.said)
    assert secret not in service.said


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", VIDEOQA_DATABASE_URL=f"postgresql://user:{CANARY}@127.0.0.1:9/videoqa")
    service.start(ready=False)
    assert service.wait(60) == 3
    assert "127.0.0.1" in service.said
