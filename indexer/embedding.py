"""Static embeddings: a text's vector is the mean of its word pieces' vectors, found in a table. No network runs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from indexer import bundle, model2vec
from videoqa.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from videoqa.ports import Embedder

_log = logging.getLogger(__name__)
BUNDLED = "minilm-static-latin-4bit"
"""What the names of the bundled embeddings begin with."""
_AT_ONCE = 512


class StaticEmbedder:
    """Implements ``Embedder``. Holds ``codes`` times ``scales``; safe to call from several threads at once."""

    def __init__(
        self,
        name: str,
        codes: NDArray[np.int8] | NDArray[np.float32],
        scales: NDArray[np.float32],
        tokenizer: str,
    ) -> None:
        self.name = name
        self._codes = codes
        self._scales = scales
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._unknown = _unknown(self._tokenizer)

    @property
    def dimensions(self) -> int:
        return int(self._codes.shape[1])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 of shape (len(texts), dimensions); a text without a known word gives zeros."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for begin in range(0, len(texts), _AT_ONCE):
            batch = [_sound(text) for text in texts[begin : begin + _AT_ONCE]]
            encoded = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for row, encoding in enumerate(encoded, begin):
                pieces = [piece for piece in encoding.ids if piece != self._unknown]
                if pieces:
                    vectors[row] = self._scales[pieces, 0] @ self._codes[pieces].astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors


def load(setting: str = "", key: str = "") -> Embedder:
    """The embeddings that ``setting`` names: a server's URL, a model2vec folder, a hub name, or none of these.

    What cannot be had is warned of, and the bundled ones take its place: a search that works less well is better than
    none, and vectors of different names are never compared.
    """
    if setting.startswith(("http://", "https://")):
        from indexer.served_embedding import ServedEmbedder  # noqa: PLC0415 - an HTTP client, needed only here

        try:
            return ServedEmbedder(setting, key)
        except ModelError as error:
            _log.warning("VIDEOQA_EMBEDDER cannot be had, the bundled embeddings are used: %s", error)
    elif setting:
        try:
            folder = Path(setting).expanduser()
            model = model2vec.read(folder if folder.is_dir() else model2vec.download(setting))
            scales = np.ones((len(model.vectors), 1), np.float32)
            return StaticEmbedder(f"{setting}@{model.digest[:12]}", model.vectors, scales, model.tokenizer)
        except model2vec.BadModel as error:
            _log.warning("VIDEOQA_EMBEDDER cannot be had, the bundled embeddings are used: %s", error)
    own = bundle.load()
    return StaticEmbedder(f"{BUNDLED}@{own.source[:12]}", own.codes, own.scales, own.tokenizer)


def _sound(text: str) -> str:
    """``text`` without halves of surrogate pairs, which the tokeniser refuses."""
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()


def _unknown(tokenizer: Tokenizer) -> int | None:
    for text in ("[UNK]", "<unk>"):
        if (piece := tokenizer.token_to_id(text)) is not None:
            return int(piece)
    return None
