"""Finds the recordings that a user means, and tells where they come from."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from videoqa.access import Scope
from videoqa.answers import WallClock
from videoqa.cameras import id_called
from videoqa.errors import AmbiguousRecording, NearlyKnown, UnknownCamera, UnknownRecording
from videoqa.media import Recording, Span
from videoqa.ports import Archive, Cameras, RecordingFilter

_SUGGESTED = 5
_LONGEST_OF_CAMERA = timedelta(hours=2)
"""What a camera recorded that began longer before a stretch does not reach into it: its recordings roll over."""
_FIRST = datetime.min.replace(tzinfo=UTC) + _LONGEST_OF_CAMERA


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when a recording was filmed: its wall clock at its start, None where that is unknown; the id and name
    of its camera, empty where it was brought. One that was removed is called by its id.
    """

    started_at: datetime | None = None
    camera: str = ""
    camera_name: str = ""


def resolve(name: str, recordings: Sequence[Recording]) -> Recording:
    """The recording called ``name``: its id, its title, or its title's stem, the closest kind of match first.

    Raises:
        UnknownRecording: none is called so; it names those whose title holds ``name``.
        AmbiguousRecording: several are; it lists their ids.
    """
    folded = _folded(name)
    kinds = (
        [recording for recording in recordings if recording.id == name],
        [recording for recording in recordings if recording.title == name],
        [recording for recording in recordings if _folded(recording.title) == folded],
        [recording for recording in recordings if _folded(PurePath(recording.title).stem) == folded],
    )
    for matches in kinds:
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise AmbiguousRecording(name=name, ids=tuple(match.id for match in matches))
    near = [recording.title for recording in recordings if folded and folded in _folded(recording.title)]
    if near:
        raise NearlyKnown(name=name, titles=tuple(near[:_SUGGESTED]))
    raise UnknownRecording(name=name)


def recorded_by(
    archive: Archive, cameras: Cameras, name: str, scope: Scope, between: Span | WallClock | None = None
) -> frozenset[str]:
    """The ids of what the camera called ``name`` recorded, as far as ``scope`` covers that; of a stretch of the wall
    clock, those that can reach into it. A camera that was removed is called by its id, as ``id_called`` reads it.

    Raises:
        UnknownCamera: none is called so for whoever has ``scope``, and none was that left something.
    """
    camera = cameras.camera(name)
    known = camera is not None and scope.covers(camera.tags, camera.id)
    wanted = RecordingFilter(scope=scope, camera=camera.id if camera is not None and known else id_called(name))
    if not known and not archive.page(wanted, limit=1):
        raise UnknownCamera(name=name)
    if isinstance(between, WallClock):
        earliest = max(between.start, _FIRST) - _LONGEST_OF_CAMERA
        wanted = replace(wanted, started_from=earliest, started_before=between.end)
    return archive.ids(wanted)


def origins(archive: Archive, cameras: Cameras, ids: Collection[str], scope: Scope) -> Mapping[str, Origin]:
    """Where the recordings with these ids come from, as far as they are there still.

    A camera that ``scope`` does not cover is called by its id, which its recordings show anyway.
    """
    if not ids:
        return {}
    found = archive.page(RecordingFilter(ids=frozenset(ids)), limit=len(frozenset(ids)))
    known = {name: cameras.with_id(name) for name in {recording.camera for recording in found} if name}
    reached = (each for each in known.values() if each is not None and scope.covers(each.tags, each.id))
    names = {camera.id: camera.name for camera in reached}
    return {
        recording.id: Origin(recording.started_at, recording.camera, names.get(recording.camera, recording.camera))
        for recording in found
    }


def _folded(text: str) -> str:
    """``text`` without case, and with its accents as one kind of keyboard writes them: macOS takes names apart."""
    return unicodedata.normalize("NFC", text).casefold()
