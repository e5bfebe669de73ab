"""What the use cases need of the world. Every port has one contract suite, run on its fake and on each adapter."""

from __future__ import annotations

from videoqa.events import Usage
from videoqa.ports.alerts import AlertChange, AlertFilter, AlertLog, Rules
from videoqa.ports.analysis import (
    Analyser,
    Analysis,
    AnalysisKind,
    Brief,
    Look,
    Passages,
    PlannedGroup,
    RecordedLook,
    Timeline,
    TimelineChange,
)
from videoqa.ports.answers import AnswerLog, GivenAnswer
from videoqa.ports.archive import (
    Archive,
    EventFilter,
    EventPlace,
    FoundEvent,
    OwnerUsage,
    RecordingFilter,
    RecordingUsage,
)
from videoqa.ports.arrivals import Arrival, Arrived, Fetched, Fetcher, Inbox, Incoming
from videoqa.ports.cameras import Cameras, Snapshot, Snapshots
from videoqa.ports.clips import Clips, Cut
from videoqa.ports.footage import (
    Checkpoint,
    Closeup,
    Closeups,
    CueReader,
    FileIdentity,
    Files,
    FootageReader,
    MediaFacts,
    Pictures,
    Sampled,
    Sound,
    SoundReader,
    Transcriber,
    Unread,
    VideoFacts,
)
from videoqa.ports.jobs import IndexRequest, Job, JobQueue, JobState
from videoqa.ports.keys import AuditLog, Deed, Keys
from videoqa.ports.live import LiveFrame, LiveItem, LiveSource, Lost, RolledOver, Tuned
from videoqa.ports.model import Finding, Grounder
from videoqa.ports.pins import Pin, Pins
from videoqa.ports.search import Candidate, Embedder, Lexicon, Search
from videoqa.ports.sentries import Change, Looked, LookedAway, Scenery, Sentries, Sentry, Sighting
from videoqa.ports.spool import Spool, Surveyed
from videoqa.ports.subtitles import SubtitleFile, Subtitles
from videoqa.ports.webhooks import Poster, Webhook, Webhooks

__all__ = [
    "AlertChange",
    "AlertFilter",
    "AlertLog",
    "Analyser",
    "Analysis",
    "AnalysisKind",
    "AnswerLog",
    "Archive",
    "Arrival",
    "Arrived",
    "AuditLog",
    "Brief",
    "Cameras",
    "Candidate",
    "Change",
    "Checkpoint",
    "Clips",
    "Closeup",
    "Closeups",
    "CueReader",
    "Cut",
    "Deed",
    "Embedder",
    "EventFilter",
    "EventPlace",
    "Fetched",
    "Fetcher",
    "FileIdentity",
    "Files",
    "Finding",
    "FootageReader",
    "FoundEvent",
    "GivenAnswer",
    "Grounder",
    "Inbox",
    "Incoming",
    "IndexRequest",
    "Job",
    "JobQueue",
    "JobState",
    "Keys",
    "Lexicon",
    "LiveFrame",
    "LiveItem",
    "LiveSource",
    "Look",
    "Looked",
    "LookedAway",
    "Lost",
    "MediaFacts",
    "OwnerUsage",
    "Passages",
    "Pictures",
    "Pin",
    "Pins",
    "PlannedGroup",
    "Poster",
    "RecordedLook",
    "RecordingFilter",
    "RecordingUsage",
    "RolledOver",
    "Rules",
    "Sampled",
    "Scenery",
    "Search",
    "Sentries",
    "Sentry",
    "Sighting",
    "Snapshot",
    "Snapshots",
    "Sound",
    "SoundReader",
    "Spool",
    "SubtitleFile",
    "Subtitles",
    "Surveyed",
    "Timeline",
    "TimelineChange",
    "Transcriber",
    "Tuned",
    "Unread",
    "Usage",
    "VideoFacts",
    "Webhook",
    "Webhooks",
]
