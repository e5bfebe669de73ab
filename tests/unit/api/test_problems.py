"""Every error has its code and status, and every answer that is an error is a problem that says what to do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from api import documents
from api.app import create_app
from api.gate import OPEN
from api.problems import MEDIA_TYPE, TABLE, code_of, status_of
from tests.service import a_service, client_of
from videoqa import errors


def every(kind: type[errors.VideoqaError]) -> Iterator[type[errors.VideoqaError]]:
    yield kind
    for derived in kind.__subclasses__():
        yield from every(derived)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    app = create_app(a_service(tmp_path_factory.mktemp("service")))

    @app.get("/breaks", include_in_schema=False)
    async def breaks() -> None:
        raise ZeroDivisionError("the canary is 4711")

    @app.get("/breaks-midway", include_in_schema=False)
    async def breaks_midway() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"half"
            raise ZeroDivisionError

        return StreamingResponse(parts())

    return app


def ask(app: FastAPI, method: str, path: str, **more: object) -> httpx2.Response:
    async def answer() -> httpx2.Response:
        async with client_of(app.state.service, "", app) as client:
            return await client.request(method, path, **more)  # type: ignore[arg-type]

    return anyio.run(answer)


def test_every_error_stands_in_the_table_and_nothing_else_does() -> None:
    known = {kind for kind in every(errors.VideoqaError) if kind.__module__.startswith("videoqa.errors.")}
    assert known == set(TABLE), "give a new error its status and its code in api/problems.py"


def test_a_code_is_in_words_and_means_one_thing() -> None:
    codes = [code for kind, (_, code) in TABLE.items() if kind is not errors.NearlyKnown]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)
    assert all(400 <= status < 600 for status, _ in TABLE.values())


def test_what_is_nearly_known_is_told_as_unknown() -> None:
    near = errors.NearlyKnown(name="yrad", titles=("yard",))
    assert (status_of(near), code_of(near)) == (404, "unknown-recording")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "no-such-route"),
        ("GET", "/v1/recordings/", 404, "no-such-route"),
        ("GET", "/v1/recordings/..%2f..%2fetc%2fpasswd", 404, "no-such-route"),
        ("PUT", "/v1/recordings", 405, "wrong-method"),
        ("TRACE", "/v1/recordings", 405, "wrong-method"),
        ("GET", "/v1/recordings?limit=many", 422, "malformed-request"),
        ("GET", "/v1/recordings?limit=0", 422, "malformed-request"),
        ("GET", "/v1/recordings?limit=1000000", 422, "malformed-request"),
        ("GET", "/v1/recordings?limit=1&limit=2", 422, "malformed-request"),
        ("GET", "/v1/recordings?lmit=1", 422, "malformed-request"),
        ("GET", "/v1/recordings?title=%00", 422, "malformed-request"),
        ("GET", "/v1/recordings/a%00b", 422, "malformed-request"),
        ("GET", "/v1/recordings/nothing", 404, "unknown-recording"),
        ("POST", "/v1/search", 422, "malformed-request"),
    ],
)
def test_what_cannot_be_is_told_as_a_problem(app: FastAPI, method: str, path: str, status: int, code: str) -> None:
    answer = ask(app, method, path)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert set(told) == {"type", "title", "status", "code", "detail", "request_id", "errors"}
    assert told["type"] == f"urn:videoqa:problem:{code}"
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["detail"]


def test_a_wrong_method_is_told_the_right_ones(app: FastAPI) -> None:
    allowed = ask(app, "PUT", "/v1/recordings/x").headers["allow"].split(", ")
    assert {"GET", "PATCH", "DELETE"} <= set(allowed)


def test_what_nobody_foresaw_is_logged_and_not_shown(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(app, "GET", "/breaks")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert "4711" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    (record,) = [record for record in caplog.records if record.name == "api.problems"]
    assert answer.json()["request_id"] in record.getMessage()
    assert record.exc_info is not None


def test_an_answer_that_breaks_off_does_not_end_as_if_it_were_whole(app: FastAPI) -> None:
    async def asked() -> None:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await client.get("/breaks-midway")

    with pytest.raises(ZeroDivisionError):
        anyio.run(asked)


def test_the_document_tells_the_problems_of_every_route(app: FastAPI) -> None:
    document = app.openapi()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            told = operation["responses"]
            assert MEDIA_TYPE in told["default"]["content"]
            assert ("401" in told) is (path not in OPEN), path


def test_the_page_of_the_document_needs_nothing_from_elsewhere(app: FastAPI) -> None:
    page = ask(app, "GET", "/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "://" not in re.sub(r"https?://json-schema|https?://\w+\.example", "", page.text)
    for path in app.openapi()["paths"]:
        assert path.replace("{", "{") in page.text
    for _, code in TABLE.values():
        assert code in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert documents._STYLE in page.text


def test_the_page_tells_the_fields_of_every_body(app: FastAPI) -> None:
    page, document = ask(app, "GET", "/docs").text, app.openapi()
    for name in ("AskBody", "RecordingChange"):
        told = page.partition(f'<h3 id="{name}">')[2].partition("<h3")[0]
        for field in document["components"]["schemas"][name]["properties"]:
            assert f"<dt><code>{field}</code> (" in told
    assert "needed)</dt>" in page


def test_every_answer_tells_browsers_what_to_keep_to(app: FastAPI) -> None:
    for path in ("/v1/recordings", "/nothing", "/health/live", "/openapi.json"):
        headers = ask(app, "GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


def test_an_error_says_when_to_come_back(tmp_path: Path) -> None:
    assert status_of(errors.NotReady(stage="starting")) == 503
    assert status_of(errors.DiskFull(path=tmp_path)) == 507
