"""One OpenAI-compatible server of a Qwen3-VL model, asked over HTTP."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from typing import Any, TypeVar

from videoqa import tracing
from videoqa.analyser.model import form
from videoqa.analyser.model.breaker import Breaker
from videoqa.analyser.model.counter import Counter
from videoqa.analyser.model.dealings import WIRE_ERRORS, Dealings, Retries
from videoqa.analyser.model.exchange import Ask, Capabilities, Clip, Model, Prices, Reply, ServerStatus
from videoqa.analyser.model.form import Form
from videoqa.analyser.model.gauges import Watch
from videoqa.analyser.model.hearing import Listener, reply_of
from videoqa.analyser.model.lanes import Lanes, Width
from videoqa.analyser.model.probe import context_of, listed_models, probe
from videoqa.analyser.model.shown import Shown
from videoqa.analyser.model.wire import Garbled, Timeouts, Wire
from videoqa.errors import BadReply, ModelRefused, ModelUnreachable, TooLongForModel, UnfitModel

_Sent = TypeVar("_Sent")
_Event = Mapping[str, Any]
_WORK_IN, _WORK_OUT = 512, 8
"""Tokens into and out of a model that are about the same work, to compare requests of different sizes."""


class ModelServer:
    """The model called ``model``, or the first one served, at ``url`` (up to its /v1). A ``Model``."""

    def __init__(
        self,
        url: str,
        model: str = "",
        key: str = "",
        prices: Prices | None = None,
        *,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._wire = Wire(url, key, timeouts or Timeouts())
        self._wanted = model
        self._prices = prices or Prices()
        self._breaker = breaker or Breaker()
        self._lanes = Lanes(Width())
        self._dealings = Dealings(self._wire, self._breaker, retries or Retries(), self._lanes.congested)
        self._watch = Watch(self._wire)
        self._shown = Shown()
        self._counter = Counter(self._wire)
        self._probing = threading.Lock()
        self._can: Capabilities | None = None

    def __repr__(self) -> str:
        return f"ModelServer({self.url!r}, {self._wanted!r})"

    @property
    def url(self) -> str:
        return self._wire.url

    @property
    def concurrency(self) -> int:
        """How many batch requests are under way at once, at most, now; more of them wait inside ``ask``."""
        return self._lanes.width

    def capabilities(self) -> Capabilities:
        """What was found of the server when it was first reached, or first reached again after an outage."""
        can = self._can
        if can is not None and not self._breaker.is_open:
            return can
        if self._breaker.is_open and self._probing.locked():
            raise self._dealings.unreachable()
        with self._probing:
            if self._can is None or self._breaker.is_open:
                if not self._breaker.admits():
                    raise self._dealings.unreachable()
                self._can = self._probed()
            return self._can

    def ask(self, ask: Ask) -> Reply:
        can = self.capabilities()
        with self._lanes.lane(ask.priority), tracing.model_request(can.model, self.url) as told:
            # Not before the lane is free: whoever waits in line is to hold no frames.
            asked = Form(ask, can)

            def send(with_frames: bool) -> Reply:
                body = asked.written(with_frames=with_frames)
                began = time.monotonic()
                answered = self._wire.post(self._completions, body)
                return reply_of(answered, self._prices, time.monotonic() - began)

            reply = self._carried_out(asked, send, can, ask)
            told.used(reply.usage.prompt_tokens, reply.usage.completion_tokens)
            self._lanes.completed(reply.usage.seconds, _work(reply), self._watch.crowded(self._lanes.taken))
        return reply

    def stream(self, ask: Ask) -> Iterator[str]:
        can = self.capabilities()
        asked = Form(ask, can)

        def send(with_frames: bool) -> tuple[_Event, Generator[_Event]]:
            events = self._wire.stream(self._completions, asked.written(streamed=True, with_frames=with_frames))
            first = next(events, None)
            if first is None:
                raise Garbled("the stream ended before it began")
            return first, events

        with self._lanes.lane(ask.priority), tracing.model_request(can.model, self.url):
            first, events = self._carried_out(asked, send, can, ask)
            with closing(events):
                yield from self._followed(itertools.chain((first,), events), can, ask)

    def tokens(self, text: str) -> int:
        can = self.capabilities()
        try:
            return self._counter.count(text, can)
        except WIRE_ERRORS as error:
            raise self._dealings.failure(error, can.model) from error

    def stamps(self, clip: Clip) -> tuple[float, ...]:
        return form.stamps(clip)

    def only(self, name: str) -> Model:
        can = self.capabilities()
        if can.model != name:
            raise UnfitModel(model=name, url=self.url, problem=f"it serves {can.model} now")
        return self

    def status(self) -> ServerStatus:
        """How the server is now; raises nothing, whatever the server does."""
        try:
            models = listed_models(self._wire)
        except WIRE_ERRORS as error:
            return ServerStatus(self.url, up=False, problem=str(error))
        served = tuple(str(model["id"]) for model in models)
        name = self._wanted or next(iter(served), "")
        gauges = self._watch.now()
        return ServerStatus(
            self.url,
            up=True,
            model=name,
            context=context_of(models, name),
            running=gauges.running,
            waiting=gauges.waiting,
            prefix_hits=gauges.prefix_hits,
            media_hits=gauges.media_hits,
            kv_usage=gauges.kv_usage,
            problem="" if name in served or not served else f"{name} is not served there",
            served=served,
        )

    def close(self) -> None:
        """Hangs up; what waits for a reply in another thread gets ``ModelUnreachable``."""
        self._dealings.close()

    @property
    def _completions(self) -> str:
        return self._wire.url + "/chat/completions"

    def _probed(self) -> Capabilities:
        self._shown.forget()
        self._counter.forget()
        try:
            can = probe(self._wire, self._wanted)
        except Garbled as error:
            problem = f"what answers there is no model server: {error}"
            raise UnfitModel(model=self._wanted or "the model", url=self.url, problem=problem) from error
        except WIRE_ERRORS as error:
            raise self._dealings.failure(error, self._wanted) from error
        except UnfitModel:
            self._breaker.succeeded()
            raise
        self._dealings.answered()
        return can

    def _carried_out(self, asked: Form, send: Callable[[bool], _Sent], can: Capabilities, ask: Ask) -> _Sent:
        def identity() -> str:
            return sha256(asked.written(with_frames=not asked.media_id)).hexdigest()

        try:
            return self._dealings.carry_out(
                lambda: self._shown.send(asked.media_id, send), can.model, ask.priority, identity
            )
        except TooLongForModel:
            raise
        except (ModelUnreachable, ModelRefused, UnfitModel):
            # Another server, or the same one started otherwise, may stand there: it is probed anew for the next ask.
            self._can = None
            raise

    def _followed(self, events: Iterator[_Event], can: Capabilities, ask: Ask) -> Iterator[str]:
        listener = Listener(thinks=can.thinking)
        try:
            for event in events:
                if text := listener.hears(event):
                    yield text
            text, whole = listener.end()
        except WIRE_ERRORS as error:
            raise self._dealings.failure(error, can.model) from error
        if text:
            yield text
        if not whole:
            raise BadReply(problem=f"it was cut after {ask.max_tokens} tokens")


def _work(reply: Reply) -> float:
    usage = reply.usage
    return 1 + (usage.prompt_tokens - usage.cached_tokens) / _WORK_IN + usage.completion_tokens / _WORK_OUT
