"""How many tokens a text is to the model, as its server counts them."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict

from videoqa.analyser.budget import tokens_of_text
from videoqa.analyser.model.exchange import Capabilities
from videoqa.analyser.model.wire import Garbled, Refusal, Wire

_KEPT = 65_536
_LONGEST_KEPT = 2_000


class Counter:
    """Counts by ``/tokenize``, and remembers."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()

    def count(self, text: str, can: Capabilities) -> int:
        """Tokens of ``text``; by the budget's own bound where the server counts none.

        Raises:
            Silence, Overdue: the server does not answer.
        """
        if not text:
            return 0
        if not can.tokenizer:
            return tokens_of_text(text)
        with self._lock:
            if text in self._counts:
                self._counts.move_to_end(text)
                return self._counts[text]
        body = json.dumps({"model": can.model, "prompt": text, "add_special_tokens": False}).encode()
        try:
            answer = self._wire.post(self._wire.root + "/tokenize", body, within=self._wire.timeouts.brief)
        except (Refusal, Garbled):
            return tokens_of_text(text)
        count = answer.get("count")
        if not isinstance(count, int):
            return tokens_of_text(text)
        if len(text) <= _LONGEST_KEPT:
            with self._lock:
                self._counts[text] = count
                if len(self._counts) > _KEPT:
                    self._counts.popitem(last=False)
        return count

    def forget(self) -> None:
        """Another model may be served there now."""
        with self._lock:
            self._counts.clear()
