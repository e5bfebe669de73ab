"""What sending frames to a model costs: processor time of ours for each, and the share of a prompt that is cached.

The first figure goes through the product's own gate, spool and client, to a server on this machine that reads requests
and answers at once; decoding is not counted. The second needs a model server: ``VIDEOQA_BENCH_MODEL_URL``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench.figure import Figure
from ingest.gate.gating import Gate
from ingest.spool import DiskSpool
from tests.scenes import luma_at_one_fps
from videoqa.analyser.budget import pairs
from videoqa.analyser.model.exchange import Ask, Clip, Priority
from videoqa.analyser.model.server import ModelServer
from videoqa.media import Frame, Picture
from videoqa.ports import Pictures, Sampled

SIZE = (448, 256)
SECOND = timedelta(seconds=1)
MOMENT = 30
_CLIP = Path(__file__).parent.parent / "samples" / "yard.mp4"
_SERVER = """
import sys
from tests.scripted_model import Said, ScriptedModel
with ScriptedModel([Said("{}")]) as server:
    server.requests = type("Forgotten", (list,), {"append": lambda *_: None})()
    print(server.url, flush=True)
    sys.stdin.read()
"""
_QUESTIONS = (
    "Was anybody there?",
    "What colour was the vehicle?",
    "When did it leave?",
    "Did somebody carry a bag?",
    "How many people were seen?",
    "Was the gate open at any time?",
    "Which way did it go?",
    "Is it day or night?",
)


def figures(full: bool) -> list[Figure]:
    """Milliseconds a frame of 448x256, and the share of cached tokens; ``full`` sends ten times as many frames."""
    lumas = [luma for _, luma in luma_at_one_fps(_CLIP)]
    frames = list(_frames())
    with tempfile.TemporaryDirectory() as folder:
        spool = DiskSpool(Path(folder), 2**30)
        began = time.thread_time()
        for frame in frames:
            spool.add("bench", Sampled(frame.pts, frame))
        spool.finish("bench")
        kept = 1000 * (time.thread_time() - began) / len(frames)
        gate = _gate_cost(lumas)
        times, pictures = tuple(frame.pts for frame in frames), spool.pictures("bench")
        with _loopback() as url:
            first, again = _request_cost(url, times, pictures, 50 if full else 5)
        cost = gate + kept + first
        detail = f"gate {gate:.2f}, JPEG into the spool {kept:.2f}, out of it and sent {first:.2f}, {len(times)} frames"
        return [
            Figure("work of ours per frame sent, 448x256, CPU", cost, "ms", "<= 4", cost <= 4, detail),
            Figure("the same frames asked about again, CPU a frame", again, "ms", "", None, "sent by their id alone"),
            *_cached_figures(times[:MOMENT], pictures),
        ]


def _gate_cost(lumas: Sequence[NDArray[np.uint8]]) -> float:
    gate, began = Gate(SECOND), time.thread_time()
    for number, luma in enumerate(lumas):
        gate.admits(luma, number * SECOND)
    return 1000 * (time.thread_time() - began) / len(lumas)


def _request_cost(url: str, times: tuple[timedelta, ...], pictures: Pictures, repeats: int) -> tuple[float, float]:
    """CPU milliseconds a frame of asks over media that the server has not yet, and of asks over media that it has."""
    server = ModelServer(url)
    server.capabilities()
    spent = [0.0, 0.0]
    for number in range(repeats):
        clip = _clip(times, pictures, timedelta(hours=number))
        for place in range(2):
            began = time.thread_time()
            server.ask(Ask("You watch.", "What happens?", clip))
            spent[place] += time.thread_time() - began
    server.close()
    return 1000 * spent[0] / (repeats * len(times)), 1000 * spent[1] / (repeats * len(times))


def _clip(times: Sequence[timedelta], pictures: Pictures, later: timedelta) -> Clip:
    """The frames as if each was ``later``: other media to the server, and to its caches, than those before."""
    return Clip(pairs(tuple(pts + later for pts in times), 2 * SECOND), lambda pts: pictures.jpeg(pts - later), SIZE)


def _cached_figures(times: tuple[timedelta, ...], pictures: Pictures) -> list[Figure]:
    name, target = f"{len(_QUESTIONS)} questions over one moment: tokens from cache", ">= .8"
    url = os.environ.get("VIDEOQA_BENCH_MODEL_URL")
    if not url:
        return [Figure(name, 0, "", target, None, "no server; VIDEOQA_BENCH_MODEL_URL names one")]
    server = ModelServer(url, key=os.environ.get("VIDEOQA_BENCH_MODEL_KEY", ""))
    clip = _clip(times, pictures, timedelta(seconds=int(time.time()) % 80_000))
    asks = [
        Ask("You are shown frames of a recording.", text, clip, max_tokens=16, priority=Priority.INTERACTIVE)
        for text in _QUESTIONS
    ]
    usages = [server.ask(ask).usage for ask in asks]
    model = server.capabilities().model
    server.close()
    share = sum(usage.cached_tokens for usage in usages[1:]) / sum(usage.prompt_tokens for usage in usages[1:])
    detail = (
        f"{model}: {len(times)} frames, {usages[0].prompt_tokens} tokens, {usages[0].cached_tokens} cached at first; "
        f"{usages[0].seconds:.2f} s, then {np.median([usage.seconds for usage in usages[1:]]):.2f} s"
    )
    return [Figure(name, share, "", target, share >= 0.8, detail)]


def _frames() -> Iterator[Frame]:
    with av.open(str(_CLIP)) as container:
        due = 0.0
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= due:
                due += 1.0
                rgb = frame.reformat(*SIZE, "rgb24").to_ndarray()
                yield Frame(timedelta(seconds=frame.time), Picture(*SIZE, rgb.tobytes()))


@contextmanager
def _loopback() -> Iterator[str]:
    """The URL of a server in a process of its own, so that its work is not taken for ours."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        assert process.stdin is not None
        process.stdin.close()


if __name__ == "__main__":
    for figure in figures(full=False):
        print(figure)
