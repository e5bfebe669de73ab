"""A part of the index: the passages of some analyses, one analysis after another. Immutable, in a file or in memory."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from indexer.search.packing import pack, unpack
from indexer.search.vectors import Vectors
from indexer.search.words import Words, merge, source_names


@dataclass(frozen=True, slots=True)
class Segment:
    """``analyses`` are the ids of those whose passages it holds; those of number i end before ``ends[i]``.

    ``firsts`` are the row ids of the first passage of each; the others' follow one another.
    """

    analyses: tuple[str, ...]
    firsts: tuple[int, ...]
    ends: tuple[int, ...]
    words: Words
    vectors: Vectors

    @property
    def size(self) -> int:
        return self.words.size

    def range_of(self, number: int) -> tuple[int, int]:
        """The first passage of analysis ``number``, and the one behind its last."""
        return (self.ends[number - 1] if number else 0), self.ends[number]

    def ranges(self, analyses: Collection[str]) -> list[tuple[int, int]]:
        """Where the passages of ``analyses`` stand, in order, neighbours joined."""
        found: list[tuple[int, int]] = []
        for number, analysis in enumerate(self.analyses):
            if analysis in analyses:
                first, end = self.range_of(number)
                if found and found[-1][1] == first:
                    found[-1] = (found[-1][0], end)
                elif first < end:
                    found.append((first, end))
        return found

    def row_ids(self, documents: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The row ids of ``documents``."""
        number = np.searchsorted(self.ends, documents, side="right")
        begins = np.array((0, *self.ends[:-1]), np.int64)
        ids: NDArray[np.int64] = np.array(self.firsts, np.int64)[number] + documents - begins[number]
        return ids

    def write(self, path: Path) -> None:
        """Writes it to the disk; nobody may be reading ``path`` yet."""
        arrays = {**self.words.arrays(), **self.vectors.arrays()}
        notes = {"analyses": self.analyses, "firsts": self.firsts, "ends": self.ends, "sources": source_names()}
        try:
            with path.open("xb") as file:
                for part in pack(arrays, **notes):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """Maps it from the disk.

        Raises:
            OSError: it is not there.
            BadBlock: it is not whole.
        """
        block = np.memmap(path, np.uint8, "r")
        arrays, notes = unpack(block.view(np.ndarray))
        words = Words.of_arrays(arrays, notes["sources"])
        return cls(
            tuple(notes["analyses"]), tuple(notes["firsts"]), tuple(notes["ends"]), words, Vectors.of_arrays(arrays)
        )


def join(parts: Sequence[Segment], live: Collection[str]) -> Segment:
    """One segment of what in ``parts`` belongs to ``live`` analyses, in their order."""
    masks = [mask_of(part.size, part.ranges(live)) for part in parts]
    analyses, firsts, ends, end = list[str](), list[int](), list[int](), 0
    for part in parts:
        for number, analysis in enumerate(part.analyses):
            if analysis in live:
                first, last = part.range_of(number)
                end += last - first
                analyses.append(analysis)
                firsts.append(part.firsts[number])
                ends.append(end)
    words = merge([(part.words, mask) for part, mask in zip(parts, masks, strict=True)])
    codes = np.concatenate([part.vectors.codes[mask] for part, mask in zip(parts, masks, strict=True)])
    return Segment(tuple(analyses), tuple(firsts), tuple(ends), words, Vectors.of_codes(codes))


def mask_of(size: int, ranges: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """True at the numbers below ``size`` that lie in one of ``ranges``."""
    mask = np.zeros(size, np.bool_)
    for first, end in ranges:
        mask[first:end] = True
    return mask
