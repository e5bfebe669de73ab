"""How long 100,000 notices take to be read in pages, and an alert with its event to be written, on SQLite."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from bench.figure import Figure
from indexer import alert_rows, live_tables
from indexer.alert_log import SqlAlertLog
from indexer.archive import SqlArchive
from indexer.database import open_database, writing
from indexer.search.hybrid import HybridSearch
from videoqa.alerts import Alert, AlertState, NoticeKind, Severity, Verdict
from videoqa.events import Event, Region, Source
from videoqa.media import ZERO, Recording, RecordingState, Sampling, Span
from videoqa.ports import AlertChange, AnalysisKind
from videoqa.testing.search import LetterEmbedder

KEPT = 100_000
PAGE = 500
WRITES = 300
START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def figures(full: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        engine = open_database(folder / "videoqa.sqlite")
        log = SqlAlertLog(engine)
        _begin(engine, folder)
        _fill(engine)
        found = [_read(log), _written(log, engine, "as kept", "FULL"), _written(log, engine, "fsync apart", "OFF")]
        engine.dispose()
        return found


def _read(log: SqlAlertLog) -> Figure:
    begun, work, seq, pages = time.perf_counter(), time.process_time(), 0, list[float]()
    while True:
        turned = time.perf_counter()
        page = log.notices(seq, PAGE)
        if not page:
            break
        pages.append((time.perf_counter() - turned) * 1000)
        seq = page[-1].seq
    took, worked = time.perf_counter() - begun, time.process_time() - work
    detail = f"{worked:.2f} s of CPU; pages of {PAGE}, the slowest in {max(pages):.0f} ms"
    return Figure(f"{seq:,} notices read", took, "s", "<= 5", took <= 5, detail)


def _written(log: SqlAlertLog, engine: sa.Engine, name: str, synchronous: str) -> Figure:
    @sa.event.listens_for(engine, "checkout")
    def switch(connection: sa.engine.interfaces.DBAPIConnection, *_: object) -> None:
        connection.cursor().execute(f"PRAGMA synchronous={synchronous}")

    times, work = list[float](), time.process_time()
    for number in range(WRITES):
        alert = replace(_alert(number), id=f"{synchronous}{number}", recording="r")
        seen = Span(ZERO, SECOND)
        event = Event(alert.id, "r", seen, alert.label, alert.description, Source.MODEL, (ZERO,), region=alert.region)
        begun = time.perf_counter()
        log.write([AlertChange(NoticeKind.ALERT_NEW, alert, event)])
        times.append((time.perf_counter() - begun) * 1000)
    sa.event.remove(engine, "checkout", switch)
    worked = (time.process_time() - work) * 1000 / WRITES
    detail = f"p50 {np.median(times):.1f} ms, of CPU {worked:.1f} ms"
    return Figure(
        f"an alert with its event committed, {name}, p95", float(np.percentile(times, 95)), "ms", "", None, detail
    )


def _fill(engine: sa.Engine) -> None:
    """As the log itself writes them, but all at once."""
    with writing(engine) as connection:
        told = [alert_rows.notice_row(seq, NoticeKind.ALERT_NEW, START, _alert(seq)) for seq in range(1, KEPT + 1)]
        connection.execute(live_tables.notices.insert(), told)
        connection.execute(live_tables.counters.insert(), {"name": "notices", "value": KEPT})


def _begin(engine: sa.Engine, folder: Path) -> None:
    archive = SqlArchive(engine, lambda: HybridSearch(engine, LetterEmbedder(), folder / "index"))
    archive.add(Recording("r", "gate", "/gate", "live:r", ZERO, RecordingState.RECORDING, started_at=START))
    archive.begin("r", "rules", Sampling(), ZERO, (), kind=AnalysisKind.RULES)


def _alert(number: int) -> Alert:
    return Alert(
        id=f"{number:032x}",
        rule=f"rule-{number % 20}",
        camera=f"camera-{number % 50}",
        event=f"{number:032x}",
        state=AlertState.OPEN,
        start=START + number * SECOND,
        end=None,
        severity=Severity.HIGH,
        label="a person climbs the fence",
        description="Somebody in a red jacket climbs over the fence on the left and drops down behind it.",
        confidence=0.87,
        verdict=Verdict.CONFIRMED,
        recording=f"recording-{number % 1000}",
        offset=number % 600 * SECOND,
        frames=tuple((number % 600 + each) * SECOND for each in range(4)),
        region=Region(0.1, 0.2, 0.4, 0.8),
        seen_at=START + number * SECOND,
    )
