"""A grounder that knows what is true."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from videoqa.errors import ModelUnreachable
from videoqa.events import Usage
from videoqa.media import FrameGroup, Sampling, Span
from videoqa.ports import Finding, Pictures
from videoqa.times import clock_span


@dataclass(slots=True)
class TruthfulGrounder:
    """Implements ``Grounder``: ``truth`` has for a word the spans in which what it names is to be seen.

    A question is borne out by the first stretch of the group that all of its known words name; one with no known word,
    or without a frame there, is rejected. ``asked`` is what it was asked, with what it was shown; while it is ``away``
    it does not answer.
    """

    truth: Mapping[str, Sequence[Span]]
    seen_by: str = "oracle"
    sampling: Sampling = field(default=Sampling(period=timedelta(seconds=0.5), long_side=448))
    most_frames: int = 128
    away: bool = False
    asked: list[tuple[str, FrameGroup]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ground(self, question: str, group: FrameGroup, pictures: Pictures, *, counting: bool = False) -> Finding:
        self._be_there()
        with self._lock:
            self.asked.append((question, group))
        for pts in group.times[:1]:
            pictures.jpeg(pts)
        usage = Usage(prompt_tokens=100 + len(group.times), completion_tokens=10)
        words = self._words(question)
        shown = [
            (word, span, frames)
            for word in words
            for span in self.truth[word]
            if (frames := tuple(pts for pts in group.times if span.start <= pts < span.end))
        ]
        if not shown or {word for word, _, _ in shown} < set(words):
            return Finding(None, (), f"There is no {' '.join(words) or 'such thing'} in it.", 0.9, usage=usage)
        word, _, frames = shown[0]
        end = next((pts for pts in group.times if pts > frames[-1]), group.span.end)
        count = sum(one == word for one, _, _ in shown) if counting else None
        return Finding(Span(frames[0], end), frames, f"There is a {word}.", 0.8, count, usage)

    def compose(self, question: str, findings: Sequence[tuple[str, Finding]]) -> Iterator[str]:
        self._be_there()
        for number, (place, finding) in enumerate(findings, 1):
            yield f"{finding.sentence.rstrip('.')}, at {place.rpartition(', ')[2]}"
            yield f" [{number}]. "

    def describe(self, group: FrameGroup, pictures: Pictures, prompt: str = "") -> Iterator[str]:
        self._be_there()
        for pts in group.times[:1]:
            pictures.jpeg(pts)
        for word, spans in self.truth.items():
            for span in spans:
                if (inside := span.intersection(group.span)) is not None:
                    yield f"{clock_span(inside)} a {word}. "

    def summarise(self, title: str, lines: Sequence[str]) -> Iterator[str]:
        self._be_there()
        yield f"{title}: "
        yield f"{len(lines)} lines, from {lines[0]!r} to {lines[-1]!r}."

    def _be_there(self) -> None:
        if self.away:
            raise ModelUnreachable(url="nowhere", problem="it is away")

    def _words(self, question: str) -> list[str]:
        """Words that are known, in the order of the question; Chinese and Korean stand inside others."""
        places = {word: found.start() for word in self.truth if (found := re.search(re.escape(word), question.lower()))}
        return sorted(places, key=places.__getitem__)
