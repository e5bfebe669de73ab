"""The child process in which subtitle files are parsed: ``python -I -m ingest.cue_child``.

It reads one JSON line a file (language, size) each followed by that many bytes, and answers with one JSON list.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import BinaryIO

from ingest.confinement import confine
from ingest.cue_text import Track, read_track
from ingest.limits import Limits

WORK_SECONDS = 20


def main() -> None:
    confine(Limits(), WORK_SECONDS, None)
    answer = [asdict(track) for track in _tracks(sys.stdin.buffer)]
    json.dump(answer, sys.stdout)


def _tracks(stream: BinaryIO) -> list[Track]:
    tracks = []
    while head := stream.readline():
        language, size = json.loads(head)
        tracks.append(read_track(stream.read(size), language))
    return tracks


if __name__ == "__main__":
    main()
