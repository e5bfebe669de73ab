"""One trace goes from a request to the model, also where a job goes on with it in another process."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.needs import missing
from tests.scripted_model import Said, ScriptedModel
from tests.service import a_service, client_of
from videoqa import tracing
from videoqa.analyser.model.exchange import Ask
from videoqa.analyser.model.server import ModelServer
from videoqa.bootstrap.telemetry import OtelTracer
from videoqa.jobs.rows import as_arguments
from videoqa.ports import IndexRequest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def told() -> Iterator[Any]:
    """The spans that were told, in the order of their ends."""
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        missing("the extra telemetry is not installed")
    sdk = importlib.import_module("opentelemetry.sdk.trace")
    export = importlib.import_module("opentelemetry.sdk.trace.export")
    memory = importlib.import_module("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter, provider = memory.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    tracing.begin(OtelTracer(provider))
    yield exporter.get_finished_spans
    tracing.begin(None)


def test_without_a_tracer_a_span_is_nothing() -> None:
    with tracing.span("something", size=1) as span:
        span.set({"more": True})
    assert tracing.traceparent() == ""


@pytest.mark.anyio
async def test_a_search_is_under_its_request_and_that_under_its_callers_trace(tmp_path: Path, told: Any) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with client_of(a_service(tmp_path)) as client:
        answer = await client.get("/v1/search?q=words", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert answer.status_code == 200, answer.text
    spans = {span.name: span for span in told()}
    request, search = spans["GET /v1/search"], spans["search"]
    assert f"{request.context.trace_id:032x}" == trace
    assert search.parent.span_id == request.context.span_id
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["videoqa.request"] == answer.headers["X-Request-Id"]


def test_a_job_goes_on_with_the_trace_of_whoever_handed_it_in(told: Any) -> None:
    with tracing.span("request"):
        handed_in = as_arguments(IndexRequest("/footage/a.mp4"))
    with tracing.span("job", remote=str(handed_in["trace"])):
        pass
    request, job = told()
    assert job.context.trace_id == request.context.trace_id
    assert job.parent.span_id == request.context.span_id


def test_what_a_model_is_asked_is_told_and_counted(told: Any) -> None:
    before = tracing.TALLY.counted
    with ScriptedModel([Said("yes")]) as scripted:
        server = ModelServer(scripted.url)
        server.ask(Ask("You watch.", "What happens?"))
        server.close()
    (request,) = told()
    assert request.name == "model request"
    assert request.attributes["gen_ai.request.model"] == "scripted"
    assert request.attributes[tracing.TOKENS_IN] > 0
    assert tracing.TALLY.counted.answered == before.answered + 1


def test_a_model_request_says_what_it_took_and_an_error_what_it_was(told: Any) -> None:
    before = tracing.TALLY.counted
    with tracing.span("look"), tracing.model_request("qwen", "http://gpu:8000") as request:
        request.used(100, 7)
    with pytest.raises(RuntimeError), tracing.model_request("qwen", "http://gpu:8000"):
        raise RuntimeError("it broke")
    model, look, failed = told()
    assert model.parent.span_id == look.context.span_id
    assert (model.attributes[tracing.TOKENS_IN], model.attributes[tracing.TOKENS_OUT]) == (100, 7)
    assert not failed.status.is_ok
    after = tracing.TALLY.counted
    assert (after.answered - before.answered, after.failed - before.failed) == (1, 1)
    assert (after.tokens_in - before.tokens_in, after.tokens_out - before.tokens_out) == (100, 7)
