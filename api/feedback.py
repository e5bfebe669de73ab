"""What those who asked think of the answers, for tuning."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.asking import given_to
from api.auth import Admin, Viewer
from api.reach import everyones
from api.schemas.feedback import FeedbackBody, JudgedAnswer
from api.service import Parts
from api.threads import in_thread

router = APIRouter(prefix="/v1/answers", tags=["questions"])

_LINES: dict[str, Any] = {"application/jsonl": {"schema": {"type": "string"}}}


@router.post("/{answer_id}/feedback", status_code=204)
async def judge(*, service: Parts, caller: Viewer, answer_id: str, body: FeedbackBody) -> Response:
    """Says whether an answer is right; only whoever asked may. What is said last counts."""
    given = await given_to(service, caller, answer_id)
    await in_thread(lambda: service.answers.judge(given.id, right=body.right, note=body.note), storing=True)
    return Response(status_code=204)


@router.get("/feedback", response_class=Response, responses={200: {"content": _LINES}})
async def export_feedback(
    *,
    service: Parts,
    caller: Admin,
    right: Annotated[
        bool | None,
        Query(description="Only right answers, which `videoqa eval` reads as they are, or only wrong ones."),
    ] = None,
) -> Response:
    """Every answer that was judged, a JSON object a line, the oldest first."""

    def lines() -> str:
        told = (
            JudgedAnswer.from_domain(given).model_dump_json() + "\n"
            for given in service.answers.judged()
            if (everyones(caller) or given.owner == caller.key_id) and right in (None, given.right)
        )
        return "".join(told)

    return Response(await in_thread(lines), media_type="application/jsonl")
