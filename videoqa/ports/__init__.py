"""What the use cases need of the world. Every port has one contract suite, run on its fake and on each adapter."""

from __future__ import annotations

from videoqa.events import Usage
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
from videoqa.ports.archive import Archive
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
    Spool,
    Surveyed,
    Transcriber,
    Unread,
    VideoFacts,
)
from videoqa.ports.model import Finding, Grounder
from videoqa.ports.search import Candidate, Embedder, Lexicon, Search

__all__ = [
    "Analyser",
    "Analysis",
    "AnalysisKind",
    "Archive",
    "Brief",
    "Candidate",
    "Checkpoint",
    "Closeup",
    "Closeups",
    "CueReader",
    "Embedder",
    "FileIdentity",
    "Files",
    "Finding",
    "FootageReader",
    "Grounder",
    "Lexicon",
    "Look",
    "MediaFacts",
    "Passages",
    "Pictures",
    "PlannedGroup",
    "RecordedLook",
    "Sampled",
    "Search",
    "Sound",
    "SoundReader",
    "Spool",
    "Surveyed",
    "Timeline",
    "TimelineChange",
    "Transcriber",
    "Unread",
    "Usage",
    "VideoFacts",
]
