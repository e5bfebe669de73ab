"""A stretch of open footage as an MP4 of its own: packets copied as they are, or encoded anew where that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from heapq import merge
from operator import itemgetter
from typing import Any

from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ingest.clock import MICROSECONDS, microseconds
from ingest.messages import CutMade, Part, Working
from ingest.plain import MICROSECOND
from ingest.plan import Coded
from ingest.pyav.decoder import Decoder
from ingest.pyav.encoding import PictureEncoder
from ingest.pyav.footage import Footage
from ingest.pyav.sink import Sink, mp4
from ingest.pyav.soundtrack import Soundtrack
from ingest.request import Cutting
from videoqa.errors import EmptyFootage
from videoqa.media import Span
from videoqa.times import clock_span

COPIED = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"})
"""Codecs that go into an MP4 as they are."""
# As long as a picture stands without its being a gap.
_LONGEST_STILL = 10_000_000
# How far behind the end a packet may be shown on which one before it rests.
_DISORDER = 10_000_000


def cut(footage: Footage, cutting: Cutting) -> Iterator[Part | CutMade | Working]:
    """The clip in parts, and at last what it holds.

    Raises:
        EmptyFootage: nothing is there to be seen or heard.
        CannotCut: what is there does not go into an MP4.
    """
    with ExitStack() as stack:
        sound = Soundtrack.beside(footage, cutting.leaps, stack)
        if footage.video is None:
            yield from _sound_alone(sound, cutting)
            return
        chosen = _Chosen()
        for coded in _from_keyframe(footage, cutting):
            chosen.add(coded, footage)
            yield Working()
        start, end = cutting.span.start // MICROSECOND, cutting.span.end // MICROSECOND
        if not chosen.shown or chosen.first >= end or chosen.stands_until(end) < start - _LONGEST_STILL:
            raise EmptyFootage(problem=f"no picture of it stands at {clock_span(cutting.span)}")
        copied = (
            not cutting.anew
            and footage.video.codec_context.codec.canonical_name in COPIED
            and chosen.can_be_copied
            and start - chosen.first <= cutting.lead // MICROSECOND
        )
        zero = chosen.first if copied else max(start, chosen.first)
        until = chosen.ends(end) if copied else end
        sink = Sink()
        with mp4(sink, len(chosen.stamps) + sound.count(zero, until)) as container:
            pictures = (
                _copied(container, footage, cutting, chosen, end)
                if copied
                else _encoded(container, footage, cutting, zero)
            )
            for _, packets in merge(pictures, sound.into(container, zero, until), key=itemgetter(0)):
                for packet in packets:
                    container.mux(packet)
                yield Working()
                yield from sink.taken()
        yield from sink.taken(all_of_it=True)
        yield CutMade(Span(zero * MICROSECOND, max(until, zero + 1) * MICROSECOND), copied)


class _Chosen:
    """What is known of the packets of a clip once all were seen."""

    def __init__(self) -> None:
        self.stamps: list[int] = []
        """Their presentation stamps, in units of the time base, on a clock that does not leap."""
        self.shown: list[tuple[int, int]] = []
        """When each picture that is shown begins and ends, in microseconds."""
        self._stamped = True

    def add(self, coded: Coded[Packet[VideoStream]], footage: Footage) -> None:
        if coded.packet.pts is None or footage.counted:
            self._stamped = False
        self.stamps.append(_units(coded.time, _base(footage)))
        if not coded.hidden:
            self.shown.append((coded.time, coded.time + coded.duration))

    @property
    def first(self) -> int:
        return min(self.shown)[0]

    def stands_until(self, before: int) -> int:
        """Until when the last picture that is shown before ``before`` is there, by what its packet says."""
        return max(end for begin, end in self.shown if begin < before)

    def ends(self, end: int) -> int:
        """Where a copied clip of what is up to ``end`` ends: there, or with a picture that others rest on."""
        begin, finish = max(self.shown)
        return end if begin < end else finish

    @property
    def can_be_copied(self) -> bool:
        """True where each picture has a stamp of its own."""
        return self._stamped and len(set(self.stamps)) == len(self.stamps)

    def decoding(self) -> list[int]:
        """Decoding stamps that rise and are never later than the presentation stamp of their packet.

        Made from these alone: some containers have none, and those of others do not begin at a cut.
        """
        rising = sorted(self.stamps)
        delay = max(early - stamp for early, stamp in zip(rising, self.stamps, strict=True))
        return [early - delay for early in rising]


def _from_keyframe(footage: Footage, cutting: Cutting) -> Iterator[Coded[Packet[VideoStream]]]:
    """The packets of the span in decoding order, from the last keyframe on that is shown no later than its start."""
    start, end = cutting.span.start // MICROSECOND, cutting.span.end // MICROSECOND
    first: Coded[Packet[VideoStream]] | None = None
    for coded in footage.packets_near(start, leaps=cutting.leaps):
        first = first or (coded if coded.key else None)
        # Leading pictures rest on what came before the keyframe.
        if first is None or coded.time < first.time:
            continue
        if coded.time >= end and (coded.time >= end + _DISORDER or _decoded_at(coded) >= end):
            return
        yield coded


def _decoded_at(coded: Coded[Packet[VideoStream]]) -> int:
    packet = coded.packet
    if packet.dts is None or packet.pts is None:
        # A keyframe without one is taken for the first of what follows.
        return coded.time if coded.key else 0
    return coded.time - microseconds(packet.pts - packet.dts, packet.time_base)


def _copied(
    container: OutputContainer, footage: Footage, cutting: Cutting, chosen: _Chosen, end: int
) -> Iterator[tuple[int, list[Packet[Any]]]]:
    """The packets as they are, on the clock of the clip."""
    assert footage.video is not None
    base = _base(footage)
    stream = container.add_stream_from_template(footage.video, opaque=True)
    stream.time_base = base
    zero, latest = _units(chosen.first, base), max(chosen.stamps)
    stamps = iter(zip(chosen.stamps, chosen.decoding(), strict=True))

    def packets() -> Iterator[tuple[int, list[Packet[Any]]]]:
        for coded, (shown, decoded) in zip(_from_keyframe(footage, cutting), stamps, strict=False):
            packet = coded.packet
            packet.pts, packet.dts, packet.time_base = shown - zero, decoded - zero, base
            # The last picture stands until the end, whatever its packet says of it.
            last = shown == latest and coded.time < end
            packet.duration = max(_units(end - coded.time if last else coded.duration, base), 1)
            packet.stream = stream
            yield microseconds(decoded - zero, base), [packet]

    return packets()


def _encoded(
    container: OutputContainer, footage: Footage, cutting: Cutting, zero: int
) -> Iterator[tuple[int, list[Packet[Any]]]]:
    """The pictures decoded and encoded anew, from the one on show at ``zero`` on."""
    end = cutting.span.end // MICROSECOND
    encoder = PictureEncoder(container, footage)

    def packets() -> Iterator[tuple[int, list[Packet[Any]]]]:
        on_show = None
        last = -1
        for time, frame in _decoded(footage, cutting):
            if frame is None or time >= end:
                yield max(last, 0), []
                continue
            if time <= zero:
                on_show = frame
                continue
            if on_show is not None:
                yield 0, encoder.encode(on_show, 0)
                on_show, last = None, 0
            if time - zero > last:
                last = time - zero
                yield last, encoder.encode(frame, last)
        if on_show is not None:
            yield 0, encoder.encode(on_show, 0)
            last = 0
        yield max(last, 0), encoder.end(max(last, 0), end - zero)

    return packets()


def _decoded(footage: Footage, cutting: Cutting) -> Iterator[tuple[int, Any]]:
    """The pictures in the order they are shown, and their times; without a picture as a sign of life."""
    decoder: Decoder = footage.decoder()
    for coded in _from_keyframe(footage, cutting):
        coded.wanted = True
        pictures, _ = decoder.decode(coded)
        if not pictures:
            yield 0, None
        yield from pictures
    yield from decoder.settle()


def _sound_alone(sound: Soundtrack, cutting: Cutting) -> Iterator[Part | CutMade | Working]:
    start, end = cutting.span.start // MICROSECOND, cutting.span.end // MICROSECOND
    begins, count = sound.begins(start, end), sound.count(start, end)
    if begins is None:
        raise EmptyFootage(problem=f"nothing of it is to be heard at {clock_span(cutting.span)}")
    sink = Sink()
    with mp4(sink, count) as container:
        for _, packets in sound.into(container, begins, end):
            for packet in packets:
                container.mux(packet)
            yield Working()
            yield from sink.taken()
    yield from sink.taken(all_of_it=True)
    yield CutMade(Span(begins * MICROSECOND, max(end, begins + 1) * MICROSECOND), sound.copied)


def _base(footage: Footage) -> Fraction:
    assert footage.video is not None
    return footage.video.time_base or Fraction(1, MICROSECONDS)


def _units(time: int, base: Fraction) -> int:
    """Microseconds in units of ``base``, to the nearest."""
    return round(Fraction(time, MICROSECONDS) / base)
