"""Pictures through decord (the package decord2), at the times that the packets say.

decord decodes well, but of times it knows only those of its own list, from which it takes a late start away without a
word. So it is only asked for the n-th picture, and the packets, read through PyAV, say when that is shown.
"""

from __future__ import annotations

from array import array

from ingest.development import End, Lost, Outcomes, Taken, plan_of
from ingest.plan import Coded, Decode, Gap
from ingest.pyav import Footage, Packet, VideoStream
from ingest.pyav.pixels import frame_of
from videoqa.errors import DecoderCrashed, MissingPart
from videoqa.media import Sampling

try:
    import decord as library
except ImportError as error:
    raise MissingPart(part="decord", remedy="install it with `pip install videoqa[decord]`") from error


def develop(footage: Footage, sampling: Sampling, since: int) -> Outcomes:
    """As ``ingest.development.develop``.

    Raises:
        DecoderCrashed: decord sees other pictures than there are packets, so that none has a certain time.
    """
    plan = plan_of(footage, sampling)
    every, shown = array("q"), array("q")
    wanted: list[Coded[Packet[VideoStream]]] = []
    begun, end = False, since
    for coded in footage.packets(0):
        every.append(coded.time)
        if not coded.hidden:
            shown.append(coded.time)
        end = max(end, coded.time + coded.duration)
        begun = begun or since == 0 or (coded.key and coded.time == since)
        for step in plan.feed(coded) if begun else ():
            if isinstance(step, Gap):
                yield step
            elif isinstance(step, Decode) and step.coded.wanted:
                wanted.append(step.coded)
        yield None
    for step in plan.finish():
        if isinstance(step, Decode) and step.coded.wanted:
            wanted.append(step.coded)
    try:
        reader = library.VideoReader(footage.path, num_threads=1)
    except RuntimeError as error:
        raise DecoderCrashed(problem="decord cannot open it") from error
    places = _places(len(reader), every, shown)
    for coded in sorted(wanted, key=lambda one: one.time):
        try:
            pixels = reader[places[coded.time]].asnumpy()
        except RuntimeError:
            yield Lost(coded.time)
        else:
            yield Taken(coded.time, coded.key, frame_of(pixels))
    yield End(end)


def _places(count: int, every: array[int], shown: array[int]) -> dict[int, int]:
    """The number of the picture shown at each time; decord also counts what an edit list hides, in some builds."""
    for times in (shown, every):
        if len(times) == count:
            return {time: number for number, time in enumerate(sorted(times))}
    raise DecoderCrashed(
        problem=f"decord sees {count} pictures where the packets hold {len(shown)}; VIDEOQA_DECODER=pyav reads it"
    )
