"""How much the gate holds back and what it misses: on scenes with every disturbance at once, and on real clips.

The scenes are encoded at a constant bit rate and decoded again. An arrival is seen where a frame within five seconds
of it is let through; what is let through while nobody is there is a false admission. The first 20 seconds of a scene
are for learning and count for neither.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.figure import Figure
from ingest.gate.gating import Gate
from samples.lecture import spoken
from tests.scenes import Arrival, Scene, disturbed_scene, luma_at_one_fps

SECOND = timedelta(seconds=1)
LEARNING, SEEN_WITHIN, AFTERMATH = 20.0, 5.0, 3.0
SIZES, SPEEDS = (6.0, 10.0, 14.0, 20.0, 30.0), (2.0, 5.0, 10.0, 20.0)
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Judged:
    """Which frames of a recording were let through: seconds, and True or False for each; ``cost`` in ms a frame."""

    times: NDArray[np.float64]
    admitted: NDArray[np.bool_]
    cost: float

    def within(self, start: float, end: float) -> NDArray[np.bool_]:
        return (self.times >= start) & (self.times <= end)


def figures(full: bool) -> list[Figure]:
    """The gate's recall, its false admissions, its cost; ``full`` adds many more scenes and smaller, slower things."""
    seeds = range(100, 112) if full else range(100, 103)
    plain = [disturbed_scene(seed, [(20.0, 10.0)] * 6, kbits=300 if seed % 2 else 150) for seed in seeds]
    judged = _judge_scenes(plain)
    rows = [*_recall_figures(plain, judged), *_false_figures(plain, judged)]
    cost = float(np.median([result.cost for result in judged]))
    rows.append(Figure("gate, CPU a frame", cost, "ms", "<= 4", cost <= 4))
    if full:
        rows += _published_recall()
    return [*rows, *_lecture_figures(), *_real_figures()]


def _published_recall() -> list[Figure]:
    kinds = [kind for kind in product(SIZES, SPEEDS) for _ in range(8)]
    order = np.random.default_rng(1).permutation(len(kinds))
    mixed = [kinds[place] for place in order]
    scenes = [disturbed_scene(200 + first, mixed[first : first + 6]) for first in range(0, len(mixed), 6)]
    faint = [disturbed_scene(300 + seed, [(20.0, 10.0)] * 6, contrasts=(10, 20)) for seed in range(3)]
    seen: dict[tuple[float, float], list[bool]] = {kind: [] for kind in product(SIZES, SPEEDS)}
    for scene, result in zip(scenes, _judge_scenes(scenes), strict=True):
        for arrival in scene.arrivals:
            seen[arrival.size, arrival.speed].append(_is_seen(arrival, result))
    pale = [
        _is_seen(arrival, result)
        for scene, result in zip(faint, _judge_scenes(faint), strict=True)
        for arrival in scene.arrivals
    ]
    return [
        Figure(f"seen within 5 s: {size:.0f} px at {speed:.0f} px/s", *_share(found), "", None, _count(found))
        for (size, speed), found in seen.items()
    ] + [
        Figure(
            "seen within 5 s: 20 px at 10 px/s, 10-20 grey levels of contrast", *_share(pale), "", None, _count(pale)
        )
    ]


def _recall_figures(scenes: Sequence[Scene], judged: Sequence[Judged]) -> list[Figure]:
    found = [
        _is_seen(arrival, result) for scene, result in zip(scenes, judged, strict=True) for arrival in scene.arrivals
    ]
    share, unit = _share(found)
    detail = f"{_count(found)}, contrast 20-60"
    return [Figure("seen within 5 s: 20 px at 10 px/s, all disturbances", share, unit, ">= .95", share >= 0.95, detail)]


def _false_figures(scenes: Sequence[Scene], judged: Sequence[Judged]) -> list[Figure]:
    false, frames = 0, 0
    for scene, result in zip(scenes, judged, strict=True):
        quiet = result.times >= LEARNING
        for arrival in scene.arrivals:
            quiet &= ~result.within(arrival.start, arrival.start + arrival.lasts + AFTERMATH)
        false += int(result.admitted[quiet].sum())
        frames += int(quiet.sum())
    rate, held = 60 * false / frames, 1 - false / frames
    detail = f"{false} in {frames / 60:.0f} min, a light step every 44 s"
    return [
        Figure("false admissions in disturbed scenes", rate, "a minute", "<= 1.5", rate <= 1.5, detail),
        Figure("share of empty frames held back", held, "", ">= .97", held >= 0.97),
    ]


def _lecture_figures() -> list[Figure]:
    judged = _judge(_ROOT / "samples" / "lecture.mp4")
    shown = [(sentence.said.slide, sentence.said.shown) for sentence in spoken()]
    changes = [
        sentence.shown_from
        for sentence, now, before in zip(spoken(), shown, [None, *shown], strict=False)
        if now != before
    ]
    found = [bool(judged.admitted[judged.within(at, at + 2)].any()) for at in changes]
    share, unit = _share(found)
    held = 1 - float(judged.admitted.mean())
    return [
        Figure("changes of the sample lecture's slides seen within 2 s", share, unit, "1", share == 1, _count(found)),
        Figure("share of the sample lecture's frames held back", held, "", "", None, "a pointer moves in half of it"),
    ]


def _real_figures() -> list[Figure]:
    folder = Path(os.environ.get("VIDEOQA_DEV_DATA", _ROOT.parent / "shared" / "data")) / "footage"
    if not folder.is_dir():
        return [
            Figure("real clips", 0, "", "", None, "not here; VIDEOQA_DEV_DATA names the folder of clips with truth")
        ]
    return [*_presence_figures(folder), *_ink_figures(folder)]


def _presence_figures(folder: Path) -> list[Figure]:
    intervals, present, absent = [], [], []
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        clip = json.loads(line)
        judged = _judge(folder.parent / clip["file"])
        there = [span for spans in clip["presence"].values() for span in spans]
        intervals += [bool(judged.admitted[judged.within(*span)].any()) for span in there]
        present += judged.admitted[_in_any(judged, there)].tolist()
        absent += (~judged.admitted[_in_any(judged, clip.get("nobody", []) + clip.get("no_vehicle", []))]).tolist()
    share, unit = _share(intervals)
    seen, held = float(np.mean(present)), float(np.mean(absent))
    return [
        Figure("real clips: presence intervals seen", share, unit, "1", share == 1, _count(intervals)),
        Figure(
            "real clips: frames with somebody let through", seen, "", ">= .95", seen >= 0.95, f"{len(present)} frames"
        ),
        Figure(
            "real clips: frames with nobody held back", held, "", "", None, f"{len(absent)} frames; learning included"
        ),
    ]


def _ink_figures(folder: Path) -> list[Figure]:
    """What the two lecture clips' descriptions give times for: a slide change each, a card, lines of a list."""
    rows = []
    for name, times in (("ekarton_lecture_5.mp4", (114.4,)), ("ekarton_lecture_6.mp4", (91.2, 94.9))):
        judged = _judge(folder / name)
        found = [bool(judged.admitted[judged.within(at - 0.5, at + 2)].any()) for at in times]
        held = 1 - float(judged.admitted.mean())
        rows.append(
            Figure(
                f"{name}: slide changes seen", *_share(found), "1", all(found), f"{held:.0%} of the frames held back"
            )
        )
    return rows


def _judge_scenes(scenes: Sequence[Scene]) -> list[Judged]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(_judge_scene, scenes))


def _judge_scene(scene: Scene) -> Judged:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.mp4"
        scene.write(path)
        return _judge(path)


def _judge(path: Path) -> Judged:
    gate, times, admitted, spent = Gate(SECOND), [], [], 0.0
    for pts, luma in luma_at_one_fps(path):
        begun = time.thread_time()
        admitted.append(gate.admits(luma, pts))
        spent += time.thread_time() - begun
        times.append(pts.total_seconds())
    return Judged(np.array(times), np.array(admitted), 1000 * spent / max(1, len(times)))


def _is_seen(arrival: Arrival, judged: Judged) -> bool:
    return bool(judged.admitted[judged.within(arrival.start, arrival.start + SEEN_WITHIN)].any())


def _in_any(judged: Judged, spans: Sequence[Sequence[float]]) -> NDArray[np.bool_]:
    inside = np.zeros(len(judged.times), np.bool_)
    for start, end in spans:
        inside |= (judged.times >= start) & (judged.times < end)
    return inside


def _share(found: Sequence[bool]) -> tuple[float, str]:
    return sum(found) / len(found), ""


def _count(found: Sequence[bool]) -> str:
    return f"{sum(found)} of {len(found)}"


if __name__ == "__main__":
    for figure in figures(full=False):
        print(figure)
