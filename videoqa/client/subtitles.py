"""Subtitle files brought for a recording, which is indexed again with each that is new."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from videoqa.client.documents import Page, read
from videoqa.client.flows import Call, Flow, Items, at, worked
from videoqa.client.footage import listed
from videoqa.client.outgoing import File, Outgoing
from videoqa.client.retrying import answered, removed


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitleFile:
    """A subtitle file that was brought: ``size`` in bytes, ``language`` None where its name has none."""

    name: str
    language: str | None
    size: int


def subtitles(recording_id: str) -> Items[SubtitleFile]:
    """The subtitle files that were brought for a recording, by name."""
    yield from listed(Page[SubtitleFile], at("/v1/recordings/{}/subtitles", recording_id), {})


def put_subtitles(recording_id: str, file: File, *, name: str | None = None) -> Flow[SubtitleFile]:
    """Brings a subtitle file: a path, or an open binary file that can seek.

    ``name`` is the file's own where none is given; it tells the language (``talk.en.srt``), and it takes the place of
    the one in that language.
    """
    with closing((yield from worked(partial(Outgoing, file)))) as outgoing:
        content = (yield from worked(partial(outgoing.read, 0, outgoing.size))) if outgoing.size else b""
        path = at("/v1/recordings/{}/subtitles/{}", recording_id, name or outgoing.name)
    headers = {"Content-Type": "application/octet-stream"}
    return read(SubtitleFile, (yield from answered(Call("PUT", path, headers=headers, content=content))))


def remove_subtitles(recording_id: str, name: str | os.PathLike[str]) -> Flow[None]:
    """Removes a subtitle file that was brought for a recording."""
    yield from removed(Call("DELETE", at("/v1/recordings/{}/subtitles/{}", recording_id, os.fspath(name))))
