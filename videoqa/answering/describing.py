"""Tells what is to be seen in a stretch of footage, and what a whole recording is about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from videoqa.answering.looking import shown
from videoqa.answering.outline import outline
from videoqa.errors import DecoderCrashed, DecoderOverran, EmptyFootage, NotIndexed, OutsideRecording
from videoqa.media import ZERO, Recording, Span
from videoqa.ports import AnalysisKind, Archive, Closeups, Grounder
from videoqa.times import clock, clock_span

LONGEST = timedelta(seconds=60)
"""Footage that is described at once; more of it is described in windows, one after another."""


class Describing:
    """Describes and sums up recordings through a model. What it yields is text, to be put together without a space."""

    def __init__(self, archive: Archive, closeups: Closeups, grounder: Grounder) -> None:
        self._archive = archive
        self._closeups = closeups
        self._grounder = grounder

    def describe(self, recording: Recording, span: Span | None = None, prompt: str = "") -> Iterator[str]:
        """All that happens in ``span`` of ``recording`` (None: all of it), in order; ``prompt`` is what to look for.

        Where it takes several windows, each begins with a line that says from when to when it is, and one without a
        picture has its problem in its place. The iterator raises ``BadMedia`` where the footage cannot be read,
        ``ModelError`` where the model fails.

        Raises:
            NotIndexed: nothing is known of the recording yet.
            OutsideRecording: nothing of ``span`` is in it.
        """
        if not self._indexed(recording) or recording.length <= ZERO:
            raise NotIndexed(title=recording.title)
        whole = Span(ZERO, recording.length)
        asked = whole if span is None else span.intersection(whole)
        if asked is None:
            raise OutsideRecording(title=recording.title, length=clock(recording.length))
        return self._described(recording, asked, prompt)

    def summary(self, recording: Recording) -> Iterator[str]:
        """What ``recording`` is about, from its chapters, events and lines of text. The footage is not looked at again.

        The iterator raises ``ModelError`` where the model fails.

        Raises:
            NotIndexed: nothing is known of the recording yet.
        """
        if not self._indexed(recording):
            raise NotIndexed(title=recording.title)
        archive = self._archive
        lines = outline(archive.chapters(recording.id), archive.events(recording.id), archive.cues(recording.id))
        return self._grounder.summarise(recording.title, lines) if lines else iter(("Nothing was found in it.",))

    def _indexed(self, recording: Recording) -> bool:
        # Rules look for what somebody waits for, and tell nothing of the rest.
        kinds = (AnalysisKind.SIGNALS, AnalysisKind.MODEL)
        return any(self._archive.coverage(recording.id, kind) is not None for kind in kinds)

    def _described(self, recording: Recording, asked: Span, prompt: str) -> Iterator[str]:
        windows = _windows(asked, min(LONGEST, self._grounder.most_frames * self._grounder.sampling.period))
        cues = self._archive.cues(recording.id)
        for window in windows:
            gap = "\n\n" if window is not windows[0] else ""
            heading = f"{gap}{clock_span(window)}\n" if len(windows) > 1 else ""
            try:
                group, pictures = shown(recording, window, cues, self._closeups, self._grounder)
            except (EmptyFootage, DecoderCrashed, DecoderOverran) as error:
                if not heading:
                    raise
                yield f"{heading}{error}"
                continue
            if heading:
                yield heading
            yield from self._grounder.describe(group, pictures, prompt)


def _windows(span: Span, longest: timedelta) -> tuple[Span, ...]:
    """``span`` in as few windows of equal length as none of them takes longer than ``longest``."""
    count = -(-span.length // longest)
    edges = [span.start + span.length * number / count for number in range(count + 1)]
    return tuple(Span(edges[number], edges[number + 1]) for number in range(count))
