"""The routes there are: what each may be told, and by which methods."""

from __future__ import annotations

import math
import re
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Union, get_args, get_origin

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.datastructures import QueryParams

from videoqa.errors import MalformedRequest

_MANY = frozenset({list, tuple, set, frozenset})


@dataclass(frozen=True, slots=True)
class _Parameter:
    many: bool
    number: bool


@dataclass(frozen=True, slots=True)
class _Path:
    pattern: re.Pattern[str]
    written: str
    methods: dict[str, dict[str, _Parameter]]


class RouteBook:
    """Looks routes up by method and path. Made from the application when it is first asked."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    @cached_property
    def _paths(self) -> list[_Path]:
        found: dict[str, _Path] = {}
        for context in iter_route_contexts(self._app.routes):
            if context.path_format is None:
                continue
            path = found.setdefault(context.path_format, _Path(context.path_regex, context.path_format, {}))
            dependant = getattr(context.original_route, "dependant", None)
            known = {} if dependant is None else dict(_parameters(dependant))
            path.methods.update(dict.fromkeys(context.methods or (), known))
        # A path without parameters is meant before one that would take it for a parameter's value.
        return sorted(found.values(), key=lambda each: each.written.count("{"))

    def template(self, path: str) -> str:
        """The path of the route as it is written, or ``path`` where there is none."""
        return next((known.written for known in self._paths if known.pattern.match(path)), path)

    def methods(self, path: str) -> str:
        """The methods by which ``path`` can be asked, as an Allow header lists them."""
        found = (known.methods for known in self._paths if known.pattern.match(path))
        return ", ".join(sorted({method for methods in found for method in methods}))

    def check(self, method: str, path: str, query: QueryParams) -> None:
        """
        Raises:
            MalformedRequest: the query holds what the route does not know, one thing twice, or a number without end.
        """
        found = (each.methods for each in self._paths if each.pattern.match(path))
        known = next((methods[method] for methods in found if method in methods), None)
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


def _parameters(dependant: Dependant) -> Iterator[tuple[str, _Parameter]]:
    """What a route and what it depends on read of the query."""
    for field in dependant.query_params:
        kinds = set(_kinds(field.field_info.annotation))
        yield field.alias, _Parameter(many=not _MANY.isdisjoint(kinds), number=float in kinds)
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def _kinds(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _kinds(each)
    else:
        yield origin or annotation


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return True  # whoever reads it says what it should be
