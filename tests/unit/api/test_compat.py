"""Chat completions over footage, as a client of OpenAI's asks for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.service import URL, a_service
from tests.talks import GARDEN, add_talk

MOWER = "when does he repair the lawn mower engine"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    service = a_service(tmp_path)
    add_talk(service.archive, "garden.mp4", GARDEN)
    with TestClient(create_app(service), base_url=URL) as made:
        yield made


def complete(client: TestClient, *messages: dict[str, Any], **more: Any) -> Any:
    return client.post("/v1/chat/completions", json={"model": "videoqa", "messages": messages, **more})


def test_the_one_model_is_listed(client: TestClient) -> None:
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["videoqa"]


@pytest.mark.parametrize("content", [MOWER, [{"type": "text", "text": MOWER}]])
def test_the_last_message_of_a_user_is_answered_with_links(client: TestClient, content: Any) -> None:
    before = {"role": "user", "content": "what about the fish"}
    between = {"role": "assistant", "content": "They are warm."}
    reply = complete(client, before, between, {"role": "user", "content": content}, temperature=0.3).json()
    text = reply["choices"][0]["message"]["content"]
    assert text.startswith("The old lawn mower broke down again.")
    first = reply["videoqa"]["moments"][0]
    assert f"[1] [garden.mp4, 120-180 s]({URL}{first['content']})" in text
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["id"] == f"chatcmpl-{reply['videoqa']['id']}"


def test_a_stream_says_the_same_in_pieces(client: TestClient) -> None:
    message = {"role": "user", "content": MOWER}
    whole = complete(client, message).json()["choices"][0]["message"]["content"]
    lines = [line[6:] for line in complete(client, message, stream=True).text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == whole
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["videoqa"]["found"]


def test_what_a_question_takes_can_be_said_beside_it(client: TestClient) -> None:
    message = {"role": "user", "content": MOWER}
    assert complete(client, message, videoqa={"recordings": ["garden"]}).status_code == 200
    assert complete(client, message, videoqa={"recordings": ["music"]}).status_code == 404
    assert complete(client, message, videoqa={"between": [9, 3]}).status_code == 422


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "system", "content": "Be brief."}], [{"role": "user", "content": " "}], [{"role": "user"}]],
)
def test_where_nobody_asks_anything_that_is_said(client: TestClient, messages: list[dict[str, Any]]) -> None:
    assert complete(client, *messages).status_code == 422
