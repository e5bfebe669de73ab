"""Finds the recording a user means."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import PurePath

from videoqa.errors import AmbiguousRecording, NearlyKnown, UnknownRecording
from videoqa.media import Recording

_SUGGESTED = 5


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


def _folded(text: str) -> str:
    """``text`` without case, and with its accents as one kind of keyboard writes them: macOS takes names apart."""
    return unicodedata.normalize("NFC", text).casefold()
