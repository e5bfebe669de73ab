"""Embeddings by a server: a Qwen3-VL-Embedding model, or any other behind the OpenAI protocol's ``/embeddings``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag

import httpx2
import numpy as np

from videoqa.errors import BadReply, EmbedderUnreachable, ModelRefused

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DIMENSIONS = 512
"""Dimensions that are kept of longer vectors. Matryoshka models are trained so that the first ones say the most."""
_AT_ONCE = 64
_TIMEOUT = httpx2.Timeout(60.0, connect=3.0)
_TRIES = 3
_QUOTED = 200
_LONGEST_BODY = 64 * 2**20


class ServedEmbedder:
    """Implements ``Embedder``. Safe to call from several threads at once.

    Args:
        setting: the server's URL up to its /v1, the model behind a "#": ``http://gpu:8000/v1#embedding``; without, the
            first model that it serves.
        key: the key that the server asks for, or empty.

    Raises:
        ModelError: the server does not answer, or serves no embeddings.
    """

    def __init__(self, setting: str, key: str = "") -> None:
        url, self._model = urldefrag(setting)
        parsed = httpx2.URL(url.rstrip("/"))
        self._url = str(parsed.copy_with(userinfo=b""))
        self._secrets = tuple(filter(None, (key, parsed.password)))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        auth = (parsed.username, parsed.password) if parsed.username else None
        self._client = httpx2.Client(headers=headers, auth=auth, timeout=_TIMEOUT)
        self._model = self._model or self._first_served()
        self._dimensions = len(self._raw(["a"])[0][:MOST_DIMENSIONS])
        self.name = f"{self._model}@{self._url}/{self._dimensions}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 of shape (len(texts), dimensions); an empty text gives zeros.

        Raises:
            ModelError: the server does not answer, or not with as many vectors as it was given texts.
        """
        vectors = np.zeros((len(texts), self._dimensions), np.float32)
        rows = [row for row, text in enumerate(texts) if text.strip()]
        for begin in range(0, len(rows), _AT_ONCE):
            batch = rows[begin : begin + _AT_ONCE]
            raw = self._raw([texts[row].encode("utf-8", "ignore").decode() for row in batch])
            vectors[batch] = [vector[: self._dimensions] for vector in raw]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors

    def _first_served(self) -> str:
        try:
            return str(self._sent("GET", "/models", None)["data"][0]["id"])
        except (KeyError, IndexError, TypeError) as error:
            raise BadReply(problem="it lists no models") from error

    def _raw(self, texts: Sequence[str]) -> list[list[float]]:
        body = self._sent("POST", "/embeddings", {"model": self._model, "input": list(texts)})
        try:
            found = sorted(body["data"], key=lambda item: item["index"])
            vectors = [[float(number) for number in item["embedding"]] for item in found]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadReply(problem=f"it holds no embeddings: {error!r}") from error
        if len(vectors) != len(texts) or not all(np.isfinite(vector).all() and vector for vector in vectors):
            raise BadReply(problem=f"{len(vectors)} embeddings of {len(texts)} texts, or not of finite numbers")
        return vectors

    def _sent(self, method: str, path: str, body: object) -> dict[str, Any]:
        problem: object = None
        for _ in range(_TRIES):
            try:
                status, content = self._answer(method, path, body)
            except httpx2.HTTPError as error:
                problem = type(error).__name__
                continue
            if status >= httpx2.codes.INTERNAL_SERVER_ERROR:
                problem = f"status {status}"
                continue
            if status >= httpx2.codes.BAD_REQUEST:
                raise ModelRefused(problem=f"status {status}: {self._quoted(content)}")
            try:
                found = json.loads(content)
            except (ValueError, RecursionError) as error:
                raise BadReply(problem="it is no JSON") from error
            if not isinstance(found, dict):
                raise BadReply(problem="it is no JSON object")
            return found
        raise EmbedderUnreachable(url=self._url, problem=problem)

    def _answer(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        """The status and the body of what comes."""
        content = bytearray()
        with self._client.stream(method, self._url + path, json=body) as answer:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _LONGEST_BODY:
                    raise BadReply(problem=f"it is longer than {_LONGEST_BODY} bytes")
            return answer.status_code, bytes(content)

    def _quoted(self, content: bytes) -> str:
        text = content.decode(errors="replace")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:_QUOTED]
