"""What a follower asks to be told."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, ValidationError
from starlette.datastructures import QueryParams

from api.live_reach import camera_of, rule_of
from api.schemas.alerts import MOST_NAMES, FilteredMessage, Names
from api.schemas.wire import WireModel
from api.service import Service
from api.threads import in_thread
from videoqa.access import Caller
from videoqa.alerts import Severity
from videoqa.errors import MalformedRequest
from videoqa.ports import AlertFilter

AfterSeq = Annotated[int, Field(ge=0, le=2**62)]
Severities = Annotated[tuple[Severity, ...], Field(max_length=MOST_NAMES)]


class Asked(WireModel):
    """The query of a WebSocket. Without ``after_seq`` only what comes is told, with 0 all that is kept before it."""

    after_seq: AfterSeq | None = None
    camera: Names = ()
    rule: Names = ()
    severity: Severities = ()

    @classmethod
    def read(cls, query: QueryParams) -> Self:
        """
        Raises:
            MalformedRequest: it holds what nobody asks for here.
        """
        once = {name: query[name] for name in query if name == "after_seq"}
        many = {name: query.getlist(name) for name in query if name != "after_seq"}
        if len(query.getlist("after_seq")) > 1:
            raise MalformedRequest(problem="query/after_seq: it was given several times")
        try:
            return cls.model_validate({**once, **many})
        except ValidationError as error:
            raise malformed("query", error) from None


async def chosen(service: Service, caller: Caller, cameras: Names, rules: Names, severities: Severities) -> AlertFilter:
    """What ``caller`` wants to be told, and may be.

    Raises:
        UnknownCamera: one of ``cameras`` is not there for the caller.
        UnknownRule: one of ``rules`` is not.
    """

    def look_up() -> AlertFilter:
        return AlertFilter(
            cameras=frozenset(camera_of(service, caller, name).id for name in cameras),
            rules=frozenset(rule_of(service, caller, name).id for name in rules),
            severities=frozenset(severities),
            scope=caller.scope,
        )

    return await in_thread(look_up)


def filtered(wanted: AlertFilter) -> FilteredMessage:
    return FilteredMessage(
        camera=tuple(sorted(wanted.cameras)),
        rule=tuple(sorted(wanted.rules)),
        severity=tuple(sorted(wanted.severities)),
    )


def malformed(where: str, error: ValidationError) -> MalformedRequest:
    """``error`` told without the values that were given: there may be a key among them."""
    wrong = error.errors(include_url=False, include_context=False, include_input=False)[:3]
    told = (f"{'/'.join(map(str, (where, *each['loc'])))}: {each['msg']}" for each in wrong)
    return MalformedRequest(problem="; ".join(told))
