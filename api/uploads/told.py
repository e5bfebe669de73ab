"""What is said of footage in fields of text: a form's, or an upload's metadata."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from api.schemas.uploads import Told
from videoqa.errors import MalformedRequest

FIELDS = tuple(Told.model_fields)


def told(fields: Iterable[tuple[str, str]]) -> Told:
    """``tags`` may come several times, or once with commas between them; nothing else may.

    Raises:
        MalformedRequest: a field holds what it cannot, comes twice, or is none.
    """
    known: dict[str, object] = {}
    tags: list[str] = []
    for name, value in fields:
        if name not in FIELDS:
            raise MalformedRequest(problem=f"there is no field {name[:60]}, but {', '.join(FIELDS)}")
        if name == "tags":
            tags += [tag for tag in map(str.strip, value.split(",")) if tag]
        elif name in known:
            raise MalformedRequest(problem=f"{name} is there twice")
        elif value.strip():
            known[name] = value
    try:
        return Told.model_validate({**known, "tags": tags})
    except ValidationError as error:
        raise MalformedRequest(problem=first_problem(error)) from error


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'/'.join(map(str, wrong['loc']))}: {wrong['msg']}"
