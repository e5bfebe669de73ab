"""A transcription server that says what it was told to: real sockets, the OpenAI protocol, no model.

A script is a list of answers, taken in order, whose last one is given again and again; or a callable that is handed
each ``Upload``. An answer is a dict (JSON), a status with a message, or ``None``: the connection is dropped.
"""

from __future__ import annotations

import io
import json
import threading
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

MODEL = "scripted-whisper"
Answer = Mapping[str, Any] | tuple[int, str] | None


@dataclass(frozen=True)
class Upload:
    """One request for a transcript: its form, and the sound in it."""

    fields: Mapping[str, str]
    authorization: str
    samples: bytes
    rate: int
    channels: int
    width: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.width / self.channels / self.rate


class ScriptedSpeech:
    """Serves while it is entered."""

    def __init__(
        self, script: Sequence[Answer] | Callable[[Upload], Answer], models: Sequence[str] | None = (MODEL,)
    ) -> None:
        self.uploads: list[Upload] = []
        self._script = script
        self._lock = threading.Lock()
        house, served = self, models

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if served is None or self.path != "/v1/models":
                    self._say(404, {"error": {"message": "Not Found"}})
                else:
                    self._say(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in served]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/v1/audio/transcriptions":
                    self._say(404, {"error": {"message": "Not Found"}})
                    return
                answer = house._answer(_upload(self.headers["Content-Type"], body, self.headers["Authorization"] or ""))
                match answer:
                    case None:
                        self.close_connection = True
                    case (status, message):
                        self._say(status, {"error": {"message": message, "type": "Error", "code": status}})
                    case _:
                        self._say(200, answer)

            def _say(self, status: int, told: object) -> None:
                content = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing: a test's output is its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def _answer(self, upload: Upload) -> Answer:
        with self._lock:
            self.uploads.append(upload)
            if callable(self._script):
                return self._script(upload)
            return self._script[min(len(self.uploads), len(self._script)) - 1]

    def __enter__(self) -> ScriptedSpeech:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _upload(content_type: str, body: bytes, authorization: str) -> Upload:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    fields, sound = {}, b""
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if name == "file":
            assert part.get_filename() == "sound.wav"
            sound = content
        else:
            fields[str(name)] = content.decode()
    with wave.open(io.BytesIO(sound)) as file:
        return Upload(
            fields,
            authorization,
            file.readframes(file.getnframes()),
            file.getframerate(),
            file.getnchannels(),
            file.getsampwidth(),
        )
