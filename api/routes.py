"""The routes as the OpenAPI document lists them: what each may be told, and by which methods."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import QueryParams
from starlette.routing import compile_path

from videoqa.errors import MalformedRequest


@dataclass(frozen=True, slots=True)
class _Parameter:
    many: bool
    number: bool


class RouteBook:
    """Looks routes up by method and path. Made from the application's own document when it is first asked."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    @cached_property
    def _paths(self) -> list[tuple[Any, str, dict[str, dict[str, _Parameter]]]]:
        found = []
        for path, operations in self._app.openapi().get("paths", {}).items():
            methods = {method.upper(): _parameters(told) for method, told in operations.items()}
            found.append((compile_path(path)[0], path, methods))
        # A path without parameters is meant before one that would take it for a parameter's value.
        return sorted(found, key=lambda each: each[1].count("{"))

    def template(self, path: str) -> str:
        """The path of the route as it is written, or ``path`` where there is none."""
        return next((written for pattern, written, _ in self._paths if pattern.match(path)), path)

    def methods(self, path: str) -> str:
        """The methods by which ``path`` can be asked, as an Allow header lists them."""
        return ", ".join(
            sorted({method for pattern, _, known in self._paths if pattern.match(path) for method in known})
        )

    def check(self, method: str, path: str, query: QueryParams) -> None:
        """
        Raises:
            MalformedRequest: the query holds what the route does not know, one thing twice, or a number without end.
        """
        known = next(
            (methods[method] for pattern, _, methods in self._paths if pattern.match(path) and method in methods), None
        )
        if known is None:
            return
        times = Counter(name for name, _ in query.multi_items())
        for name, value in query.multi_items():
            if name not in known:
                names = ", ".join(sorted(known)) or "none"
                raise MalformedRequest(problem=f"query/{name}: there is no such parameter, but {names}")
            if times[name] > 1 and not known[name].many:
                raise MalformedRequest(problem=f"query/{name}: it was given {times[name]} times")
            if known[name].number and not _finite(value):
                raise MalformedRequest(problem=f"query/{name}: it is no finite number")


def _parameters(operation: dict[str, Any]) -> dict[str, _Parameter]:
    told = (each for each in operation.get("parameters", ()) if each["in"] == "query")
    return {
        each["name"]: _Parameter("array" in _types(each["schema"]), "number" in _types(each["schema"])) for each in told
    }


def _types(schema: dict[str, Any]) -> set[str]:
    kinds = (schema, *schema.get("anyOf", ()))
    return {kind["type"] for kind in kinds if "type" in kind}


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return True  # whoever reads it says what it should be
