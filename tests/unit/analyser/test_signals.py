from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.unit.analyser.drawn import scene, slide
from videoqa.analyser.signals import LONGEST, MOST_FRAMES, SignalsAnalyser
from videoqa.events import Source
from videoqa.media import Cue, Sampling, Span
from videoqa.ports import Brief, Look

SECOND = timedelta(seconds=1)
SIZE = (768, 448)


class Drawn:
    """Pictures by their time."""

    def __init__(self, *pictures: bytes) -> None:
        self.frames = {number * SECOND: picture for number, picture in enumerate(pictures)}

    def jpeg(self, pts: timedelta) -> bytes:
        return self.frames[pts]


def test_groups_are_small_and_share_one_frame() -> None:
    times = [number * SECOND for number in range(1_000)]
    plan = SignalsAnalyser().plan(times, (), SIZE, 1_000 * SECOND)
    assert len(plan) > 10
    assert all(len(group.times) <= MOST_FRAMES for group in plan)
    assert all(after.times[0] == before.times[-1] for before, after in pairwise(plan))


def test_sparse_frames_make_groups_of_five_minutes() -> None:
    times = [number * 60 * SECOND for number in range(60)]
    plan = SignalsAnalyser().plan(times, (), SIZE, timedelta(hours=1))
    assert all(group.times[-1] - group.times[0] <= LONGEST for group in plan)
    assert plan[-1].span.end == timedelta(hours=1)


def test_subtitles_without_a_picture_are_planned_and_show_nothing() -> None:
    cues = [Cue(Span(number * SECOND, (number + 1) * SECOND), "words") for number in range(600)]
    analyser = SignalsAnalyser()
    plan = analyser.plan((), cues, (0, 0), 600 * SECOND)
    assert {cue for group in plan for cue in group.cues} == set(cues)
    assert all(analyser.analyse(group, Drawn(), Brief()) == Look() for group in plan)


def test_slides_cuts_and_motion_are_told_apart() -> None:
    pictures = Drawn(
        slide("Stacks", "first in last out"),
        slide("Stacks", "first in last out"),
        *(scene((x, 200, x + 90, 380), seed=x) for x in (100, 260, 420)),
    )
    analyser = SignalsAnalyser()
    (group,) = analyser.plan(list(pictures.frames), (), SIZE, 5 * SECOND)
    found = {seen.source: seen for seen in analyser.analyse(group, pictures, Brief()).observations}
    assert found[Source.SLIDE].label == "Stacks"
    assert found[Source.SHOT].frames == (2 * SECOND,)
    assert found[Source.MOTION].frames[0] == 3 * SECOND


def test_groups_analysed_at_once_say_what_they_say_one_by_one() -> None:
    topics = ["Stacks", "Queues", "Trees", "Graphs", "Heaps", "Tries"]
    decks = [Drawn(slide(topic, f"all about {topic}"), slide(topic, f"all about {topic}")) for topic in topics]
    analyser = SignalsAnalyser()
    (group,) = analyser.plan([0 * SECOND, SECOND], (), SIZE, 2 * SECOND)
    alone = [analyser.analyse(group, deck, Brief()) for deck in decks]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda deck: analyser.analyse(group, deck, Brief()), decks))
    assert together == alone
    assert [one.observations[0].label for one in alone] == topics


def test_the_fingerprint_names_what_changes_the_answer() -> None:
    assert "signals-" in SignalsAnalyser().fingerprint
    assert "rapidocr-" in SignalsAnalyser().fingerprint
    assert SignalsAnalyser(Sampling(long_side=640)).sampling.long_side == 640


def test_a_kept_frame_that_is_no_picture_is_said_to_be() -> None:
    analyser = SignalsAnalyser()
    (group,) = analyser.plan([0 * SECOND], (), SIZE, SECOND)
    with pytest.raises(ValueError, match="not a JPEG"):
        analyser.analyse(group, Drawn(b"nothing"), Brief())


def test_nothing_is_loaded_to_read_text_before_there_is_text() -> None:
    code = (
        "import sys; from videoqa.analyser.signals import SignalsAnalyser; SignalsAnalyser().fingerprint;"
        "sys.exit('rapidocr' in sys.modules or 'onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_reading_text_prints_nothing() -> None:
    code = (
        "from tests.unit.analyser.drawn import slide, scene; from videoqa.analyser.ocr import TextReader;"
        "r = TextReader(); assert r.read(slide('Stacks'))[0].text == 'Stacks'; assert r.read(scene()) == ()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
