"""How many arrivals give an alert by signals, how many alerts are about nothing, and what a quiet camera costs a model.

Footage is gone through as ``rule try`` does it, one look a second. An arrival is told of where an alert begins, or goes
on, while it is there; an alert is false where nobody was there within two seconds of its beginning. The model is one
that says no to every fast look, so that a second of quiet footage costs tokens where it is put to it at all; disturbed
scenes have noise, leaves, flicker, a clock and a light step every 44 s, and count from their 20th second on.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figure import Figure
from ingest.gate.scenery import LiveScenery
from ingest.sandbox import SandboxedReader
from tests.scenes import disturbed_scene
from videoqa.alerting.book import PATIENCE, Book
from videoqa.alerts import Alert, AlertRule, Condition, ConditionKind
from videoqa.analyser.model.exchange import Ask, Capabilities, Clip, Model, Reply, ServerStatus
from videoqa.analyser.model.form import stamps
from videoqa.analyser.model.grounder import ModelGrounder
from videoqa.analyser.model.prompting import Prompts
from videoqa.analyser.sentry.glance import Glances
from videoqa.analyser.sentry.sentries import CameraSentries, Eyes
from videoqa.events import Usage
from videoqa.media import ZERO, Recording, RecordingState, Sampling
from videoqa.ports import LiveFrame, Sampled

SECOND = timedelta(seconds=1)
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
NEAR = 2.0
LEARNING, AFTERMATH = 20.0, 3.0
_ROOT = Path(__file__).parent.parent
_MOTION = AlertRule("motion", "motion", Condition(ConditionKind.MOTION), START)
_TOLD = AlertRule("told", "told", Condition(ConditionKind.DESCRIBED, "a person climbs the fence"), START)

Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Gone:
    """Footage that was gone through: its seconds, those in which a model was asked, the alerts, ms of CPU a look."""

    seconds: tuple[float, ...]
    asked: frozenset[float]
    alerts: tuple[tuple[float, float], ...]
    cost: float


class Naysayer:
    """A model that says no. Implements ``Model``."""

    def capabilities(self) -> Capabilities:
        return Capabilities("no", 262_144, True, True, True, True, False)

    def ask(self, ask: Ask) -> Reply:
        return Reply("0", True, Usage(prompt_tokens=1, completion_tokens=1))

    def stream(self, ask: Ask) -> Iterator[str]:
        yield ""

    def tokens(self, text: str) -> int:
        return len(text)

    def stamps(self, clip: Clip) -> tuple[float, ...]:
        return stamps(clip)

    def only(self, name: str) -> Model:
        return self

    def status(self) -> ServerStatus:
        return ServerStatus("", True)

    def close(self) -> None:
        """Nothing: it holds nothing."""


def figures(full: bool) -> list[Figure]:
    """Of the sample yard, of disturbed scenes and, where they are, of real clips; ``full`` adds more scenes."""
    yard = _gone(_ROOT / "samples" / "yard.mp4")
    truth = [json.loads(line) for line in (_ROOT / "samples" / "yard.truth.jsonl").read_text().splitlines()]
    there = [tuple(event["span"]) for event in truth if "label" in event]
    rows = [*_told("sample yard", [(yard, there)]), _quiet("sample yard", [(yard, there)])]
    seeds = range(100, 112) if full else range(100, 103)
    scenes = [_scene(seed) for seed in seeds]
    rows += [*_told("disturbed scenes", scenes), _quiet("disturbed scenes", scenes)]
    cost = max(yard.cost, *(gone.cost for gone, _ in scenes))
    rows.append(Figure("CPU of a look by signals and the gate", cost, "ms", "<= 15", cost <= 15))
    return [*rows, *_real()]


def _scene(seed: int) -> tuple[Gone, Spans]:
    scene = disturbed_scene(seed, [(20.0, 10.0)] * 6, kbits=300 if seed % 2 else 150)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.mp4"
        scene.write(path)
        return _gone(path), [(arrival.start, arrival.start + arrival.lasts) for arrival in scene.arrivals]


def _real() -> list[Figure]:
    folder = Path(os.environ.get("VIDEOQA_DEV_DATA", _ROOT.parent / "shared" / "data")) / "footage"
    if not folder.is_dir():
        return [
            Figure("real clips", 0, "", "", None, "not here; VIDEOQA_DEV_DATA names the folder of clips with truth")
        ]
    clips = []
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        clip = json.loads(line)
        spans = sorted(tuple(span) for spans in clip["presence"].values() for span in spans)
        clips.append((_gone(folder.parent / clip["file"]), _arrivals(spans)))
    cool = [(_gone(folder / "intel_onebyone.mp4", timedelta(minutes=1)), clips[0][1])]
    return [*_told("real clips", clips), *_told("six people in 140 s, cool-down of a minute", cool)[:1]]


def _told(name: str, footage: Sequence[tuple[Gone, Spans]]) -> list[Figure]:
    arrivals = found = false = alerts = 0
    seconds = 0.0
    for gone, there in footage:
        arrivals += len(there)
        found += sum(_meets_any(gone, span) for span in there)
        counted = [alert for alert in gone.alerts if alert[0] >= LEARNING or not there or there[0][0] < LEARNING]
        false += sum(not any(start - NEAR <= alert[0] <= end + NEAR for start, end in there) for alert in counted)
        alerts += len(counted)
        seconds += gone.seconds[-1]
    share = found / arrivals
    told = f"{found} of {arrivals}, {alerts} alerts"
    lone = [_meets_any(gone, span) for gone, there in footage for span in _after_a_pause(there)]
    alone = sum(lone) / len(lone)
    return [
        Figure(f"{name}: arrivals told of", share, "", "", None, told),
        Figure(
            f"{name}: of those after a pause of 3 s", alone, "", ">= .9", alone >= 0.9, f"{sum(lone)} of {len(lone)}"
        ),
        Figure(
            f"{name}: false alerts", 3600 * false / seconds, "an hour", "", None, f"{false} in {seconds / 60:.1f} min"
        ),
    ]


def _quiet(name: str, footage: Sequence[tuple[Gone, Spans]]) -> Figure:
    quiet = asked = 0
    for gone, there in footage:
        for second in gone.seconds:
            if second >= LEARNING and not any(start <= second < end + AFTERMATH for start, end in there):
                quiet += 1
                asked += second in gone.asked
    share = asked / quiet
    return Figure(f"{name}: quiet seconds that cost a token", share, "", "<= .03", share <= 0.03, f"{asked} of {quiet}")


def _gone(path: Path, cooldown: timedelta = ZERO) -> Gone:
    motion, model = replace(_MOTION, cooldown=cooldown), Naysayer()
    prompts = Prompts.load()
    sentries = CameraSentries(LiveScenery, Eyes(Glances(model, prompts), ModelGrounder(model, prompts)))
    sentry, book = sentries.sentry("bench", SECOND, waiting=True), Book("bench", SECOND)
    book.begin(Recording("r", path.name, str(path), "", ZERO, RecordingState.INDEXED, START))
    alerts: dict[str, Alert] = {}
    seconds: list[float] = []
    asked: set[float] = set()
    spent, tokens = 0.0, 0
    with SandboxedReader().survey(str(path), Sampling(SECOND), gated=False) as items:
        for item in items:
            if not isinstance(item, Sampled) or item.frame is None:
                continue
            live, second = LiveFrame(item.frame, START + item.pts), item.pts.total_seconds()
            begun = time.thread_time()
            looked = sentry.look(live, (motion, _TOLD))
            spent += time.thread_time() - begun
            alerts |= {change.alert.id: change.alert for change in book.advance(live, (motion, _TOLD), looked)}
            seconds.append(second)
            if sentry.usage.prompt_tokens > tokens:
                asked.add(second)
                tokens = sentry.usage.prompt_tokens
    alerts |= {change.alert.id: change.alert for change in book.close()}
    spans = [
        ((alert.start - START).total_seconds(), ((alert.end or START) - START).total_seconds())
        for alert in alerts.values()
    ]
    return Gone(tuple(seconds), frozenset(asked), tuple(spans), 1000 * spent / max(1, len(seconds)))


def _arrivals(spans: Spans) -> Spans:
    """Presence without a pause of half a second in it is one arrival: who comes meanwhile is not told apart."""
    joined: list[tuple[float, float]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1] + 0.5:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _after_a_pause(spans: Spans) -> Spans:
    """Those behind a pause over which no alert goes on."""
    ends = [float("-inf"), *(end for _, end in spans)]
    return [span for span, before in zip(spans, ends, strict=False) if span[0] - before >= PATIENCE.total_seconds()]


def _meets_any(gone: Gone, span: tuple[float, float]) -> bool:
    return any(_meet(alert, span) for alert in gone.alerts)


def _meet(alert: tuple[float, float], span: tuple[float, float]) -> bool:
    """True where an alert begins while it is there; one that goes on from an earlier arrival tells nobody of this."""
    return span[0] - 0.5 <= alert[0] <= span[1] + 1
