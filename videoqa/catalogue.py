"""Finds the recording a user means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from videoqa.errors import AmbiguousRecording, UnknownRecording
from videoqa.media import Recording


def resolve(name: str, recordings: Sequence[Recording]) -> Recording:
    """The recording called ``name``: its id, its title, or its title's stem, the closest kind of match first.

    Raises:
        UnknownRecording: none is called so.
        AmbiguousRecording: several are; it lists their ids.
    """
    folded = name.casefold()
    kinds = (
        [recording for recording in recordings if recording.id == name],
        [recording for recording in recordings if recording.title == name],
        [recording for recording in recordings if recording.title.casefold() == folded],
        [recording for recording in recordings if PurePath(recording.title).stem.casefold() == folded],
    )
    for matches in kinds:
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise AmbiguousRecording(name=name, ids=tuple(match.id for match in matches))
    raise UnknownRecording(name=name)
