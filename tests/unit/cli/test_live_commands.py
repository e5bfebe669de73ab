"""The commands about cameras, rules and alerts, in this process: what they take, print and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import typer

from ingest.snapshots import DiskSnapshots
from tests.live import alert_log, an_alert, new
from videoqa.access import Role, Scope
from videoqa.alerting.closing import begin_rules
from videoqa.alerts import Alert, AlertState, Notice, NoticeKind, Remark, Severity
from videoqa.bootstrap import House, house
from videoqa.bootstrap.neighbours import Neighbours
from videoqa.cameras import CameraState, CameraStatus, Detail, Gap
from videoqa.cli.commands import app
from videoqa.cli.watch import _Wanted
from videoqa.errors import (
    AmbiguousRule,
    BadSetting,
    CameraMeant,
    Misuse,
    NoModel,
    NoPicture,
    NothingToTry,
    UnknownCamera,
    UnknownRecording,
    UnknownRule,
)
from videoqa.jobs.slots import Slot
from videoqa.media import Coverage, CoverageState, CoveredSpan, Picture, Recording, RecordingState, Span

URL = "rtsp://guard:secret@10.0.0.7/stream"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs a command over an empty data directory: its code, and what it wrote."""
    monkeypatch.setenv("VIDEOQA_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("VIDEOQA_MODEL_URL", raising=False)
    house.cache_clear()

    def run(*arguments: str) -> tuple[int, str, str]:
        code = app(list(arguments), standalone_mode=False)
        out, err = capsys.readouterr()
        return int(code or 0), out, err

    yield run
    place: House = house()
    place.engine.dispose()
    house.cache_clear()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("camera", "add", "a", "gopher://10.0.0.7/"), "cannot be set up so"),
        (("camera", "add", "a", "samples/yard.mp4"), "file:///.*/samples/yard.mp4"),
        (("camera", "add", "a", URL, "--keep", "soon"), "soon is no length of time"),
        (("camera", "add", "a", URL, "--period", "0.01s"), "looked at every"),
        (("camera", "add", "a", URL, "--keep", "1s"), "a minute or longer"),
        (("camera", "change", "nobody", "--keep", "7d"), "No camera is called nobody"),
        (("rule", "change", "nothing", "--disable"), "No rule is called nothing"),
        (("camera", "show", "nobody"), "No camera is called nobody"),
        (("rule", "add"), "cannot be set up so"),
        (("rule", "add", "--when", "crossing"), "line"),
        (("rule", "add", "--when", "motion", "--zone", "left"), "--zone"),
        (("rule", "add", "--when", "motion", "--between", "22:00", "late"), "--between"),
        (("rule", "add", "--when", "motion", "--days", "noday"), "--days"),
        (("rule", "add", "--when", "motion", "--severity", "dire"), "low, medium, high"),
        (("rule", "add", "--when", "motion", "--camera", "nobody"), "No camera is called nobody"),
        (("rule", "try", "nothing"), "No rule is called nothing"),
        (("watch", "--rule", "nothing"), "No rule is called nothing"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(arguments: tuple[str, ...], told: str, run: Run) -> None:
    with pytest.raises(Misuse, match=told):
        run(*arguments)


def test_a_camera_is_shown_as_it_is_while_somebody_watches(run: Run, tmp_path: Path) -> None:
    run("camera", "add", "gate-1", URL)
    with alert_log(tmp_path) as log:
        since = an_alert(1).start
        log.write([CameraStatus("gate-1", CameraState.OFFLINE, since, "nobody answers at 10.0.0.7:554")])
    code, out, err = run("camera", "list")
    assert (code, "off" in out, "last offline" in out) == (0, True, True)
    assert "start `videoqa serve`" in err
    live = Slot(tmp_path, "live")
    assert live.take()
    _, out, err = run("camera", "show", "gate-1")
    assert "state     offline since" in out
    assert "nobody answers at 10.0.0.7:554" in out
    assert err == ""
    with alert_log(tmp_path) as log:
        log.write([CameraStatus("gate-1", CameraState.ONLINE, since, last_frame_at=since, reconnects=1)])
    assert ", 1 reconnect, 0 dropped" in run("camera", "show", "gate-1")[1]


def test_a_camera_shows_which_rules_nobody_looks_for_and_did_not(run: Run) -> None:
    run("camera", "add", "gate-1", URL, "--keep", "7d")
    run("camera", "add", "yard", URL)
    run("rule", "add", "a person climbs", "--camera", "gate-1", "--name", "fence")
    (fence,) = house().rules.rules()
    theirs, _ = house().keys.create("theirs", Role.OPERATOR, Scope(tags=frozenset({"attic"})))
    house().rules.add(replace(fence, id="theirs", name="theirs", cameras=frozenset(), owner=theirs.id))
    began, second = datetime.now(UTC) - timedelta(hours=1), timedelta(seconds=1)
    state = RecordingState.INDEXED
    recording = Recording("r", "r", "/r", "r", 60 * second, state, began, camera="gate-1", added_at=began)
    archive = house().archive
    archive.add(recording)
    cause = f"<{fence.id}>: no model to look with"
    missed = CoveredSpan(Span(0 * second, 30 * second), CoverageState.DROPPED, cause=cause)
    archive.finish(begin_rules(archive, "r", 60 * second), Coverage(60 * second, (missed,)), (), ())
    shown = run("camera", "show", "gate-1")[1].splitlines()
    (blind,) = (line for line in shown if line.startswith("blind"))
    assert blind.startswith("blind     fence: it needs a model")
    (unseen,) = (line for line in shown if line.startswith("unseen"))
    assert unseen.endswith(": fence: no model to look with")
    (span,) = json.loads(run("coverage", "r", "--by", "rules", "--json")[1])["spans"]
    assert span["cause"] == "fence: no model to look with"
    assert "blind" not in run("camera", "show", "yard")[1]
    assert "what it recorded stays, kept 7d" in run("camera", "remove", "gate-1")[1]


def test_a_service_that_does_not_watch_yet_is_not_to_be_started(run: Run, tmp_path: Path) -> None:
    with Neighbours(tmp_path, "http://127.0.0.1:1").joined():
        err = run("camera", "add", "gate-1", URL)[2]
        assert "the service is still starting" in err
        assert "start `videoqa serve`" not in err
        with pytest.raises(NoPicture, match="the service is still starting"):
            run("camera", "snapshot", "gate-1")
        live = Slot(tmp_path, "live")
        assert live.take()
        assert run("rule", "add", "--when", "motion", "--name", "yard")[2] == ""


def test_a_rule_shows_the_alerts_it_gave(run: Run, tmp_path: Path) -> None:
    run("camera", "add", "gate-1", URL)
    run("rule", "add", "--when", "motion", "--camera", "gate-1", "--name", "yard", "--cooldown", "90s")
    rule = house().rules.rule("yard")
    assert rule is not None
    with alert_log(tmp_path) as log:
        log.write([new(an_alert(1, rule=rule.id)), new(an_alert(2))])
    code, out, _ = run("rule", "show", "yard")
    assert code == 0
    assert "cool-down 90s" in out
    assert "person 1 on the fence" in out
    assert "person 2 on the fence" not in out
    assert run("rule", "remove", rule.id)[0] == 0
    assert run("rule", "list")[0] == 1


def test_a_rule_stays_with_a_camera_that_was_removed_until_somebody_says_otherwise(run: Run) -> None:
    run("camera", "add", "yard", URL)
    run("camera", "add", "gate 1", URL)
    run("rule", "add", "--when", "motion", "--camera", "yard")
    run("rule", "add", "--when", "text", "--camera", "yard", "--camera", "gate 1", "--name", "signs")
    run("camera", "remove", "yard")
    _, out, _ = run("camera", "add", "yard", URL)
    assert 'The rule "motion on yard" is about an earlier yard, not this one, until you say so:\n' in out
    assert "\n  videoqa rule change 'motion on yard' --camera yard\n" in out
    assert "\n  videoqa rule change signs --camera 'gate 1' --camera yard\n" in out
    for shown in (run("rule", "list")[1], run("rule", "show", "motion")[1]):
        assert "on yard (removed)," in shown
    assert "on yard," in run("rule", "change", "motion on yard", "--camera", "yard")[1]
    rule, new = house().rules.rule("motion on yard"), house().cameras.camera("yard")
    assert rule is not None
    assert new is not None
    assert rule.cameras == {new.id}
    run("camera", "remove", "yard")
    _, out, _ = run("camera", "add", "yard", URL)
    assert "videoqa rule change 'motion on yard' --camera yard" in out
    assert "earlier" not in run("camera", "add", "yard 2", URL)[1]


def test_a_rule_is_meant_by_a_beginning_that_no_other_has(run: Run) -> None:
    run("camera", "add", "yard", URL)
    run("rule", "add", "--when", "motion", "--camera", "yard")
    assert "motion on yard" in run("rule", "show", "Motion")[1]
    with pytest.raises(NothingToTry):
        run("rule", "try", "motion", "--on", "yard")
    run("rule", "add", "--when", "motion", "--name", "motion at night")
    with pytest.raises(AmbiguousRule, match="motion at night, motion on yard"):
        run("rule", "try", "motion")
    run("rule", "add", "--when", "motion", "--name", "motion")
    assert "motion  (" in run("rule", "show", "motion")[1]
    with pytest.raises(UnknownRule):
        run("rule", "remove", "motion at")


def test_a_camera_is_no_recording_but_what_it_recorded_is_asked_even_when_it_is_gone(run: Run) -> None:
    run("camera", "add", "yard", URL)
    with pytest.raises(UnknownRecording):
        run("coverage", "yard")
    house().archive.add(_recorded("a1", "yard 2026-05-09 12:00:00"))
    for command in ("coverage", "show", "remove"):
        with pytest.raises(CameraMeant, match=r"yard is a camera, .* yard 2026-05-09 12:00:00"):
            run(command, "yard")
    asked = ("search", "a person", "--in", "yard")
    assert run(*asked)[1] == "Nothing found.\n"
    run("camera", "remove", "yard")
    assert run(*asked)[1] == "Nothing found.\n"
    assert run("search", "a person", "--camera", "yard", "--from", "2026-05-09T12:00")[1] == "Nothing found.\n"
    with pytest.raises(UnknownRecording):
        run("search", "a person", "--in", "nobody")
    with pytest.raises(UnknownCamera):
        run("ask", "a person", "--camera", "nobody")


@pytest.mark.parametrize("times", [("--from", "10:00", "--to", "9:00"), ("--between", "1:00", "2:00", "--to", "3:00")])
def test_times_that_leave_nothing_are_told_in_a_sentence(times: tuple[str, ...], run: Run) -> None:
    with pytest.raises(Misuse):
        run("ask", "a person", *times)


def test_cameras_are_asked_by_the_wall_clock(run: Run) -> None:
    run("camera", "add", "yard", URL)
    with pytest.raises(BadSetting, match="with its day"):
        run("ask", "a person", "--camera", "yard", "--from", "22:00")
    assert run("ask", "a person", "--camera", "yard", "--from", "2026-05-09T22:00")[0] == 1


def test_a_time_of_day_is_no_minute_of_each_recording_however_cameras_are_named(run: Run) -> None:
    run("camera", "add", "yard", URL)
    house().archive.add(_recorded("a1", "yard 2026-05-09 12:00:00"))
    house().archive.add(replace(_recorded("b1", "lecture.mp4"), camera=""))
    house().archive.add(replace(_recorded("c1", "old 2026-05-09 12:00:00"), camera="old"))
    for names in (("--in", "yard"), ("--in", "old"), ("--camera", "yard", "--in", "lecture")):
        for command in ("ask", "search"):
            with pytest.raises(BadSetting, match="with its day"):
                run(command, "a person", *names, "--between", "22:00", "23:00")
    for names in (("--in", "lecture"), ("--in", "a1")):
        assert run("ask", "a person", *names, "--between", "0:10", "0:20")[0] == 1


def test_what_a_camera_has_no_footage_of_is_told_with_the_answer(run: Run) -> None:
    run("camera", "add", "yard", URL)
    began = datetime(2026, 5, 9, 12, tzinfo=UTC)
    (yard,) = house().cameras.cameras()
    house().archive.add(replace(_recorded("a1", "yard 2026-05-09 12:00:00"), camera=yard.id))
    house().alert_log.write([Gap(yard.id, began + timedelta(minutes=1), began + timedelta(hours=5), "nobody answers")])
    for names in ((), ("--camera", "yard"), ("--in", "yard")):
        told = run("ask", "was nobody there", *names, "--between", "2026-05-09T13:00Z", "2026-05-09T16:00Z")[1]
        assert "note: yard has no footage from " in told
        assert told.endswith(
            ": nobody answers.\nLooked at the pictures: 00:00:00 of 03:00:00 analysed, "
            "03:00:00 missing; subtitles are read whole.\n"
        )
    alone = run("ask", "was nobody there", "--in", "a1", "--between", "2026-05-09T13:00Z", "2026-05-09T16:00Z")[1]
    assert alone.splitlines()[-1].startswith("There is no footage of that;")


def test_what_is_named_of_a_camera_is_changed_and_the_rest_stays(run: Run) -> None:
    added = ("--keep", "7d", "--keep-events", "30d", "--tag", "yard", "--keyframes")
    run("camera", "add", "gate-1", URL, *added)
    before = house().cameras.camera("gate-1")
    assert before is not None
    changes = ("--name", "gate", "--keep", "", "--keep-gb", "2", "--tag", "gates", "--tag", "front", "--disable")
    code, out, _ = run("camera", "change", "gate-1", *changes)
    assert code == 0
    assert out == (
        "changed gate (gate-1): rtsp://10.0.0.7/stream, kept for ever, with alerts 30d, at most 2 GB, switched off\n"
    )
    after = house().cameras.camera("gate-1")
    tags = ("front", "gates")
    assert after == replace(before, name="gate", keep=None, keep_bytes=2 * 10**9, tags=tags, enabled=False)
    again = (
        "--url",
        "rtsp://10.0.0.8/",
        "--keep-events",
        "",
        "--tag",
        "",
        "--no-keyframes",
        "--period",
        "2s",
        "--enable",
    )
    assert "rtsp://10.0.0.8/" in run("camera", "change", "gate", *again)[1]
    after = house().cameras.camera("gate-1")
    assert after is not None
    assert (after.keep_events, after.tags, after.detail, after.enabled) == (None, (), Detail.FULL, True)
    assert after.period == timedelta(seconds=2)


def test_what_is_named_of_a_rule_is_changed_and_the_rest_stays(run: Run) -> None:
    run("camera", "add", "gate-1", URL)
    added = ("--camera", "gate-1", "--between", "22:00", "06:00", "--days", "mon-fri", "--timezone", "Asia/Tokyo")
    run("rule", "add", "--when", "motion", "--name", "yard", "--lasting", "5s", "--cooldown", "90s", *added)
    before = house().rules.rule("yard")
    assert before is not None
    changes = ("--between", "21:00", "05:00", "--cooldown", "5m", "--severity", "high", "--zone", "0,0 1,0 1,1")
    code, out, _ = run("rule", "change", "yar", *changes, "--disable")
    assert (code, out.startswith(f"changed yard ({before.id}): on gate-1, 21:00 to 05:00 (Asia/Tokyo)")) == (0, True)
    assert "switched off" in out
    after = house().rules.rule("yard")
    assert after is not None
    assert before.schedule is not None
    assert after == replace(
        before,
        condition=replace(before.condition, zone=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),
        schedule=replace(before.schedule, start=time(21), end=time(5)),
        cooldown=timedelta(minutes=5),
        severity=Severity.HIGH,
        enabled=False,
    )
    run("rule", "change", "yard", "--always", "--zone", "", "--camera", "", "--enable", "--name", "anywhere")
    after = house().rules.rule("anywhere")
    assert after is not None
    assert (after.schedule, after.condition.zone, after.cameras, after.enabled) == (None, (), frozenset(), True)
    run("rule", "change", "anywhere", "--when", "text", "--words", "stop")
    assert "text: stop" in run("rule", "show", "anywhere")[1]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (("--always", "--days", "mon"), "armed always, or at the times"),
        (("--timezone", "Asia/Tokyo"), "--timezone is the clock of"),
        (("--when", "thunder"), "--when"),
        (("--words", "a cat"), "seen without words"),
        (("--severity", "dire"), "low, medium, high"),
    ],
)
def test_a_change_that_makes_no_rule_is_told_in_a_sentence(changes: tuple[str, ...], told: str, run: Run) -> None:
    run("rule", "add", "--when", "motion", "--name", "yard")
    with pytest.raises(Misuse, match=told):
        run("rule", "change", "yard", *changes)


def test_a_change_says_what_is_to_be_changed(run: Run) -> None:
    run("camera", "add", "gate-1", URL)
    run("rule", "add", "--when", "motion", "--name", "yard")
    for command in (("camera", "change", "gate-1"), ("rule", "change", "yard")):
        with pytest.raises(typer.BadParameter, match="what is to be changed"):
            run(*command)


def test_a_file_that_is_not_there_is_told_of_and_added(run: Run, tmp_path: Path) -> None:
    code, out, err = run("camera", "add", "later", (tmp_path / "a b.mp4").as_uri())
    assert (code, out.startswith("added later")) == (0, True)
    assert f"there is no file {tmp_path}/a b.mp4" in err
    (tmp_path / "here.mp4").touch()
    assert "no file" not in run("camera", "add", "here", (tmp_path / "here.mp4").as_uri())[2]


def test_the_end_of_an_alert_tells_where_its_clip_is(run: Run) -> None:
    run("camera", "add", "gate-1", URL)
    alert = replace(an_alert(1), state=AlertState.ENDED, recording="a1", offset=timedelta(seconds=20))
    ended = replace(alert, end=alert.start + timedelta(seconds=10))
    run("rule", "add", "--when", "motion", "--name", "yard by night")
    assert (
        _Wanted(house(), (), ("yard",), ()).includes(Notice(1, NoticeKind.ALERT_NEW, alert.start, alert=alert)) is False
    )
    told = _Wanted(house(), (), (), ())
    line = told.line(Notice(1, NoticeKind.ALERT_END, ended.start, alert=ended))
    assert line.endswith("clip: /v1/recordings/a1/clip?from=17.000&to=35.000")
    assert "clip" not in told.line(Notice(1, NoticeKind.ALERT_END, ended.start, alert=replace(ended, recording="")))


def test_what_people_say_of_an_alert_is_told_with_who_says_it(run: Run) -> None:
    run("rule", "add", "--when", "motion", "--name", "yard")
    alert = replace(an_alert(1, rule=house().rules.rules()[0].id), acknowledged_by="anna")
    remarks = tuple(Remark(alert.start, who, text) for who, text in (("anna", "who?"), ("ben", "the\x1b postman")))

    def told(alert: Alert) -> str:
        line = _Wanted(house(), (), (), ()).line(Notice(1, NoticeKind.ALERT_UPDATE, alert.start, alert=alert))
        return line.split("gate-1  ")[1]

    assert told(alert) == f"seen to by anna: yard  [{alert.id}]"
    said = f'seen to by anna, "the\\x1b postman" (by ben): yard  [{alert.id}]'
    assert told(replace(alert, remarks=remarks)) == said


def test_a_snapshot_is_written_as_a_file(run: Run, tmp_path: Path) -> None:
    run("camera", "add", "gate-1", URL)
    with pytest.raises(NoPicture, match="start `videoqa serve`"):
        run("camera", "snapshot", "gate-1")
    taken_at = datetime(2026, 5, 9, 12, tzinfo=UTC)
    DiskSnapshots(tmp_path / "cameras").keep("gate-1", Picture(4, 4, bytes(48)), taken_at)
    code, out, _ = run("camera", "snapshot", "gate-1", "--to", str(tmp_path / "gate.jpg"))
    assert code == 0
    assert "gate-1 at 2026-05-09" in out
    assert (tmp_path / "gate.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_rule_is_tried_on_what_was_recorded(run: Run) -> None:
    run("camera", "add", "gate-1", URL)
    run("rule", "add", "--when", "motion", "--name", "yard")
    with pytest.raises(NothingToTry, match="nothing in the last 24h"):
        run("rule", "try", "yard", "--on", "gate-1", "--last", "24h")
    now = datetime.now(UTC)
    under_way = replace(_recorded("a1", "yard now"), state=RecordingState.RECORDING, camera="gate-1", started_at=now)
    house().archive.add(under_way)
    code, out, _ = run("rule", "try", "yard", "--on", "gate-1")
    assert (code, out.splitlines()[0]) == (
        1,
        "0 alerts in 00:00:00 of footage; too little footage to tell a day's number.",
    )
    assert "note: yard now has not been ended yet" in out
    run("rule", "add", "a person")
    with pytest.raises(NoModel):
        run("rule", "try", "a person")
    run("camera", "remove", "gate-1")
    assert run("rule", "try", "yard", "--on", "gate-1")[1] == out
    run("camera", "add", "gate-1", URL)
    with pytest.raises(NothingToTry):
        run("rule", "try", "yard", "--on", "gate-1")
    assert run("rule", "try", "yard", "--on", "id:gate-1")[1] == out
    with pytest.raises(UnknownCamera):
        run("rule", "try", "yard", "--on", "gate-2")


def test_what_is_written_in_words_is_read(run: Run) -> None:
    arguments = ("--days", "fri-mon", "--between", "6:30", "22:00", "--timezone", "Asia/Tokyo", "--lasting", "5s")
    run("rule", "add", "--when", "crossing", "--line", "0.5,1;0.5,0", "--name", "door", *arguments)
    rule = house().rules.rule("door")
    assert rule is not None
    assert rule.schedule is not None
    assert rule.schedule.days == {4, 5, 6, 0}
    assert (rule.schedule.start.hour, rule.schedule.start.minute) == (6, 30)
    assert rule.condition.line == ((0.5, 1.0), (0.5, 0.0))
    assert rule.condition.lasting.total_seconds() == 5


def _recorded(recording_id: str, title: str) -> Recording:
    began = datetime(2026, 5, 9, 12, tzinfo=UTC)
    return Recording(
        id=recording_id,
        title=title,
        source=f"/{recording_id}.mp4",
        digest=recording_id,
        length=timedelta(seconds=60),
        state=RecordingState.INDEXED,
        added_at=began,
        started_at=began,
        camera="yard",
    )
