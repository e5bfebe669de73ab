"""What every analyser does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import cv2
import numpy as np
import pytest

from tests.scripted_model import Request, Said, ScriptedModel
from videoqa.analyser.model.analyser import ModelAnalyser
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.analyser.signals import SignalsAnalyser
from videoqa.media import ZERO, Cue, FrameGroup, Sampling, Span
from videoqa.ports import Analyser, Brief, Look

SECOND = timedelta(seconds=1)
SIZE = (256, 160)
SAMPLING = Sampling(SECOND, long_side=256)


class Passing:
    """Pictures of a grey yard that a bright square crosses in forty seconds; the port ``Pictures``."""

    def jpeg(self, pts: timedelta) -> bytes:
        width, height = SIZE
        yard = np.full((height, width, 3), 90, np.uint8)
        left = int(pts.total_seconds() * 5) % 200
        yard[60:100, left : left + 40] = 240
        return cv2.imencode(".jpg", yard)[1].tobytes()


def _seen(request: Request) -> Said:
    stamps = request.stamps
    first, last = (stamps[0], stamps[-1]) if stamps else (None, None)
    event = {"label": "square", "description": "A square.", "first": first, "last": last, "certainty": 0.9}
    return Said({"events": [event] if stamps else [], "summary": "A square goes on."})


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(_seen) as scripted:
        yield scripted


@dataclass(frozen=True)
class Maker:
    """Makes an analyser anew, as each process does."""

    make: Callable[[], Analyser]


@pytest.fixture(params=["signals", "model", "model in turn", "model by images"])
def maker(request: pytest.FixtureRequest, model: ScriptedModel) -> Maker:
    if request.param == "signals":
        return Maker(lambda: SignalsAnalyser(SAMPLING))
    model.kwargs = request.param != "model by images"
    seconds = 0 if request.param == "model in turn" else 60
    return Maker(lambda: ModelAnalyser(ModelServer(model.url), Prompts.load("en"), SAMPLING, group_seconds=seconds))


@pytest.fixture
def analyser(maker: Maker) -> Analyser:
    return maker.make()


def at(*seconds: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=each) for each in seconds)


def spoken(start: float, end: float) -> Cue:
    return Cue(Span(*at(start, end)), "so this is the chain rule")


FOOTAGE = {
    "regular": at(*range(400)),
    "sparse": at(*range(0, 4_000, 37)),
    "gapped": at(*range(30), *range(900, 960), 2_000.04),
    "one frame": at(7),
    "close": at(*(number / 25 for number in range(500))),
    "none": (),
}
CUES = tuple(spoken(start, start + 9) for start in range(0, 3_000, 50))


@pytest.mark.parametrize("cues", [(), CUES], ids=["silent", "spoken"])
@pytest.mark.parametrize("footage", FOOTAGE)
def test_every_frame_and_cue_is_in_a_group(analyser: Analyser, footage: str, cues: tuple[Cue, ...]) -> None:
    times, length = FOOTAGE[footage], 4_000 * SECOND
    plan = analyser.plan(times, cues, SIZE, length)
    assert {pts for group in plan for pts in group.times} == set(times)
    assert {cue.span for group in plan for cue in group.cues} == {cue.span for cue in cues}
    assert [group.number for group in plan] == list(range(len(plan)))
    assert plan == analyser.plan(times, cues, SIZE, length)
    if plan:
        assert plan[0].span.start == ZERO
        assert plan[-1].span.end >= length
    for before, after in pairwise(plan):
        assert before.span.start <= after.span.start <= before.span.end


def test_nothing_to_look_at_needs_no_group(analyser: Analyser) -> None:
    assert analyser.plan((), (), SIZE, 60 * SECOND) == ()


def looked(analyser: Analyser, group: FrameGroup) -> Look:
    return analyser.analyse(group, Passing(), Brief())


def test_what_is_seen_cites_frames_of_its_group(analyser: Analyser) -> None:
    plan = analyser.plan(at(*range(100)), (), SIZE, 100 * SECOND)
    seen = [(group, one) for group in plan for one in looked(analyser, group).observations]
    assert seen
    for group, one in seen:
        assert set(one.frames) <= set(group.times)
        assert list(one.frames) == sorted(set(one.frames))
        assert one.lasts_until is None or one.lasts_until in group.times
        assert one.label
        assert 0 <= one.confidence <= 1


def test_the_same_group_is_seen_the_same_way_again(maker: Maker) -> None:
    group = FrameGroup(0, Span(ZERO, 30 * SECOND), at(*range(30)))
    once, again = looked(maker.make(), group), looked(maker.make(), group)
    assert (once.observations, once.summary) == (again.observations, again.summary)


def test_several_groups_may_be_looked_at_at_once(analyser: Analyser) -> None:
    plan = [FrameGroup(number, Span(*at(number, number + 9)), at(*range(number, number + 8))) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = [look.observations for look in pool.map(lambda group: looked(analyser, group), plan)]
    assert together == [looked(analyser, group).observations for group in plan]


def test_words_without_a_picture_break_nothing(analyser: Analyser) -> None:
    look = looked(analyser, FrameGroup(0, Span(ZERO, 60 * SECOND), (), (spoken(0, 9), spoken(20, 29))))
    assert all(one.frames for one in look.observations)


def test_it_is_known_again_by_another_process(maker: Maker) -> None:
    one, other = maker.make(), maker.make()
    assert one.fingerprint == other.fingerprint
    assert (one.kind, one.seen_by, one.in_turn, one.sampling) == (
        other.kind,
        other.seen_by,
        other.in_turn,
        other.sampling,
    )
    assert one.seen_by


def test_analysers_are_told_apart_by_their_fingerprints(model: ScriptedModel) -> None:
    server = ModelServer(model.url)
    signals, looks = SignalsAnalyser(SAMPLING), ModelAnalyser(server, Prompts.load("en"), SAMPLING)
    assert signals.fingerprint != looks.fingerprint
    assert signals.kind != looks.kind
