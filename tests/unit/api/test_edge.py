"""Every request has an id, a line in the log, and its place in the metrics."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from api.app import create_app
from tests.service import a_service, client_of
from videoqa.access import Role, Scope
from videoqa.health import Check, Figures, ModelTally

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_request_keeps_the_id_it_came_with(tmp_path: Path) -> None:
    async with client_of(a_service(tmp_path)) as client:
        answer = await client.get("/v1/recordings/none", headers={"X-Request-Id": "abc-1"})
        assert answer.headers["X-Request-Id"] == answer.json()["request_id"] == "abc-1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\tb", "<script>"])
async def test_a_request_without_a_sane_id_gets_one(tmp_path: Path, given: str) -> None:
    async with client_of(a_service(tmp_path)) as client:
        answer = await client.get("/v1/recordings", headers={"X-Request-Id": given})
        assert answer.headers["X-Request-Id"] not in ("", given)


async def test_two_requests_have_two_ids(tmp_path: Path) -> None:
    async with client_of(a_service(tmp_path)) as client:
        ids = {(await client.get("/v1/recordings")).headers["X-Request-Id"] for _ in range(2)}
        assert len(ids) == 2


async def test_a_request_is_logged_by_its_route_and_not_by_its_query(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="api")
    async with client_of(a_service(tmp_path)) as client:
        await client.get("/v1/recordings/abc?token=secret")
    (line,) = [record for record in caplog.records if record.name == "api.edge"]
    assert line.getMessage() == "GET /v1/recordings/{recording_id} 422"
    assert "secret" not in str(line.__dict__)


async def test_what_breaks_is_counted_and_has_its_id(tmp_path: Path) -> None:
    class Broken:
        def page(self, *_: object, **__: object) -> None:
            raise RuntimeError("broken")

    async with client_of(a_service(tmp_path, archive=Broken())) as client:
        answer = await client.get("/v1/recordings")
        assert answer.status_code == 500
        assert answer.headers["X-Request-Id"] == answer.json()["request_id"]
        assert 'route="/v1/recordings",status="500"' in (await client.get("/metrics")).text


async def test_metrics_count_by_route_and_never_by_what_was_made_up(tmp_path: Path) -> None:
    async with client_of(a_service(tmp_path)) as client:
        for path in ("/v1/recordings/abc", "/v1/recordings/def", "/made/up", "/docs"):
            await client.get(path)
        await client.request("MADEUP", "/v1/recordings")
        told = (await client.get("/metrics")).text
    assert 'videoqa_requests_total{method="GET",route="/v1/recordings/{recording_id}",status="404"} 2.0' in told
    assert 'method="GET",route="unknown",status="404"' in told
    assert 'method="other"' in told
    assert "abc" not in told
    assert "made" not in told.lower()


async def test_metrics_tell_how_much_there_is(tmp_path: Path) -> None:
    figures = Figures(
        recordings={"indexed": 3}, jobs={"waiting": 2}, footage=61.5, models={"worker": ModelTally(5, 1, 2.5, 900, 30)}
    )
    looked = []

    def look() -> Figures:
        looked.append(1)
        return figures

    async with client_of(a_service(tmp_path, figures=look)) as client:
        told = (await client.get("/metrics")).text
        await client.get("/metrics")
    assert 'videoqa_recordings{state="indexed"} 3.0' in told
    assert 'videoqa_jobs{state="waiting"} 2.0' in told
    assert "videoqa_footage_seconds 61.5" in told
    assert 'videoqa_model_requests_total{outcome="failed",process="worker"} 1.0' in told
    assert 'videoqa_model_tokens_total{direction="in",process="worker"} 900.0' in told
    assert len(looked) == 1, "asking often looks once"


async def test_health_is_as_well_as_its_worst_part_and_looks_once_a_second(tmp_path: Path) -> None:
    looked = []

    def checks() -> tuple[Check, ...]:
        looked.append(1)
        return (
            Check("database", works=True, detail="sqlite"),
            Check("speech", works=False, off=True, detail="none"),
            Check("model", works=False, detail="it does not answer", remedy="start it"),
        )

    async with client_of(a_service(tmp_path, checks=checks)) as client:
        told = (await client.get("/health")).json()
        await client.get("/health")
    assert told["state"] == "degraded"
    assert [part["state"] for part in told["parts"]] == ["up", "off", "degraded"]
    assert told["parts"][2]["remedy"] == "start it"
    assert len(looked) == 1


async def test_a_limited_key_is_told_no_figures_of_others(tmp_path: Path) -> None:
    parts = (Check("disk", works=True, detail="7 of 9 GB"), Check("jobs", works=False, detail="5", remedy="wait for 5"))
    service = a_service(tmp_path, checks=lambda: parts)
    limited = service.keys.create("limited", Role.ADMIN, Scope(tags=frozenset({"gate"})))[1]
    whole = service.keys.create("whole", Role.VIEWER, Scope())[1]
    async with client_of(service, limited) as client:
        told = (await client.get("/health")).json()
        assert [(each["state"], each["detail"], each["remedy"]) for each in told["parts"]] == [
            ("up", "", ""),
            ("degraded", "", ""),
        ]
        answer = await client.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (403, "unlimited-needed")
        client.headers["Authorization"] = f"Bearer {whole}"
        assert (await client.get("/health")).json()["parts"][0]["detail"] == "7 of 9 GB"
        assert (await client.get("/metrics")).status_code == 200


async def test_it_is_not_ready_when_it_is_about_to_stop(tmp_path: Path) -> None:
    app = create_app(a_service(tmp_path))
    async with client_of(a_service(tmp_path), app=app) as client:
        assert (await client.get("/health/ready")).status_code == 200
        app.state.stopping.set()
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
        assert (await client.get("/health/live")).status_code == 200
