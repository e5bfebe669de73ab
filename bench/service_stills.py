"""How soon a still and a clip of a long recording are there that nobody has asked for before."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np

from bench.figure import Figure
from bench.product import footage
from ingest.clips import SandboxedClips
from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from videoqa.media import Recording, RecordingState, Span

_SCENES = (("yard", "quiet yard, 720p15, GOP 2 s"), ("lecture", "slides, 720p30, GOP 250"))
_CLIP = timedelta(seconds=10)


def figures(full: bool) -> list[Figure]:
    """At random moments of an hour, each asked for once; a fresh process of the sandbox each."""
    chance, times = Random(1), 60 if full else 15
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for scene, means in _SCENES:
            path = footage(scene, 60, drawn=False)
            reader = SandboxedReader()
            facts, digest = reader.probe(str(path)), LocalFiles().identify(str(path)).digest
            recording = Recording(scene, scene, str(path), digest, facts.length, RecordingState.INDEXED)
            clips = SandboxedClips(reader, Path(folder) / scene)
            # What is found out of a file once is not what a viewer waits for.
            clips.thumbnail(recording, timedelta(0))
            moments = [facts.length * chance.random() * 0.99 for _ in range(times)]
            stills, cuts = _stills(clips, recording, moments), _cuts(clips, recording, moments)
            for name, taken in ((f"a still of an hour of {means}", stills), (f"10 s of an hour of {means}", cuts)):
                p95 = float(np.percentile(taken, 95))
                detail = f"p50 {statistics.median(taken):.0f} ms, {times} of them"
                found.append(Figure(f"{name}, p95", p95, "ms", "", None, detail))
    return found


def _stills(clips: SandboxedClips, recording: Recording, moments: Sequence[timedelta]) -> list[float]:
    return [_milliseconds(clips.thumbnail, recording, at) for at in moments]


def _cuts(clips: SandboxedClips, recording: Recording, moments: Sequence[timedelta]) -> list[float]:
    return [_milliseconds(clips.clip, recording, Span(at, at + _CLIP)) for at in moments]


def _milliseconds(work: Callable[..., object], *what: object) -> float:
    begun = time.perf_counter()
    work(*what)
    return (time.perf_counter() - begun) * 1000
