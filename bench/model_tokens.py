"""How many tokens a quiet hour costs a model, against a fixed frame a second and against another product's setting.

The hour is the samples' yard, drawn with its noise, wind, clock and clouds, at a constant bit rate: somebody comes, a
van passes and somebody walks far off in one of its twelve parts, nobody is there in the others. It is surveyed as the
product does it, and planned by the product's own analyser; text is counted by the estimate that is on the safe side.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.figure import Figure
from bench.product import FOOTAGE
from ingest.limits import Limits
from ingest.sandbox import SandboxedReader
from samples import yard
from samples.backdrop import Backdrop, Disturbance
from samples.encoding import Encoding, Image, encode, repeat
from tests.scripted_model import ScriptedModel
from videoqa.analyser.budget import pairs
from videoqa.analyser.model.analyser import ModelAnalyser
from videoqa.analyser.model.counting import PromptCounter
from videoqa.analyser.model.exchange import Ask
from videoqa.analyser.model.prompting import Prompts, Task
from videoqa.analyser.model.server import ModelServer
from videoqa.media import Sampling
from videoqa.ports import Sampled

FPS, KBITS = 3, 200
PARTS, WITH_PASSINGS, DRAWN = 12, 4, 3
HOUR = timedelta(hours=1)
SAMPLING = Sampling(timedelta(seconds=1), long_side=448)
VSS_TOKENS, VSS_SECONDS = 7_840, 10
SEEN_WITHIN = 5.0


@dataclass(frozen=True)
class Cost:
    """What showing frames to a model takes: requests, their prompt tokens, and what of these is vision."""

    requests: int
    tokens: int
    vision: int


def figures(full: bool) -> list[Figure]:
    """The tokens of the hour and whether its events are in what is shown; ``full`` is the same."""
    times, size = _kept(_quiet_hour())
    every = tuple(number * SAMPLING.period for number in range(HOUR // SAMPLING.period))
    gated, fixed = _cost(times, size), _cost(every, size)
    vss = VSS_TOKENS * (HOUR // timedelta(seconds=VSS_SECONDS))
    spans = [passing.span for passing in yard.PASSINGS]
    offset = WITH_PASSINGS * yard.length()
    seen = [
        any(offset + start <= pts.total_seconds() <= offset + start + SEEN_WITHIN for pts in times)
        for start, _ in spans
    ]
    shown = [
        sum(offset + start <= pts.total_seconds() < offset + end for pts in times) / (end - start)
        for start, end in spans
    ]
    share, of_vss = gated.tokens / fixed.tokens, gated.tokens / vss
    return [
        Figure("tokens of a quiet hour", gated.tokens, "", "", None, _detail(gated, len(times))),
        Figure(
            "of a frame a second in the same groups", 100 * share, "%", "<= 10", share <= 0.10, _detail(fixed, 3600)
        ),
        Figure("of 7,840 tokens for every 10 s", 100 * of_vss, "%", "<= 2", of_vss <= 0.02, f"{vss} tokens"),
        Figure("true events shown within 5 s of their beginning", sum(seen) / len(seen), "", "1", all(seen)),
        Figure("least share of an event's seconds that is shown", min(shown), "", "", None),
    ]


def _detail(cost: Cost, frames: int) -> str:
    return f"{frames} frames in {cost.requests} requests, {cost.vision} of {cost.tokens} tokens are vision"


def _kept(path: Path) -> tuple[tuple[timedelta, ...], tuple[int, int]]:
    """The pts of the frames that the gate lets through, and their size."""
    times, size = list[timedelta](), (0, 0)
    with SandboxedReader(Limits()).survey(str(path), SAMPLING) as items:
        for item in items:
            if isinstance(item, Sampled) and item.frame is not None:
                times.append(item.pts)
                size = (item.frame.picture.width, item.frame.picture.height)
    return tuple(times), size


def _cost(times: Sequence[timedelta], size: tuple[int, int]) -> Cost:
    prompts = Prompts.load("en")
    with ScriptedModel(tokenizer=False) as model:
        server = ModelServer(model.url)
        analyser = ModelAnalyser(server, prompts, SAMPLING)
        prompt = PromptCounter(server).ask(
            Ask(prompts.system, prompts.text(Task.ANALYSE, cues="", before="", wanted=""))
        )
        budget = analyser.budget
        plan = analyser.plan(times, (), size, HOUR)
        costs = [budget.cost(group.times, (), size) for group in plan]
        vision = [budget.vision(pairs(group.times, budget.within), size) for group in plan]
    return Cost(len(plan), sum(costs) + prompt * len(plan), sum(vision))


def _quiet_hour() -> Path:
    """Drawn and encoded once, and kept."""
    FOOTAGE.mkdir(exist_ok=True)
    path = FOOTAGE / "quiet-hour.mp4"
    if path.exists():
        return path
    encoding = Encoding(fps=FPS, gop=2 * FPS, kbits=KBITS, preset="superfast")
    with tempfile.TemporaryDirectory() as folder:
        drawn = [Path(folder) / f"{number}.mp4" for number in range(DRAWN + 1)]
        for number, part in enumerate(drawn):
            encode(part, _images(number), encoding)
        order = [drawn[0] if part == WITH_PASSINGS else drawn[1 + part % DRAWN] for part in range(PARTS)]
        unfinished = path.with_stem("quiet-hour-unfinished")
        repeat(order, PARTS, unfinished)
    return unfinished.rename(path)


def _images(wind: int) -> Iterator[Image]:
    """The yard as ``samples.yard`` draws it; with its passings where ``wind`` is 0, with nobody elsewhere."""
    backdrop = Backdrop(seed=7, wind_seed=1 + wind)
    disturbance = Disturbance(noise=2.5, sway=2.2, flicker=0.004)
    for number in range(round(yard.length() * FPS)):
        now = number / FPS
        there = [passing.at(now) for passing in yard.PASSINGS] if wind == 0 else []
        figures_there = [figure for figure in there if figure is not None]
        clock = yard.BEGINS + timedelta(seconds=now + wind * yard.length())
        yield backdrop.paint(now, figures_there, disturbance, light=yard.light(now), clock=clock)


if __name__ == "__main__":
    for figure in figures(full=False):
        print(figure)
