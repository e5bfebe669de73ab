"""Reads a model2vec folder: a table of word-piece vectors and the tokeniser that goes with it.

The table is a safetensors file: eight bytes with the length of a JSON header, the header, the numbers.
See https://huggingface.co/docs/safetensors and https://github.com/MinishLab/model2vec.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES = {"F16": np.float16, "F32": np.float32, "F64": np.float64, "I8": np.int8, "I32": np.int32, "I64": np.int64}
_FILES = ("model.safetensors", "tokenizer.json", "config.json")


class BadModel(Exception):
    """The folder or hub name holds no static embeddings that can be read."""


@dataclass(frozen=True, slots=True)
class StaticModel:
    """``vectors`` is float32 of shape (word pieces, dimensions); ``tokenizer`` is JSON of the tokenizers library."""

    vectors: NDArray[np.float32]
    tokenizer: str
    digest: str


def read(folder: Path) -> StaticModel:
    """The model in ``folder``.

    Raises:
        BadModel: a file of it is missing or is not what its name says.
    """
    try:
        table = (folder / "model.safetensors").read_bytes()
        tokenizer = (folder / "tokenizer.json").read_text(encoding="utf-8")
        tensors = _tensors(table)
        vectors = tensors["embeddings"].astype(np.float32)
        if "mapping" in tensors:
            vectors = vectors[tensors["mapping"]]
        if "weights" in tensors:
            vectors = vectors * tensors["weights"].astype(np.float32)[:, None]
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise BadModel(f"{folder}: {error}") from error
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
        raise BadModel(f"{folder}: the embeddings are no table of finite numbers")
    return StaticModel(vectors, tokenizer, sha256(table).hexdigest())


def download(name: str) -> Path:
    """The folder of the model that the Hugging Face hub has as ``name``, from its cache where it is there.

    Raises:
        BadModel: there is no such model, or no way to the hub.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - half a second that only a hub name needs
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise BadModel(f"{name}: {str(error).splitlines()[0]}") from error


def _tensors(data: bytes) -> dict[str, NDArray[np.generic]]:
    header_end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:header_end])
    tensors: dict[str, NDArray[np.generic]] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (header_end + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], _TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors
