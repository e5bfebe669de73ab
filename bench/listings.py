"""How long a page of recordings or of events takes over 100,000 recordings, for keys that reach all, some or none."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Sized
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from bench.figure import Figure
from indexer import tables
from indexer.archive import SqlArchive
from indexer.database import open_database, writing
from indexer.search.hybrid import HybridSearch
from videoqa.access import Scope
from videoqa.events import Source
from videoqa.ports import EventFilter, EventPlace, RecordingFilter
from videoqa.testing.search import LetterEmbedder

FOLDER = Path(__file__).parent / "footage"
EVENTS = 10
"""Of each recording."""
AT_ONCE = 5000
TIMES = 20
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEYS = {
    "of everything": Scope(),
    "of a tag on all": Scope(frozenset({"all"})),
    "of a tag on 1 in 100": Scope(frozenset({"t7"})),
    "of a tag on 50": Scope(frozenset({"rare3"})),
    "of a camera": Scope(cameras=frozenset({"cam3"})),
    "of nothing there is": Scope(frozenset({"none"})),
}


def figures(full: bool) -> list[Figure]:
    count = 100_000 if full else 20_000
    folder = FOLDER / f"listings-{count}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        build(open_database(folder / "videoqa.sqlite"), count)
        (folder / "whole").touch()
    engine = open_database(folder / "videoqa.sqlite")
    return [
        _figure(f"{count:,} recordings, {name}, p95", list_once)
        for name, list_once in lists(SqlArchive(engine, lambda: _search(engine, folder)), count).items()
    ]


def lists(archive: SqlArchive, count: int) -> dict[str, Callable[[], Sized]]:
    """What is measured, by its name."""
    oldest = EventPlace(START + HOUR, "0")
    wanted: dict[str, Callable[[], Sized]] = {}
    for name, scope in KEYS.items():
        only = RecordingFilter(scope=scope)
        wanted[f"page for a key {name}"] = partial(archive.page, only)
        wanted[f"events for a key {name}"] = partial(archive.find_events, EventFilter(only))
    deep = sorted(archive.recordings(), key=lambda each: each.added_at or START)[count // 100].id
    wanted["last page"] = partial(archive.page, RecordingFilter(), deep)
    wanted["page by a part of few titles"] = lambda: archive.page(RecordingFilter(title="777.mp4"))
    wanted["page by a part of no title"] = lambda: archive.page(RecordingFilter(title="nothing"))
    wanted["last events"] = lambda: archive.find_events(EventFilter(), oldest)
    wanted["events of a rare label"] = lambda: archive.find_events(EventFilter(label="rarity"))
    wanted["events of a source without any"] = lambda: archive.find_events(EventFilter(source=Source.MODEL))
    return wanted


def build(engine: sa.Engine, count: int) -> None:
    """``count`` recordings, one a second, every other with a wall clock, a third by cameras."""
    chance = random.Random(1)
    for first in range(0, count, AT_ONCE):
        with writing(engine) as connection:
            numbers = range(first, first + AT_ONCE)
            ids = {number: f"{chance.getrandbits(52):013x}" for number in numbers}
            connection.execute(tables.recordings.insert(), [_recording(ids[number], number) for number in numbers])
            tags = [
                {"recording_id": ids[number], "tag": tag}
                for number in numbers
                for tag in ("all", f"t{number % 100}", f"rare{number // 50}")
            ]
            connection.execute(tables.recording_tags.insert(), tags)
            connection.execute(tables.analyses.insert(), [_analysis(ids[number]) for number in numbers])
            events = [_event(ids[number], number, chance) for number in numbers for _ in range(EVENTS)]
            connection.execute(tables.events.insert(), events)


def _recording(recording_id: str, number: int) -> dict[str, object]:
    came, title = START + timedelta(seconds=number), f"Lecture {number}.mp4"
    return {
        "id": recording_id,
        "title": title,
        "folded_title": title,
        "source": f"/{number}",
        "digest": f"{number:064x}",
        "length": HOUR,
        "state": "indexed",
        "problems": [],
        "owner": f"k{number % 50}",
        "added_at": came,
        "started_at": came if number % 2 else None,
        "camera": "" if number % 3 else f"cam{number % 500}",
    }


def _analysis(recording_id: str) -> dict[str, object]:
    return {
        "id": recording_id,
        "recording_id": recording_id,
        "begun": 0,
        "fingerprint": "bench",
        "kind": "signals",
        "seen_by": "signals",
        "prompt": "",
        "period": HOUR,
        "long_side": 768,
        "multiple": 32,
        "times": b"",
        "next_group": 0,
        "finished": True,
    }


def _event(recording_id: str, number: int, chance: random.Random) -> dict[str, object]:
    start = timedelta(seconds=chance.randrange(3600))
    label = chance.choice(["motion", "slide", "shot"]) if chance.random() > 0.0001 else "rarity"
    return {
        "analysis_id": recording_id,
        "id": f"{chance.getrandbits(64):016x}",
        "open": False,
        "label": label,
        "start": start,
        "end": start + HOUR,
        "at": START + timedelta(seconds=number) + start,
        "confidence": 1.0,
        "description": "something moves on the left",
        "source": "motion",
        "frames": bytes(40),
        "identity": "",
    }


def _figure(name: str, list_once: Callable[[], Sized]) -> Figure:
    times, work = list[float](), list[float]()
    for _ in range(TIMES):
        begin, begun = time.perf_counter(), time.process_time()
        found = len(list_once())
        times.append((time.perf_counter() - begin) * 1000)
        work.append((time.process_time() - begun) * 1000)
    p95 = float(np.percentile(times, 95))
    detail = f"p50 {np.median(times):.1f} ms, of CPU {np.median(work):.1f} ms; {found} found"
    return Figure(name, p95, "ms", "<= 100", p95 <= 100, detail)


def _search(engine: sa.Engine, folder: Path) -> HybridSearch:
    return HybridSearch(engine, LetterEmbedder(), folder / "index")
