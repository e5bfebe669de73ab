"""Which recordings a question is put to: those that are named, of those that the caller's key reaches."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from api.service import Service
from videoqa.access import Caller, Role, Scope
from videoqa.answers import Moment, WallClock
from videoqa.catalogue import Origin, origins, recorded_by, resolve
from videoqa.media import Recording, Span
from videoqa.ports import RecordingFilter

_A_PAGE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """The ids of the recordings that are asked, None for all there are ``among`` those that exist for the caller.

    ``among`` is None where that is every one. ``cameras`` are the ids of those that are asked and there: all that the
    caller sees, unless only some recordings or cameras are asked.
    """

    recordings: tuple[str, ...] | None
    among: frozenset[str] | None
    cameras: frozenset[str]


def asked(
    service: Service,
    caller: Caller,
    names: Collection[str],
    cameras: Collection[str] = (),
    between: Span | WallClock | None = None,
) -> Asked:
    """The recordings called ``names``, by their ids, titles or titles' stems, and what the ``cameras`` recorded; where
    neither are named, all. Of cameras those are left out that lie outside of a stretch of the wall clock, ``between``.

    Raises:
        UnknownRecording: one is called by none that the caller reaches.
        AmbiguousRecording: one is called by several of those.
        UnknownCamera: there is none of that name or id for the caller.
    """
    ids = named(service, caller, names) | filmed(service, caller, cameras, between)
    among = None if caller.scope.everything else service.archive.ids(RecordingFilter(scope=caller.scope))
    reached = service.setting_up.reached(caller.scope)
    if not names and not cameras:
        return Asked(None, among, frozenset(each.id for each in reached))
    return Asked(tuple(ids), among, frozenset(each.id for each in reached if {each.id, each.name} & set(cameras)))


def filmed(
    service: Service, caller: Caller, cameras: Iterable[str], between: Span | WallClock | None = None
) -> frozenset[str]:
    """The ids of what the ``cameras`` recorded.

    Raises:
        UnknownCamera: there is none of that name or id for the caller.
    """
    known = service.setting_up.cameras
    found = (recorded_by(service.archive, known, name, caller.scope, between) for name in dict.fromkeys(cameras))
    return frozenset[str]().union(*found)


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


def origins_of(service: Service, scope: Scope, moments: Iterable[Moment]) -> Mapping[str, Origin]:
    """Where the recordings that ``moments`` are of come from, by their ids, as far as they are there still."""
    ids = frozenset(moment.recording_id for moment in moments)
    return origins(service.archive, service.setting_up.cameras, ids, scope)


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
