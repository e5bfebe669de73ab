"""Vectors of 8-bit numbers, and one bit a dimension by which the few that are worth comparing are found first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from indexer.search.packing import Arrays

_WORD = 64


@dataclass(frozen=True, slots=True)
class Vectors:
    """``codes`` is int8 of shape (count, dimensions), each vector scaled so that its largest number is 127.

    ``scales`` is float32 of shape (count,): 1 over a vector's length, 0 for a vector of zeros. ``bits`` is uint64 of
    shape (dimensions / 64 rounded up, count): whether a number lies above its dimension's mean (``centre``), so that
    differing bits count for half each, however lopsided the vectors are.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    bits: NDArray[np.uint64]
    centre: NDArray[np.float32]

    @classmethod
    def of_codes(cls, codes: NDArray[np.int8]) -> Self:
        scales = np.empty(len(codes), np.float32)
        total = np.zeros(codes.shape[1], np.float64)
        for part in _parts(len(codes)):
            exact = codes[part].astype(np.float32)
            lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
            scales[part] = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
            total += scales[part] @ exact
        centre = (total / max(len(codes), 1)).astype(np.float32)
        bits = np.empty((-(-codes.shape[1] // _WORD), len(codes)), np.uint64)
        for part in _parts(len(codes)):
            bits[:, part] = _bits(codes[part].astype(np.float32) * scales[part, None], centre)
        return cls(codes, scales, bits, centre)

    @classmethod
    def of_arrays(cls, arrays: Arrays) -> Self:
        return cls(arrays["codes"], arrays["scales"], arrays["bits"], arrays["centre"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"codes": self.codes, "scales": self.scales, "bits": self.bits, "centre": self.centre}

    def cosines(self, query: NDArray[np.float32], documents: NDArray[np.uint32]) -> NDArray[np.float32]:
        """The likeness of the unit vector ``query`` to each of ``documents``, -1 to 1."""
        likeness: NDArray[np.float32] = (self.codes[documents].astype(np.float32) @ query) * self.scales[documents]
        return likeness

    def near(self, query: NDArray[np.float32], count: int, mask: NDArray[np.bool_] | None) -> NDArray[np.uint32]:
        """About ``count`` numbers of those whose bits differ least from the query's, among those in ``mask``."""
        asked = _bits(query[None, :], self.centre)[:, 0]
        distances = self._distances(asked)
        # How far to go is read off a sample; it is an estimate, and so is what bits say.
        step = max(len(distances) // 65_536, 1)
        sample = distances[::step] if mask is None else distances[::step][mask[::step]]
        share = np.cumsum(np.bincount(sample, minlength=1)) * step
        near = distances <= np.searchsorted(share, count)
        if mask is not None:
            near &= mask
        return np.flatnonzero(near).astype(np.uint32)

    def _distances(self, asked: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """In how many bits each vector differs from ``asked``."""
        distances = np.zeros(len(self.codes), np.uint16)
        for row, word in zip(self.bits, asked, strict=True):
            distances += np.bitwise_count(row ^ word)
        return distances


def quantise(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """``vectors`` as int8 of the same shape. Only their directions are kept."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    codes: NDArray[np.int8] = np.rint(
        vectors * np.divide(127, largest, out=np.zeros_like(largest), where=largest > 0)
    ).astype(np.int8)
    return codes


def _bits(vectors: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.uint64]:
    """uint64 of shape (words, count)."""
    packed = np.packbits(vectors > centre, axis=1)
    padded = np.zeros((len(packed), -(-vectors.shape[1] // _WORD) * _WORD // 8), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(padded.view(np.uint64).T)


def _parts(count: int, size: int = 65_536) -> Sequence[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]
