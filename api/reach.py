"""Which recordings a question is put to: those that are named, of those that the caller's key reaches."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from api.service import Service
from videoqa.access import Caller, Role
from videoqa.answers import Moment
from videoqa.catalogue import resolve
from videoqa.media import Recording
from videoqa.ports import RecordingFilter

_A_PAGE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """The ids of the recordings that are asked, None for all there are ``among`` those that exist for the caller.

    ``among`` is None where that is every one.
    """

    recordings: tuple[str, ...] | None
    among: frozenset[str] | None


def asked(service: Service, caller: Caller, names: Collection[str]) -> Asked:
    """The recordings called ``names``: their ids, titles or titles' stems; none asks all.

    Raises:
        UnknownRecording: one is called by none that the caller reaches.
        AmbiguousRecording: one is called by several of those.
    """
    ids = named(service, caller, names)
    among = None if caller.scope.everything else service.archive.ids(RecordingFilter(scope=caller.scope))
    return Asked(tuple(ids) or None, among)


def named(service: Service, caller: Caller, names: Iterable[str]) -> frozenset[str]:
    """The ids of the recordings called ``names``.

    Raises:
        UnknownRecording: one is called by none that the caller reaches.
        AmbiguousRecording: one is called by several of those.
    """
    return frozenset(_named(service, caller, name).id for name in dict.fromkeys(names))


def everyones(caller: Caller) -> bool:
    """True where what others did is ``caller``'s concern too."""
    return caller.role is Role.ADMIN and caller.scope.everything


def recordings_of(service: Service, moments: Iterable[Moment]) -> Mapping[str, Recording]:
    """The recordings that ``moments`` are of, by their ids, as far as they are there still."""
    ids = frozenset(moment.recording_id for moment in moments)
    if not ids:
        return {}
    found = service.archive.page(RecordingFilter(ids=ids), limit=len(ids))
    return {recording.id: recording for recording in found}


def _named(service: Service, caller: Caller, name: str) -> Recording:
    known = service.archive.recording(name)
    if known is not None and caller.scope.covers(known.tags, known.camera):
        return known
    # A title's letters may be written in two ways, and a database compares them as they are written.
    spellings = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
    found = {each.id: each for spelling in spellings for each in _titled(service, caller, spelling)}
    return resolve(name, tuple(found.values()))


def _titled(service: Service, caller: Caller, part: str) -> Iterable[Recording]:
    """The caller's recordings whose title holds ``part``."""
    wanted, after = RecordingFilter(scope=caller.scope, title=part), None
    while True:
        page = service.archive.page(wanted, after, _A_PAGE)
        yield from page
        if len(page) < _A_PAGE:
            return
        after = page[-1].id
