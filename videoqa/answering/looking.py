"""Takes a close look at proposed moments: finer frames of each are put to a model, several moments at once."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import timedelta

from videoqa.answering import framing
from videoqa.answering.stated import borne_out, without_foreign
from videoqa.answers import Moment
from videoqa.errors import EmptyFootage, ModelUnreachable, Undecided, Unexpected, VideoqaError
from videoqa.events import Source, Usage
from videoqa.media import Cue, FrameGroup, Recording, Span
from videoqa.ports import Archive, Closeup, Closeups, Finding, Grounder, Pictures
from videoqa.times import clock_span

EXTENSIONS = 2
"""How often a look is widened where what it finds goes up to its edge."""
_log = logging.getLogger(__name__)
_MARK = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True)
class Glance:
    """What became of a proposed moment: a finding, or the problem for which there is none."""

    proposed: Moment
    finding: Finding | None = None
    problem: VideoqaError | None = None

    @property
    def usage(self) -> Usage:
        """What the look cost: a reply that cannot be used was paid for too."""
        if self.problem is not None:
            return _spent(self.problem)
        return Usage() if self.finding is None else self.finding.usage


class CloseLooks:
    """Looks at moments through a model, at most ``at_once`` of them side by side."""

    def __init__(self, archive: Archive, closeups: Closeups, grounder: Grounder, at_once: int = 4) -> None:
        self._archive = archive
        self._closeups = closeups
        self._grounder = grounder
        self._at_once = at_once

    def look(
        self,
        question: str,
        moments: Sequence[Moment],
        recordings: Mapping[str, Recording],
        within: Mapping[str, Sequence[Span]],
        *,
        counting: bool = False,
    ) -> Iterator[Glance]:
        """What a look at each of ``moments`` finds, in their order, as soon as it is known.

        What is found outside of the spans ``within`` has for its recording is no answer. When the model does not
        answer, the moments not yet looked at get that as their problem at once.
        """
        if not moments:
            return
        pool = ThreadPoolExecutor(min(self._at_once, len(moments)), thread_name_prefix="look")
        try:
            looks = [
                pool.submit(copy_context().run, self._look, question, moment, recordings[moment.recording_id], counting)
                for moment in moments
            ]
            dead: ModelUnreachable | None = None
            for moment, look in zip(moments, looks, strict=True):
                glance = Glance(moment, problem=dead) if dead is not None and look.cancel() else _result(moment, look)
                if dead is None and isinstance(glance.problem, ModelUnreachable):
                    dead = glance.problem
                yield _bounded(glance, within[moment.recording_id])
        finally:
            pool.shutdown(cancel_futures=True)

    def _look(self, question: str, moment: Moment, recording: Recording, counting: bool) -> Finding:
        cues = self._archive.cues(recording.id)
        longest = framing.longest(self._grounder.sampling, self._grounder.most_frames)
        windows = framing.windows(moment.span, recording.length, longest)
        looks: list[Finding] = []
        for window in windows:
            try:
                look = self._narrowed(question, window, recording, cues, counting)
            except VideoqaError:
                if not any(look.span for look in looks):
                    raise
                break  # what was seen at the beginning stands
            looks.append(replace(look, sentence=self._owned(look, moment, cues)))
        return _joined(looks, windows)

    def _narrowed(
        self, question: str, window: Span, recording: Recording, cues: Sequence[Cue], counting: bool
    ) -> Finding:
        best, usage = Finding(None, (), "", 0.0), Usage()
        longest = framing.longest(self._grounder.sampling, self._grounder.most_frames)
        for _ in range(1 + EXTENSIONS):
            try:
                group, pictures = shown(recording, window, cues, self._closeups, self._grounder)
                finding = self._grounder.ground(question, group, pictures, counting=counting)
            except VideoqaError as error:
                if best.span is None:
                    raise
                usage += _spent(error)
                break  # what was seen stands, if not to its end
            usage += finding.usage
            if best.span is not None and finding.span is None:
                break
            best = finding
            wider = _wider(finding, group, recording, longest)
            if wider == window:
                break
            window = wider
        return replace(best, usage=usage)

    def _owned(self, finding: Finding, moment: Moment, cues: Sequence[Cue]) -> str:
        """The sentence of ``finding`` with such times alone as are its own, or were said or read then."""
        span = finding.span or moment.span
        if borne_out(finding.sentence, (span,), ""):
            return finding.sentence
        read = [event for event in self._archive.events(moment.recording_id) if event.source is not Source.MODEL]
        known = [f"{event.label} {event.description}" for event in read if event.span.overlaps(span)]
        known += [cue.text for cue in cues if cue.span.overlaps(span)]
        return without_foreign(finding.sentence, span, " ".join(known), moment.text)


def shown(
    recording: Recording, window: Span, cues: Sequence[Cue], closeups: Closeups, grounder: Grounder
) -> tuple[FrameGroup, Pictures]:
    """What a model is shown of ``window``: as many frames as ``grounder`` wants and takes, and those of ``cues`` in it.

    Raises:
        BadMedia: the footage cannot be read.
        ModelUnreachable: the model, which has a say in this, does not answer.
    """
    inside = tuple(cue for cue in cues if cue.span.overlaps(window))
    sampling, most = framing.sampling(window, grounder.sampling, grounder.most_frames)
    try:
        taken = closeups.take(recording, window, sampling)
    except EmptyFootage:
        # Sound and subtitles are footage too.
        if not inside:
            raise
        taken = Closeup((), (0, 0), _NoPictures())
    if not taken.times and not inside:
        raise EmptyFootage(problem=f"nothing of it is shown at {clock_span(window)}")
    return FrameGroup(0, window, framing.thinned(taken.times, most), inside), taken.pictures


def unseen(glance: Glance) -> str:
    """Why a moment is neither confirmed nor rejected, in a sentence."""
    where = f"{clock_span(glance.proposed.span)} of {glance.proposed.title}"
    if isinstance(glance.problem, Undecided):
        return f"{where} is not confirmed: {glance.problem}"
    return f"{where} was not looked at again: {glance.problem}"


def _joined(looks: Sequence[Finding], windows: Sequence[Span]) -> Finding:
    """What looks at the beginning and at the end of a long moment come to; what both show goes on between them."""
    usage = sum((look.usage for look in looks), Usage())
    found = [look for look in looks if look.span is not None]
    if len(looks) == 1:
        return looks[0]
    if not found:
        sentence = f"Of so long a moment only {' and '.join(map(clock_span, windows))} were looked at: "
        return replace(looks[0], sentence=sentence + looks[0].sentence, usage=usage)
    first, last = found[0], found[-1]
    span = None if first.span is None or last.span is None else first.span.union(last.span)
    frames = tuple(sorted({pts for look in found for pts in look.frames}))
    counts = [look.count for look in found if look.count is not None]
    sure = min(look.confidence for look in found)
    # Who is there at the end may be who was there at the beginning.
    return Finding(span, frames, first.sentence, sure, max(counts, default=None), usage)


def _wider(finding: Finding, group: FrameGroup, recording: Recording, longest: timedelta) -> Span:
    """The window of ``group``, wider where what was found goes up to its edge: it may go on beyond."""
    if finding.span is None or not group.times:
        return group.span
    back = finding.span.start <= group.times[0]
    on = finding.span.end >= group.span.end
    return framing.extended(group.span, recording.length, longest, back=back, on=on)


class _NoPictures:
    """The pictures of a group that has none."""

    def jpeg(self, pts: object) -> bytes:
        raise KeyError(pts)


def _spent(problem: VideoqaError) -> Usage:
    spent = problem.fields.get("usage")
    return spent if isinstance(spent, Usage) else Usage()


def _result(moment: Moment, look: Future[Finding]) -> Glance:
    try:
        finding = look.result()
    except VideoqaError as error:
        return Glance(moment, problem=error)
    except Exception as error:  # noqa: BLE001  whatever becomes of one look, the others answer
        _log.warning("the look at %s of %s failed", clock_span(moment.span), moment.title, exc_info=error)
        return Glance(moment, problem=Unexpected(kind=type(error).__name__, problem=error))
    # What was written in the footage may look like the mark of a citation.
    return Glance(moment, replace(finding, sentence=_MARK.sub("", " ".join(finding.sentence.split()))))


def _bounded(glance: Glance, within: Sequence[Span]) -> Glance:
    """``glance`` with its span cut to where it overlaps ``within`` most; rejected where it does not."""
    finding = glance.finding
    if finding is None or finding.span is None:
        return glance
    parts = [both for span in within if (both := finding.span.intersection(span)) is not None]
    if not parts:
        sentence = f"That is at {clock_span(finding.span)}, which was not asked about: {finding.sentence}"
        return replace(glance, finding=replace(finding, span=None, frames=(), sentence=sentence))
    longest = max(parts, key=lambda part: part.length)
    return replace(glance, finding=replace(finding, span=longest))
