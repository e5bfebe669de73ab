"""Subtitle files: whose they are, and what is in them. As untrusted as footage, and parsed in a child process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ingest.cue_text import LONGEST_TEXT, MOST_CUES
from videoqa.errors import BadCues
from videoqa.media import Cue, Span

FORMATS = (".srt", ".vtt")
LARGEST = 4 * 2**20
MOST_FILES = 32
PATIENCE_SECONDS = 120
_LATEST_MS = 1000 * 3600 * 1000
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")
# Nothing else of the environment is the child's business, keys least of all.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_KINDS = frozenset({"forced", "sdh", "cc", "hi", "default", "auto"})


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A subtitle file; ``language`` is what its name says of it."""

    path: Path
    language: str | None


def sidecars_of(recording: Path) -> Sequence[Sidecar]:
    """The subtitle files of ``recording``, one a language."""
    stem = recording.stem
    try:
        with os.scandir(recording.parent) as entries:
            names = sorted(entry.name for entry in entries if entry.name.startswith(stem + "."))
    except (OSError, ValueError):
        return ()
    others = {Path(name).stem for name in names if Path(name).suffix.lower() not in FORMATS}
    found: dict[str | None, Sidecar] = {}
    for ending in FORMATS:
        for name in names:
            path = recording.parent / name
            if path.suffix.lower() != ending or (path.stem != stem and path.stem in others):
                continue
            parts = [part for part in path.stem[len(stem) :].split(".") if part and part.lower() not in _KINDS]
            if len(parts) > 1 or not all(_TAG.match(part) for part in parts):
                continue
            language = parts[0].replace("_", "-") if parts else None
            found.setdefault(language, Sidecar(path, language))
    return sorted(found.values(), key=lambda sidecar: sidecar.path)[:MOST_FILES]


def language_of(name: str) -> str | None:
    """The language that a subtitle file is called by: ``talk.pt-BR.sdh.srt`` is in pt-BR, ``en.vtt`` in en."""
    parts = [part for part in Path(name).stem.split(".") if part and part.lower() not in _KINDS]
    return parts[-1].replace("_", "-") if parts and _TAG.match(parts[-1]) else None


def parsed(sidecar: Sidecar, content: bytes) -> tuple[list[Cue], list[str]]:
    """The cues of one file and what was wrong with them.

    Raises:
        BadCues: there are none in it, or parsing it took more than it may.
    """
    head = json.dumps([sidecar.language, len(content)]).encode() + b"\n"
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-m", "ingest.cue_child"],
            input=head + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            check=True,
            start_new_session=True,
        )
        (track,) = json.loads(child.stdout)
        cues = list(_checked(track["lines"], sidecar))
        odd, cut = int(track["odd_times"]), int(track["cut"])
    except subprocess.TimeoutExpired as error:
        raise BadCues(problem=f"parsing took more than {PATIENCE_SECONDS} seconds") from error
    except subprocess.CalledProcessError as error:
        raise BadCues(problem="the parser gave up on it") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadCues(problem="the parser's answer makes no sense") from error
    if not cues:
        raise BadCues(problem="no line of it has a time and words")
    wrong = []
    if odd:
        wrong.append(f"{sidecar.path.name}: {odd} of {len(cues)} subtitles had impossible times, which were set right")
    if cut:
        wrong.append(f"{sidecar.path.name}: {cut} lines were too long or too many and were left out")
    return cues, wrong


def _checked(lines: object, sidecar: Sidecar) -> Iterator[Cue]:
    """What the child says, believed only as far as it can be: the file may have taken it over."""
    if not isinstance(lines, list) or len(lines) > MOST_CUES:
        raise ValueError("no list of lines")
    for start, end, text in lines:
        if not (isinstance(text, str) and len(text) <= LONGEST_TEXT and 0 <= int(start) < int(end) <= _LATEST_MS):
            raise ValueError("no line of text")
        span = Span(timedelta(milliseconds=int(start)), timedelta(milliseconds=int(end)))
        yield Cue(span, text, sidecar.language, sidecar.path.name)
