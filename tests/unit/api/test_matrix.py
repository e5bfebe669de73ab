"""Who may do what: every route with every role, and with what is another tenant's. A route that stands in no line of
``ROUTES`` fails the first test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import anyio
import httpx2
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api import web
from api.app import create_app
from tests.service import client_of
from tests.tenants import SUBTITLES, House, Tenant, Things, a_house, things_of
from videoqa.access import Role

VIEWER, OPERATOR, ADMIN = Role.VIEWER, Role.OPERATOR, Role.ADMIN
Route = tuple[str, str]
UNKNOWN = Things(*["f" * 16] * 11)


@dataclass(frozen=True)
class Rule:
    """``role`` is the least that may, None where nobody needs a key. ``send`` is what makes a whole request of it.

    ``unlimited`` is what only a key without limits is told.

    ``by`` is whose thing its path names, where that is no recording: what belongs to the very key that made it.
    """

    role: Role | None
    send: Mapping[str, Any] = field(default_factory=dict)
    by: Role | None = None
    unlimited: bool = False


TUS = {"Tus-Resumable": "1.0.0"}
A_PIECE = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
ROUTES: dict[Route, Rule] = {
    **{("GET", path): Rule(None) for path in web.PATHS},
    ("GET", "/docs"): Rule(None),
    ("GET", "/openapi.json"): Rule(None),
    ("HEAD", "/openapi.json"): Rule(None),
    ("GET", "/health/live"): Rule(None),
    ("GET", "/health/ready"): Rule(None),
    ("GET", "/health/startup"): Rule(None),
    ("GET", "/health"): Rule(VIEWER),
    ("GET", "/metrics"): Rule(VIEWER, unlimited=True),
    ("GET", "/v1/recordings"): Rule(VIEWER),
    ("POST", "/v1/recordings"): Rule(OPERATOR, {"files": {"file": ("a.mp4", b"x" * 100)}}),
    ("GET", "/v1/recordings/{recording_id}"): Rule(VIEWER),
    ("PATCH", "/v1/recordings/{recording_id}"): Rule(OPERATOR, {"json": {"title": "new"}}),
    ("DELETE", "/v1/recordings/{recording_id}"): Rule(OPERATOR),
    ("GET", "/v1/recordings/{recording_id}/content"): Rule(VIEWER),
    ("HEAD", "/v1/recordings/{recording_id}/content"): Rule(VIEWER),
    ("GET", "/v1/recordings/{recording_id}/thumbnail"): Rule(VIEWER, {"params": {"at": 1}}),
    ("GET", "/v1/recordings/{recording_id}/clip"): Rule(VIEWER, {"params": {"from": 1, "to": 2}}),
    ("HEAD", "/v1/recordings/{recording_id}/clip"): Rule(VIEWER, {"params": {"from": 1, "to": 2}}),
    ("GET", "/v1/recordings/{recording_id}/events"): Rule(VIEWER),
    ("GET", "/v1/recordings/{recording_id}/chapters"): Rule(VIEWER),
    ("GET", "/v1/recordings/{recording_id}/captions.vtt"): Rule(VIEWER),
    ("GET", "/v1/recordings/{recording_id}/coverage"): Rule(VIEWER),
    ("GET", "/v1/recordings/{recording_id}/subtitles"): Rule(VIEWER),
    ("GET", "/v1/recordings/{recording_id}/subtitles/{track}"): Rule(VIEWER),
    ("PUT", "/v1/recordings/{recording_id}/subtitles/{track}"): Rule(OPERATOR, {"content": SUBTITLES}),
    ("DELETE", "/v1/recordings/{recording_id}/subtitles/{track}"): Rule(OPERATOR),
    ("GET", "/v1/recordings/{recording_id}/progress"): Rule(VIEWER),
    ("POST", "/v1/uploads"): Rule(OPERATOR, {"headers": {**TUS, "Upload-Length": "10"}}),
    ("OPTIONS", "/v1/uploads"): Rule(OPERATOR),
    ("GET", "/v1/uploads/{upload_id}"): Rule(OPERATOR, {"headers": TUS}, by=OPERATOR),
    ("POST", "/v1/uploads/{upload_id}"): Rule(
        OPERATOR, {"headers": A_PIECE | {"X-HTTP-Method-Override": "PATCH"}, "content": b"x"}, by=OPERATOR
    ),
    ("HEAD", "/v1/uploads/{upload_id}"): Rule(OPERATOR, {"headers": TUS}, by=OPERATOR),
    ("PATCH", "/v1/uploads/{upload_id}"): Rule(OPERATOR, {"headers": A_PIECE, "content": b"x"}, by=OPERATOR),
    ("DELETE", "/v1/uploads/{upload_id}"): Rule(OPERATOR, {"headers": TUS}, by=OPERATOR),
    ("POST", "/v1/ask"): Rule(VIEWER, {"json": {"question": "where is the walrus?"}}),
    ("GET", "/v1/ask/{task_id}"): Rule(VIEWER, by=VIEWER),
    ("GET", "/v1/models"): Rule(VIEWER),
    ("POST", "/v1/chat/completions"): Rule(
        VIEWER, {"json": {"messages": [{"role": "user", "content": "where is the walrus?"}]}}
    ),
    ("GET", "/v1/search"): Rule(VIEWER, {"params": {"q": "walrus"}}),
    ("POST", "/v1/search"): Rule(VIEWER, {"json": {"q": "walrus"}}),
    ("GET", "/v1/events"): Rule(VIEWER),
    ("POST", "/v1/answers/{answer_id}/feedback"): Rule(VIEWER, {"json": {"right": True}}, by=VIEWER),
    ("GET", "/v1/answers/feedback"): Rule(ADMIN),
    ("GET", "/v1/jobs"): Rule(VIEWER),
    ("GET", "/v1/jobs/{job_id}"): Rule(VIEWER),
    ("POST", "/v1/jobs/{job_id}/cancel"): Rule(OPERATOR),
    ("POST", "/v1/jobs/{job_id}/retry"): Rule(OPERATOR),
    ("GET", "/v1/cameras"): Rule(VIEWER),
    ("POST", "/v1/cameras"): Rule(OPERATOR, {"json": {"name": "gate", "url": "rtsp://127.0.0.1:9/a"}}),
    ("GET", "/v1/cameras/{camera_id}"): Rule(VIEWER),
    ("PATCH", "/v1/cameras/{camera_id}"): Rule(OPERATOR, {"json": {"enabled": False}}),
    ("DELETE", "/v1/cameras/{camera_id}"): Rule(OPERATOR),
    ("GET", "/v1/cameras/{camera_id}/snapshot"): Rule(VIEWER),
    ("GET", "/v1/cameras/{camera_id}/mjpeg"): Rule(VIEWER, {"params": {"count": 1}}),
    ("GET", "/v1/cameras/{camera_id}/timeline"): Rule(VIEWER),
    ("GET", "/v1/rules"): Rule(VIEWER),
    ("POST", "/v1/rules"): Rule(OPERATOR, {"json": {"condition": {"kind": "motion"}}}),
    ("GET", "/v1/rules/{rule_id}"): Rule(VIEWER),
    ("PATCH", "/v1/rules/{rule_id}"): Rule(OPERATOR, {"json": {"severity": "low"}}),
    ("DELETE", "/v1/rules/{rule_id}"): Rule(OPERATOR),
    ("POST", "/v1/rules/{rule_id}/try"): Rule(OPERATOR, {"json": {}}),
    ("GET", "/v1/alerts"): Rule(VIEWER),
    ("GET", "/v1/alerts/{alert_id}"): Rule(VIEWER),
    ("POST", "/v1/alerts/{alert_id}/ack"): Rule(VIEWER),
    ("POST", "/v1/alerts/{alert_id}/comment"): Rule(VIEWER, {"json": {"text": "seen to"}}),
    ("POST", "/v1/alerts/{alert_id}/false-alarm"): Rule(VIEWER, {"json": {}}),
    ("GET", "/v1/recordings/{recording_id}/pins"): Rule(VIEWER),
    ("POST", "/v1/recordings/{recording_id}/pins"): Rule(OPERATOR, {"json": {"start": 1, "end": 2}}),
    ("DELETE", "/v1/recordings/{recording_id}/pins/{pin_id}"): Rule(OPERATOR),
    ("GET", "/v1/usage"): Rule(VIEWER),
    ("GET", "/v1/audit"): Rule(ADMIN),
    ("GET", "/v1/alerts/stream"): Rule(VIEWER, {"params": {"follow": "false"}}),
    ("GET", "/v1/webhooks"): Rule(OPERATOR),
    ("POST", "/v1/webhooks"): Rule(OPERATOR, {"json": {"url": "https://hook.example/"}}),
    ("GET", "/v1/webhooks/{webhook_id}"): Rule(OPERATOR),
    ("PATCH", "/v1/webhooks/{webhook_id}"): Rule(OPERATOR, {"json": {"enabled": False}}),
    ("DELETE", "/v1/webhooks/{webhook_id}"): Rule(OPERATOR),
    ("POST", "/v1/session"): Rule(VIEWER),
    ("DELETE", "/v1/session"): Rule(VIEWER),
    ("GET", "/v1/keys"): Rule(ADMIN),
    ("POST", "/v1/keys"): Rule(ADMIN, {"json": {"name": "new", "role": "viewer", "tags": ["ours"]}}),
    ("DELETE", "/v1/keys/{key_id}"): Rule(ADMIN),
}
CLOSED = [route for route, rule in ROUTES.items() if rule.role is not None]
WITH_A_THING = [route for route in CLOSED if "{" in route[1]]
WITHOUT = [route for route in CLOSED if "{" not in route[1]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return a_house(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def app(house: House) -> FastAPI:
    return create_app(house.service)


@pytest.fixture(scope="module")
def known(app: FastAPI) -> set[Route]:
    return set(_routes(app))


Ask = Callable[..., httpx2.Response]


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    """One event loop for all of them: the application has tasks in it."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def ask(house: House, app: FastAPI, known: set[Route], portal: BlockingPortal) -> Ask:
    def ask(route: Route, key: str = "", things: Things = UNKNOWN) -> httpx2.Response:
        assert route in known, f"there is no {' '.join(route)}; take it out of the matrix"

        async def sent() -> httpx2.Response:
            async with client_of(house.service, key, app, timeout=10) as client:
                with anyio.fail_after(20):
                    return await client.request(route[0], route[1].format(**asdict(things)), **ROUTES[route].send)

        return portal.call(sent)

    return ask


def test_every_route_is_classified(known: set[Route]) -> None:
    assert known == set(ROUTES), "say in ROUTES who may use a new route"


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_a_key_is_needed_where_it_is_said_to_be(route: Route, ask: Ask) -> None:
    answer = ask(route)
    if ROUTES[route].role is None:
        assert answer.status_code < 400
    else:
        _is_problem(answer, 401, "key-needed", route)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", CLOSED, ids=" ".join)
def test_a_role_below_is_refused_and_no_other(route: Route, ask: Ask, house: House) -> None:
    needed = ROUTES[route].role
    assert needed is not None
    for tenant in (house.ours, house.everywhere):
        for role in Role:
            answer = ask(route, tenant.secrets[role])
            if ROUTES[route].unlimited and tenant is not house.everywhere:
                _is_problem(answer, 403, "unlimited-needed", route)
            elif role.allows(needed):
                assert answer.status_code not in (401, 403), (role, answer.text)
                assert answer.status_code < 500, answer.text
            else:
                _is_problem(answer, 403, "not-allowed", route)


@pytest.mark.parametrize("route", WITH_A_THING, ids=" ".join)
def test_what_is_anothers_is_like_what_is_not_there(route: Route, ask: Ask, house: House) -> None:
    theirs = things_of(house, house.theirs)
    for role in Role:
        if not role.allows(ROUTES[route].role or VIEWER):
            continue
        foreign, unknown = (ask(route, house.ours.secrets[role], things) for things in (theirs, UNKNOWN))
        assert foreign.status_code == unknown.status_code == 404
        assert _told(foreign, theirs) == _told(unknown, UNKNOWN)


@pytest.mark.parametrize("route", WITH_A_THING, ids=" ".join)
def test_what_is_ones_own_is_there(route: Route, ask: Ask, house: House) -> None:
    rule = ROUTES[route]
    answer = ask(route, house.ours.secrets[rule.by or rule.role or VIEWER], things_of(house, house.ours))
    assert answer.status_code not in (401, 403, 404), answer.text
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("route", WITHOUT, ids=" ".join)
def test_lists_and_answers_tell_nothing_of_others(route: Route, ask: Ask, house: House) -> None:
    ours, theirs = things_of(house, house.ours), things_of(house, house.theirs)
    marks = {*asdict(theirs).values(), *(key.id for key in house.theirs.keys.values()), "theirs"}
    for role in Role:
        if role.allows(ROUTES[route].role or VIEWER):
            told = ask(route, house.ours.secrets[role]).text.replace("where is the walrus?", "")
            if route == ("GET", "/v1/audit"):
                # What one has asked for oneself stands in one's own lines, refused or not.
                mine = {key.id for key in house.ours.keys.values()}
                told = json.dumps([deed for deed in json.loads(told)["items"] if deed["key_id"] not in mine])
            assert not [mark for mark in marks if mark in told]
            assert "walrus" not in told
    assert ours.recording_id != theirs.recording_id


@pytest.mark.parametrize("tenant", ["theirs", "everywhere"])
@pytest.mark.parametrize(
    "route",
    [
        ("GET", "/v1/recordings"),
        ("GET", "/v1/search"),
        ("POST", "/v1/search"),
        ("POST", "/v1/ask"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v1/events"),
        ("GET", "/v1/jobs"),
        ("GET", "/v1/keys"),
        ("GET", "/v1/cameras"),
        ("GET", "/v1/rules"),
        ("GET", "/v1/alerts"),
    ],
    ids=" ".join,
)
def test_whoever_reaches_it_is_told(route: Route, tenant: str, ask: Ask, house: House) -> None:
    theirs = things_of(house, house.theirs)
    asking: Tenant = getattr(house, tenant)
    told = ask(route, asking.secrets[ADMIN]).text
    marks = (theirs.recording_id, theirs.job_id, theirs.key_id, theirs.camera_id, "a walrus")
    assert any(mark in told for mark in marks)


def _routes(app: FastAPI) -> Iterator[Route]:
    """Those of the document, and those that are kept from it."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            yield method, context.path


def _is_problem(answer: httpx2.Response, status: int, code: str, route: Route) -> None:
    assert answer.status_code == status, answer.text
    if route[0] != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code


def _told(answer: httpx2.Response, things: Things) -> object:
    """The answer without what tells two requests for different things apart."""
    text = answer.text
    for thing in asdict(things).values():
        text = text.replace(thing, "THING")
    told = json.loads(text) if text else {}
    return {name: value for name, value in told.items() if name != "request_id"}
