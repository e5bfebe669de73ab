"""Vectors of 8-bit numbers, and one bit a dimension by which the few that are worth comparing are found first.

The bits are the signs of a vector after its mean was taken away and it was turned by a random rotation. The vectors of
texts share a direction and use some dimensions far more than others, so that their own signs tell little: of the 100
nearest of 54,000 real passages, 2048 candidates then hold 95, without the turn 94, and without the mean 92.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from indexer.search.packing import Arrays

FEW = 8192
"""Vectors up to this many have no bits: comparing them all is as quick."""
_WORD = 64
_ROUGH = 2


@dataclass(frozen=True, slots=True)
class Vectors:
    """``codes`` is int8 of shape (count, dimensions), each vector scaled so that its largest number is 127.

    ``scales`` is float32 of shape (count,): 1 over a vector's length, 0 for a vector of zeros. ``bits`` is uint64 of
    shape (dimensions / 64 rounded up, count), where there are more than ``FEW``. ``centre`` is the mean of the unit
    vectors, float32 of shape (dimensions,), and ``rotation`` an orthogonal matrix.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    bits: NDArray[np.uint64]
    centre: NDArray[np.float32]
    rotation: NDArray[np.float32]

    @classmethod
    def of_codes(cls, codes: NDArray[np.int8]) -> Self:
        count, dimensions = codes.shape
        scales = np.empty(count, np.float32)
        total = np.zeros(dimensions, np.float64)
        for part in _parts(len(codes)):
            exact = codes[part].astype(np.float32)
            lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
            scales[part] = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
            total += scales[part] @ exact
        centre = (total / max(count, 1)).astype(np.float32)
        if count <= FEW:
            return cls(codes, scales, np.empty((0, 0), np.uint64), centre, np.empty((0, 0), np.float32))
        rotation = _random_rotation(dimensions)
        bits = np.empty((-(-dimensions // _WORD), count), np.uint64)
        for part in _parts(count):
            unit = codes[part].astype(np.float32) * scales[part, None]
            bits[:, part] = _bits((unit - centre) @ rotation)
        return cls(codes, scales, bits, centre, rotation)

    @classmethod
    def of_arrays(cls, arrays: Arrays) -> Self:
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def cosines(self, query: NDArray[np.float32], documents: NDArray[np.uint32]) -> NDArray[np.float32]:
        """The likeness of the unit vector ``query`` to each of ``documents``, -1 to 1."""
        exact = self.codes.take(documents, axis=0).astype(np.float32)
        # So few products are not worth waking the threads of a BLAS, which on a busy machine takes ten times as long.
        likeness: NDArray[np.float32] = np.einsum("ij,j->i", exact, query) * self.scales.take(documents)
        return likeness

    def near(self, query: NDArray[np.float32], count: int, mask: NDArray[np.bool_] | None) -> NDArray[np.uint32]:
        """About ``count`` numbers of those whose bits differ least from the query's, among those in ``mask``.

        Of few vectors all in ``mask``.
        """
        if not self.bits.size:
            everything = np.ones(len(self.codes), np.bool_) if mask is None else mask
            return np.flatnonzero(everything).astype(np.uint32)
        asked = _bits(np.einsum("i,ij->j", query - self.centre, self.rotation)[None, :])[:, 0]
        # The rotation makes all bits worth the same, so the first few already tell what is out of the question.
        rough = np.zeros(len(self.codes), np.uint8)
        for row, word in zip(self.bits[:_ROUGH], asked[:_ROUGH], strict=True):
            rough += np.bitwise_count(row ^ word)
        hopeful = np.flatnonzero(_least(rough, 32 * count, mask))
        distances = rough[hopeful].astype(np.uint16)
        for row, word in zip(self.bits[_ROUGH:], asked[_ROUGH:], strict=True):
            distances += np.bitwise_count(row[hopeful] ^ word)
        return hopeful[_least(distances, count, None)].astype(np.uint32)


def quantise(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """``vectors`` as int8 of the same shape. Only their directions are kept."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    codes: NDArray[np.int8] = np.rint(
        vectors * np.divide(127, largest, out=np.zeros_like(largest), where=largest > 0)
    ).astype(np.int8)
    return codes


def _bits(vectors: NDArray[Any]) -> NDArray[np.uint64]:
    """Which numbers are above zero, as uint64 of shape (dimensions / 64 rounded up, count)."""
    packed = np.packbits(vectors > 0, axis=1)
    padded = np.zeros((len(packed), -(-vectors.shape[1] // _WORD) * _WORD // 8), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(padded.view(np.uint64).T)


def _least(distances: NDArray[Any], count: int, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """True at about the ``count`` smallest, and at all that are as small; how small that is, a sample says."""
    step = max(len(distances) // 65_536, 1)
    sample = distances[::step] if mask is None else distances[::step][mask[::step]]
    share = np.cumsum(np.bincount(sample, minlength=1)) * step
    least: NDArray[np.bool_] = distances <= np.searchsorted(share, count)
    return least if mask is None else least & mask


def _random_rotation(dimensions: int) -> NDArray[np.float32]:
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((dimensions, dimensions)))
    turned: NDArray[np.float32] = rotation.astype(np.float32)
    return turned


def _parts(count: int, size: int = 65_536) -> Sequence[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]
