"""A database of an older schema is brought up to date with all that is in it, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from indexer import columns, database, tables
from indexer.alert_log import SqlAlertLog
from indexer.archive import SqlArchive
from indexer.cameras import SqlCameras
from indexer.database import open_database, reading, writing
from indexer.ids import fresh_id
from indexer.migrations import migrate
from indexer.pins import SqlPins
from indexer.search.hybrid import HybridSearch
from tests.databases import postgresql_server
from videoqa.alerts import Alert, AlertState, NoticeKind, Severity, Verdict
from videoqa.events import Usage
from videoqa.media import Recording, RecordingState, Sampling
from videoqa.ports import AlertChange, AnalysisKind, EventFilter, Look, Pin, RecordedLook, RecordingFilter
from videoqa.testing.search import LetterEmbedder

HOUR = timedelta(hours=1)
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
FILLING: dict[str, dict[str, object]] = {
    "analyses": {"times": b"", "next_group": 2, "finished": True, "covered": 60},
}
OPENER = """
import sys
from pathlib import Path
from indexer.database import open_database
place = sys.argv[1]
sys.stdin.readline()
open_database(place if "://" in place else Path(place)).dispose()
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where there is no database yet."""
    if request.param == "sqlite":
        return tmp_path / "videoqa.sqlite"
    url: str = request.getfixturevalue("postgresql")
    with unopened(url).begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return url


def unopened(place: Path | str) -> sa.Engine:
    """An engine to a database that nobody has brought up to date."""
    return database._sqlite(place) if isinstance(place, Path) else database._postgresql(place)


def at_schema_three(place: Path | str) -> int:
    """Has 40 recordings, the first of them with an analysis; the milliseconds since 1970 when that was begun."""
    engine = unopened(place)
    old = fresh_id()
    with writing(engine) as connection:
        migrate(connection, "0003")

        insert = partial(insert_into, connection)
        insert("facts", name="generation", value="g")
        for number in range(40):
            insert(
                "recordings",
                id=f"r{number:02}",
                title=f"LECTURE Ä{number:02}.mp4",
                source=b"/footage/\xff.mp4",
                digest=f"d{number}",
                length=3_600_000_000,
                state="indexed",
                started_at=None if number else int(NOON.timestamp()) * 1_000_000,
                problems=json.dumps(["3 packets are missing"]),
                stage="analysis",
                done=0.5,
                prompt="doors",
            )
        of_it = {"analysis_id": old, "start": 5_000_000, "end": 6_000_000}
        insert("analyses", id=old, recording_id="r00", begun=0, fingerprint="f", period=1, long_side=32, multiple=32)
        for number in range(2):
            insert("groups", number=number, times=bytes(8), cues="[]", prompt_tokens=7, seconds=0.25, cost=0.5, **of_it)
        seen = {"label": "motion", "description": "x", "source": "motion", "frames": bytes(8), "confidence": 1.0}
        insert("events", id="e", open=False, identity="", **seen, **of_it)
        insert("cues", number=0, text="hello", track="", **of_it)
        insert("chapters", number=0, title="first", **of_it)
    engine.dispose()
    return sum("0123456789abcdefghjkmnpqrstvwxyz".index(digit) << 5 * (8 - n) for n, digit in enumerate(old[:9]))


def opened(place: Path | str, folder: Path) -> SqlArchive:
    engine = open_database(place)
    return SqlArchive(engine, lambda: HybridSearch(engine, LetterEmbedder(), folder / "index"))


def test_everything_is_there_after_the_upgrade_from_schema_three(place: Path | str, tmp_path: Path) -> None:
    begun = at_schema_three(place)
    before = datetime.now(UTC)
    archive = opened(place, tmp_path)
    first, *others = archive.recordings()
    assert first == Recording(
        id="r00",
        title="LECTURE Ä00.mp4",
        source="/footage/\udcff.mp4",
        digest="d0",
        length=HOUR,
        state=RecordingState.INDEXED,
        started_at=NOON,
        problems=("3 packets are missing",),
        prompt="doors",
        added_at=datetime.fromtimestamp(begun // 1000, UTC) + timedelta(milliseconds=begun % 1000),
    )
    assert len(others) == 39
    assert all(each.added_at and before <= each.added_at <= datetime.now(UTC) for each in others)
    analysis = archive.finished_analysis("r00")
    assert analysis is not None
    assert (len(archive.looks(analysis.id)), len(archive.cues("r00")), len(archive.chapters("r00"))) == (2, 1, 1)
    assert archive.usage("r00") == Usage(prompt_tokens=14, seconds=0.5, cost=1.0)
    [event] = archive.find_events(EventFilter(happened_from=NOON + timedelta(seconds=5)))
    assert (event.recording, event.event, event.happened_at) == (first, *archive.events("r00"), event.place.at)
    assert archive.ids(RecordingFilter(title="lecture ä0")) == {f"r0{number}" for number in range(10)}
    archive._engine.dispose()


def test_everything_is_there_after_the_upgrade_from_the_first_schema(place: Path | str, tmp_path: Path) -> None:
    engine = unopened(place)
    with writing(engine) as connection:
        migrate(connection, "0001")
        insert = partial(insert_into, connection)
        insert("recordings", id="r", title="a", source=b"/a", digest="d", length=60, state="indexed", problems="[]")
        insert("analyses", id="a", recording_id="r", begun=0, fingerprint="f", period=1, long_side=32, multiple=32)
        of_it = {"analysis_id": "a", "number": 0, "start": 0}
        insert("groups", end=9, times=bytes(8), cues="[]", **of_it)
        insert("covered_spans", end=40, state="analysed", frames=3, **of_it)
    engine.dispose()
    archive = opened(place, tmp_path)
    analysis = archive.finished_analysis("r")
    assert analysis is not None
    assert (analysis.kind, analysis.seen_by, analysis.prompt) == (AnalysisKind.SIGNALS, "signals", "")
    assert archive.looks("a") == {0: RecordedLook(Look())}
    total = archive.total_coverage({"r"})
    assert (total.length, total.analysed) == (timedelta(microseconds=60), timedelta(microseconds=40))
    archive._engine.dispose()


def test_a_database_of_schema_four_goes_on_with_cameras_and_alerts(place: Path | str, tmp_path: Path) -> None:
    at_schema_three(place)
    engine = unopened(place)
    with writing(engine.execution_options(videoqa_migrates=True)) as connection:
        migrate(connection, "0004")
    engine.dispose()
    archive = opened(place, tmp_path)
    [event] = archive.events("r00")
    assert event.continues is None
    cameras, log = SqlCameras(archive._engine), SqlAlertLog(archive._engine)
    assert (cameras.cameras(), log.last_seq(), log.oldest_seq()) == ((), 0, 1)
    analysis = archive.begin("r00", "rules", Sampling(), HOUR, (), kind=AnalysisKind.RULES)
    alert = Alert(
        id="a",
        rule="r",
        camera="c",
        event="e2",
        state=AlertState.OPEN,
        start=NOON,
        end=None,
        severity=Severity.LOW,
        label="motion",
        description="x",
        confidence=1.0,
        verdict=Verdict.SIGNALS,
        recording="r00",
        offset=timedelta(0),
    )
    on = replace(event, id="e2", continues="e")
    [notice] = log.write([AlertChange(NoticeKind.ALERT_NEW, alert, on)])
    assert (notice.seq, notice.alert) == (1, alert)
    assert archive.events("r00") == (event, on)
    assert archive.open_events(analysis) == (on,)
    SqlPins(archive._engine).add(Pin("p", "r00", event.span, "", "", NOON))
    archive.remove("r00")
    assert (log.alert("a"), SqlPins(archive._engine).pins()) == (replace(alert, recording=""), ())
    archive._engine.dispose()


def insert_into(connection: sa.Connection, table: str, **values: object) -> None:
    """One row, written in plain SQL: the code knows only the newest tables."""
    values = FILLING.get(table, {}) | values
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def test_an_upgraded_database_works_on_and_heeds_its_foreign_keys(place: Path | str, tmp_path: Path) -> None:
    at_schema_three(place)
    archive = opened(place, tmp_path)
    twin = replace(archive.recordings()[0], id="twin", space="another")
    assert archive.add(twin) == twin
    assert archive.add(replace(twin, id="third")) == twin
    archive.tag("r00", ["x"])
    archive.remove("r00")
    with reading(archive._engine) as connection:
        for table in (tables.recording_tags, tables.analyses, tables.groups, tables.events, tables.cues):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0, table.name
        if isinstance(place, Path):
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None
    archive._engine.dispose()


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_a_new_database_has_the_tables_to_which_the_steps_lead(place: Path | str, tmp_path: Path) -> None:
    engine = unopened(place)
    with writing(engine) as connection:
        migrate(connection)
    steps = described(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, columns.METADATA) == []
        columns.METADATA.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    engine.dispose()
    made = open_database(place)
    assert described(made) == steps
    made.dispose()


def described(engine: sa.Engine) -> dict[str, object]:
    """The tables as the database itself tells of them; the order of columns and what stands in for None left out."""
    seen = sa.inspect(engine)
    told: dict[str, object] = {}
    for table in seen.get_table_names():
        columns = {each["name"]: (str(each["type"]), each["nullable"]) for each in seen.get_columns(table)}
        foreign = [
            (each["constrained_columns"], each["referred_table"], each["options"])
            for each in seen.get_foreign_keys(table)
        ]
        unique = sorted(tuple(each["column_names"]) for each in seen.get_unique_constraints(table))
        told[table] = (columns, seen.get_pk_constraint(table)["constrained_columns"], foreign, unique)
    with reading(engine) as connection:
        indexes = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
            if engine.dialect.name == "sqlite"
            else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix_%%'"
            " ORDER BY indexname"
        )
        told["indexes"] = [tuple(row) for row in connection.exec_driver_sql(indexes)]
    return told


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_processes_that_start_at_once_bring_it_up_to_date_once(place: Path | str, old: bool) -> None:
    if old:
        at_schema_three(place)
    root = str(Path(__file__).parent.parent.parent)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=root,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0, told
    engine = open_database(place)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*), max(version_num) FROM alembic_version").one() == (
            1,
            database.SCHEMA,
        )
        assert connection.exec_driver_sql("SELECT count(*) FROM recordings").scalar() == (40 if old else 0)
    engine.dispose()


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(place: Path | str) -> None:
    at_schema_three(place)
    engine = unopened(place)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE pins (x INTEGER)")  # the last that the step makes
    before = described(engine)
    with pytest.raises(sa.exc.SQLAlchemyError):
        open_database(place)
    assert described(engine) == before
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM events").scalar() == 1
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE pins")
    engine.dispose()
    open_database(place).dispose()
