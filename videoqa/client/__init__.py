"""A client of the service: ``Client`` blocks, ``AsyncClient`` is awaited; both do the same by the same code.

with Client() as client:
    recording = client.upload("gate.mp4", tags=["gate"])
    client.wait_until_indexed(recording.id)
    print(client.ask("when did the red car leave?").answer)
"""

from __future__ import annotations

from videoqa.client.client import AsyncClient, Client
from videoqa.client.documents import (
    Chapter,
    Citation,
    Coverage,
    CoverageTotals,
    CoveredSpan,
    Event,
    ModelUsage,
    Moment,
    Recording,
    RecordingRef,
    Region,
)
from videoqa.client.problems import (
    BadReply,
    BadRequest,
    Changed,
    ClientError,
    Conflict,
    IndexingFailed,
    KeyNeeded,
    NoRoom,
    NotAllowed,
    NotFound,
    Problem,
    ProblemError,
    ServiceFailed,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unreachable,
)

__all__ = [
    "AsyncClient",
    "BadReply",
    "BadRequest",
    "Changed",
    "Chapter",
    "Citation",
    "Client",
    "ClientError",
    "Conflict",
    "Coverage",
    "CoverageTotals",
    "CoveredSpan",
    "Event",
    "IndexingFailed",
    "KeyNeeded",
    "ModelUsage",
    "Moment",
    "NoRoom",
    "NotAllowed",
    "NotFound",
    "Problem",
    "ProblemError",
    "Recording",
    "RecordingRef",
    "Region",
    "ServiceFailed",
    "TooLarge",
    "TooManyRequests",
    "Unavailable",
    "Unreachable",
]
