"""Decodes what a plan wants, on two decoders by turns, and gives it in the order of time."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from ingest.plan import Coded, Decode, Gap, Plan, Settle, Step
from ingest.pyav import Decoder, Footage, Packet, VideoFrame, VideoStream
from videoqa.media import Sampling

_LANES = 2
_MOST_DISORDER = 16
# What a decoder is given at once; and what may wait for its turn, in wanted pictures and packets.
_BATCH_WANTED, _BATCH_PACKETS = 8, 64
_WAITING_BYTES, _WAITING_PACKETS = 2**24, 1200


@dataclass(frozen=True, slots=True)
class Taken:
    """The picture shown at ``time`` microseconds. ``key``: decoding may begin with it."""

    time: int
    key: bool
    picture: VideoFrame


@dataclass(frozen=True, slots=True)
class Lost:
    """The picture wanted at ``time`` does not decode, or rests on one that does not."""

    time: int


@dataclass(frozen=True, slots=True)
class End:
    """Where the last packet ends, in microseconds."""

    time: int


Outcome = Taken | Lost
Outcomes = Iterator[Outcome | Gap | End | None]


def plan_of(footage: Footage, sampling: Sampling) -> Plan[Packet[VideoStream]]:
    return Plan(
        sampling.period // timedelta(microseconds=1),
        keyframes_only=sampling.keyframes_only and not footage.counted,
        whole=footage.counted,
    )


def develop(
    footage: Footage, sampling: Sampling, since: int, coming: Iterator[Coded[Packet[VideoStream]]] | None = None
) -> Outcomes:
    """What became of every wanted picture from ``since`` microseconds on, in the order of time; at last the end.

    ``coming`` are the packets of ``footage`` from there on, unless they are to be sought.

    None comes now and then as a sign of life.

    Groups of pictures are free of one another, so that two decoders share them: the same pictures at the same cost,
    in half the time. A gap is told as soon as it is known, which may be before the pictures in front of it.
    """
    end = since
    plan = plan_of(footage, sampling)

    def steps() -> Iterator[Step[Packet[VideoStream]]]:
        nonlocal end
        for coded in footage.packets(since) if coming is None else coming:
            end = max(end, coded.time + coded.duration)
            yield from plan.feed(coded)
        yield from plan.finish()

    waiting: deque[tuple[Future[list[Outcome]], int, int]] = deque()
    wanted = packets = 0
    batch = _Batch()
    most_wanted = max(2, _WAITING_BYTES // (footage.pixels * 3 // 2))
    with ExitStack() as stack:
        lanes = _Lanes(footage.decoder, stack)
        for step in steps():
            if isinstance(step, Gap):
                yield step
                continue
            batch.add(step)
            if not batch.full:
                continue
            waiting.append((lanes.submit(batch), batch.wanted, batch.packets))
            wanted, packets, batch = wanted + batch.wanted, packets + batch.packets, _Batch()
            yield None
            while waiting and (waiting[0][0].done() or wanted > most_wanted or packets > _WAITING_PACKETS):
                outcomes, less_wanted, fewer_packets = waiting.popleft()
                wanted, packets = wanted - less_wanted, packets - fewer_packets
                yield from outcomes.result()
        waiting.append((lanes.submit(batch), batch.wanted, batch.packets))
        for outcomes, *_ in waiting:
            yield from outcomes.result()
            yield None
    yield End(end)


class _Batch:
    """Steps that one decoder takes one after another."""

    def __init__(self) -> None:
        self.steps: list[Decode[Packet[VideoStream]] | Settle] = []
        self.wanted = 0
        self.settles = False

    @property
    def packets(self) -> int:
        return len(self.steps)

    @property
    def full(self) -> bool:
        return self.settles or self.wanted >= _BATCH_WANTED or self.packets >= _BATCH_PACKETS

    def add(self, step: Decode[Packet[VideoStream]] | Settle) -> None:
        self.steps.append(step)
        self.settles = isinstance(step, Settle)
        self.wanted += isinstance(step, Decode) and step.coded.wanted


class _Lanes:
    """Decoders with a thread each. A group of pictures stays in its lane, the next one takes the other."""

    def __init__(self, decoder: Callable[[], Decoder], stack: ExitStack) -> None:
        self._decoder = decoder
        self._stack = stack
        self._lanes: list[tuple[ThreadPoolExecutor, _Developer]] = []
        self._groups = 0

    def submit(self, batch: _Batch) -> Future[list[Outcome]]:
        # A second decoder costs opening the file once more: not for a group or two.
        if not self._lanes or (len(self._lanes) < _LANES and self._groups > _LANES):
            thread = self._stack.enter_context(ThreadPoolExecutor(1))
            self._lanes.append((thread, _Developer(self._decoder())))
        thread, developer = self._lanes[self._groups % len(self._lanes)]
        self._groups += batch.settles
        return thread.submit(developer.run, batch.steps)


class _Developer:
    """One decoder, and the wanted pictures that have not come out of it yet."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._waiting: list[Coded[Packet[VideoStream]]] = []
        self._arrived: dict[int, VideoFrame] = {}
        self._broken = False
        self._spoilt: set[int] = set()

    def run(self, steps: list[Decode[Packet[VideoStream]] | Settle]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for step in steps:
            if isinstance(step, Decode):
                self._decode(step.coded)
                outcomes += self._in_order(_MOST_DISORDER)
            else:
                self._collect(self._decoder.settle())
                outcomes += self._in_order(0)
                self._broken = False
                self._spoilt.clear()
        return outcomes

    def _decode(self, coded: Coded[Packet[VideoStream]]) -> None:
        # What is decoded after a damaged picture may rest on it, up to the next keyframe.
        if coded.packet.is_keyframe:
            self._broken = False
        pictures, sound = self._decoder.decode(coded)
        self._broken = self._broken or not sound
        if coded.wanted:
            insort(self._waiting, coded, key=lambda one: one.time)
            if self._broken:
                self._spoilt.add(coded.time)
        self._collect(pictures)

    def _collect(self, pictures: list[tuple[int, VideoFrame]]) -> None:
        wanted = {coded.time for coded in self._waiting}
        for time, picture in pictures:
            if picture.is_corrupt:
                self._broken = True
                self._spoilt.add(time)
            if time in wanted:
                self._arrived[time] = picture

    def _in_order(self, most_disorder: int) -> Iterator[Outcome]:
        """What is certain: a picture is lost when more than ``most_disorder`` later ones came before it."""
        while self._waiting:
            coded = self._waiting[0]
            picture = self._arrived.pop(coded.time, None)
            spoilt = coded.time in self._spoilt
            if picture is None and not spoilt and len(self._arrived) <= most_disorder and most_disorder:
                return
            self._waiting.pop(0)
            if picture is None or spoilt:
                yield Lost(coded.time)
            else:
                yield Taken(coded.time, coded.key, picture)
