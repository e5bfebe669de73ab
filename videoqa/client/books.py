"""The books the service keeps: events of all footage, verdicts, what was spent, keys, who did what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from videoqa.client.documents import ListedEvent, ModelUsage, Page, read
from videoqa.client.flows import Call, Emit, Flow, Items, Query, at
from videoqa.client.footage import instant, listed
from videoqa.client.retrying import answered, removed


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAnswer:
    """An answer with its verdict; ``spans`` are those of the moments it cites in ``recording``, that of the first."""

    id: str
    recording: str | None
    question: str
    spans: tuple[tuple[float, float], ...]
    answerable: bool
    right: bool
    note: str
    asked_at: datetime
    answer: str | None
    given_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsage:
    """What one key's doing cost: ``answers`` to its questions, ``indexing`` of the seconds of ``footage`` it brought.

    ``key_id`` is empty for what was done without a key; ``name`` is None where the key is no longer known.
    """

    key_id: str
    name: str | None
    footage: float
    answers: ModelUsage
    indexing: ModelUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingCost:
    """What a model's looks at a recording cost while it was indexed; ``footage`` is its length in seconds."""

    recording_id: str
    owner: str
    footage: float
    indexing: ModelUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePage:
    """Part of the costs by recording; those by key are whole in every part."""

    items: tuple[RecordingCost, ...]
    next: str | None = None
    keys: tuple[KeyUsage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was spent by each key, and on each recording."""

    keys: tuple[KeyUsage, ...]
    recordings: tuple[RecordingCost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key without its secret; without tags and cameras it reaches every recording."""

    id: str
    name: str
    role: str
    tags: tuple[str, ...]
    cameras: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A new key. ``secret`` is what requests send; it is shown this once, and not by ``repr``."""

    key: Key
    secret: str

    def __repr__(self) -> str:
        return f"MadeKey(key={self.key!r}, secret='***')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who did what: ``outcome`` is the HTTP status it came to, ``subject`` the id of what it was done to."""

    at: datetime
    key_id: str
    key_name: str
    address: str
    action: str
    subject: str
    request_id: str
    outcome: int


def events(
    *,
    recordings: Sequence[str] = (),
    cameras: Sequence[str] = (),
    label: str | None = None,
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Items[ListedEvent]:
    """Events of many recordings by their wall clock, the youngest first."""
    query: Query = {
        "recording": list(recordings),
        "camera": list(cameras),
        "label": label,
        "source": source,
        "from": instant(since),
        "to": instant(until),
    }
    yield from listed(Page[ListedEvent], "/v1/events", query)


def feedback(answer_id: str, *, right: bool, note: str = "") -> Flow[None]:
    """Says whether an answer was right; what is said last counts."""
    body = {"right": right, "note": note}
    yield from answered(Call("POST", at("/v1/answers/{}/feedback", answer_id), json=body, harmless=True))


def judged(*, right: bool | None = None) -> Items[JudgedAnswer]:
    """The answers that were judged, the oldest first; only right or only wrong ones where that is asked for."""
    query: Query = {"right": None if right is None else str(right).lower()}
    reply = yield from answered(Call("GET", "/v1/answers/feedback", query))
    for line in reply.content.splitlines():
        yield Emit(read(JudgedAnswer, line))


def usage() -> Flow[Usage]:
    """What was spent: by this key, or by all of them where it is an admin's who reaches everything."""
    spent: list[RecordingCost] = []
    after: str | None = None
    while True:
        page = read(UsagePage, (yield from answered(Call("GET", "/v1/usage", {"after": after}))))
        spent += page.items
        if page.next is None or page.next == after:
            return Usage(keys=page.keys, recordings=tuple(spent))
        after = page.next


def keys() -> Items[Key]:
    """The keys, revoked ones too, the oldest first."""
    yield from listed(Page[Key], "/v1/keys", {})


def create_key(
    name: str, *, role: str = "viewer", tags: Sequence[str] = (), cameras: Sequence[str] = ()
) -> Flow[MadeKey]:
    """Makes a key: of an admin, an operator or a viewer, limited to tags and cameras where any are given."""
    body = {"name": name, "role": role, "tags": list(tags), "cameras": list(cameras)}
    return read(MadeKey, (yield from answered(Call("POST", "/v1/keys", json=body))))


def revoke_key(key_id: str) -> Flow[None]:
    """From now on the key is unknown."""
    yield from removed(Call("DELETE", at("/v1/keys/{}", key_id)))


def deeds() -> Items[Deed]:
    """Who did what, the youngest first."""
    yield from listed(Page[Deed], "/v1/audit", {})
