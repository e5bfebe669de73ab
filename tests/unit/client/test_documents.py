"""The client's types are those of the service's OpenAPI document, field by field: neither changes alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import TypeAdapter

from api.app import create_app
from api.schemas import alerts as schemas_of_alerts
from api.schemas import answers, jobs
from api.schemas.feedback import JudgedAnswer
from tests.service import a_service
from videoqa.client import (
    alerts,
    asking,
    books,
    cameras,
    documents,
    pins,
    rules,
    subtitles,
    uploads,
    webhooks,
    work,
)

Json = dict[str, Any]
_PAGE = documents.Page
TOLD: Mapping[str, Any] = {
    "RecordingBody": documents.Recording,
    "RecordingPage": _PAGE[documents.Recording],
    "EventPage": _PAGE[documents.Event],
    "ChapterPage": _PAGE[documents.Chapter],
    "CoveragePage": _PAGE[documents.Coverage],
    "EventList": _PAGE[documents.ListedEvent],
    "FoundBody": asking.Found,
    "GivenAnswerBody": documents.Answer,
    "SubtitleBody": subtitles.SubtitleFile,
    "SubtitlePage": _PAGE[subtitles.SubtitleFile],
    "AlertBody": alerts.Alert,
    "AlertPage": _PAGE[alerts.Alert],
    "CameraBody": cameras.Camera,
    "CameraPage": _PAGE[cameras.Camera],
    "CameraTimeline": cameras.CameraTimeline,
    "RuleBody": rules.Rule,
    "RulePage": _PAGE[rules.Rule],
    "TrialBody": rules.Trial,
    "MadeWebhook": webhooks.MadeWebhook,
    "WebhookBody": webhooks.Webhook,
    "WebhookPage": _PAGE[webhooks.Webhook],
    "PinBody": pins.Pin,
    "PinPage": _PAGE[pins.Pin],
    "KeyPage": _PAGE[books.Key],
    "MadeKey": books.MadeKey,
    "AuditPage": _PAGE[books.Deed],
    "UsageReport": books.UsagePage,
    "JobBody": work.Job,
    "JobPage": _PAGE[work.Job],
    "UploadBody": uploads.Upload,
}
STREAMED: Mapping[str, Any] = {
    "TaskBody": asking.Task,
    "TokenBody": asking.Token,
    "ProposedBody": asking.Proposed,
    "PlayableCitation": documents.Citation,
    "NoteBody": asking.Note,
    "ProgressBody": work.Progress,
    "EndBody": work.End,
}
FED: Mapping[str, Any] = {
    "AlertMessage": alerts.AlertNews,
    "StatusMessage": alerts.CameraNews,
    "GapMessage": alerts.GapNews,
}
NOT_THE_CLIENTS = {"HealthBody", "StateBody", "Completion", "Models"}


@pytest.fixture(scope="module")
def openapi(tmp_path_factory: pytest.TempPathFactory) -> Json:
    document: Json = create_app(a_service(tmp_path_factory.mktemp("service"))).openapi()
    return document


def test_the_client_knows_everything_that_routes_answer(openapi: Json) -> None:
    assert set(_answered(openapi)) - NOT_THE_CLIENTS <= set(TOLD)


@pytest.mark.parametrize("name", TOLD)
def test_a_type_has_the_fields_of_its_schema(name: str, openapi: Json) -> None:
    schemas = openapi["components"]["schemas"]
    told = _plain(schemas[name], schemas)
    assert _of(TOLD[name]) == told


@pytest.mark.parametrize("name", STREAMED)
def test_a_part_of_a_stream_has_the_fields_of_its_schema(name: str) -> None:
    module = jobs if hasattr(jobs, name) else answers
    schema = getattr(module, name).model_json_schema(mode="serialization")
    assert _of(STREAMED[name]) == _plain(schema, schema.get("$defs", {}))


@pytest.mark.parametrize("name", FED)
def test_news_have_the_fields_of_their_schema(name: str) -> None:
    schema = getattr(schemas_of_alerts, name).model_json_schema(mode="serialization")
    assert _of(FED[name]) == _plain(schema, schema.get("$defs", {}))


def test_a_judged_answer_has_the_fields_of_its_schema() -> None:
    schema = JudgedAnswer.model_json_schema(mode="serialization")
    assert _of(books.JudgedAnswer) == _plain(schema, schema.get("$defs", {}))


def _of(kind: Any) -> Any:
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    return _plain(schema, schema.get("$defs", {}))


def _answered(openapi: Json) -> Iterator[str]:
    """The names of the schemas of what routes answer when all is well."""
    for operations in openapi["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                reference = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
                if status.startswith("2") and reference:
                    yield reference.rpartition("/")[2]


def _plain(schema: Json, known: Json) -> Any:
    """A schema without its names, texts and bounds: what of it a type has to have. A closed set of words is text."""
    if "$ref" in schema:
        return _plain(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return sorted((_plain(each, known) for each in schema["anyOf"]), key=repr)
    if schema.get("type") == "object":
        needed = schema.get("required", ())
        return {name: (name in needed, _plain(each, known)) for name, each in schema["properties"].items()}
    if schema.get("type") == "array" and "prefixItems" in schema:
        return [_plain(each, known) for each in schema["prefixItems"]]
    if schema.get("type") == "array":
        return ["many", _plain(schema["items"], known)]
    return schema["type"], schema.get("format", "")
