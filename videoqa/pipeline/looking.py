"""Has the groups of an analysis looked at, side by side or in turn, whatever becomes of a single one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from videoqa.errors import ModelUnreachable, Unexpected, VideoqaError
from videoqa.line import Line, on
from videoqa.media import FrameGroup, Progress
from videoqa.ports import Analyser, Analysis, Archive, Brief, Look, Pictures, RecordedLook, Spool, Usage
from videoqa.times import clock_span

WAITING = "waiting for the model"
"""The stage of work that goes on as soon as the model answers."""
_log = logging.getLogger(__name__)
_WAIT_SECONDS = 2.0
_STEP_SECONDS = 0.1


class Cancelled(Exception):
    """The work was told to stop; it goes on from here when it is begun again."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks at groups through ``analyser``, at most ``workers`` of them at once."""

    archive: Archive
    analyser: Analyser
    spool: Spool
    workers: int

    def looks(
        self, analysis: Analysis, stop: Callable[[], bool], *, again: bool = False
    ) -> Iterator[tuple[FrameGroup, RecordedLook]]:
        """The groups of ``analysis`` that are not recorded yet, in order, each with its look.

        What an earlier analysis under the same fingerprint saw of a group is taken over, unless ``again``.
        """
        task = _Task(analysis, self.spool.pictures(analysis.id), self._known(analysis, again=again), stop)
        groups = analysis.groups[analysis.next_group :]
        return self._in_turn(task, groups) if self.analyser.in_turn else self._side_by_side(task, groups, self.workers)

    def _known(self, analysis: Analysis, *, again: bool) -> Mapping[FrameGroup, RecordedLook]:
        put_by = self.spool.put_by_already(analysis.id)
        known = {group: put_by[group.number] for group in analysis.groups if group.number in put_by}
        before = None if again else self.archive.finished_analysis(analysis.recording_id, analysis.kind)
        if before is None or before.id == analysis.id or before.fingerprint != analysis.fingerprint:
            return known
        looks = self.archive.looks(before.id)
        return known | {
            group: looks[group.number]
            for group in before.groups
            if group.number in looks and looks[group.number].failure is None
        }

    def _in_turn(self, task: _Task, groups: tuple[FrameGroup, ...]) -> Iterator[tuple[FrameGroup, RecordedLook]]:
        looks = self.archive.looks(task.analysis.id)
        told = (looks[number].look.summary for number in sorted(looks, reverse=True))
        before = next(filter(None, told), "")
        for group in groups:
            ((_, recorded),) = self._side_by_side(task, (group,), 1, before)
            before = recorded.look.summary or before
            yield group, recorded

    def _side_by_side(
        self, task: _Task, groups: tuple[FrameGroup, ...], workers: int, before: str = ""
    ) -> Iterator[tuple[FrameGroup, RecordedLook]]:
        pool = ThreadPoolExecutor(workers, thread_name_prefix="group")
        waiting: list[tuple[FrameGroup, Future[RecordedLook]]] = []
        remaining, line = iter(groups), Line()
        if task.stop():
            raise Cancelled
        try:
            while True:
                for group in remaining:
                    task.next = task.next if waiting else group.number
                    # What the lines of a log are about, and the span under way, go along.
                    look = pool.submit(copy_context().run, self._look, task, line, group, before)
                    waiting.append((group, look))
                    if len(waiting) > workers:
                        break
                if not waiting:
                    return
                group, future = waiting.pop(0)
                task.next = group.number
                yield group, _awaited(future, task)
        finally:
            # Whoever stops does not wait for the looks under way: nobody wants them any more.
            line.hang_up()
            pool.shutdown(wait=False, cancel_futures=True)

    def _look(self, task: _Task, line: Line, group: FrameGroup, before: str) -> RecordedLook:
        """The look at ``group``; one that fails is told, not raised. While nobody can look it waits."""
        if group in task.known:
            return task.known[group]
        while True:
            line.check()
            try:
                brief = Brief(task.analysis.prompt, before, task.analysis.seen_by)
                with on(line):
                    recorded = RecordedLook(self.analyser.analyse(group, task.pictures, brief))
            except ModelUnreachable as error:
                wait_for_model(self.archive, task.analysis.recording_id, error, lambda: line.gone)
            except VideoqaError as error:
                return _failed(group, error)
            except Exception as error:  # noqa: BLE001  whatever an analyser does, the line goes on
                _log.warning("group %d of analysis %s failed", group.number, task.analysis.id, exc_info=error)
                return _failed(group, Unexpected(kind=type(error).__name__, problem=error))
            else:
                if group.number > task.next:
                    # It may wait long for one before it; a kill meanwhile is not to have it asked for again.
                    self.spool.put_by(task.analysis.id, group.number, recorded)
                return recorded


def wait_for_model(archive: Archive, recording_id: str, error: ModelUnreachable, stop: Callable[[], bool]) -> None:
    """Tells that the work on a recording waits, and waits a little.

    Raises:
        Cancelled: it was told to stop meanwhile.
    """
    _log.info("recording %s waits: %s", recording_id, error)
    told = archive.progress(recording_id)
    archive.set_progress(recording_id, Progress(WAITING, 0.0 if told is None else told.done))
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        if stop():
            raise Cancelled
        time.sleep(_STEP_SECONDS)


@dataclass(slots=True)
class _Task:
    """An analysis under way: what of it is known already, whether it is still wanted, which group is to be recorded
    next.
    """

    analysis: Analysis
    pictures: Pictures
    known: Mapping[FrameGroup, RecordedLook]
    stop: Callable[[], bool]
    next: int = 0


def _awaited(look: Future[RecordedLook], task: _Task) -> RecordedLook:
    """
    Raises:
        Cancelled: the analysis is not wanted any more.
    """
    while True:
        if task.stop():
            raise Cancelled
        try:
            return look.result(_STEP_SECONDS)
        except TimeoutError:
            if look.done():
                raise


def _failed(group: FrameGroup, error: VideoqaError) -> RecordedLook:
    spent = error.fields.get("usage")
    look = Look(usage=spent) if isinstance(spent, Usage) else Look()
    return RecordedLook(look, f"{clock_span(group.span)} could not be analysed: {error}")
