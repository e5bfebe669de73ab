from __future__ import annotations

import subprocess
import sys
import traceback

import httpx2
import pytest

from tests.hostile_service import HostileService, answer
from tests.unit.client.service import Scripted, problem
from videoqa.client import Client, ClientError, NotFound

KEY = "vqa_canary_5u9fT2"


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOQA_URL", "https://footage.example/videoqa/")
    monkeypatch.setenv("VIDEOQA_KEY", KEY)
    script = Scripted(problem(404, "unknown-recording"))
    with pytest.raises(ClientError):
        Client(transport=httpx2.MockTransport(script.answer)).recording("a1")
    assert str(script.heard[0].url) == "https://footage.example/videoqa/v1/recordings/a1"
    assert script.heard[0].headers["Authorization"] == f"Bearer {KEY}"


def test_what_is_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOQA_URL", "https://footage.example")
    assert repr(Client("http://127.0.0.1:9000")) == "Client('http://127.0.0.1:9000')"


@pytest.mark.parametrize(
    "broken",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout(""),
        problem(401, "key-needed"),
        httpx2.Response(200, text="?"),
    ],
)
def test_the_key_is_shown_nowhere(broken: httpx2.Response | Exception) -> None:
    client = Client(key=KEY, retries=0, transport=httpx2.MockTransport(Scripted(broken).answer))
    with pytest.raises(ClientError) as told:
        client.recording("a1")
    shown = "".join(traceback.format_exception(told.value)) + repr(client) + repr(told.value)
    assert KEY not in shown


@pytest.mark.parametrize("key", [f"{KEY}\nX-Evil: 1", f"{KEY} b", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="no key has") as told:
        Client(key=key)
    assert KEY not in str(told.value)


@pytest.mark.parametrize("url", ["ftp://host", "host:8080", "http://", "http://me:secret@host", "http://[::1"])
def test_an_address_that_cannot_be_one_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="service's address") as told:
        Client(url)
    assert "secret" not in str(told.value)


def test_the_service_of_this_machine_is_asked_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    none = answer(404, {"code": "unknown-recording", "detail": "None."})
    with HostileService(none) as service, pytest.raises(NotFound):
        Client(service.url, retries=0).recording("a1")


def test_the_client_takes_nothing_of_the_house_with_it() -> None:
    program = (
        "import sys, videoqa.client\n"
        "ours = ('videoqa', 'api', 'ingest', 'indexer', 'fastapi')\n"
        "print([name for name in sys.modules if name.startswith(ours) and not name.startswith('videoqa.client')])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['videoqa']"
