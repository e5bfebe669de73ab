"""A Whisper of random weights, made on the spot: what it says means nothing, everything around its words is real."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from tokenizers.pre_tokenizers import ByteLevel

WORDS, STAMPS = 2_000, 1_501
WIDTH, HEADS, MELS, FRAMES, LONGEST = 16, 2, 80, 1_500, 448
SURE, ENDS = 6.0, 14.0


def vocabulary(languages: Sequence[str]) -> list[str]:
    """Whisper's own order: words, the marks, one for each language among them, the time stamps."""
    bytes_ = sorted(ByteLevel.alphabet())
    words = [f"Ġ{_word(number)}" for number in range(WORDS - len(bytes_))]
    return [
        *bytes_,
        *words,
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{language}|>" for language in languages),
        *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
        *(f"<|{number * 0.02:.2f}|>" for number in range(STAMPS)),
    ]


def tokenizer(tokens: Sequence[str]) -> Tokenizer:
    """Byte-level and without a merge, so that text costs a token a byte; a word comes out of a model alone."""
    words = {token: number for number, token in enumerate(tokens[:WORDS])}
    made = Tokenizer(models.BPE(vocab=words, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in tokens[WORDS:-STAMPS]])
    made.add_tokens([AddedToken(token, normalized=False) for token in tokens[-STAMPS:]])
    return made


def write_ctranslate2(folder: Path, languages: Sequence[str], seed: int = 11) -> Path:
    """A model as faster-whisper loads it."""
    from ctranslate2.specs.whisper_spec import WhisperSpec  # noqa: PLC0415 - of the extra `speech`

    folder.mkdir(parents=True, exist_ok=True)
    random, tokens = np.random.default_rng(seed), vocabulary(languages)
    spec = WhisperSpec(1, HEADS, 1, HEADS)

    def weights(*shape: int) -> Any:
        return random.normal(0, 0.3, shape).astype(np.float32)

    def linear(layer: Any, into: int, out: int) -> None:
        layer.weight, layer.bias = weights(out, into), weights(out)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def attention(layer: Any, *sizes: int) -> None:
        norm(layer.layer_norm)
        for part, size in zip(layer.linear, sizes, strict=True):
            linear(part, WIDTH, size)

    for coder, longest in ((spec.encoder, FRAMES), (spec.decoder, LONGEST)):
        norm(coder.layer_norm)
        coder.position_encodings.encodings = weights(longest, WIDTH)
        for layer in coder.layer:
            attention(layer.self_attention, 3 * WIDTH, WIDTH)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, WIDTH, 4 * WIDTH)
            linear(layer.ffn.linear_1, 4 * WIDTH, WIDTH)
    for layer in spec.decoder.layer:
        attention(layer.attention, WIDTH, 2 * WIDTH, WIDTH)
    spec.encoder.conv1.weight, spec.encoder.conv1.bias = weights(WIDTH, MELS, 3), weights(WIDTH)
    spec.encoder.conv2.weight, spec.encoder.conv2.bias = weights(WIDTH, WIDTH, 3), weights(WIDTH)
    spec.decoder.embeddings.weight = weights(len(tokens), WIDTH)
    # So that it comes to an end, and is sure enough of itself not to be asked again with dice.
    spec.decoder.layer_norm.gamma *= SURE
    spec.decoder.layer_norm.beta[0] = 1.0
    spec.decoder.embeddings.weight[tokens.index("<|endoftext|>"), 0] += ENDS
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    first = tokens.index("<|startoftranscript|>") + 1
    spec.config.lang_ids = list(range(first, first + len(languages)))
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [tokens.index("<|endoftext|>")]
    spec.config.alignment_heads = [(0, 0)]
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.save(str(folder))
    tokenizer(tokens).save(str(folder / "tokenizer.json"))
    return folder


def _word(number: int) -> str:
    """A word of its own for each number, of syllables."""
    word = ""
    while not word or number:
        number, rest = divmod(number, 60)
        word += "bdfgklmnprst"[rest % 12] + "aeiou"[rest // 12]
    return word
