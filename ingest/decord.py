"""Pictures through decord (the package decord2), at the times that the packets say.

decord decodes well, but of times it knows only those of its own list, from which it takes a late start away without a
word. So it is only asked for the n-th picture, and the packets, read through PyAV, say when that is shown. Where its
n-th picture was found to be another (MPEG-TS, edit lists, open groups of pictures, reordered AVI) it is not asked.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from ingest.development import End, Lost, Outcomes, Taken, plan_of
from ingest.plan import Coded, Decode, Gap, Step
from ingest.pyav import Footage, Packet, VideoStream
from ingest.pyav.pixels import frame_of
from videoqa.errors import DecoderUnfit, MissingPart
from videoqa.media import Sampling

try:
    import decord as library
except ImportError as error:
    raise MissingPart(part="decord", remedy="install it with `pip install videoqa[decord]`") from error


def develop(footage: Footage, sampling: Sampling, since: int) -> Outcomes:
    """As ``ingest.development.develop``.

    Raises:
        DecoderUnfit: decord would show wrong pictures of such footage.
    """
    shown = _Shown(footage)
    wanted: list[Coded[Packet[VideoStream]]] = []
    for step in shown.steps(sampling, since):
        if isinstance(step, Gap | None):
            yield step
        elif isinstance(step, Decode) and step.coded.wanted:
            wanted.append(step.coded)
    try:
        reader = library.VideoReader(footage.path, num_threads=1)
    except RuntimeError as error:
        raise _unfit("it cannot open it") from error
    if len(reader) != len(shown.times):
        raise _unfit(f"it counts {len(reader)} of {len(shown.times)}")
    places = {time: number for number, time in enumerate(sorted(shown.times))}
    at = 0
    for coded in sorted(wanted, key=lambda one: one.time):
        if places[coded.time] > at:
            reader.skip_frames(places[coded.time] - at)
        at = places[coded.time] + 1
        try:
            pixels = reader.next().asnumpy()
        except (RuntimeError, StopIteration):
            yield Lost(coded.time)
        else:
            yield Taken(coded.time, coded.key, frame_of(pixels))
    yield End(shown.end)


class _Shown:
    """When each picture is shown, and what the plan makes of it, by one pass over the packets."""

    def __init__(self, footage: Footage) -> None:
        if footage.counted or footage.container.format.name == "mpegts":
            raise _unfit("of its kind of file it cannot count the pictures")
        self._footage = footage
        self.times = array("q")
        self.end = 0

    def steps(self, sampling: Sampling, since: int) -> Iterator[Step[Packet[VideoStream]] | None]:
        """The steps from ``since`` on; None as a sign of life."""
        plan = plan_of(self._footage, sampling)
        begun, latest_key = since == 0, -1
        for coded in self._footage.packets(0):
            if coded.hidden or coded.time < latest_key:
                raise _unfit("it loses count in edit lists and open groups of pictures")
            latest_key = coded.time if coded.key else latest_key
            self.times.append(coded.time)
            self.end = max(self.end, coded.time + coded.duration)
            begun = begun or (coded.key and coded.time == since)
            if begun:
                yield from plan.feed(coded)
            yield None
        yield from plan.finish()


def _unfit(problem: str) -> DecoderUnfit:
    return DecoderUnfit(decoder="decord", problem=problem)
