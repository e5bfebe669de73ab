"""A model server that says what it was told to: real sockets, the OpenAI protocol, no model.

    with ScriptedModel([Said("one"), Failed(503), Stalled()]) as server:
        ModelServer(server.url, "scripted")...
        server.requests[0].prompt

A script is a list of replies, taken in order, whose last one is given again and again; or a callable that is handed
each ``Request``. Only chat completions are taken from the script, and of these not what a client probes it with.
"""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MODEL = "scripted"
CONTEXT = 262_144
PROBE = "?"  # what a client asks to learn what the server does: answered truly, and never from the script

_NOT_TRUSTED = (
    "Per-request mm_processor_kwargs are disabled by default because they can change multimodal preprocessing resource "
    "usage. Start the server with --trust-request-mm-kwargs only when clients are trusted."
)
_SPECIAL = re.compile(r"<\|\w+\|>")

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """One request as it arrived. ``path`` is below ``/v1`` where it was asked there; ``at`` a monotonic time."""

    path: str
    body: Body
    headers: Mapping[str, str]
    at: float

    @property
    def messages(self) -> list[Any]:
        return list(self.body["messages"])

    @property
    def system(self) -> str:
        return "\n".join(_text(message["content"]) for message in self.messages if message["role"] == "system")

    @property
    def prompt(self) -> str:
        """Every text part of the user's messages, one to a line."""
        return "\n".join(_text(message["content"]) for message in self.messages if message["role"] == "user")

    @property
    def parts(self) -> list[Any]:
        """The parts of the first user's message, in order; a plain text is one part."""
        content = next(message["content"] for message in self.messages if message["role"] == "user")
        return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)

    @property
    def has_pictures(self) -> bool:
        return any(part["type"] in {"video_url", "image_url"} for part in self.parts)

    @property
    def frames(self) -> list[str]:
        """The frames sent, base64: of the video, or the interleaved images."""
        found: list[str] = []
        for part in self.parts:
            if part["type"] == "video_url" and part["video_url"]:
                found += part["video_url"]["url"].partition(",")[2].split(",")
            elif part["type"] == "image_url" and part["image_url"]:
                found.append(part["image_url"]["url"].partition(",")[2])
        return found

    @property
    def indices(self) -> list[int]:
        """The milliseconds of the frames of a video."""
        return list(self.body.get("media_io_kwargs", {}).get("video", {}).get("frames_indices", []))

    @property
    def stamps(self) -> list[float]:
        """The stamps a model would be shown: means of pairs, one decimal, or the stamps written before the images."""
        if self.indices:
            pairs = zip(self.indices[::2], self.indices[1::2], strict=True)
            return [float(f"{(first + second) / 2000:.1f}") for first, second in pairs]
        before_pictures = [part.get("text", "") for part in self.parts if part["type"] == "text"]
        return [float(found) for text in before_pictures for found in re.findall(r"<(\d+\.\d) seconds>", text)]

    @property
    def schema(self) -> Body | None:
        form = self.body.get("response_format") or {}
        return form["json_schema"]["schema"] if form.get("type") == "json_schema" else None

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))


@dataclass(frozen=True)
class Said:
    """A reply. ``text`` may be an object, sent as JSON. ``after`` seconds; ``cached`` of the prompt's tokens."""

    text: object = ""
    finish: str = "stop"
    thinking: str = ""
    prompt_tokens: int = 100
    cached: int = 0
    completion_tokens: int = 10
    after: float = 0.0

    @property
    def words(self) -> str:
        return self.text if isinstance(self.text, str) else json.dumps(self.text)


@dataclass(frozen=True)
class Failed:
    """An error of the server. ``headers`` as pairs, as in ``(("Retry-After", "1"),)``."""

    status: int
    message: str = "it did not work"
    headers: tuple[tuple[str, str], ...] = ()
    plain: bool = False  # a proxy's page instead of the protocol's JSON


@dataclass(frozen=True)
class Reset:
    """The connection is reset; of a reply ``after_bytes`` have been sent by then."""

    after_bytes: int = 0


@dataclass(frozen=True)
class Stalled:
    """Nothing comes for ``seconds``, or until the server stops; of a stream the first words do."""

    seconds: float = 60.0


@dataclass(frozen=True)
class Raw:
    """Any bytes as the body of a 200."""

    data: bytes
    kind: str = "application/json"


@dataclass(frozen=True)
class StreamFailed:
    """A stream that keeps its status of 200 and ends in an error, as when the engine dies; ``said`` comes first."""

    said: str = "A man "
    message: str = "EngineCore encountered an issue. See stack trace for the root cause."


@dataclass(frozen=True)
class StreamDone:
    """A stream of nothing but ``[DONE]``."""


Reply = Said | Failed | Reset | Stalled | Raw | StreamFailed | StreamDone
Script = Sequence[Reply] | Callable[[Request], Reply]


@dataclass
class ScriptedModel:
    """The server, from ``with`` or ``start()`` to ``stop()``; ``script`` may be changed while it runs.

    ``kwargs`` False is a server that refuses ``media_io_kwargs`` and ``mm_processor_kwargs``, ``video`` False one that
    takes images alone, ``priority`` False one that refuses it; without ``tokenizer`` and ``metrics`` it has no such
    paths; ``thinking`` says that its template opens a thought; one that is not ``healthy`` says so at ``/health``;
    ``key`` is the key it asks for. ``hung_up`` are the requests whose client went away before they were answered.
    """

    script: Script = ()
    model: str = MODEL
    models: tuple[str, ...] = ()
    context: int | None = CONTEXT
    kwargs: bool = True
    video: bool = True
    priority: bool = True
    tokenizer: bool = True
    thinking: bool = False
    healthy: bool = True
    metrics: str | None = None
    key: str = ""
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    probes: list[Request] = field(default_factory=list)
    hung_up: list[Request] = field(default_factory=list)
    most_at_once: int = 0

    def __enter__(self) -> ScriptedModel:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> ScriptedModel:
        """Listens; after ``stop()`` on the same port as before."""
        self._lock, self._stopping, self._given, self._at_once = threading.Lock(), threading.Event(), 0, 0
        self._open: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Refuses connections from now on, and cuts those that are open."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._open:
                # Its handler still holds the socket open, and would answer what a client sends before it notices.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                _reset(connection)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def shown(self) -> list[Request]:
        """The chat requests that carried pictures."""
        return [request for request in self.requests if request.has_pictures]

    def _reply(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            if not callable(self.script):
                reply = self.script[min(self._given, len(self.script) - 1)] if self.script else Said("")
                self._given += 1
                return reply
            script = self.script
        return script(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], model: ScriptedModel) -> None:
        self.model = model
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is a part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.model._lock:
            self.model._open.add(self.connection)

    def finish(self) -> None:
        with self.model._lock:
            self.model._open.discard(self.connection)
        super().finish()

    @property
    def model(self) -> ScriptedModel:
        return self.server.model

    def log_message(self, *_: object) -> None:
        """Nothing: the requests are kept instead."""

    def do_GET(self) -> None:
        model = self.model
        model.probes.append(self._request({}))
        if self.path == "/v1/models" and self._allowed():
            self._json(200, {"object": "list", "data": [self._card(name) for name in model.models or (model.model,)]})
        elif self.path in {"/health", "/ping"}:
            self._json(200 if model.healthy else 503, {})
        elif self.path == "/version":
            self._json(200, {"version": "0.0.0"})
        elif self.path == "/metrics" and model.metrics is not None:
            self._send(200, model.metrics.encode(), "text/plain")
        elif self._allowed():
            self._json(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = self._request(body)
        if not self._allowed():
            return
        if self.path == "/v1/chat/completions":
            self._chat(request)
            return
        self.model.probes.append(request)
        if self.path.removeprefix("/v1") == "/tokenize" and self.model.tokenizer:
            text = body["prompt"] if "prompt" in body else self._written(body["messages"])
            signs = [sign for part in re.split(f"({_SPECIAL.pattern})", text) for sign in _tokens(part)]
            counted = {"count": len(signs), "max_model_len": self.model.context, "tokens": list(range(len(signs)))}
            self._json(200, counted | {"token_strs": signs if body.get("return_token_strs") else None})
        else:
            self._json(404, {"detail": "Not Found"})

    def _written(self, messages: Iterable[Body]) -> str:
        turns = (f"<|im_start|>{turn['role']}\n{_text(turn['content'])}<|im_end|>\n" for turn in messages)
        return "".join(turns) + "<|im_start|>assistant\n" + "<think>\n" * self.model.thinking

    def _request(self, body: Body) -> Request:
        return Request(self.path.removeprefix("/v1"), body, dict(self.headers), time.monotonic())

    def _allowed(self) -> bool:
        wanted = self.model.key
        allowed = not wanted or self.headers.get("Authorization") == f"Bearer {wanted}"
        if not allowed:
            self._json(401, {"error": "Unauthorized"})
        return allowed

    def _card(self, name: str) -> dict[str, object]:
        card: dict[str, object] = {"id": name, "object": "model", "created": 0, "owned_by": "script"}
        return card if self.model.context is None else card | {"max_model_len": self.model.context}

    def _chat(self, request: Request) -> None:
        refusal = self._refusal(request)
        if refusal is not None or request.parts[-1].get("text") == PROBE:
            self.model.probes.append(request)
            self._give(request, refusal or Said("", "length", prompt_tokens=_least_tokens(request)))
            return
        model = self.model
        with model._lock:
            model._at_once += 1
            model.most_at_once = max(model.most_at_once, model._at_once)
        try:
            self._give(request, model._reply(request))
        finally:
            with model._lock:
                model._at_once -= 1

    def _refusal(self, request: Request) -> Failed | None:
        model, kinds = self.model, {part["type"] for part in request.parts}
        if request.body.get("model") not in {*model.models, model.model}:
            return Failed(404, f"The model `{request.body.get('model')}` does not exist.")
        if not model.kwargs and ("media_io_kwargs" in request.body or "mm_processor_kwargs" in request.body):
            return Failed(400, _NOT_TRUSTED)
        if not model.priority and request.body.get("priority"):
            return Failed(400, "priority scheduling is not enabled")
        if not model.video and "video_url" in kinds:
            return Failed(400, "At most 0 video(s) may be provided in one prompt.")
        return None

    def _give(self, request: Request, reply: Reply) -> None:
        match reply:
            case Said() if self._wait(request, reply.after):
                self._stream_said(request, reply) if request.stream else self._json(200, self._completion(reply))
            case Failed(plain=True):
                self._send(reply.status, b"<html><body>Bad gateway</body></html>", "text/html", reply.headers)
            case Failed():
                error = {"message": reply.message, "type": "BadRequestError", "param": None, "code": reply.status}
                self._json(reply.status, {"error": error}, reply.headers)
            case Reset():
                if reply.after_bytes:
                    self.wfile.write(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
                    )
                    self.wfile.write(b"{" + b" " * (reply.after_bytes - 1))
                    self.wfile.flush()
                self._cut()
            case Stalled():
                if request.stream:
                    self._begin_stream()
                    self._event(self._chunk({"content": "A man "}))
                if self._wait(request, reply.seconds):
                    self._cut()
            case Raw():
                self._send(200, reply.data, reply.kind)
            case StreamFailed():
                self._begin_stream()
                if reply.said:
                    self._event(self._chunk({"content": reply.said}))
                error = {"message": reply.message, "type": "InternalServerError", "param": None, "code": 500}
                self._event({"error": error})
                self._end_stream()
            case StreamDone():
                self._begin_stream()
                self._end_stream()

    def _wait(self, request: Request, seconds: float) -> bool:
        """Waits so long, or until the server stops; False where the client hangs up meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.model._stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], min(left, 0.02))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.model.hung_up.append(request)
                self.close_connection = True
                return False
        return True

    def _completion(self, said: Said) -> dict[str, object]:
        message = {"role": "assistant", "content": said.words, "reasoning": said.thinking or None}
        choice = {"index": 0, "message": message, "finish_reason": said.finish}
        return {
            "id": "s",
            "object": "chat.completion",
            "model": self.model.model,
            "choices": [choice],
            "usage": _usage(said),
        }

    def _stream_said(self, request: Request, said: Said) -> None:
        self._begin_stream()
        self._event(self._chunk({"role": "assistant", "content": ""}))
        if said.thinking:
            self._event(self._chunk({"reasoning": said.thinking}))
        for piece in re.findall(r"\s*\S+|\s+$", said.words):
            self._event(self._chunk({"content": piece}))
        self._event(self._chunk({}, said.finish))
        if (request.body.get("stream_options") or {}).get("include_usage"):
            self._event({"object": "chat.completion.chunk", "choices": [], "usage": _usage(said)})
        self._end_stream()

    def _chunk(self, delta: dict[str, str], finish: str | None = None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "s", "object": "chat.completion.chunk", "model": self.model.model, "choices": [choice]}

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def _event(self, data: object) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
        self.wfile.flush()

    def _end_stream(self) -> None:
        self.wfile.write(b"data: [DONE]\n\n")

    def _json(self, status: int, data: object, headers: Iterable[tuple[str, str]] = ()) -> None:
        self._send(status, json.dumps(data).encode(), "application/json", headers)

    def _send(self, status: int, data: bytes, kind: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _cut(self) -> None:
        self.close_connection = True
        _reset(self.connection)


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    assert isinstance(content, list)
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def _tokens(text: str) -> list[str]:
    """A token a byte, or one special token."""
    return [text] if _SPECIAL.fullmatch(text) else [chr(byte) for byte in text.encode()]


def _least_tokens(request: Request) -> int:
    """Tokens of the texts and stamps of a prompt; more where a stamp is longer, as to a real model."""
    stamps = sum(len(f"<{stamp:.1f} seconds>") for stamp in request.stamps)
    return len(request.prompt) + (stamps if request.indices else 0)


def _usage(said: Said) -> dict[str, object]:
    return {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.completion_tokens,
        "total_tokens": said.prompt_tokens + said.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": said.cached},
    }


def _reset(connection: socket.socket) -> None:
    """Ends a connection by a reset instead of an orderly end."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
        connection.close()
    except OSError:
        return  # it is gone already
