"""What the service says of itself: the OpenAPI document, and the page at /docs that is made of it.

The page needs nothing from elsewhere: no script, no font, no other server.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from api.problems import MEDIA_TYPE, TABLE, ProblemBody

_PROBLEM = "Problem"
_TOLD = {
    "401": "A key in force is needed.",
    "403": "The key's role does not allow it.",
    "404": "There is none for this key.",
    "422": "The request is malformed.",
    "429": "More was asked than the key may; Retry-After says when to come back.",
    "default": "Any other problem; `code` says which.",
}
_EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}, "id": {"type": "string"}},
    "required": ["event", "data"],
}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
summary { cursor: pointer; padding: .4rem 0; } code, pre { font: 14px/1.4 ui-monospace, monospace; }
b { display: inline-block; min-width: 4.5rem; } dt { font-weight: 600; } dd { margin: 0 0 .4rem 1.5rem; }
"""
_POLICY = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)


class DocumentedApp(FastAPI):
    """An application whose document tells the problems that every route answers with."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _with_problems(super().openapi())
        return self.openapi_schema


def install(app: FastAPI) -> None:
    """Adds the page at /docs."""

    @app.get("/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(_page(app.openapi()), headers={"Content-Security-Policy": _POLICY})


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for framework in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework, None)
    schemas[_PROBLEM] = ProblemBody.model_json_schema()
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}}
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            known = {each["in"] for each in operation.get("parameters", ())}
            told = {"422", "429", "default"} if known or "requestBody" in operation else {"429", "default"}
            told |= {"401", "403"} if "security" in operation else set()
            told |= {"404"} if "path" in known else set()
            for answer in operation["responses"].values():
                if (stream := answer.get("content", {}).get("text/event-stream")) is not None:
                    stream.pop("schema", None)
                    stream["itemSchema"] = _EVENT
            for status in sorted(told):
                operation["responses"][status] = {"description": _TOLD[status], "content": content}
    return document


def _page(document: dict[str, Any]) -> str:
    routes = "".join(
        _route(method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    problems = "".join(
        f"<dt><code>{escape(code)}</code> {status}</dt><dd>{escape(' '.join((kind.__doc__ or '').split()))}</dd>"
        for kind, (status, code) in sorted(TABLE.items(), key=lambda each: each[1][1])
    )
    title = escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<h1>{title} {escape(document['info']['version'])}</h1><p>{escape(document['info'].get('summary', ''))}</p>"
        '<p>The same for programs: <a href="/openapi.json">/openapi.json</a>. Where keys are needed, send '
        "<code>Authorization: Bearer KEY</code>.</p>"
        f"<h2>Routes</h2>{routes}<h2>Bodies</h2>{_bodies(document)}<h2>Problems</h2><dl>{problems}</dl></html>"
    )


def _route(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<dt><code>{escape(each['name'])}</code> ({each['in']}{', needed' if each.get('required') else ''})</dt>"
        f"<dd>{escape(each.get('description', ''))} <code>{escape(_shape(each['schema']))}</code></dd>"
        for each in operation.get("parameters", ())
    )
    bodies = "".join(
        f"<dt>Body <code>{escape(kind)}</code></dt><dd>{_told(told.get('schema', {}))}</dd>"
        for kind, told in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(
        f"<dt>{escape(status)}</dt><dd>{escape(told.get('description', ''))} "
        f"<code>{escape(', '.join(told.get('content', {})))}</code></dd>"
        for status, told in operation["responses"].items()
    )
    return (
        f"<details><summary><b>{method}</b> <code>{escape(path)}</code></summary>"
        f"<p>{escape(operation.get('description', ''))}</p><dl>{parameters}{bodies}{answers}</dl></details>"
    )


def _told(schema: dict[str, Any]) -> str:
    elsewhere = () if "properties" in schema else sorted(_references(schema))
    named = "".join(f' <a href="#{escape(name)}">its fields</a>' for name in elsewhere)
    return f"<code>{escape(_shape(schema))}</code>{named}{_fields(schema)}"


def _bodies(document: dict[str, Any]) -> str:
    """Every schema that a request's body is made of, field by field."""
    schemas = document.get("components", {}).get("schemas", {})
    found, waiting = set[str](), _references([each.get("requestBody", {}) for each in _operations(document)])
    while waiting := waiting - found:
        found |= waiting
        waiting = _references([schemas[name] for name in waiting])
    return "".join(
        f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3><p>{escape(schemas[name].get("description", ""))}</p>'
        f"{_fields(schemas[name]) or _code(schemas[name])}"
        for name in sorted(found)
    )


def _fields(schema: dict[str, Any]) -> str:
    needed = schema.get("required", ())
    told = "".join(
        f"<dt><code>{escape(name)}</code> ({_code(field)}, {'needed' if name in needed else 'not needed'})</dt>"
        f"<dd>{escape(' '.join(field.get('description', '').split()))}</dd>"
        for name, field in schema.get("properties", {}).items()
    )
    return told and f"<dl>{told}</dl>"


def _code(schema: dict[str, Any]) -> str:
    return f"<code>{escape(' | '.join(map(str, schema['enum'])) if 'enum' in schema else _shape(schema))}</code>"


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for operations in document["paths"].values() for operation in operations.values()]


def _references(told: object) -> set[str]:
    """The names of the schemas that are referred to anywhere in ``told``."""
    if isinstance(told, list):
        return set[str]().union(*map(_references, told))
    if not isinstance(told, dict):
        return set()
    here = {str(told["$ref"]).rpartition("/")[2]} if isinstance(told.get("$ref"), str) else set[str]()
    return here.union(*map(_references, told.values()))


def _shape(schema: dict[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(map(_shape, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "anything"))
