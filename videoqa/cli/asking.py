"""The commands that ask the footage: for an answer, or for the moments nearest to some words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from videoqa.access import Scope
from videoqa.answers import Answer, Moment, Told, WallClock
from videoqa.bootstrap import house
from videoqa.catalogue import origins, recorded_by
from videoqa.cli import FOUND, NOTHING_FOUND, printing
from videoqa.errors import BadSetting, EmptyStretch, UnknownCamera, UnknownRecording
from videoqa.media import ZERO, Span
from videoqa.times import parse_moment, parse_offset

In = Annotated[
    list[str] | None,
    typer.Option(
        "--in", help="Ask only this recording: its title, the title's stem, or its id; or a camera: all it recorded."
    ),
]
Camera = Annotated[
    list[str] | None, typer.Option(help="Ask only what this camera recorded: its name or id; again for a second one.")
]
From = Annotated[
    str | None, typer.Option("--from", help="Only footage from then on: [H:]MM:SS, or ISO 8601 for the wall clock.")
]
To = Annotated[str | None, typer.Option("--to", help="Only footage before then.")]
Between = Annotated[
    tuple[str, str] | None,
    typer.Option(help="Only footage between two times: [H:]MM:SS, or ISO 8601 for the wall clock.", metavar="FROM TO"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def ask(
    question: str,
    *,
    recordings: In = None,
    camera: Camera = None,
    between: Between = None,
    since: From = None,
    until: To = None,
    as_json: Json = False,
) -> int:
    """Answer a question with the moments that bear the answer out."""
    place = house()
    named = _named(recordings, camera)
    stretch = _stretch(between, since, until, of_day=bool(named.cameras))
    chosen, watching = _chosen(named, stretch), _watching(named)
    if place.grounded is None:
        answer = place.answering.ask(question, chosen, stretch, cameras=watching)
        origins = _origins([*answer.moments])
        print(printing.answer_json(answer, origins) if as_json else printing.answer(answer, origins))
        return FOUND if answer.found else NOTHING_FOUND
    told = False
    for part in place.grounded.ask_stream(question, chosen, stretch, cameras=watching):
        if isinstance(part, Told) and not as_json:
            print(printing.one_line(part.sentence), end=" ", flush=True)
            told = True
        if isinstance(part, Answer):
            print("\n" if told else "", end="")
            origins = _origins([*part.moments, *(citation.moment for citation in part.rejected)])
            print(printing.answer_json(part, origins) if as_json else printing.grounded(part, origins))
            return FOUND if part.found else NOTHING_FOUND
    return NOTHING_FOUND


def search(
    words: str,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many moments.")] = 10,
    recordings: In = None,
    camera: Camera = None,
    between: Between = None,
    since: From = None,
    until: To = None,
    as_json: Json = False,
) -> int:
    """List the moments nearest to some words, best first, without a verdict."""
    named = _named(recordings, camera)
    stretch = _stretch(between, since, until, of_day=bool(named.cameras))
    moments = house().answering.search(words, _chosen(named, stretch), stretch, limit)
    origins = _origins(moments)
    print(printing.moments_json(moments, origins) if as_json else printing.moments(moments, origins))
    return FOUND if moments else NOTHING_FOUND


@dataclass(frozen=True, slots=True)
class _Named:
    """What is asked by name: the ids of recordings, and what cameras are called; nothing where all there is is."""

    recordings: frozenset[str]
    cameras: tuple[str, ...]


def _named(names: list[str] | None, cameras: list[str] | None) -> _Named:
    """What is called ``names``, among which a camera may stand, and ``cameras``; one that was removed by its id."""
    place = house()
    recordings, filmed = set[str](), [*(cameras or ())]
    for name in names or ():
        if place.cameras.camera(name) is not None:
            filmed.append(name)
            continue
        try:
            recordings.add(place.resolve(name).id)
        except UnknownRecording as error:
            try:
                _recorded_by(name, None)
            except UnknownCamera:
                raise error from None
            filmed.append(name)
    return _Named(frozenset(recordings), tuple(filmed))


def _chosen(named: _Named, between: Span | WallClock | None) -> list[str] | None:
    """The ids of the recordings that are asked; None asks all of them."""
    if named == _ALL:
        return None
    return sorted(named.recordings.union(*(_recorded_by(name, between) for name in named.cameras)))


def _watching(named: _Named) -> frozenset[str]:
    """The ids of the cameras that are asked and there."""
    known = house().cameras.cameras()
    return frozenset(each.id for each in known if named == _ALL or {each.id, each.name} & set(named.cameras))


_ALL = _Named(frozenset(), ())


def _recorded_by(name: str, between: Span | WallClock | None) -> frozenset[str]:
    place = house()
    return recorded_by(place.archive, place.cameras, name, Scope(), between)


def _origins(moments: Collection[Moment]) -> printing.Origins:
    """Where the recordings that ``moments`` are of come from."""
    place = house()
    ids = frozenset(moment.recording_id for moment in moments)
    return printing.Origins(origins(place.archive, place.cameras, ids, Scope()), place.zone)


def _stretch(
    between: tuple[str, str] | None, since: str | None, until: str | None, *, of_day: bool
) -> Span | WallClock | None:
    """What lies between the two, one of which may be left open; times of the footage, or of the wall clock.

    With ``of_day`` they are of cameras, whose recordings follow one another: 22:00 would be a minute of each.

    Raises:
        BadSetting: they are given twice, or are no times of a day.
        BadTime: one is neither.
        EmptyStretch: nothing does.
    """
    if between is not None:
        if since is not None or until is not None:
            raise BadSetting(name="--between", value=" ".join(between), expected="given along with --from or --to")
        since, until = between
    if since is None and until is None:
        return None
    zone = house().zone
    if any("-" in text or "T" in text for text in (since, until) if text is not None):
        began = _FIRST if since is None else parse_moment(since, zone)
        ended = _LAST if until is None else parse_moment(until, zone)
        if began < ended:
            return WallClock(began, ended)
    elif of_day:
        expected = "a time of the wall clock, with its day: 2026-05-09T22:00"
        raise BadSetting(name="the time", value=since or until, expected=expected)
    else:
        start = ZERO if since is None else parse_offset(since)
        end = timedelta.max if until is None else parse_offset(until)
        if start < end:
            return Span(start, end)
    raise EmptyStretch(start=since or "the beginning", end=until or "the end")
