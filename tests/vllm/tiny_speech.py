"""Makes a Whisper of random weights: ``python tests/vllm/tiny_speech.py OUT [--seed N]``.

Runs in the environment of vLLM, and needs no download. What it writes down means nothing; the upload, the languages,
the time stamps among its tokens and the forms of the answer are those of the real server.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration
from transformers.models.whisper.tokenization_whisper import LANGUAGES

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.tiny_whisper import FRAMES, LONGEST, MELS, STAMPS, tokenizer, vocabulary

WIDTH = 64
LIKELIER = {"<|endoftext|>": 2.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    save(arguments.out, arguments.seed)


def save(out: Path, seed: int) -> None:
    """Writes model, tokenizer and feature extractor to the folder ``out``."""
    torch.manual_seed(seed)
    tokens = vocabulary(list(LANGUAGES))
    number = {token: at for at, token in enumerate(tokens)}
    end, begin = number["<|endoftext|>"], number["<|startoftranscript|>"]
    config = WhisperConfig(
        vocab_size=len(tokens),
        d_model=WIDTH,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        num_mel_bins=MELS,
        max_source_positions=FRAMES,
        max_target_positions=LONGEST,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=begin,
        init_std=0.3,
    )
    model = WhisperForConditionalGeneration(config)
    _lean(model, number)
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = end
    model.generation_config.decoder_start_token_id = begin
    model.to(torch.bfloat16).save_pretrained(out)
    WhisperFeatureExtractor(feature_size=MELS).save_pretrained(out)
    tokenizer(tokens).save(str(out / "tokenizer.json"))
    marks = dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), "<|endoftext|>")
    told = {
        "tokenizer_class": "WhisperTokenizerFast",
        "processor_class": "WhisperProcessor",
        "model_max_length": LONGEST,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(told | marks))


def _lean(model: WhisperForConditionalGeneration, number: dict[str, int]) -> None:
    """Makes words likely, now and then a stamp, and an end after some of them, through one dimension of all tokens."""
    stamps = number["<|0.00|>"]
    with torch.no_grad():
        norm, words = model.model.decoder.layer_norm, model.get_input_embeddings().weight
        norm.bias[0] = 4.0
        words[:, 0] = 0.0
        for token, likelier in LIKELIER.items():
            words[number[token], 0] = likelier
        words[number["<|endoftext|>"] + 1 : stamps, 0] = -4.0
        words[stamps + STAMPS // 2 :, 0] = -4.0


if __name__ == "__main__":
    main()
