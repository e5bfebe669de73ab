"""Bodies: bounded in size and time, and JSON that is nothing but JSON."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator

import anyio
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from api.bodies import DEEPEST, LARGEST, Bodies, check_json
from api.problems import Faults
from api.service import Limits
from videoqa.errors import MalformedJson

JSON = {"Content-Type": "application/json"}
LIMITS = Limits(body_seconds=0.3, body_rate=1000)


async def size(scope: Scope, receive: Receive, send: Send) -> None:
    read = sum([len(part) async for part in Request(scope, receive).stream()])
    await JSONResponse({"size": read})(scope, receive, send)


def ask(content: object, headers: dict[str, str], path: str = "/", limits: Limits = LIMITS) -> httpx2.Response:
    app = Faults(Bodies(size, limits, lambda method, path, kind: path == "/streamed"))

    async def answer() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(path, content=content, headers=headers)  # type: ignore[arg-type]

    return anyio.run(answer)


def pieces(count: int, pause: float, length: int = 1) -> AsyncIterator[bytes]:
    async def dripped() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * length
            await anyio.sleep(pause)

    return dripped()


@pytest.mark.parametrize(
    "body",
    [
        b"NaN",
        b'{"a": Infinity}',
        b"[-Infinity]",
        b"1e309",
        b'{"a": -1e400}',
        b"9" * 5000,
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": [1, {"c": 1, "c": 1}]}}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'"\\ud800"',
        b'"a\\u0000b"',
        b'{"a\\u0000": 1}',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b'{"a": 1} {"b": 2}',
        b"{'a': 1}",
        b'"a\nb"',
        b"[1,]",
        b"\x00",
        "{}".encode("utf-16"),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_for_everybody_is_refused_quickly(body: bytes) -> None:
    began = time.monotonic()
    answer = ask(body, JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")
    assert len(answer.json()["detail"]) < 500
    assert time.monotonic() - began < 2


def test_many_names_of_which_one_comes_twice_are_refused_as_quickly() -> None:
    names = ",".join(f'"{number}":0' for number in range(60_000))
    began = time.process_time()
    with pytest.raises(MalformedJson, match="59999 stands there more than once"):
        check_json(f'{{{names},"59999":0}}'.encode())
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/a+json", "APPLICATION/JSON"]
)
def test_json_is_known_by_whatever_it_is_called(kind: str) -> None:
    assert ask(b"NaN", {"Content-Type": kind}).status_code == 400
    assert ask(b"{}", {"Content-Type": kind}).status_code == 200


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=40)
@given(values)
def test_every_json_passes(value: object) -> None:
    check_json(json.dumps(value).encode())
    check_json(json.dumps(value, ensure_ascii=False).encode())


@given(st.binary(max_size=100))
def test_whatever_comes_passes_or_is_told_to_be_no_json(body: bytes) -> None:
    try:
        check_json(body)
    except MalformedJson:
        return
    assert body == b"" or json.loads(body) is not ...


def test_what_is_as_deep_as_may_be_passes() -> None:
    check_json(b"[" * DEEPEST + b"]" * DEEPEST)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_that_is_too_large_is_not_read(streamed: bool) -> None:
    content = pieces(40, 0, 2**15) if streamed else b"x" * (LARGEST + 1)
    answer = ask(content, {"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_length_that_is_a_lie_is_not_believed() -> None:
    answer = ask(b"{}", {**JSON, "Content-Length": "100000000000"})
    assert answer.status_code == 413
    assert ask(b"{}", {**JSON, "Content-Length": "many"}).status_code == 200


def test_a_body_that_drips_is_given_up() -> None:
    for path in ("/", "/streamed"):
        began = time.monotonic()
        answer = ask(pieces(1000, 0.02), JSON, path)
        assert (answer.status_code, answer.json()["code"]) == (408, "too-slow")
        assert 0.25 < time.monotonic() - began < 3


def test_a_body_that_stands_still_is_given_up() -> None:
    began = time.monotonic()
    assert ask(pieces(2, 60, 10), {}, "/streamed").status_code == 408
    assert time.monotonic() - began < 3


def test_footage_may_take_as_long_as_it_likes_while_it_comes() -> None:
    answer = ask(pieces(20, 0.05, 500), {}, "/streamed")
    assert (answer.status_code, answer.json()["size"]) == (200, 10_000)


def test_footage_may_be_as_large_as_it_likes() -> None:
    assert ask(pieces(40, 0, 2**16), {}, "/streamed").json()["size"] == 40 * 2**16
