"""A tiny model that was taught to see tells, through the real vLLM, what happens in scenes it never saw.

From pixels to events: frames as JPEG under their true times, the product's analyser with its schema and its stamps, the
gate, the timeline. It tells nearly every label; of the times it has not learnt enough yet, and the bounds here are what
it reaches, not what is wanted (0.95). See ``teach.py`` for how it was taught.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.gate.gating import Gate
from tests.vllm.engine import Engine
from tests.vllm.scenes import LABELS, Scene, draw_scene
from videoqa.analyser.budget import pairs
from videoqa.analyser.model.analyser import ModelAnalyser
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.model.server import ModelServer
from videoqa.errors import BadReply
from videoqa.events import Event
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports import Analysis, AnalysisKind, Brief
from videoqa.timeline.timeline import EventTimeline

TAUGHT = Path(__file__).resolve().parent / "taught"
SCENES = 48
SECOND = timedelta(seconds=1)
SAMPLING = Sampling(period=SECOND, long_side=64)


@dataclass(frozen=True)
class Told:
    """Something that was there from one pair of frames to another, counted from 0."""

    label: str
    first: int
    last: int

    def is_right(self, truth: Told) -> bool:
        """The same thing, each time at most one stamp off."""
        return self.label == truth.label and max(abs(self.first - truth.first), abs(self.last - truth.last)) <= 1


@dataclass(frozen=True)
class Film:
    """A scene under a camera that takes one frame at each of ``times``; ``pace`` moments of the scene pass a second.

    The scene begins with the first frame, or ``quiet`` later.
    """

    scene: Scene
    times: tuple[timedelta, ...]
    pace: float = 1.0
    quiet: timedelta = timedelta(0)

    def picture(self, pts: timedelta) -> np.ndarray:
        return self.scene.paint(self._moment(pts))

    def jpeg(self, pts: timedelta) -> bytes:
        return cv2.imencode(".jpg", self.picture(pts), (cv2.IMWRITE_JPEG_QUALITY, 90))[1].tobytes()

    def seen(self, pts: timedelta) -> frozenset[str]:
        return self.scene.seen(self._moment(pts))

    def truth(self, shown: Sequence[tuple[timedelta, timedelta]]) -> list[Told]:
        seen = [self.seen(one) | self.seen(other) for one, other in shown]
        there = {label: [n for n, labels in enumerate(seen) if label in labels] for label in LABELS}
        return [Told(label, where[0], where[-1]) for label, where in there.items() if where]

    def _moment(self, pts: timedelta) -> float:
        return (pts - self.times[0] - self.quiet).total_seconds() * self.pace


@pytest.fixture(scope="session")
def sighted(vllm_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    engine = Engine(vllm_python, TAUGHT, tmp_path_factory.mktemp("sighted") / "log").start()
    try:
        model = ModelServer(engine.wait().url)
        yield model
        model.close()
    finally:
        engine.stop()


@pytest.fixture(scope="session")
def prompts() -> Prompts:
    return Prompts.load("en", TAUGHT / "prompts")


@pytest.fixture(scope="session")
def analyser(sighted: ModelServer, prompts: Prompts) -> ModelAnalyser:
    return ModelAnalyser(sighted, prompts, SAMPLING, group_seconds=15)


def test_scenes_it_never_saw_are_told_by_their_labels_and_mostly_with_their_times(analyser: ModelAnalyser) -> None:
    named = right = told = true = 0
    for number in range(SCENES):
        film = _film(number)
        shown = pairs(film.times, 2 * SECOND)
        truth, said = film.truth(shown), _said(analyser, film, shown)
        named += len({one.label for one in truth} & {one.label for one in said})
        right += sum(any(one.is_right(other) for other in truth) for one in said)
        told, true = told + len(said), true + len(truth)
    assert true >= SCENES
    assert 2 * named / (told + true) >= 0.95, f"{named} named of {told} told and {true} true"
    assert 2 * right / (told + true) >= 0.85, f"{right} right of {told} told and {true} true"


def test_frames_that_a_gate_let_through_still_tell_most(analyser: ModelAnalyser) -> None:
    right = told = true = 0
    for number in range(6):
        random = np.random.default_rng([11, number])
        whole = Film(draw_scene(random, 18), tuple(SECOND * n for n in range(70)), quiet=25 * SECOND)
        gate = Gate(SECOND)
        kept = [pts for pts in whole.times if gate.admits(cv2.cvtColor(whole.picture(pts), cv2.COLOR_BGR2GRAY), pts)]
        assert len(kept) < len(whole.times) / 2
        film = replace(whole, times=tuple(kept))
        assert film.times[0] == whole.times[0]
        truth, events = _spans(film, film.times), _events(analyser, film)
        right += sum(any(_is_near(event, *each) for each in truth) for event in events)
        told, true = told + len(events), true + len(truth)
    assert 2 * right / (told + true) >= 0.65, f"{right} right of {told} told and {true} true"


def _film(number: int) -> Film:
    """An unseen scene: 8 to 16 frames, evenly or unevenly spaced, from anywhere in a recording on."""
    random = np.random.default_rng([2026, number])
    count = int(random.integers(8, 17))
    steps = random.integers(400, 1_900, count) if number % 2 else np.full(count, 1_000)
    begin = int(random.integers(0, 600_000))
    times = tuple(timedelta(milliseconds=int(begin + at)) for at in np.cumsum(steps))
    length = (times[-1] - times[0]).total_seconds()
    return Film(draw_scene(random, count - 1), times, (count - 1) / length)


def _said(analyser: ModelAnalyser, film: Film, shown: Sequence[tuple[timedelta, timedelta]]) -> list[Told]:
    group = FrameGroup(0, Span(film.times[0], film.times[-1] + SECOND), film.times)
    try:
        look = analyser.analyse(group, film, Brief())
    except BadReply:  # a failed look: nothing was told, which counts against it
        return []
    pair_of = {pts: number for number, pair in enumerate(shown) for pts in pair}
    return [Told(seen.label, pair_of[seen.frames[0]], pair_of[seen.frames[-1]]) for seen in look.observations]


def _plan(analyser: ModelAnalyser, film: Film) -> tuple[FrameGroup, ...]:
    return analyser.plan(film.times, (), (64, 64), film.times[-1] + SECOND)


def _events(analyser: ModelAnalyser, film: Film) -> list[Event]:
    """What the timeline makes of all groups of ``film``."""
    groups = _plan(analyser, film)
    analysis = Analysis(
        "analysis", "film", "", SAMPLING, film.times, groups, 0, finished=False, kind=AnalysisKind.MODEL, seen_by="tiny"
    )
    events: dict[str, Event] = {}
    going_on: dict[str, Event] = {}
    for group in groups:
        seen = analyser.analyse(group, film, Brief()).observations
        change = EventTimeline().advance(analysis, group, seen, tuple(going_on.values()), tuple(events.values()))
        going_on = {event.id: event for event in (*change.opened, *change.updated)}
        events |= going_on | {event.id: event for event in change.closed}
    return list(events.values())


def _spans(film: Film, times: Sequence[timedelta]) -> list[tuple[str, Span]]:
    """What is seen in the frames at ``times``, from the first that shows it to the first that does no more."""
    found = []
    for label in LABELS:
        if there := [pts for pts in times if label in film.seen(pts)]:
            until = next((pts for pts in times if pts > there[-1]), times[-1] + SECOND)
            found.append((label, Span(there[0], until)))
    return found


def _is_near(event: Event, label: str, span: Span) -> bool:
    """The same thing, each end at most one pair of frames off."""
    off = max(abs(event.span.start - span.start), abs(event.span.end - span.end))
    return event.label == label and off <= 2 * SECOND
