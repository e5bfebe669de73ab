"""Embeddings come from a server as they would from a table, or the bundled ones take their place."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from indexer.embedding import load
from indexer.served_embedding import MOST_DIMENSIONS, ServedEmbedder
from videoqa.errors import BadReply, EmbedderUnreachable, ModelRefused


class Server(ThreadingHTTPServer):
    """Embeds a text as the counts of its letters; ``fails`` are the statuses of its next answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fails: list[int] = []
        self.batches: list[int] = []
        self.keys: set[str | None] = set()
        self.dimensions = 26
        self.spoilt: object = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer({"data": [{"id": "letters"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.add(self.headers["Authorization"])
        self.server.batches.append(len(asked["input"]))
        data = [
            {"index": number, "embedding": [float(text.count(chr(97 + n % 26))) for n in range(self.server.dimensions)]}
            for number, text in enumerate(asked["input"])
        ]
        self._answer(self.server.spoilt if self.server.spoilt is not None else {"data": data[::-1]})

    def _answer(self, body: object) -> None:
        status = self.server.fails.pop(0) if self.server.fails else 200
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


def test_texts_come_back_in_order_as_unit_vectors(server: Server) -> None:
    embedder = ServedEmbedder(server.url, "secret")
    vectors = embedder.embed(["abc", "", "zz", *["b"] * 100])
    assert vectors.shape == (103, 26)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx([1, 0, *[1] * 101])
    assert vectors[2, 25] == 1
    assert max(server.batches) <= 64
    assert server.keys == {"Bearer secret"}
    assert "secret" not in embedder.name


def test_long_vectors_are_cut_and_the_cut_is_in_the_name(server: Server) -> None:
    server.dimensions = 4096
    embedder = ServedEmbedder(server.url + "#letters")
    assert embedder.embed(["abc"]).shape == (1, MOST_DIMENSIONS)
    assert str(MOST_DIMENSIONS) in embedder.name
    assert embedder.name.startswith("letters@")


def test_a_server_that_stumbles_is_asked_again(server: Server) -> None:
    embedder = ServedEmbedder(server.url)
    server.fails = [503, 500]
    assert embedder.embed(["a"])[0, 0] == 1
    server.fails = [500] * 3
    with pytest.raises(EmbedderUnreachable, match="VIDEOQA_EMBEDDER"):
        embedder.embed(["a"])
    server.fails = [400]
    with pytest.raises(ModelRefused):
        embedder.embed(["a"])


@pytest.mark.parametrize(
    "spoilt",
    [
        {},
        {"data": []},
        {"data": [{"index": 0, "embedding": ["x"]}]},
        [1],
        {"data": [{"index": 0, "embedding": [10**400]}]},
    ],
)
def test_what_are_no_embeddings_is_told(server: Server, spoilt: object) -> None:
    embedder = ServedEmbedder(server.url)
    server.spoilt = spoilt
    with pytest.raises(BadReply):
        embedder.embed(["a"])


def test_where_no_server_answers_the_bundled_ones_take_its_place(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert load("http://127.0.0.1:9/v1").name.startswith("minilm")
    assert "VIDEOQA_EMBEDDER" in caplog.text


def test_the_password_of_the_url_is_sent_and_shown_nowhere(server: Server) -> None:
    embedder = ServedEmbedder(server.url.replace("://", "://me:hunter2@"))
    server.fails = [500] * 3
    with pytest.raises(EmbedderUnreachable) as away:
        embedder.embed(["a"])
    server.fails, server.spoilt = [400], {"error": "hunter2 is a poor password"}
    with pytest.raises(ModelRefused) as refused:
        embedder.embed(["a"])
    assert server.keys == {"Basic " + b64encode(b"me:hunter2").decode()}
    assert "hunter2" not in embedder.name + str(away.value) + str(refused.value)


@pytest.mark.parametrize("body", [b"[" * 200_000, b" " * (65 * 2**20)], ids=["deep", "long"])
def test_an_answer_without_an_end_is_none(server: Server, body: bytes) -> None:
    embedder = ServedEmbedder(server.url)
    server.spoilt = body
    with pytest.raises(BadReply):
        embedder.embed(["a"])
