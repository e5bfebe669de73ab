"""The index as it stands on this machine's disk: segments mapped from files, brought up to what the database holds.

The rows of the database are the truth; these files may be deleted at any time. Every change of what can be found gives
the database a new generation, so one comparison tells whether the files are up to date. Files never change; the
manifest that names them is replaced as a whole.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from indexer import statements, tables
from indexer.search.packing import BadBlock
from indexer.search.segment import Segment, join
from indexer.search.shards import Shards

_log = logging.getLogger(__name__)
_AT_ONCE = 256
_SMALL = 50_000
"""A segment up to this size is written anew when an analysis in it is gone; a larger one when a fifth of it is."""
_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class State:
    """The index at one generation. ``gone`` are the analyses that the segments still hold and nobody may find."""

    generation: str
    segments: Mapping[str, Segment]
    gone: frozenset[str] = frozenset()


class Index:
    """Holds the latest ``State`` and knows how to get to the next. Safe to use from several threads at once."""

    def __init__(self, folder: Path, shards: Shards) -> None:
        self._folder = folder
        self._shards = shards
        self._lock = threading.Lock()
        self._state = State("", {})

    def at(self, connection: sa.Connection) -> State:
        """The index of what ``connection`` sees.

        Where the folder cannot be written the index is kept in memory, and each process has to make its own.
        """
        facts = tables.facts.c
        generation = connection.execute(sa.select(facts.value).where(facts.name == "generation")).scalar() or ""
        if self._state.generation == generation:
            return self._state
        with self._lock:
            if self._state.generation != generation:
                self._state = self._stored(generation) or self._advanced(connection, generation)
            return self._state

    def _advanced(self, connection: sa.Connection, generation: str) -> State:
        try:
            with _alone(self._folder):
                if (stored := self._stored(generation)) is not None:
                    return stored
                state = _advance(self._stored() or self._state, connection, generation, self._shards)
                self._store(state)
                return state
        except OSError as error:
            _log.warning("the search index is kept in memory: %s cannot be written (%s)", self._folder, error)
            return _advance(self._state, connection, generation, self._shards)

    def _stored(self, generation: str | None = None) -> State | None:
        """What the manifest names, or None where there is none, it is of another generation, or a file is damaged."""
        try:
            manifest = json.loads((self._folder / "manifest.json").read_bytes())
            if manifest["kinds"] != list(self._shards.kinds):
                return None
            if generation is not None and manifest["generation"] != generation:
                return None
            opened = self._state.segments
            segments = {
                name: opened[name] if name in opened else Segment.open(self._folder / name)
                for name in manifest["segments"]
            }
        except FileNotFoundError:
            return None
        except (OSError, BadBlock, ValueError, KeyError) as error:
            _log.warning("the search index in %s is damaged and made again (%s)", self._folder, error)
            return None
        return State(manifest["generation"], segments, frozenset(manifest["gone"]))

    def _store(self, state: State) -> None:
        for name, segment in state.segments.items():
            if not (self._folder / name).exists():
                segment.write(self._folder / name)
        manifest = {
            "kinds": self._shards.kinds,
            "generation": state.generation,
            "segments": list(state.segments),
            "gone": sorted(state.gone),
        }
        fresh = self._folder / f"manifest.{secrets.token_hex(4)}"
        with fresh.open("x") as file:
            json.dump(manifest, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / "manifest.json")
        for path in self._folder.iterdir():
            left_over = path.name not in state.segments and path.name.startswith(("segment.", "manifest."))
            if left_over and path.name != "manifest.json":
                # Whoever has it mapped may go on reading, except on Windows, where it goes another time.
                with contextlib.suppress(OSError):
                    path.unlink()


def _advance(state: State, connection: sa.Connection, generation: str, shards: Shards) -> State:
    c = tables.analyses.c
    finished = connection.execute(sa.select(c.id, c.first_passage).where(c.finished).order_by(c.id))
    live = {analysis: first for analysis, first in finished if first is not None}
    alive = frozenset(live)
    segments: dict[str, Segment] = {}
    gone: set[str] = set()
    for name, segment in state.segments.items():
        dead = [analysis for analysis in segment.analyses if analysis not in alive]
        lost = sum(end - first for first, end in segment.ranges(frozenset(dead)))
        if not dead:
            segments[name] = segment
        elif segment.size > _SMALL and lost < segment.size / 5:
            segments[name] = segment
            gone.update(dead)
        elif len(dead) < len(segment.analyses):
            segments[_fresh_name()] = join([segment], alive)
    held = {analysis for segment in segments.values() for analysis in segment.analyses}
    new = [(analysis, first) for analysis, first in live.items() if analysis not in held]
    for begin in range(0, len(new), _AT_ONCE):
        batch = dict(new[begin : begin + _AT_ONCE])
        segments[_fresh_name()] = shards.segment(_shards_of(connection, batch, shards))
    return State(generation, _compacted(segments, alive), frozenset(gone))


def _compacted(segments: Mapping[str, Segment], live: frozenset[str]) -> dict[str, Segment]:
    """``segments`` with the last ones joined, so that each is more than twice as large as all that follow it.

    There are then at most as many as the archive's size has binary digits, and each passage is copied about as often.
    """
    names = list(segments)
    if len(names) < 2:
        return dict(segments)
    first, total = len(names) - 1, segments[names[-1]].size
    while first and segments[names[first - 1]].size <= 2 * total:
        first -= 1
        total += segments[names[first]].size
    if first == len(names) - 1:
        return dict(segments)
    kept = {name: segments[name] for name in names[:first]}
    return {**kept, _fresh_name(): join([segments[name] for name in names[first:]], live)}


def _shards_of(
    connection: sa.Connection, analyses: Mapping[str, int], shards: Shards
) -> Iterator[tuple[str, int, Mapping[str, bytes]]]:
    """Each of ``analyses`` with its first passage and its shards; one that is not of our kinds is made again."""
    c = tables.shards.c
    kept: dict[str, dict[str, bytes]] = {analysis: {} for analysis in analyses}
    wanted = sa.select(tables.shards).where(c.analysis_id.in_(list(analyses)), c.kind.in_(shards.kinds))
    for row in connection.execute(wanted).mappings():
        kept[row["analysis_id"]][row["kind"]] = row["data"]
    for analysis, contents in kept.items():
        if len(contents) == len(shards.kinds):
            yield analysis, analyses[analysis], contents
        else:
            yield analysis, analyses[analysis], shards.make(statements.passages_of(connection, analysis))


def _fresh_name() -> str:
    return f"segment.{secrets.token_hex(6)}"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other processes from advancing the same files; they wait, and then find it done.

    Without file locks (Windows) two may do it at once. The later manifest wins, and what it lacks is made again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl  # noqa: PLC0415 - only where there is one
    except ModuleNotFoundError:
        yield
        return
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
