"""The page of the cameras in a real Chromium: what they show, alerts as they come, rules with a zone drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.archive import SqlArchive
from indexer.database import open_database
from indexer.embedding import load
from indexer.keys import SqlKeys
from indexer.search.hybrid import HybridSearch
from ingest.identity import LocalFiles
from ingest.snapshots import DiskSnapshots
from tests.acceptance.service import Service
from tests.browser.chromium import Chromium
from tests.footage import clip
from tests.live import alert_log, an_alert, new
from videoqa.access import Role, Scope
from videoqa.alerts import AlertState, NoticeKind
from videoqa.media import Picture, Recording, RecordingState
from videoqa.ports import AlertChange

pytestmark = pytest.mark.timeout(600)
URL = "rtsp://guard:sesame@127.0.0.1:9/stream"
FOOTAGE = "b-frames.mp4"
DRAW = """
(() => {
  const layer = document.querySelector('#drawing svg'), box = layer.getBoundingClientRect();
  for (const [x, y] of POINTS)
    layer.dispatchEvent(new PointerEvent('pointerdown',
      { clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
})()
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The running service with one camera, which shows a picture and has recorded a clip."""
    data = tmp_path_factory.mktemp("data")
    engine = open_database(data / "videoqa.sqlite")
    archive = SqlArchive(engine, lambda: HybridSearch(engine, load(), data / "search"))
    path = clip(FOOTAGE)
    recorded = Recording(
        id="a1",
        title="gate-1 today",
        source=str(path),
        digest=LocalFiles().identify(str(path)).digest,
        length=timedelta(seconds=10),
        state=RecordingState.INDEXED,
        started_at=datetime.now(UTC),
        camera="gate-1",
    )
    with Service(data) as running:
        with running.client() as client:
            client.post("/v1/cameras", json={"name": "gate-1", "url": URL}).raise_for_status()
        # Before it, the camera would get another id than one that something is left under.
        archive.add(recorded)
        engine.dispose()
        DiskSnapshots(data / "cameras").keep("gate-1", Picture(160, 90, bytes(160 * 90 * 3)), datetime.now(UTC))
        yield running


@pytest.fixture(scope="module")
def page(service: Service) -> Iterator[Chromium]:
    with Chromium() as browser:
        browser.open(f"{service.url}/live")
        browser.until("document.getElementById('line').textContent === 'live'")
        browser.until("document.querySelectorAll('#cameras .card').length === 1")
        yield browser


def test_a_camera_shows_its_picture_and_how_it_is(page: Chromium) -> None:
    page.until("document.querySelector('#cameras img').naturalWidth === 160")
    page.until("document.querySelector('#cameras .chip').textContent === 'offline'")
    assert "sesame" not in page.run("document.documentElement.outerHTML")


def test_an_alert_comes_by_itself_plays_and_is_seen_to(page: Chromium, service: Service) -> None:
    alert = replace(an_alert(7), recording="a1", offset=timedelta(seconds=4), frames=(timedelta(seconds=4),))
    with alert_log(service.data) as log:
        log.write([new(alert)])
        page.until("document.querySelector('.alert.high.fresh')?.textContent.includes('person 7 on the fence')")
        page.until("document.querySelector('.alert img').naturalWidth > 0")
        assert page.run("document.querySelector('.alert .still span').textContent") == "now"
        ended = replace(alert, state=AlertState.ENDED, end=alert.start + timedelta(seconds=5))
        log.write([AlertChange(NoticeKind.ALERT_END, ended)])
    page.until("document.querySelector('.alert .still span').textContent === '5 s'")
    page.run("document.querySelector('.alert .still').click()")
    page.until("document.querySelector('.alert video').videoWidth === 160")
    page.run("[...document.querySelectorAll('.alert button')].find((each) => each.textContent === 'Seen to').click()")
    page.until("document.querySelector('.alert.judged .told')?.textContent.includes('seen to by local')")
    page.run("document.querySelector('.alert .say input').value = '<b>a cat</b>'")
    page.run("document.querySelector('.alert .say').requestSubmit()")
    page.until("document.querySelector('.alert .remark')?.textContent === 'local: <b>a cat</b>'")
    page.run("[...document.querySelectorAll('.alert button')].find((each) => each.textContent === 'Keep').click()")
    page.until("[...document.querySelectorAll('.alert button')].some((each) => each.textContent === 'Kept')")
    with service.client() as client:
        (pin,) = client.get("/v1/recordings/a1/pins").json()["items"]
    assert pin["start"] < 4 < pin["end"]
    assert page.run("document.getElementById('problem').hidden")


def test_alerts_go_on_after_the_service_was_killed(page: Chromium, service: Service) -> None:
    with alert_log(service.data) as log:
        service.kill()
        page.until("document.getElementById('line').textContent === 'reconnecting'")
        log.write([new(an_alert(8))])
    service.start()
    page.until("document.getElementById('line').textContent === 'live'", within=60)
    page.until("[...document.querySelectorAll('.alert')].some((each) => each.textContent.includes('person 8'))")
    assert page.run("document.querySelectorAll('.alert').length") == 2


def test_a_zone_is_drawn_on_what_the_camera_shows(page: Chromium, service: Service) -> None:
    points = [[0.125, 0.5], [0.875, 0.5], [0.875, 0.9], [0.125, 0.9]]
    page.run("document.getElementById('add-rule').click()")
    page.until("document.querySelector('#drawing img').naturalWidth === 160")
    page.run(DRAW.replace("POINTS", json.dumps([*points, [0.5, 0.95]])))
    page.run("document.getElementById('undo').click()")
    page.until("document.querySelectorAll('#drawing .point').length === 4")
    page.run("document.getElementById('rule-form').requestSubmit()")
    page.until("document.querySelectorAll('.rule').length === 1")
    with service.client() as client:
        (rule,) = client.get("/v1/rules").json()["items"]
    assert rule["cameras"] == ["gate-1"]
    assert [round(place, 2) for point in rule["condition"]["zone"] for place in point] == pytest.approx(
        [place for point in points for place in point], abs=0.02
    )


def test_a_line_has_two_ends_and_a_way(page: Chromium, service: Service) -> None:
    page.run("document.getElementById('add-rule').click()")
    page.run(
        "(() => { const kind = document.querySelector('[name=kind]'); kind.value = 'crossing'; kind.onchange(); })()"
    )
    page.until("document.querySelector('#drawing img').naturalWidth === 160")
    page.run(DRAW.replace("POINTS", "[[0.5, 0.9], [0.5, 0.1], [0.9, 0.9]]"))
    assert page.run("document.querySelectorAll('#drawing .point').length") == 2
    # From the left of one who walks up the picture to the right.
    assert abs(float(page.run("document.querySelector('#drawing .way').style.getPropertyValue('--turn')")[:-3])) < 0.05
    page.run("document.querySelector('#rule-form [value=cancel]').click()")


def test_a_rule_in_plain_language_says_what_it_needs(page: Chromium) -> None:
    page.run("document.getElementById('add-rule').click()")
    page.run(
        "(() => { const kind = document.querySelector('[name=kind]'); kind.value = 'described'; kind.onchange(); })()"
    )
    page.run("document.querySelector('[name=text]').value = 'a person climbs the fence'")
    page.run("document.getElementById('rule-form').requestSubmit()")
    page.until("document.querySelector('.rule .needs')?.textContent.includes('videoqa model serve')")


def test_a_camera_that_cannot_be_added_says_why(page: Chromium) -> None:
    page.run("document.getElementById('add-camera').click()")
    page.run("document.querySelector('#camera-form [name=name]').value = 'b'")
    page.run("document.querySelector('#camera-form [name=url]').value = 'gopher://guard:sesame@10.0.0.7/'")
    page.run("document.getElementById('camera-form').requestSubmit()")
    page.until("!document.querySelector('#camera-form .problem').hidden")
    assert "sesame" not in page.run("document.querySelector('#camera-form .problem').textContent")
    page.run("document.querySelector('#camera-form [value=cancel]').click()")


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1100, False)])
def test_the_page_fits_any_screen(service: Service, width: int, dark: bool) -> None:
    with Chromium(width, 800, dark=dark) as browser:
        browser.open(f"{service.url}/live")
        browser.until("document.querySelectorAll('#cameras .card').length > 0")
        browser.until("document.querySelectorAll('.alert').length > 0")
        assert browser.run("document.documentElement.scrollWidth") <= width
        refused = [line for line in browser.said if "Content Security Policy" in line or "Error" in line]
        assert not refused


def test_where_a_key_is_needed_the_page_asks_for_it_and_watches_with_it(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "videoqa.sqlite")
    _, secret = SqlKeys(engine).create("guard", Role.OPERATOR, Scope(tags=frozenset({"gate"})))
    engine.dispose()
    with Service(tmp_path, key=secret) as service, Chromium() as browser:
        with service.client() as client:
            client.post("/v1/cameras", json={"name": "gate-1", "url": URL}).raise_for_status()
        browser.open(f"{service.url}/live")
        browser.until("document.getElementById('key-dialog').open")
        assert browser.run("document.querySelectorAll('#cameras .card').length") == 0
        browser.run(f"document.getElementById('secret').value = {json.dumps(secret)}")
        browser.run("document.getElementById('key-form').requestSubmit()")
        browser.until("document.querySelectorAll('#cameras .card').length === 1")
        browser.until("document.getElementById('line').textContent === 'live'")
        with alert_log(tmp_path) as log:
            log.write([new(an_alert(9))])
        browser.until("document.querySelector('.alert')?.textContent.includes('person 9')")
        kept = browser.run("JSON.stringify([{...localStorage}, document.cookie, location.href])")
        assert secret not in kept
