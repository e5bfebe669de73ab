"""Finds out what a model server is and does, by asking it the least that tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import cv2
import numpy as np

from videoqa.analyser.model.exchange import Ask, Capabilities, Clip, Priority
from videoqa.analyser.model.form import Form
from videoqa.analyser.model.hearing import count
from videoqa.analyser.model.wire import Garbled, Overdue, Refusal, Wire, parsed_object
from videoqa.errors import UnfitModel

UNTOLD_CONTEXT = 32_768
"""Tokens taken for the context of a server that does not tell its own: the least that Qwen3-VL is served with."""
_SIDE = 64
_NEAR, _FAR = timedelta(seconds=1), timedelta(seconds=90_000)
_NO_ROUTE = frozenset({404, 405, 501})


def listed_models(wire: Wire) -> tuple[Mapping[str, Any], ...]:
    """The models that the server names, as it describes them; empty where it has no such list."""
    try:
        models = parsed_object(wire.get(wire.url + "/models")).get("data")
    except Refusal as refusal:
        if refusal.status in _NO_ROUTE:
            return ()
        raise
    listed = models if isinstance(models, list) else []
    return tuple(model for model in listed if isinstance(model, dict) and isinstance(model.get("id"), str))


def probe(wire: Wire, wanted: str) -> Capabilities:
    """What the model ``wanted``, or the first one where that is empty, is found to do.

    Raises:
        UnfitModel: it is not there, or takes no pictures.
        Silence, Overdue, Garbled, Refusal: what the server says of other failures.
    """
    models = listed_models(wire)
    model = _chosen(wire, models, wanted)
    can = Capabilities(
        model,
        context_of(models, model),
        request_kwargs=False,
        video=False,
        priority=False,
        tokenizer=False,
        thinking="thinking" in model.lower(),
        video_tokens=_told(models, model, ("max_video_tokens",)),
    )
    can = _with_media(wire, can)
    can = replace(can, priority=_accepts(wire, replace(can, priority=True)))
    template = _template(wire, model)
    if template is None:
        return can
    return replace(can, tokenizer=True, thinking=can.thinking or template.rstrip().endswith("<think>"))


def context_of(models: tuple[Mapping[str, Any], ...], name: str) -> int:
    """``max_model_len`` of the model, or of that which an adapter is laid over, as vLLM tells it."""
    return _told(models, name, ("max_model_len", "context_length", "context_window")) or UNTOLD_CONTEXT


def _told(models: tuple[Mapping[str, Any], ...], name: str, keys: tuple[str, ...]) -> int | None:
    """The number that the model, or that which an adapter is laid over, is described with by one of ``keys``."""
    by_name = {model["id"]: model for model in models}
    described: Mapping[str, Any] = by_name.get(name, {})
    for told in (described, by_name.get(str(described.get("parent")), {})):
        for key in keys:
            if number := count(told, key):
                return number
    return None


def _chosen(wire: Wire, models: tuple[Mapping[str, Any], ...], wanted: str) -> str:
    names = [str(model["id"]) for model in models]
    if wanted and (wanted in names or not names):
        return wanted
    if not names:
        problem = "it names no model" + ("" if wire.url.endswith("/v1") else ", and its URL does not end in /v1")
        raise UnfitModel(model="the model", url=wire.url, problem=problem)
    if wanted:
        raise UnfitModel(model=wanted, url=wire.url, problem=f"it serves {', '.join(names[:8])}")
    return names[0]


def _with_media(wire: Wire, can: Capabilities) -> Capabilities:
    """Which form a clip is sent in.

    A server may take a video and pass over how it is to be read: only if a later time makes a longer prompt, the times
    reached the model.
    """
    as_video = replace(can, request_kwargs=True, video=True)
    problem = ""
    try:
        if _prompt_tokens(wire, as_video, _FAR) > _prompt_tokens(wire, as_video, _NEAR):
            return as_video
        takes_video = True
    except Refusal as refusal:
        _raise_unless_told_no(refusal)
        # The message is of vLLM's gate for such requests, which stands before any look at the video.
        takes_video = "mm_processor_kwargs" in refusal.message or "media_io_kwargs" in refusal.message
    try:
        _prompt_tokens(wire, can, _NEAR)
    except Refusal as refusal:
        _raise_unless_told_no(refusal)
        problem = refusal.message
    if problem:
        raise UnfitModel(model=can.model, url=wire.url, problem=problem)
    return replace(can, video=takes_video)


def _accepts(wire: Wire, can: Capabilities) -> bool:
    try:
        _prompt_tokens(wire, can, None)
    except Refusal as refusal:
        _raise_unless_told_no(refusal)
        return False
    return True


def _prompt_tokens(wire: Wire, can: Capabilities, at: timedelta | None) -> int:
    clip = None if at is None else Clip(((at, at),), lambda _: _picture(), (_SIDE, _SIDE))
    ask = Ask("", "?", clip, max_tokens=1, priority=Priority.INTERACTIVE)
    answered = wire.post(wire.url + "/chat/completions", Form(ask, can).written(), within=wire.timeouts.read)
    usage = answered.get("usage")
    return count(usage, "prompt_tokens") if isinstance(usage, dict) else 0


def _raise_unless_told_no(refusal: Refusal) -> None:
    """A request that the server finds wrong is an answer to the probe; anything else is none."""
    if refusal.status not in {400, 404, 405, 413, 415, 422, 501}:
        raise refusal


def _template(wire: Wire, model: str) -> str | None:
    """The prompt that the server makes of a bare message, up to where the reply begins; None where it does not tell."""
    told: dict[str, Any] = {}
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "?"}],
        "add_generation_prompt": True,
        "return_token_strs": True,
    }
    with suppress(Refusal, Garbled, Overdue):
        told = wire.post(wire.root + "/tokenize", json.dumps(body).encode(), within=wire.timeouts.brief)
    if not isinstance(told.get("count"), int):
        return None
    pieces = told.get("token_strs")
    # Byte-level tokenisers write a line break as Ċ.
    return "".join(map(str, pieces)).replace("Ċ", "\n") if isinstance(pieces, list) else ""


def _picture() -> bytes:
    return cv2.imencode(".jpg", np.full((_SIDE, _SIDE, 3), 128, np.uint8))[1].tobytes()
