"""The service under whoever means it ill: what the document allows, what it forbids, and what nobody thought of.

Everything comes with keys of two tenants; whatever happens, no answer is a failure of the service, and none tells the
one of the other.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.service import Limits, Service
from api.serving import listening, server
from tests.tenants import House, Tenant, a_house, things_of
from videoqa.access import Role

SHORT, FULL = 3, 100
PATIENCE = 20
TUS = "application/offset+octet-stream"
MAY_BE_SAID = [401, 403, 404, 409, 410, 412, 413, 423, 460]
"""What may be answered to a request that is as the document says, for what the document cannot say: what there is."""
REFUSALS = [400, 405, 406, 413, 415, 422]
UNLIMITED = Limits(requests="1000000/minute", wrong_keys="1000000/minute")
ENDLESS = ["/v1/cameras/{camera_id}/mjpeg", "/v1/alerts/stream"]
"""What goes on for as long as it is read; tried in tests of its own."""
schemathesis.serializer.alias(TUS, "application/octet-stream")
Ask = Callable[..., httpx2.Response]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    made = a_house(tmp_path_factory.mktemp("house"))
    return replace(made, service=replace(made.service, limits=UNLIMITED))


@pytest.fixture(scope="module")
def url(house: House) -> Iterator[str]:
    with running(house.service) as url:
        yield url


@contextlib.contextmanager
def running(service: Service) -> Iterator[str]:
    """The service behind real sockets; its URL."""
    app = create_app(service)
    sockets = listening("127.0.0.1", 0)
    serving = server(app, 1000, service.limits.header_seconds)
    thread = threading.Thread(target=serving.run, args=(list(sockets),))
    thread.start()
    yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    app.state.stopping.set()
    serving.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def ask(house: House, client: httpx2.Client) -> Ask:
    def ask(method: str, path: str, tenant: Tenant | None = None, **more: Any) -> httpx2.Response:
        secret = (tenant or house.ours).secrets[Role.ADMIN]
        headers = {"Authorization": f"Bearer {secret}"} | more.pop("headers", {})
        return client.request(method, path, headers=headers, **more)

    return ask


def test_the_document_is_kept_to(house: House, url: str, request: pytest.FixtureRequest) -> None:
    """schemathesis over every operation, with what is allowed and with what is not."""
    most = FULL if request.config.getoption("--soak") else SHORT
    config = schemathesis.Config.from_dict(
        {
            "headers": {"Authorization": f"Bearer {house.ours.secrets[Role.ADMIN]}"},
            "request-timeout": PATIENCE,
            "checks": {
                # It takes the key above for one it made up; who gets in where is what the matrix of routes says.
                "ignored_auth": {"enabled": False},
                "positive_data_acceptance": {"expected-statuses": ["2xx", 400, 422, *MAY_BE_SAID]},
                "negative_data_rejection": {"expected-statuses": [*MAY_BE_SAID, *REFUSALS]},
            },
        }
    )
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config).exclude(path=ENDLESS)
    told = [_tried(each.ok(), house, most) for each in schema.get_all_operations()]
    failures = [failure for failures in told for failure in failures]
    assert not failures, "\n\n".join(failures)


def _tried(operation: Any, house: House, most: int) -> list[str]:
    ours = asdict(things_of(house, house.ours))
    modes = st.sampled_from(list(schemathesis.GenerationMode))

    @settings(
        max_examples=most,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=modes.flatmap(lambda mode: operation.as_strategy(generation_mode=mode)), known=st.booleans())
    def tried(case: schemathesis.Case, known: bool) -> None:
        if known and case.meta.generation.mode.is_positive:
            # What is made up is there by no chance: half of the paths lead to something.
            case.path_parameters = {name: ours.get(name, value) for name, value in (case.path_parameters or {}).items()}
        case.call_and_validate()

    try:
        tried()
    except BaseExceptionGroup as group:
        return [f"{operation.label}: {each}" for each in group.exceptions]
    except Exception as error:  # noqa: BLE001  gathered, so that one run shows all of them
        return [f"{operation.label}: {type(error).__name__}: {error}"]
    return []


QUESTIONS = [
    "",
    " ",
    "\t\n",
    "?",
    '"',
    "'",
    "\\",
    '" OR "1"="1',
    "'; DROP TABLE recordings; --",
    "walrus AND NOT zebra",
    "walrus OR NEAR(zebra, 5)",
    "title:walrus* ^walrus",
    "walrus*",
    "((((",
    '"unclosed',
    "-walrus",
    "{walrus}",
    "%s %n %x ${jndi:ldap://x} {{7*7}} <script>alert(1)</script>",
    "\u202eright to left",
    "\ufffe\uffff",
    "a\u0301" * 500,
    "\U0001f9ad" * 200,
    "走" * 300,
    "x" * 100_000,
    "word " * 20_000,
    "SELECT * FROM keys UNION SELECT digest FROM keys",
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda text: repr(text[:24]))
def test_a_question_is_words_and_nothing_else(question: str, ask: Ask) -> None:
    for told in (
        ask("POST", "/v1/ask", json={"question": question}),
        ask("POST", "/v1/search", json={"q": question}),
        ask("GET", "/v1/search", params={"q": question[:2000]}),
    ):
        assert told.status_code in (200, 422), told.text
        assert "walrus-" not in told.text
        assert "Traceback" not in told.text
        assert "sqlite" not in told.text.lower()


def test_a_question_of_a_mebibyte_is_not_read_to_its_end(ask: Ask) -> None:
    answer = ask("POST", "/v1/ask", json={"question": "x" * 2**20})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


BODIES = [
    b"",
    b"null",
    b"[]",
    b"1",
    b"{}",
    b"NaN",
    b'{"question": NaN}',
    b'{"question": "x", "limit": 1e309}',
    b'{"question": "x", "limit": 99999999999999999999999999}',
    b'{"question": "x", "limit": -1}',
    b'{"question": "x", "limit": true}',
    b'{"question": "x", "limit": "5"}',
    b'{"question": "x", "between": [1e308, 1e308]}',
    b'{"question": ["x"]}',
    b'{"question": null}',
    b'{"question": "x", "question": "y"}',
    b'{"question": "x", "nothing_like_it": 1}',
    b'{"question": "x", "__proto__": {}}',
    b'{"question": "\\ud800"}',
    b'{"question": "a\\u0000b"}',
    b'{"question": "x", "recordings": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"question":' * 100_000,
    b'{"question": "\xff\xfe"}',
    b'{"question": "x"',
    b'{"question": "x"}{"question": "y"}',
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:32]))
@pytest.mark.parametrize("path", ["/v1/ask", "/v1/search", "/v1/keys", "/v1/answers/x/feedback", "/v1/recordings"])
def test_json_that_is_not_meant_is_told_so(path: str, body: bytes, ask: Ask) -> None:
    answer = ask("POST", path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 404, 413, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.text) < 4000


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "a/b/c"])
def test_json_that_is_called_something_else_is_not_read(kind: str, ask: Ask) -> None:
    answer = ask("POST", "/v1/ask", content=b'{"question": "x"}', headers={"Content-Type": kind})
    assert answer.status_code == 422, answer.text
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1e3",
        "limit=99999999999999999999",
        "limit=1000000",
        "limit=",
        "limit=1&limit=2",
        "after=nothing",
        "after=%2e%2e%2f",
        "after=%00",
        "state=whatever",
        "unknown=1",
        "title=%ff%fe",
        "limit[]=1",
        "started_from=yesterday",
        "started_from=0000-00-00",
        "started_from=99999-01-01T00:00:00Z",
        "started_from=0001-01-01T00:00:00%2B14:00",
        "started_before=9999-12-31T23:59:59-14:00",
    ],
)
def test_lists_take_what_they_know_and_no_more(query: str, ask: Ask) -> None:
    answer = ask("GET", f"/v1/recordings?{query}")
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        assert len(answer.json()["items"]) <= 50


@pytest.mark.parametrize(
    "query",
    [
        "at=NaN",
        "at=inf",
        "at=-inf",
        "at=1e309",
        "at=-1",
        "at=1e18",
        "at=",
        "at=1&at=2",
        "at=0x10",
        "at=%0d%0a",
        "at=1e-400",
    ],
)
def test_times_are_finite(query: str, ask: Ask, house: House) -> None:
    ours = things_of(house, house.ours).recording_id
    answer = ask("GET", f"/v1/recordings/{ours}/thumbnail?{query}")
    assert answer.status_code in (200, 422), answer.text


IDS = [
    "x",
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    "a%00b",
    "%0d%0aSet-Cookie:%20a=b",
    "%ff%fe",
    "*",
    "'%20OR%20'1'='1",
    "a" * 5000,
    "%F0%9F%A6%AD",
    "-1",
    "null",
    "{recording_id}",
]


@pytest.mark.parametrize("name", IDS, ids=lambda name: name[:24])
def test_an_id_that_is_none_is_nowhere_to_be_found(name: str, ask: Ask) -> None:
    for method, path in (
        ("GET", "/v1/recordings/{}"),
        ("PATCH", "/v1/recordings/{}"),
        ("DELETE", "/v1/recordings/{}"),
        ("GET", "/v1/recordings/{}/content"),
        ("GET", "/v1/recordings/{}/thumbnail?at=1"),
        ("GET", "/v1/recordings/{}/captions.vtt"),
        ("GET", "/v1/jobs/{}"),
        ("POST", "/v1/jobs/{}/cancel"),
        ("DELETE", "/v1/keys/{}"),
        ("GET", "/v1/ask/{}"),
        ("DELETE", "/v1/uploads/{}"),
    ):
        body = {"json": {"title": "x"}} if method == "PATCH" else {}
        answer = ask(method, path.format(name), headers={"Tus-Resumable": "1.0.0"}, **body)
        assert 400 <= answer.status_code < 500, (method, path, answer.text)
        assert "set-cookie" not in answer.headers
        assert "root:" not in answer.text


HEADS = [
    b"GET /v1/recordings/a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET //v1/recordings HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET http://evil.example/v1/recordings HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /v1/recordings\r\nX: y HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/recordings HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
    b"GET /v1/recordings HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /v1/recordings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close\r\n\r\n",
    b"GET /v1/recordings HTTP/1.1\r\nHost: x\r\nAuthorization: " + b"B" * 60_000 + b"\r\nConnection: close\r\n\r\n",
    b"GET /v1/recordings HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
    b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /",
    b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\nhello",
    b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
    b"\x00" * 1000,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
]


@pytest.mark.parametrize("sent", HEADS, ids=lambda sent: repr(sent[:40]))
def test_what_is_hardly_http_does_no_harm(sent: bytes, url: str, ask: Ask) -> None:
    with closing(socket.create_connection(address(url), timeout=PATIENCE)) as connection:
        told = b""
        with contextlib.suppress(OSError):  # it may hang up before all is said
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                told += part
    assert told == b"" or 400 <= int(told.split()[1]) < 500
    assert ask("GET", "/v1/recordings?limit=1").status_code == 200


def test_two_hundred_slow_senders_hinder_no_upload(house: House) -> None:
    """A hundred drip their heads, a hundred their files, a byte a second each."""
    upload = b"x" * (8 * 2**20)
    service = replace(house.service, limits=replace(UNLIMITED, header_seconds=2.0, body_seconds=3.0))
    with running(service) as url, contextlib.ExitStack() as stack:
        quick = _timed_upload(url, house, upload)
        secret = house.ours.secrets[Role.OPERATOR]
        head = (
            f"POST /v1/recordings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000000000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        ).encode()
        slow = [socket.create_connection(address(url), timeout=PATIENCE) for _ in range(200)]
        for number, connection in enumerate(slow):
            stack.callback(connection.close)
            connection.sendall(head if number % 2 else b"GET / HTT")
        over = threading.Event()
        stack.callback(over.set)
        dripping = threading.Thread(target=_drip, args=(slow, over))
        dripping.start()
        hindered = _timed_upload(url, house, upload + b"y")
        assert hindered < 5 * quick + 5
        # What does not come in time is given up, so that nobody holds a place for ever.
        dripping.join(30)
        assert not dripping.is_alive()


def _timed_upload(url: str, house: House, content: bytes) -> float:
    headers = {"Authorization": f"Bearer {house.ours.secrets[Role.OPERATOR]}"}
    began = time.monotonic()
    answer = httpx2.post(f"{url}/v1/recordings", headers=headers, files={"file": ("a.mp4", content)}, timeout=120)
    assert answer.status_code == 201, answer.text
    return time.monotonic() - began


def _drip(slow: list[socket.socket], over: threading.Event) -> None:
    """Ends when nobody listens any more."""
    left = list(slow)
    while left and not over.wait(1):
        for connection in tuple(left):
            try:
                connection.sendall(b"x")
            except OSError:
                left.remove(connection)


def address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)
