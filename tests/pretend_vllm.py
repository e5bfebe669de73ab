"""Stands in for an environment with vLLM at the level of its command: takes the flags, serves, dies, hangs or is slow.

``Pretend`` is the tests' handle on it. Started as vLLM's Python would be, it writes down how it was started, does what
its folder says of this start, and begins a child of its own that heeds no request to end, as an engine might.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

STARTS, SCRIPT = "starts.jsonl", "script.json"
DEAF, STUCK = "deaf", "stuck"


@dataclass(frozen=True, slots=True)
class Start:
    """One time it was started: its arguments behind the module's name, its process and that of its child."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    pid: int
    child: int

    def flag(self, name: str) -> str:
        return self.arguments[self.arguments.index(name) + 1]


class Pretend:
    """A Python with this vLLM in it. ``script`` says what each start does, the last word all that follow:

    "serve", "slow SECONDS", "die TEXT", "live SECONDS" (serves, and then ends by itself) or "never" (does not come up).
    """

    def __init__(self, folder: Path, *script: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.python = folder / "python"
        self.python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{__file__}" "{folder}" "$@"\n')
        self.python.chmod(0o755)
        self.script(*(script or ("serve",)))

    def script(self, *script: str) -> None:
        (self.folder / SCRIPT).write_text(json.dumps(script))

    def become(self, trait: str, *, on: bool = True) -> None:
        """Makes it ``DEAF``: its health goes unanswered; or ``STUCK``: what it is asked does, its health does not."""
        if on:
            (self.folder / trait).touch()
        else:
            (self.folder / trait).unlink(missing_ok=True)

    @property
    def starts(self) -> list[Start]:
        try:
            lines = (self.folder / STARTS).read_text().splitlines()
        except FileNotFoundError:
            return []
        return [
            Start(tuple(told["arguments"]), told["environment"], told["pid"], told["child"])
            for told in map(json.loads, lines)
        ]

    def living(self) -> list[int]:
        """Processes of any start that still run."""
        return [pid for start in self.starts for pid in (start.pid, start.child) if _lives(pid)]


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    names: list[str]
    asked = 0

    def do_GET(self) -> None:
        if self.path == "/health":
            while (self.folder / DEAF).exists():
                time.sleep(0.05)
            self._say("", "text/plain")
        elif self.path == "/metrics":
            steps = f'vllm:iteration_tokens_total_count{{model_name="{self.names[0]}"}} {_Handler.asked}.0\n'
            self._say(f"# TYPE vllm:iteration_tokens_total histogram\n{steps}", "text/plain")
        elif self.path == "/v1/models":
            self._say(json.dumps({"data": [{"id": name, "max_model_len": 4321} for name in self.names]}))
        else:
            self._say(json.dumps({"path": self.path, "headers": dict(self.headers)}))

    def do_POST(self) -> None:
        body = self._body()
        while (self.folder / STUCK).exists():
            time.sleep(0.05)
        _Handler.asked += 1
        is_form = "multipart" in self.headers.get("Content-Type", "")
        asked: dict[str, Any] = {} if is_form else json.loads(body)
        if asked.get("stream"):
            return self._stream(int(asked.get("pieces", 3)), float(asked.get("pause", 0)))
        told = {"model": asked.get("model"), "bytes": len(body), "headers": dict(self.headers), "pid": os.getpid()}
        return self._say(json.dumps(told))

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _stream(self, pieces: int, pause: float) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for number in range(pieces):
                piece = f"data: {number}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                time.sleep(pause)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            (self.folder / "hung-up").touch()
            self.close_connection = True

    def _say(self, text: str, kind: str = "application/json") -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        return


def _main() -> None:
    folder, arguments = Path(sys.argv[1]), sys.argv[4:]
    heedless = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-S", "-c", heedless])
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    number = len((folder / STARTS).read_text().splitlines()) if (folder / STARTS).exists() else 0
    with (folder / STARTS).open("a") as file:
        told = {"arguments": arguments, "environment": dict(os.environ), "pid": os.getpid(), "child": child.pid}
        file.write(json.dumps(told) + "\n")
    script = json.loads((folder / SCRIPT).read_text())
    action, _, detail = script[min(number, len(script) - 1)].partition(" ")
    print(f"pretending to {action}", flush=True)
    if action == "die":
        print(detail, file=sys.stderr, flush=True)
        os._exit(1)
    if action == "never":
        time.sleep(600)
    if action == "slow":
        time.sleep(float(detail))
    first = arguments.index("--served-model-name") + 1
    last = next(at for at in range(first, len(arguments)) if arguments[at].startswith("--"))
    _Handler.folder, _Handler.names = folder, arguments[first:last]
    server = ThreadingHTTPServer(("127.0.0.1", int(arguments[arguments.index("--port") + 1])), _Handler)
    if action == "live":
        signal.signal(signal.SIGALRM, lambda *_: os._exit(3))
        signal.setitimer(signal.ITIMER_REAL, float(detail))
    server.serve_forever()


if __name__ == "__main__":
    _main()
