"""Makes a Qwen3-VL of under a million random parameters: ``python tests/vllm/tiny_model.py OUT [--seed N]``.

Runs in the environment of vLLM, and needs no download. What the model says means nothing; the HTTP surface, the
processor, the token counts, the stamps in the prompt, the grammar and the failures of a server that has it are real.

So that a reply under a JSON schema ends soon instead of running to its limit, the signs that end a string, a list or a
number are likelier than others: see ``_lean``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from transformers import (
    Qwen2Tokenizer,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
CONTEXT = 262_144
WIDTH = 64
IMAGE_SIDES = {"shortest_edge": 65_536, "longest_edge": 16_777_216}
VIDEO_SIDES = {"shortest_edge": 4_096, "longest_edge": 25_165_824}  # what released checkpoints ship

TEMPLATE = """
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'video' or 'video' in part or 'video_url' in part -%}<|vision_start|><|video_pad|><|vision_end|>
{%- elif part.type == 'image' or 'image' in part or 'image_url' in part -%}<|vision_start|><|image_pad|><|vision_end|>
{%- elif 'text' in part -%}{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=WIDTH)
    arguments = parser.parse_args()
    save(arguments.out, arguments.seed, arguments.width)


def save(out: Path, seed: int, width: int = WIDTH) -> None:
    """Writes model, tokenizer and processor to the folder ``out``."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer()
    model = Qwen3VLForConditionalGeneration(configuration(tokenizer, width))
    _lean(model, tokenizer)
    model.generation_config.eos_token_id = [tokenizer.convert_tokens_to_ids(name) for name in (SPECIAL[2], SPECIAL[0])]
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids(SPECIAL[0])
    model.to(torch.bfloat16).save_pretrained(out)
    processor(tokenizer).save_pretrained(out)


def byte_tokenizer() -> Qwen2Tokenizer:
    """A token a byte, and Qwen's special tokens."""
    signs = _byte_signs()
    vocabulary = {sign: number for number, sign in enumerate([*signs, *SPECIAL])}
    return Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[],
        eos_token=SPECIAL[2],
        additional_special_tokens=list(SPECIAL),
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def configuration(tokenizer: Qwen2Tokenizer, width: int = WIDTH) -> Qwen3VLConfig:
    number = tokenizer.convert_tokens_to_ids
    return Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_hidden_layers": 2,
            "num_attention_heads": width // 32,
            "num_key_value_heads": width // 32,
            "head_dim": 32,
            "max_position_embeddings": CONTEXT,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5_000_000.0,
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 3,
            "hidden_size": width,
            "intermediate_size": 2 * width,
            "num_heads": 2,
            "out_hidden_size": width,
            "deepstack_visual_indexes": [0, 1, 2],
        },
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
        tie_word_embeddings=False,
    )


def processor(tokenizer: Qwen2Tokenizer) -> Qwen3VLProcessor:
    half = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    return Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(
            size=IMAGE_SIDES, patch_size=16, temporal_patch_size=2, merge_size=2, **half
        ),
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(size=VIDEO_SIDES, **half),
        chat_template=TEMPLATE.strip("\n"),
    )


def _byte_signs() -> list[str]:
    """The sign that stands for each byte in a byte-level vocabulary: itself, or the next one from U+0100 on."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


def _lean(model: Qwen3VLForConditionalGeneration, tokenizer: Qwen2Tokenizer) -> None:
    """Gives each token a likelihood of its own, through one dimension that is the same in every text embedding.

    In a string a letter or the closing quote comes before any other sign; outside, a brace opens an object before the
    bracket closes its list, and the bracket closes it before a comma goes on: lists of objects have one.
    """
    likelihood = dict.fromkeys(b"abcdefghijklmnopqrstuvwxyz", 2.0) | dict.fromkeys(b"0123456789-", 0.2)
    likelihood |= dict.fromkeys(b" \t\n\r", -1.0)
    likelihood |= dict(zip(b'"{}],.', (2.15, 1.4, 1.2, 1.0, 0.7, 0.5), strict=True))
    with torch.no_grad():
        embedding = model.get_input_embeddings().weight
        head = model.get_output_embeddings().weight
        embedding.normal_(0.0, 1.0)
        embedding[:, 0] = 8.0
        head.normal_(0.0, 0.1)
        head[:, 0] = 0.0
        for byte, likely in likelihood.items():
            head[byte, 0] = likely
        head[len(tokenizer) - len(SPECIAL) :, 0] = -2.0


if __name__ == "__main__":
    main()
