"""The embeddings that come with the product, and how they are made.

    python -m indexer.bundle MODEL2VEC_FOLDER

writes ``indexer/data/minilm-static.npz`` from static embeddings distilled with model2vec from
sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0, ``indexer/data/LICENSE.minilm``): the first 128 principal components
of each word piece, 8 bits each, under a scale of its own. The sha256 of the source table is kept inside.
"""

from __future__ import annotations

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
DIMENSIONS = 128


@dataclass(frozen=True, slots=True)
class Bundle:
    """``codes`` is int8 of shape (word pieces, dimensions), ``scales`` float32 of shape (word pieces, 1).

    A vector is its codes times its scale. ``source`` is the sha256 of the safetensors file it was made from.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    tokenizer: str
    source: str


def load(path: Path = BUNDLED) -> Bundle:
    with np.load(path, allow_pickle=False) as parts:
        return Bundle(
            codes=parts["codes"],
            scales=parts["scales"].astype(np.float32),
            tokenizer=parts["tokenizer"].tobytes().decode(),
            source=str(parts["source"]),
        )


def make(model: model2vec.StaticModel, dimensions: int = DIMENSIONS) -> Bundle:
    """``model`` in 8 bits. model2vec sorts dimensions by variance, so the first ones carry the most."""
    vectors = model.vectors[:, :dimensions]
    scales = np.maximum(np.abs(vectors).max(axis=1, keepdims=True) / 127, np.finfo(np.float16).tiny)
    scales = scales.astype(np.float16).astype(np.float32)
    codes = np.clip(np.rint(vectors / scales), -127, 127).astype(np.int8)
    return Bundle(codes, scales, model.tokenizer, model.digest)


def save(bundle: Bundle, path: Path) -> None:
    np.savez_compressed(
        path,
        codes=bundle.codes,
        scales=bundle.scales.astype(np.float16),
        tokenizer=np.frombuffer(bundle.tokenizer.encode(), np.uint8),
        source=np.array(bundle.source),
        origin=np.array(ORIGIN),
    )


if __name__ == "__main__":
    save(make(model2vec.read(Path(sys.argv[1]))), BUNDLED)
    print(f"{BUNDLED}: {BUNDLED.stat().st_size:,} bytes")
