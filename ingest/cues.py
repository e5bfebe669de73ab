"""The subtitles of a recording: those beside it, and those that were brought."""

from __future__ import annotations

import os
from pathlib import Path

from ingest.sidecars import LARGEST, MOST_FILES, Sidecar, parsed, sidecars_of
from ingest.subtitles import KeptSubtitles
from videoqa.errors import BadCues, BadSubtitles, SubtitlesTooLarge
from videoqa.media import Cue


class SidecarCues:
    """Implements the port ``CueReader``: files of the recording's stem, with a language before their ending or without.

    ``talk.srt``, ``talk.zh.srt`` and ``talk.en-US.vtt`` belong to ``talk.mp4``; where there are two of a language, the
    first in the order of ``FORMATS`` is read. ``kept`` has what was brought, which goes before those.
    """

    def __init__(self, kept: KeptSubtitles | None = None) -> None:
        self._kept = kept

    def beside(self, path: str, recording_id: str = "") -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        brought = () if self._kept is None else self._kept.sidecars(recording_id)
        languages = {sidecar.language for sidecar in brought}
        others = [sidecar for sidecar in sidecars_of(Path(path)) if sidecar.language not in languages]
        problems: list[str] = []
        contents: list[tuple[Sidecar, bytes]] = []
        for sidecar in (*brought, *others)[:MOST_FILES]:
            try:
                contents.append((sidecar, _content(sidecar.path)))
            except BadCues as error:
                problems.append(f"{sidecar.path.name}: {error}")
        cues: list[Cue] = []
        for sidecar, content in contents:
            try:
                found, wrong = parsed(sidecar, content)
            except BadCues as error:
                problems.append(f"{sidecar.path.name}: {error}")
                continue
            cues.extend(found)
            problems.extend(wrong)
        return tuple(sorted(cues, key=lambda cue: (cue.span, cue.track))), tuple(problems)

    def bring(self, path: str, recording_id: str) -> tuple[str, ...]:
        if self._kept is None:
            return ()
        problems: list[str] = []
        for sidecar in sidecars_of(Path(path)):
            try:
                self._kept.put(recording_id, sidecar.path.name, _content(sidecar.path))
            except (BadCues, BadSubtitles, SubtitlesTooLarge) as error:
                problems.append(f"{sidecar.path.name}: {error}")
        return tuple(problems)


def _content(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            content = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise BadCues(problem=getattr(error, "strerror", None) or str(error)) from error
    if len(content) > LARGEST:
        raise BadCues(problem=f"the file is larger than {LARGEST // 2**20} MiB")
    return content
