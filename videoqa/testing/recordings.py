"""Recordings in memory."""

from __future__ import annotations

import itertools
import threading
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from videoqa.errors import UnknownRecording
from videoqa.media import Progress, Recording, RecordingState
from videoqa.ports import RecordingFilter


class MemoryRecordings:
    """What ``Archive`` knows of recordings as such. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._recordings: dict[str, Recording] = {}
        self._progress: dict[str, Progress] = {}

    def add(self, recording: Recording) -> Recording:
        with self._lock:
            for known in self._recordings.values():
                if (known.digest, known.space) == (recording.digest, recording.space):
                    return known
            added = recording.added_at or datetime.now(UTC)
            recording = replace(recording, added_at=added, tags=tuple(sorted(set(recording.tags))))
            if not recording.id or recording.id in self._recordings:
                recording = replace(recording, id=f"recording-{next(self._numbers):06}")
            self._recordings[recording.id] = recording
            return recording

    def recordings(self) -> tuple[Recording, ...]:
        with self._lock:
            return tuple(sorted(self._recordings.values(), key=lambda recording: (recording.title, recording.id)))

    def page(self, wanted: RecordingFilter, after: str | None = None, limit: int = 50) -> tuple[Recording, ...]:
        with self._lock:
            if after is not None and after not in self._recordings:
                raise UnknownRecording(name=after)
            found = sorted(filter(partial(_wanted, wanted), self._recordings.values()), key=_added, reverse=True)
            last = None if after is None else _added(self._recordings[after])
            return tuple(each for each in found if last is None or _added(each) < last)[:limit]

    def ids(self, wanted: RecordingFilter) -> frozenset[str]:
        with self._lock:
            return frozenset(each.id for each in self._recordings.values() if _wanted(wanted, each))

    def tag(self, recording_id: str, tags: Collection[str]) -> None:
        with self._lock:
            if (known := self._recordings.get(recording_id)) is not None:
                self._recordings[recording_id] = replace(known, tags=tuple(sorted(set(tags))))

    def recording(self, recording_id: str) -> Recording | None:
        return self._recordings.get(recording_id)

    def describe(
        self,
        recording_id: str,
        *,
        length: timedelta,
        started_at: datetime | None,
        title: str | None = None,
        source: str | None = None,
        prompt: str | None = None,
    ) -> None:
        with self._lock:
            if (known := self._recordings.get(recording_id)) is not None:
                self._recordings[recording_id] = replace(
                    known,
                    length=length,
                    started_at=started_at,
                    title=known.title if title is None else title,
                    source=known.source if source is None else source,
                    prompt=known.prompt if prompt is None else prompt,
                )

    def amend(
        self,
        recording_id: str,
        *,
        title: str | None = None,
        started_at: datetime | None = None,
        prompt: str | None = None,
    ) -> None:
        with self._lock:
            if (known := self._recordings.get(recording_id)) is not None:
                self._recordings[recording_id] = replace(
                    known,
                    title=known.title if title is None else title,
                    started_at=known.started_at if started_at is None else started_at,
                    prompt=known.prompt if prompt is None else prompt,
                )

    def set_state(self, recording_id: str, state: RecordingState, problems: Sequence[str] | None = None) -> None:
        with self._lock:
            if (known := self._recordings.get(recording_id)) is not None:
                told = known.problems if problems is None else tuple(problems)
                self._recordings[recording_id] = replace(known, state=state, problems=told)

    def close(self, recording_id: str, *, length: timedelta, digest: str) -> None:
        with self._lock:
            known = self._recordings.get(recording_id)
            if known is None or known.state is not RecordingState.RECORDING:
                return
            others = (each for each in self._recordings.values() if each.id != recording_id)
            twin = any((each.digest, each.space) == (digest, known.space) for each in others)
            space = f"{known.space}\n{recording_id}" if twin else known.space
            state = RecordingState.QUEUED
            self._recordings[recording_id] = replace(known, length=length, digest=digest, space=space, state=state)

    def set_progress(self, recording_id: str, progress: Progress) -> None:
        with self._lock:
            if recording_id in self._recordings:
                self._progress[recording_id] = progress

    def progress(self, recording_id: str) -> Progress | None:
        return self._progress.get(recording_id)


def _added(recording: Recording) -> tuple[datetime, str]:
    assert recording.added_at is not None
    return recording.added_at, recording.id


def _wanted(wanted: RecordingFilter, recording: Recording) -> bool:
    began = recording.started_at
    return (
        wanted.scope.covers(recording.tags, recording.camera)
        and (wanted.ids is None or recording.id in wanted.ids)
        and _folded(wanted.title) in _folded(recording.title)
        and (not wanted.tag or wanted.tag in recording.tags)
        and (not wanted.camera or wanted.camera == recording.camera)
        and (wanted.state is None or wanted.state is recording.state)
        and (wanted.owner is None or wanted.owner == recording.owner)
        and (wanted.started_from is None or (began is not None and began >= wanted.started_from))
        and (wanted.started_before is None or (began is not None and began < wanted.started_before))
        and (not wanted.digest or wanted.digest == recording.digest)
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
