"""Footage is fetched from real servers, and from nowhere that whoever asks could not reach."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from ingest.addresses import Policy
from ingest.fetch import Pace, WebFetcher
from tests.needs import program
from tests.web import Connection, rebinding, serving
from videoqa.errors import BadAddress, FetchFailed

CONTENT = Random(3).randbytes(1_000_000)
OPEN = WebFetcher(Policy(private=True))
STRICT = WebFetcher(Policy())


def read(fetcher: WebFetcher, url: str) -> tuple[str, bytes]:
    footage = fetcher.fetch(url)
    try:
        return footage.name, b"".join(footage.blocks())
    finally:
        footage.close()


def test_a_file_comes_as_it_is() -> None:
    heads: list[Connection] = []

    def handle(connection: Connection) -> None:
        heads.append(connection)
        connection.answer("200 OK", CONTENT)

    with serving(handle) as port:
        assert read(OPEN, f"http://127.0.0.1:{port}/a/Gate%201.mp4?token=x#frag") == ("Gate 1.mp4", CONTENT)
    (sent,) = heads
    assert sent.target == "/a/Gate%201.mp4?token=x"
    assert sent.header("Host") == f"127.0.0.1:{port}"
    assert sent.header("Accept-Encoding") == "identity"
    assert sent.header("Authorization") is None
    assert sent.header("Cookie") is None


def test_a_name_that_the_server_tells_is_used() -> None:
    named = {"Content_Disposition": "attachment; filename*=UTF-8''T%C3%BCr.mp4"}
    with serving(lambda each: each.answer("200 OK", CONTENT, **named)) as port:
        assert read(OPEN, f"http://127.0.0.1:{port}/x")[0] == "Tür.mp4"


@pytest.mark.parametrize("told", ["filename*0*=UTF-8''a; filename*=UTF-8''b", "filename*=b'c; filename*0=x"])
def test_a_name_that_the_server_tells_wrongly_is_not_used(told: str) -> None:
    with serving(lambda each: each.answer("200 OK", CONTENT, Content_Disposition=f"attachment; {told}")) as port:
        assert read(OPEN, f"http://127.0.0.1:{port}/x.mp4")[0] == "x.mp4"


def test_what_drips_is_handed_on_before_there_is_much_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.fetch._PATIENCE", 0.05)

    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            connection.send(b"x")
            time.sleep(0.05)

    with serving(handle) as port:
        footage = OPEN.fetch(f"http://127.0.0.1:{port}/a.mp4")
        try:
            parts = list(footage.blocks())
        finally:
            footage.close()
    assert b"".join(parts) == b"x" * 10
    assert len(parts) > 2


def test_a_length_need_not_be_told() -> None:
    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(CONTENT), 100_000):
            part = CONTENT[at : at + 100_000]
            connection.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        connection.send(b"0\r\n\r\n")

    with serving(handle) as port:
        assert read(OPEN, f"http://127.0.0.1:{port}/a.mp4") == ("a.mp4", CONTENT)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "clip.mp4",
        "//example.org/a.mp4",
        "file:///etc/passwd",
        "ftp://example.org/a.mp4",
        "gopher://127.0.0.1:6379/_x",
        "data:video/mp4;base64,AAAA",
        "http://",
        "http:///a.mp4",
        "http://user:secret@example.org/a.mp4",
        "http://user@example.org/a.mp4",
        "http://[::1",
        "http://example.org:99999/",
        "http://exa mple.org/",
        "http://\0/",
        "http://a\r\nHost: b/",
    ],
)
def test_only_plain_addresses_of_the_web_are_taken(url: str) -> None:
    with pytest.raises(BadAddress) as told:
        STRICT.fetch(url)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::]",
        "①②⑦.⓪.⓪.①",
    ],
)
def test_this_machine_is_not_asked_however_it_is_written(host: str) -> None:
    asked = threading.Event()
    with serving(lambda _: asked.set()) as port, pytest.raises((BadAddress, FetchFailed)):
        STRICT.fetch(f"http://{host}:{port}/a.mp4")
    assert not asked.is_set()


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "10.0.0.1", "192.168.0.1", "100.64.0.1", "[fe80::1]", "224.0.0.1"]
)
def test_a_private_address_is_refused_without_a_packet(address: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadAddress):
        STRICT.fetch(f"http://{address}/latest/meta-data/")
    assert time.monotonic() - began < 5


def test_a_name_is_looked_up_once_and_the_answer_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that changes its mind between the check and the connection gets nowhere."""
    connected = rebinding(monkeypatch, "8.8.8.8", "127.0.0.1")
    with pytest.raises(FetchFailed):
        STRICT.fetch("http://rebind.example/a.mp4")
    assert connected == ["8.8.8.8"]


def test_one_private_address_among_those_of_a_name_is_enough_to_refuse_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("8.8.8.8", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(BadAddress):
        STRICT.fetch("http://two.example/a.mp4")


def leading(to: Callable[[int], str], status: str = "302 Found") -> Callable[[Connection], None]:
    def handle(connection: Connection) -> None:
        if connection.target == "/end.mp4":
            connection.answer("200 OK", CONTENT)
        else:
            connection.answer(status, Location=to(int(connection.target.strip("/") or 0)))

    return handle


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_followed(status: str) -> None:
    with serving(leading(lambda at: f"/{at + 1}" if at < 3 else "end.mp4", status)) as port:
        assert read(OPEN, f"http://127.0.0.1:{port}/0") == ("end.mp4", CONTENT)


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1/",
        "//169.254.169.254/",
        "ftp://127.0.0.1/",
        "http://[::1",
        "http://xn--\u00ff.example/",
        "http://" + "a" * 70_000,
        "http://a:b/",
    ],
    ids=lambda place: place[:20],
)
def test_each_redirect_is_checked(place: str) -> None:
    with serving(leading(lambda _: place)) as port, pytest.raises(BadAddress):
        OPEN.fetch(f"http://127.0.0.1:{port}/0")


def test_redirects_come_to_an_end() -> None:
    with serving(leading(lambda at: f"/{at + 1}")) as port, pytest.raises(BadAddress, match="5 times"):
        OPEN.fetch(f"http://127.0.0.1:{port}/0")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\nx", "206"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "compressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=x\r\nContent-Length: 1\r\n\r\nx", "page"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello", "."),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "."),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "."),
        (b"", "."),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n", "."),
    ],
)
def test_an_answer_that_is_no_file_fails(answer: bytes, problem: str) -> None:
    with serving(lambda each: each.send(answer)) as port, pytest.raises(FetchFailed, match=problem):
        OPEN.fetch(f"http://127.0.0.1:{port}/a.mp4?token=secret")


@pytest.mark.parametrize("declared", [len(CONTENT) + 1, len(CONTENT) * 1000])
def test_a_file_that_breaks_off_fails(declared: int) -> None:
    def handle(connection: Connection) -> None:
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {declared}\r\n\r\n".encode() + CONTENT)

    with serving(handle) as port, pytest.raises(FetchFailed):
        read(OPEN, f"http://127.0.0.1:{port}/a.mp4")


def test_a_server_that_sends_more_than_it_told_is_heard_no_further() -> None:
    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + CONTENT)

    with serving(handle) as port:
        assert read(OPEN, f"http://127.0.0.1:{port}/a.mp4")[1] == CONTENT[:10]


def test_a_server_that_drips_is_given_up() -> None:
    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(100):
            connection.send(b"x")
            time.sleep(0.05)

    slow = WebFetcher(Policy(private=True), Pace(rate=1000, seconds=0.3))
    began = time.monotonic()
    with serving(handle) as port, pytest.raises(FetchFailed, match="bytes a second"):
        read(slow, f"http://127.0.0.1:{port}/a.mp4")
    assert time.monotonic() - began < 5


def test_headers_that_drip_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.fetch._ANSWER_SECONDS", 0.5)

    def handle(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            connection.send(b"y")
            time.sleep(0.05)

    began = time.monotonic()
    with serving(handle) as port, pytest.raises(FetchFailed):
        OPEN.fetch(f"http://127.0.0.1:{port}/a.mp4")
    assert time.monotonic() - began < 4


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "both.pem"
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *named]
    subprocess.run([*command, "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True)
    made.write_bytes((folder / "key").read_bytes() + (folder / "cert").read_bytes())
    return made


def tls(certificate: Path, names: list[str | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: names.append(name)
    return context


def test_tls_is_verified_with_the_name_though_the_address_is_pinned(certificate: Path) -> None:
    names: list[str | None] = []
    trusting = WebFetcher(Policy(private=True), context=ssl.create_default_context(cafile=str(certificate)))
    with serving(lambda each: each.answer("200 OK", CONTENT), context=tls(certificate, names)) as port:
        assert read(trusting, f"https://localhost:{port}/a.mp4")[1] == CONTENT
        assert names == ["localhost"]
        with pytest.raises(FetchFailed):
            trusting.fetch(f"https://127.0.0.1:{port}/a.mp4")
        with pytest.raises(FetchFailed):
            OPEN.fetch(f"https://localhost:{port}/a.mp4")
