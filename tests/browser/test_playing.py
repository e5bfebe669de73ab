"""What the service serves plays in a real Chromium, at the second that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.archive import SqlArchive
from indexer.database import open_database
from indexer.embedding import load
from indexer.keys import SqlKeys
from indexer.search.hybrid import HybridSearch
from ingest.identity import LocalFiles
from ingest.sandbox import SandboxedReader
from tests.acceptance.service import Service
from tests.browser.chromium import Chromium
from tests.footage import clip
from videoqa.access import Role, Scope
from videoqa.events import Passage, Source
from videoqa.media import (
    ZERO,
    Coverage,
    CoverageState,
    CoveredSpan,
    FrameGroup,
    Recording,
    RecordingState,
    Sampling,
    Span,
)

pytestmark = pytest.mark.timeout(600)
CONTENT = ("b-frames.mp4", "fragmented.mp4", "edit-list.mp4", "vp9.webm")
CLIPS = (*CONTENT, "odd-groups.mkv", "broadcast.ts", "variable-rate.mkv", "av1.mkv", "reordered.avi")
UNKNOWN = "plain.avi"  # MPEG-4 part 2
SECOND = 4.3
COLUMNS, ROWS = 16, 9
SAID = "A red van stops at the gate, and a man unloads boxes from the van."
# What is on show, a few pixels large, once a player has come to rest at a time.
SEEN = """
async (path, second, zero) => {
  const video = document.createElement('video');
  const event = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
  });
  let source = path;
  if (zero === null) {
    const answer = await fetch(path);
    zero = Number(answer.headers.get('X-Clip-Start'));
    source = URL.createObjectURL(await answer.blob());
  }
  video.muted = true;
  video.src = source;
  document.body.append(video);
  await event('loadeddata');
  // A seek is over before its picture is on show.
  const shown = new Promise((resolve) => video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime)));
  video.currentTime = second - zero;
  await event('seeked');
  const picture = await shown + zero;
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDE, height: HIGH });
  const drawn = canvas.getContext('2d');
  drawn.drawImage(video, 0, 0, canvas.width, canvas.height);
  const pixels = [...drawn.getImageData(0, 0, canvas.width, canvas.height).data];
  return { at: video.currentTime + zero, width: video.videoWidth, height: video.videoHeight, pixels, picture };
}
""".replace("WIDE", str(COLUMNS)).replace("HIGH", str(ROWS))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("data")
    engine = open_database(data / "videoqa.sqlite")
    search = HybridSearch(engine, load(), data / "search")
    archive = SqlArchive(engine, lambda: search)
    for name in (*CLIPS, UNKNOWN):
        add(archive, clip(name))
    engine.dispose()
    with Service(data) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(service: Service) -> Iterator[Chromium]:
    with Chromium() as browser:
        browser.open(f"{service.url}/")
        yield browser


@pytest.mark.parametrize("name", CONTENT)
def test_footage_plays_from_the_second_that_is_sought(chromium: Chromium, name: str) -> None:
    seen = chromium.run(f"({SEEN})('/v1/recordings/{id_of(name)}/content', {SECOND}, 0)")
    check(seen, name)


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_plays_from_the_second_that_was_asked_for(chromium: Chromium, name: str) -> None:
    path = f"/v1/recordings/{id_of(name)}/clip?from={SECOND}&to={SECOND + 1}"
    check(chromium.run(f"({SEEN})({json.dumps(path)}, {SECOND}, null)"), name)


def test_what_a_browser_does_not_know_is_encoded_anew_for_it(chromium: Chromium, service: Service) -> None:
    chromium.open(f"{service.url}/")
    card = f"[...document.querySelectorAll('.card')].find((each) => each.textContent.includes('{UNKNOWN}'))"
    chromium.until(f"Boolean({card})")
    chromium.run(f"{card}.querySelector('.still').click()")
    chromium.until("document.getElementById('video').videoWidth === 160")
    assert chromium.run("document.getElementById('problem').hidden")


def test_a_question_is_answered_with_a_moment_that_plays(chromium: Chromium, service: Service, tmp_path: Path) -> None:
    chromium.open(f"{service.url}/")
    chromium.until(f"document.querySelectorAll('.card').length > {len(CLIPS)}")
    chromium.run("document.getElementById('question').value = 'When does the red van stop at the gate?'")
    chromium.run("document.getElementById('ask').requestSubmit()")
    told = "document.getElementById('stage').textContent === '' && document.getElementById('told').textContent"
    answer = chromium.until(told)
    assert chromium.run("document.querySelectorAll('#moments li').length") > 0, answer
    chromium.run("document.querySelector('#moments .still').click()")
    chromium.until("document.getElementById('video').readyState >= 2 && !document.getElementById('video').seeking")
    assert chromium.run("document.getElementById('video').videoWidth") == 160
    playing = chromium.run("document.getElementById('playing').textContent")
    assert "00:06" in playing
    # The clip begins at a keyframe two seconds apart from the next; the moment two seconds into it or more.
    assert chromium.run("document.getElementById('video').currentTime") >= 1.9
    assert not [line for line in chromium.said if "Content Security Policy" in line or "Error" in line], chromium.said


def test_footage_is_brought_on_the_page_and_shown(chromium: Chromium, service: Service) -> None:
    chromium.open(f"{service.url}/")
    chromium.until(f"document.querySelectorAll('.card').length >= {len(CLIPS)}")
    chromium.give_files("#files", clip("short-groups.mp4"))
    chromium.until("[...document.querySelectorAll('.card b')].some((b) => b.textContent === 'short-groups.mp4')")
    chromium.until("document.querySelector('.card img').naturalWidth > 0")
    assert chromium.run("document.getElementById('problem').hidden")


def test_a_title_is_text_and_nothing_else(chromium: Chromium, service: Service) -> None:
    title = "<img src=x onerror=alert(1)><script>alert(1)</script>"
    with service.client() as client:
        client.patch(f"/v1/recordings/{id_of('vp9.webm')}", json={"title": title}).raise_for_status()
    chromium.open(f"{service.url}/")
    chromium.until("[...document.querySelectorAll('.card b')].some((b) => b.textContent.startsWith('<img src=x'))")
    assert chromium.run("document.querySelectorAll('main script, main img[src=x]').length") == 0


@pytest.mark.parametrize(("width", "dark"), [(390, True), (390, False), (1100, True)])
def test_the_page_fits_any_screen(service: Service, width: int, dark: bool) -> None:
    with Chromium(width, 800, dark=dark) as browser:
        browser.open(f"{service.url}/")
        browser.until("document.querySelectorAll('.card').length > 0")
        assert browser.run("document.documentElement.scrollWidth") <= width
        back = browser.run("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, back[4:-1].split(","))) < 200) is dark


def test_where_a_key_is_needed_the_page_asks_for_it_and_plays_with_it(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "videoqa.sqlite")
    _, secret = SqlKeys(engine).create("gate", Role.VIEWER, Scope(tags=frozenset({"gate"})))
    archive = SqlArchive(engine, lambda: HybridSearch(engine, load(), tmp_path / "search"))
    add(archive, clip("b-frames.mp4"))
    add(archive, clip("vp9.webm"))
    archive.tag(id_of("vp9.webm"), ["gate"])
    engine.dispose()
    with Service(tmp_path) as service, Chromium() as browser:
        browser.open(f"{service.url}/")
        browser.until("document.getElementById('key-dialog').open")
        assert browser.run("document.querySelectorAll('.card').length") == 0
        browser.run(f"document.getElementById('secret').value = {json.dumps(secret)}")
        browser.run("document.getElementById('key-form').requestSubmit()")
        browser.until("document.querySelectorAll('.card').length === 1")
        browser.until("document.querySelector('.card img').naturalWidth > 0")
        browser.run("document.querySelector('.card .still').click()")
        browser.until("document.getElementById('video').videoWidth === 160")
        kept = browser.run("JSON.stringify([{...localStorage}, document.cookie, location.href])")
        assert secret not in kept
        browser.open(f"{service.url}/?again")
        browser.until("document.querySelectorAll('.card').length === 1")


def check(seen: dict[str, object], name: str) -> None:
    """What is on show is the picture of that time, and of no other."""
    assert seen["at"] == pytest.approx(SECOND, abs=0.02)
    assert (seen["width"], seen["height"]) == (160, 96)
    shown = np.array(seen["pixels"], np.float32).reshape(ROWS, COLUMNS, 4)[:, :, :3]
    times, frames = small_pictures(name)
    nearest = int(np.abs(frames - shown).mean(axis=(1, 2, 3)).argmin())
    on_show = max(number for number, time in enumerate(times) if time <= SECOND + 0.001)
    assert seen["picture"] == pytest.approx(times[on_show], abs=0.045)
    assert abs(nearest - on_show) <= 1, f"the picture of {times[nearest]:.3f}"


@cache
def small_pictures(name: str) -> tuple[list[float], NDArray[np.float32]]:
    """Seconds and pixels of every picture around the one that is sought, by another way of reading."""
    times, frames = [], []
    with av.open(str(clip(name))) as container:
        for number, frame in enumerate(container.decode(video=0)):
            # AVI has no times of its own; its pictures are shown one after another.
            time = number / 25 if name.endswith(".avi") else float(frame.time)
            if abs(time - SECOND) < 1.5:
                times.append(time)
                frames.append(frame.reformat(COLUMNS, ROWS, "rgb24", interpolation="AREA").to_ndarray())
    return times, np.array(frames, np.float32)


def id_of(name: str) -> str:
    return name.replace(".", "-")


def add(archive: SqlArchive, path: Path) -> None:
    """The recording of ``path``, with something to be found in it."""
    facts = SandboxedReader().probe(str(path))
    recording = Recording(
        id_of(path.name),
        path.name,
        str(path),
        LocalFiles().identify(str(path)).digest,
        facts.length,
        RecordingState.INDEXED,
        added_at=datetime.now(UTC),
    )
    archive.add(recording)
    if path.name != "b-frames.mp4":
        return
    whole = Span(ZERO, facts.length)
    analysis = archive.begin(recording.id, "made up", Sampling(), facts.length, ())
    archive.set_plan(analysis, (ZERO,), [FrameGroup(0, whole, (ZERO,))], (160, 96))
    found = Span(timedelta(seconds=6), timedelta(seconds=8))
    coverage = Coverage(facts.length, (CoveredSpan(whole, CoverageState.ANALYSED, 1),))
    archive.finish(analysis, coverage, (), (Passage(recording.id, found, SAID, Source.SUBTITLE),))
