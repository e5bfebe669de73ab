"""A real Chromium without a screen, driven by its own DevTools protocol: no driver has to be installed beside it."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from tests.needs import missing

PATIENCE = 30.0
_NAMES = ("chromium-headless-shell", "chromium", "google-chrome", "chrome-headless-shell")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # as root there is none; it shows our own pages alone
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
    "--autoplay-policy=no-user-gesture-required",
)


class Chromium:
    """One page. ``said`` is what it wrote to its console, and what of it the browser refused."""

    def __init__(self, width: int = 1100, height: int = 900, *, dark: bool = False) -> None:
        program = next(filter(None, map(shutil.which, _NAMES)), None)
        if program is None:
            missing(f"none of {', '.join(_NAMES)} is installed")
        self.said: list[str] = []
        self._ids = itertools.count(1)
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [program, *_OPTIONS, f"--user-data-dir={self._folder.name}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack = contextlib.ExitStack()
        self._socket = self._stack.enter_context(self._connection())
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(f"{domain}.enable")
        phone = width < 600
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.command("Emulation.setEmulatedMedia", features=scheme)

    def open(self, url: str) -> None:
        """Goes to ``url`` and waits until its page is whole."""
        self.command("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """What the expression ``script`` comes to in the page; a promise is waited for.

        Raises:
            AssertionError: it throws.
        """
        told = self.command("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise AssertionError(json.dumps(told["exceptionDetails"])[:2000])
        return told["result"].get("value")

    def until(self, script: str, within: float = PATIENCE) -> Any:
        """The first value of ``script`` that is true."""
        end = time.monotonic() + within
        while not (value := self.run(script)):
            if time.monotonic() > end:
                raise AssertionError(f"never became true: {script}; the page says {self.said}")
            time.sleep(0.1)
        return value

    def give_files(self, selector: str, *paths: Path) -> None:
        """Has the user choose ``paths`` at the file input ``selector``."""
        root = self.command("DOM.getDocument")["root"]["nodeId"]
        node = self.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.command("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def picture(self, path: Path) -> None:
        """Writes what is to be seen of the page as PNG."""
        told = self.command("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(told["data"]))

    def command(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(PATIENCE))
            if told.get("id") == number:
                if "error" in told:
                    raise AssertionError(f"{method}: {told['error']}")
                return told["result"]
            self._hear(told)

    def _hear(self, told: Any) -> None:
        match told.get("method"):
            case "Log.entryAdded":
                self.said.append(told["params"]["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.said.append(json.dumps(told["params"]["exceptionDetails"])[:1000])
            case "Runtime.consoleAPICalled":
                self.said.append(str([each.get("value") for each in told["params"]["args"]]))

    def _connection(self) -> AbstractContextManager[ClientConnection]:
        note = Path(self._folder.name) / "DevToolsActivePort"
        end = time.monotonic() + PATIENCE
        while not note.exists() or len(note.read_text().split()) < 2:
            assert self._process.poll() is None, "Chromium ended"
            assert time.monotonic() < end, "Chromium does not answer"
            time.sleep(0.05)
        port, browser = note.read_text().split()
        with connect(f"ws://127.0.0.1:{port}{browser}", max_size=2**26, ping_interval=None) as socket:
            socket.send(json.dumps({"id": 0, "method": "Target.getTargets"}))
            while (told := json.loads(socket.recv(PATIENCE))).get("id") != 0:
                pass
        page = next(each["targetId"] for each in told["result"]["targetInfos"] if each["type"] == "page")
        return connect(f"ws://127.0.0.1:{port}/devtools/page/{page}", max_size=2**26, ping_interval=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()
