"""What a server's answer says: the reply, without the thinking before it, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from videoqa.analyser.model.exchange import Prices, Reply
from videoqa.analyser.model.wire import Garbled
from videoqa.ports import Usage

_OPENS, _CLOSES = "<think>", "</think>"
_CUT = "length"
_MOST = 2**31 - 1
"""The largest count that is believed: sums of such ones still fit the 64 bits they are kept in."""
_FINISHED = frozenset({"stop", "eos", "eos_token", "end_turn"})


def reply_of(answered: Mapping[str, Any], prices: Prices, seconds: float) -> Reply:
    """The reply in a whole answer of the protocol.

    Raises:
        Garbled: there is none in it, or it was not brought to an end.
    """
    choice = _first(answered)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise Garbled("the answer holds no message")
    thinking, text = apart(_text(message, "content"))
    finished = is_finished(choice.get("finish_reason"))
    return Reply(text, finished, usage_of(answered, prices, seconds), _reasoning(message) or thinking)


def usage_of(answered: Mapping[str, Any], prices: Prices, seconds: float) -> Usage:
    """What the answer says it took; nothing where it does not say."""
    told = answered.get("usage")
    usage: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    details = usage.get("prompt_tokens_details")
    into, out = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    cached = min(into, count(details, "cached_tokens")) if isinstance(details, Mapping) else 0
    return Usage(into, cached, out, seconds, (into * prices.into + out * prices.out) / 1e6)


def is_finished(reason: object) -> bool:
    """False where the reply was cut at its token limit; raises ``Garbled`` where it ended in no proper way at all."""
    if isinstance(reason, str) and reason in _FINISHED:
        return True
    if reason == _CUT:
        return False
    raise Garbled(f"the reply was broken off ({reason if isinstance(reason, str) else 'for no reason told'})")


def count(told: Mapping[str, Any], name: str) -> int:
    """How many of ``name`` are ``told``, which anybody may have written; 0 where that is no count."""
    value = told.get(name)
    return min(max(value, 0), _MOST) if isinstance(value, int) and not isinstance(value, bool) else 0


def apart(text: str) -> tuple[str, str]:
    """The thinking and the reply in ``text``, which lacks the opening mark where the prompt already ends in it."""
    thinking, mark, reply = text.partition(_CLOSES)
    if mark:
        return thinking.strip().removeprefix(_OPENS).strip(), reply.lstrip()
    if text.lstrip().startswith(_OPENS):
        return text.strip().removeprefix(_OPENS).strip(), ""
    return "", text


class Listener:
    """Makes text of a stream's events, thinking left out.

    ``thinks`` where the model is known to think before it replies: then nothing is text before it has done so, unless
    the server tells thinking and text apart by itself.
    """

    def __init__(self, *, thinks: bool) -> None:
        self._thinks = thinks
        self._held: str | None = ""
        self._ended: object = None
        self.usage: Mapping[str, Any] = {}
        """The last event that told what the stream took."""

    def hears(self, event: Mapping[str, Any]) -> str:
        """The text that ``event`` adds."""
        if isinstance(event.get("usage"), Mapping):
            self.usage = event
        if not event.get("choices"):
            return ""
        choice = _first(event)
        self._ended = choice.get("finish_reason") or self._ended
        delta = choice.get("delta")
        if not isinstance(delta, Mapping):
            return ""
        if _reasoning(delta):
            self._thinks = False
        return self._said(_text(delta, "content"))

    def end(self) -> tuple[str, bool]:
        """What was held back and turns out to be text, and whether the reply is whole.

        Raises:
            Garbled: the reply was broken off.
        """
        _, text = apart(self._held or "")
        return text, is_finished(self._ended)

    def _said(self, text: str) -> str:
        if self._held is None:
            return text
        self._held += text
        if _CLOSES in self._held:
            _, self._held = apart(self._held)
            self._thinks = False
        # White space before the reply is not said: it may stand between it and the thinking.
        begun = self._held.lstrip()
        if self._thinks or begun.startswith(_OPENS) or _OPENS.startswith(begun):
            return ""
        self._held = None
        return begun


def _first(answered: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = answered.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise Garbled("the answer holds no reply")
    return choices[0]


def _reasoning(message: Mapping[str, Any]) -> str:
    return _text(message, "reasoning") or _text(message, "reasoning_content")


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""
