"""Writers of the alert log are killed at any moment: no notice is lost, told twice, out of order, or told by half."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from indexer.alert_log import SqlAlertLog
from indexer.archive import SqlArchive
from indexer.cameras import SqlCameras
from indexer.database import open_database
from indexer.search.hybrid import HybridSearch
from tests.databases import postgresql_server
from videoqa.alerts import Alert, AlertState, Notice, NoticeKind, Severity, Verdict
from videoqa.cameras import Camera, CameraState, CameraStatus, StreamUrl
from videoqa.events import Event, Source
from videoqa.media import ZERO, Recording, RecordingState, Sampling, Span
from videoqa.ports import AlertChange, AnalysisKind
from videoqa.testing.search import LetterEmbedder

KILLS, SOAK_KILLS = 5, 200
AT_ONCE = 2
"""Writers side by side."""
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# A process forked by a server that has everything imported starts a hundred times as fast as an executed one.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__, "psycopg"])


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path / "videoqa.sqlite" if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))


@dataclass
class Writer:
    """One that writes until it is killed, and what it said it had written."""

    process: multiprocessing.context.ForkServerProcess
    said: Connection

    def ledger(self) -> list[tuple[int, str]]:
        """Each number with the alert it is of, as far as the writer came to saying so."""
        told = list[tuple[int, str]]()
        try:
            while True:
                told += self.said.recv()
        except EOFError:
            return told


def write(place: Path | str, name: str, said: Connection) -> None:
    """Gives alarm after alarm: each begins with its event, goes on, and ends with the event and the camera's status."""
    engine = open_database(place)
    log = SqlAlertLog(engine)
    SqlCameras(engine).add(Camera(name, name, StreamUrl("rtsp://10.0.0.7/"), NOON))
    for number in range(10**6):
        alert = an_alert(f"{name}-{number}")
        ended = replace(alert, state=AlertState.ENDED, end=NOON + SECOND)
        status = CameraStatus(name, CameraState.ONLINE, NOON + number * SECOND)
        for changes in (
            [AlertChange(NoticeKind.ALERT_NEW, alert, an_event(alert, 1))],
            [AlertChange(NoticeKind.ALERT_UPDATE, replace(alert, confidence=0.5))],
            [AlertChange(NoticeKind.ALERT_END, ended, an_event(alert, 2)), status],
        ):
            said.send([(notice.seq, alert.id) for notice in log.write(changes) if notice.alert])


def begin(place: Path | str, name: str) -> Writer:
    hear, say = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=write, args=(place, name, say), daemon=True)
    process.start()
    say.close()
    return Writer(process, hear)


def an_alert(name: str) -> Alert:
    return Alert(
        id=name,
        rule="r1",
        camera=name.partition("-")[0],
        event=f"event of {name}",
        state=AlertState.OPEN,
        start=NOON,
        end=None,
        severity=Severity.LOW,
        label="motion",
        description="something moves",
        confidence=1.0,
        verdict=Verdict.SIGNALS,
        recording="rec",
        offset=ZERO,
    )


def an_event(alert: Alert, seconds: int) -> Event:
    """Two seconds long where it has ended."""
    span = Span(ZERO, seconds * SECOND)
    return Event(alert.event, "rec", span, alert.label, alert.description, Source.MOTION, (ZERO,))


class Follower:
    """Reads the log as it grows, as whoever tells subscribers does."""

    def __init__(self, log: SqlAlertLog) -> None:
        self._log = log
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self.seen = list[Notice]()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._read()

    def _follow(self) -> None:
        while not self._stop.is_set():
            if not self._read():
                self._stop.wait(0.005)

    def _read(self) -> bool:
        page = self._log.notices(self.seen[-1].seq if self.seen else 0, limit=50)
        self.seen += page
        return bool(page)


def test_killed_writers_leave_a_log_without_a_hole_or_a_half(
    place: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills, chance = SOAK_KILLS if request.config.getoption("--soak") else KILLS, Random(5)
    engine = open_database(place)
    archive = SqlArchive(engine, lambda: HybridSearch(engine, LetterEmbedder(), tmp_path / "index"))
    archive.add(Recording("rec", "gate", "/gate", "live:rec", ZERO, RecordingState.RECORDING, started_at=NOON))
    analysis = archive.begin("rec", "rules", Sampling(), ZERO, (), kind=AnalysisKind.RULES)
    log = SqlAlertLog(engine)
    follower = Follower(log)
    writers = [begin(place, f"w{number}") for number in range(AT_ONCE)]
    ledger = list[tuple[int, str]]()
    for number in range(kills):
        writer = writers.pop(chance.randrange(AT_ONCE))
        for _ in range(chance.randrange(1, 6)):
            assert writer.said.poll(60), "the writer writes nothing"
            ledger += writer.said.recv()
        writer.process.join(chance.random() * 0.02)
        writer.process.kill()
        ledger += writer.ledger()
        writer.process.join()
        writers.append(begin(place, f"w{AT_ONCE + number}"))
    for writer in writers:
        assert writer.said.poll(60), "the writer writes nothing"
        writer.process.kill()
        ledger += writer.ledger()
        writer.process.join()
    follower.stop()

    assert [notice.seq for notice in follower.seen] == list(range(1, log.last_seq() + 1))
    told = {notice.seq: notice for notice in follower.seen}
    assert {seq: alert.id for seq, alert_id in ledger if (alert := told[seq].alert)} == dict(ledger)
    assert max(Counter(seq for seq, _ in ledger).values()) == 1
    events = {event.id: event for event in archive.analysis_events(analysis)}
    opened = {event.id for event in archive.open_events(analysis)}
    of_alerts: dict[str, list[Notice]] = {}
    for notice in follower.seen:
        if notice.alert is not None:
            of_alerts.setdefault(notice.alert.id, []).append(notice)
    whole = [NoticeKind.ALERT_NEW, NoticeKind.ALERT_UPDATE, NoticeKind.ALERT_END]
    for alert_id, notices in of_alerts.items():
        kinds = [notice.kind for notice in notices]
        assert kinds == whole[: len(kinds)]
        alert, event = log.alert(alert_id), events.pop(f"event of {alert_id}")
        assert alert == notices[-1].alert
        has_ended = kinds[-1] is NoticeKind.ALERT_END
        assert (event.span.end, event.id in opened) == ((2 * SECOND, False) if has_ended else (SECOND, True))
        if has_ended:
            assert told[notices[-1].seq + 1].status is not None
    assert events == {}
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alerts")).scalar() == len(of_alerts)
    engine.dispose()
