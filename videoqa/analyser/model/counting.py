"""Counts the tokens of a request before it is sent, as the server will count them.

The prompt is text, which the server's own tokeniser counts, and video, whose tokens follow from its size. The text is
written out as the chat template of the Qwen models writes it, with its special tokens; text between two of these is
tokenised by itself, so that all of it, the stamps too, is counted in one go, wherever it stands in the prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from videoqa.analyser.budget import PAIR_MARKERS, VIDEO_MARKERS, tokens_of_image, tokens_of_pair
from videoqa.analyser.model.exchange import Ask, Capabilities, Model

_ALIKE = ("0", "1", "7", "9")
_MIXED = ("19750284631", "10000000000", "11000000000", "20250001000")
"""Digits by which is found whether the stamps of one length have one count of tokens."""


class StampCounter:
    """Tokens of a stamp, by ``tokens``, the tokeniser's count of a text.

    A tokeniser that takes digit by digit counts every stamp of one length alike: then one length is asked about once.
    Others are asked about each stamp.
    """

    def __init__(self, tokens: Callable[[str], int]) -> None:
        self._tokens = tokens
        self._lengths: dict[int, int | None] = {}
        self._lock = Lock()

    def __call__(self, time: timedelta) -> int:
        return self.of_seconds(time.total_seconds())

    def of_seconds(self, seconds: float) -> int:
        """Tokens of the stamp of ``seconds``, which is printed with one decimal."""
        number = f"{seconds:.1f}"
        with self._lock:
            if len(number) not in self._lengths:
                self._lengths[len(number)] = self._of_length(len(number))
            alike = self._lengths[len(number)]
        return self._tokens(_stamp(number)) if alike is None else alike

    def _of_length(self, length: int) -> int | None:
        whole = length - len(".0")
        numbers = {f"{(first * whole).lstrip('0') or '0'}.{last}" for first in _ALIKE for last in _ALIKE}
        numbers |= {f"{some[:whole]}.{last}" for some in _MIXED for last in _ALIKE}
        counts = {self._tokens(_stamp(number)) for number in numbers if len(number) == length}
        return counts.pop() if len(counts) == 1 else None


class PromptCounter:
    """Counts for one model. Safe to use from several threads at once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.stamp = StampCounter(model.tokens)

    def text(self, text: str) -> int:
        return self._model.tokens(text)

    def ask(self, ask: Ask) -> int:
        """Prompt tokens of ``ask``, all of them: template, system prompt, clip, text, earlier turns."""
        can = self._model.capabilities()
        text = _written(ask, can)
        if ask.clip is None:
            return self.text(text)
        stamps = "".join(f"{_stamp(f'{seconds:.1f}')}{_OPENS}" for seconds in self._model.stamps(ask.clip))
        pairs = len(ask.clip.pairs)
        markers_counted = pairs + 1
        if can.request_kwargs:
            clip = pairs * (tokens_of_pair(ask.clip.size) + PAIR_MARKERS) + VIDEO_MARKERS
        else:
            images = sum(len(set(pair)) for pair in ask.clip.pairs)
            clip = images * (tokens_of_image(ask.clip.size) + PAIR_MARKERS)
        return self.text(text + _OPENS + stamps) - markers_counted + clip


_OPENS = "<|vision_start|>"


def _stamp(number: str) -> str:
    return f"<{number} seconds>"


def _written(ask: Ask, can: Capabilities) -> str:
    turns = [("system", ask.system), ("user", ask.text)]
    for reply, said in ask.history:
        turns += [("assistant", reply), ("user", said)]
    prompt = "".join(f"<|im_start|>{who}\n{text}<|im_end|>\n" for who, text in turns)
    return f"{prompt}<|im_start|>assistant\n" + "<think>\n" * can.thinking
