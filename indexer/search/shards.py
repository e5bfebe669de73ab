"""What the archive keeps for the index: the words of an analysis's passages, and their vectors by one embedder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.search.packing import pack, unpack
from indexer.search.segment import Segment
from indexer.search.vectors import Vectors, quantise
from indexer.search.words import Words, merge, source_names
from indexer.text import tokens
from videoqa.events import Passage
from videoqa.ports import Embedder

WORDS = "words 1"
"""The kind of a shard of words. It changes with the tokeniser: what an older one wrote is not read, but made again."""


@dataclass(frozen=True, slots=True)
class Shards:
    """Makes and reads shards. A shard of another embedder, or of an older tokeniser, is of another kind."""

    embedder: Embedder

    @property
    def kinds(self) -> tuple[str, str]:
        return WORDS, f"vectors 1 {self.embedder.name}"

    def make(self, passages: Sequence[Passage]) -> dict[str, bytes]:
        """The content of both shards, by kind."""
        texts = [passage.text for passage in passages]
        words = Words.of(passages, [tokens(text) for text in texts])
        codes = quantise(self.embedder.embed(texts))
        contents = (pack(words.arrays(), sources=source_names()), pack({"codes": codes}))
        return {kind: b"".join(content) for kind, content in zip(self.kinds, contents, strict=True)}

    def segment(self, shards: Iterable[tuple[str, int, Mapping[str, bytes]]]) -> Segment:
        """One segment of the analyses with these ids, row ids of their first passages, and shards."""
        analyses, firsts, words, codes = list[str](), list[int](), list[Words](), []
        words_kind, vectors_kind = self.kinds
        for analysis, first, contents in shards:
            arrays, notes = unpack(contents[words_kind])
            analyses.append(analysis)
            firsts.append(first)
            words.append(Words.of_arrays(arrays, notes["sources"]))
            codes.append(unpack(contents[vectors_kind])[0]["codes"])
        ends = np.cumsum([each.size for each in words]).tolist()
        merged = merge([(each, None) for each in words])
        return Segment(tuple(analyses), tuple(firsts), tuple(ends), merged, Vectors.of_codes(np.concatenate(codes)))
