"""A client of the service: ``Client`` blocks, ``AsyncClient`` is awaited; both do the same by the same code.

with Client() as client:
    recording = client.upload("gate.mp4", tags=["gate"])
    client.wait_until_indexed(recording.id)
    print(client.ask("when did the red car leave?").answer)
"""

from __future__ import annotations

from videoqa.client.alerts import (
    Alert,
    AlertNews,
    CameraNews,
    CameraStatus,
    Gap,
    GapNews,
    News,
    Remark,
    Truncated,
)
from videoqa.client.asking import Note, Part, Proposed, Rejected, Task, Token
from videoqa.client.books import Deed, JudgedAnswer, Key, KeyUsage, MadeKey, RecordingCost, Usage
from videoqa.client.cameras import Camera, CameraTimeline, Footage, Unjudged
from videoqa.client.client import AsyncClient, Client
from videoqa.client.documents import (
    Answer,
    CameraRef,
    Chapter,
    Citation,
    Coverage,
    CoverageTotals,
    CoveredSpan,
    Event,
    ListedEvent,
    ModelUsage,
    Moment,
    Recording,
    RecordingRef,
    Region,
)
from videoqa.client.downloads import Clip
from videoqa.client.flows import Options
from videoqa.client.pins import Pin
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
from videoqa.client.rules import Condition, Rule, Schedule, Trial, TrialProgress
from videoqa.client.subtitles import SubtitleFile
from videoqa.client.uploads import Upload
from videoqa.client.webhooks import MadeWebhook, Webhook
from videoqa.client.work import End, Job, Progress

__all__ = [
    "Alert",
    "AlertNews",
    "Answer",
    "AsyncClient",
    "BadReply",
    "BadRequest",
    "Camera",
    "CameraNews",
    "CameraRef",
    "CameraStatus",
    "CameraTimeline",
    "Changed",
    "Chapter",
    "Citation",
    "Client",
    "ClientError",
    "Clip",
    "Condition",
    "Conflict",
    "Coverage",
    "CoverageTotals",
    "CoveredSpan",
    "Deed",
    "End",
    "Event",
    "Footage",
    "Gap",
    "GapNews",
    "IndexingFailed",
    "Job",
    "JudgedAnswer",
    "Key",
    "KeyNeeded",
    "KeyUsage",
    "ListedEvent",
    "MadeKey",
    "MadeWebhook",
    "ModelUsage",
    "Moment",
    "News",
    "NoRoom",
    "NotAllowed",
    "NotFound",
    "Note",
    "Options",
    "Part",
    "Pin",
    "Problem",
    "ProblemError",
    "Progress",
    "Proposed",
    "Recording",
    "RecordingCost",
    "RecordingRef",
    "Region",
    "Rejected",
    "Remark",
    "Rule",
    "Schedule",
    "ServiceFailed",
    "SubtitleFile",
    "Task",
    "Token",
    "TooLarge",
    "TooManyRequests",
    "Trial",
    "TrialProgress",
    "Truncated",
    "Unavailable",
    "Unjudged",
    "Unreachable",
    "Upload",
    "Usage",
    "Webhook",
]
