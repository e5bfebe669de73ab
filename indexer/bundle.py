"""The embeddings that come with the product, and how they are made.

    python -m indexer.bundle MODEL2VEC_FOLDER

writes ``indexer/data/minilm-static.npz`` from static embeddings distilled with model2vec from
sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0, ``indexer/data/LICENSE.minilm``): all 256 dimensions of each word
piece, 4 bits each, under a scale of its own. At the same size this finds more than 128 dimensions of 8 bits each, and
no less than the 16-bit original. The model learned English alone, and what it has of other scripts makes any two words
of them alike, so their pieces are left empty. The sha256 of the source table is kept inside.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer import model2vec

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUNDLED = Path(__file__).parent / "data" / "minilm-static.npz"
ORIGIN = "sentence-transformers/all-MiniLM-L6-v2"
LEVELS = 7
LAST_LETTER = "\u03ff"
"""Latin and Greek letters come before it; formulas have both."""
_CLIPS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Bundle:
    """``codes`` is int8 of shape (word pieces, dimensions), -7 to 7; ``scales`` float32 of shape (word pieces, 1).

    A vector is its codes times its scale. ``source`` is the sha256 of the safetensors file it was made from.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    tokenizer: str
    source: str


def load(path: Path = BUNDLED) -> Bundle:
    with np.load(path, allow_pickle=False) as parts:
        pairs = parts["codes"]
        codes = np.empty((pairs.shape[0], pairs.shape[1] * 2), np.int8)
        codes[:, 0::2] = (pairs >> 4).view(np.int8) - (LEVELS + 1)
        codes[:, 1::2] = (pairs & 15).view(np.int8) - (LEVELS + 1)
        return Bundle(
            codes=codes,
            scales=parts["scales"].astype(np.float32),
            tokenizer=parts["tokenizer"].tobytes().decode(),
            source=str(parts["source"]),
        )


def make(model: model2vec.StaticModel) -> Bundle:
    """``model`` in 4 bits. Each row is clipped where the sum of its squared errors is the least."""
    vectors = model.vectors.copy()
    vectors[[number for piece, number in _pieces(model.tokenizer).items() if max(piece, default="") > LAST_LETTER]] = 0
    codes = np.zeros(vectors.shape, np.int8)
    scales = np.ones((len(vectors), 1), np.float32)
    least = np.full(len(vectors), np.inf)
    for clip in _CLIPS:
        tried = np.maximum(np.abs(vectors).max(axis=1, keepdims=True) * clip / LEVELS, np.finfo(np.float16).tiny)
        tried = tried.astype(np.float16).astype(np.float32)
        rounded = np.clip(np.rint(vectors / tried), -LEVELS, LEVELS)
        errors = ((rounded * tried - vectors) ** 2).sum(axis=1)
        better = errors < least
        codes[better], scales[better], least[better] = rounded[better], tried[better], errors[better]
    return Bundle(codes, scales, model.tokenizer, model.digest)


def save(bundle: Bundle, path: Path) -> None:
    shifted = (bundle.codes + (LEVELS + 1)).astype(np.uint8)
    np.savez_compressed(
        path,
        codes=shifted[:, 0::2] << 4 | shifted[:, 1::2],
        scales=bundle.scales.astype(np.float16),
        tokenizer=np.frombuffer(bundle.tokenizer.encode(), np.uint8),
        source=np.array(bundle.source),
        origin=np.array(ORIGIN),
    )


def _pieces(tokenizer: str) -> dict[str, int]:
    vocabulary: dict[str, int] = json.loads(tokenizer)["model"]["vocab"]
    return vocabulary


if __name__ == "__main__":
    save(make(model2vec.read(Path(sys.argv[1]))), BUNDLED)
    print(f"{BUNDLED}: {BUNDLED.stat().st_size:,} bytes")
