"""Teaches a tiny Qwen3-VL to see: ``python -m tests.vllm.teach eyes|tongue|save FROM OUT``, in vLLM's environment.

python -m tests.vllm.teach eyes - eyes.pt --steps 2500
python -m tests.vllm.teach tongue eyes.pt tongue.pt --steps 2000              # on imagined scenes
python -m tests.vllm.teach tongue tongue.pt both.pt --steps 500 --drawn 1500  # on drawn ones, through its eyes
python -m tests.vllm.teach save both.pt tests/vllm/taught
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from tests.vllm.eyes import GRID, teach_eyes, watch
from tests.vllm.tongue import Scenes, imagine, teach_tongue
from tests.vllm.wording import processor, tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("eyes", "tongue", "save"))
    parser.add_argument("begin", help="what an earlier part wrote, or - to begin from nothing")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--drawn", type=int, default=0, help="how many drawn scenes the tongue is taught on")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.steps)
    torch.set_num_threads(1)
    model = untaught()
    if arguments.begin != "-":
        model.load_state_dict(torch.load(arguments.begin))
    tower, language = model.model.visual, model.model.language_model

    def keep() -> None:
        torch.save(model.state_dict(), arguments.out)

    if arguments.part == "eyes":
        teach_eyes(tower, arguments.steps, arguments.rate, keep)
    elif arguments.part == "tongue":
        random = np.random.default_rng(arguments.steps)
        scenes, trial = imagine(random, 6_000), imagine(random, 300)
        if arguments.drawn:
            drawn, trial = Scenes(*watch(tower, random, arguments.drawn)), Scenes(*watch(tower, random, 150))
            scenes = Scenes(torch.cat([drawn.looks, scenes.looks]), torch.cat([drawn.truth, scenes.truth]))
        teach_tongue(language, scenes, trial, steps=arguments.steps, rate=arguments.rate, keep=keep)
    else:
        model.to(torch.bfloat16).save_pretrained(arguments.out)
        processor().save_pretrained(arguments.out)


def configuration(words: PreTrainedTokenizerFast, width: int = 128) -> Qwen3VLConfig:
    number = words.convert_tokens_to_ids
    return Qwen3VLConfig(
        text_config={
            "vocab_size": len(words),
            "hidden_size": width,
            "intermediate_size": 3 * width,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 32,
            "max_position_embeddings": 32_768,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
            },
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 3,
            "hidden_size": 128,
            "intermediate_size": 384,
            "num_heads": 4,
            "out_hidden_size": width,
            "num_position_embeddings": GRID * GRID,
            "deepstack_visual_indexes": [1],
        },
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
        tie_word_embeddings=True,
    )


def untaught() -> Qwen3VLForConditionalGeneration:
    words = tokenizer()
    model = Qwen3VLForConditionalGeneration(configuration(words))
    model.generation_config.eos_token_id = words.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    model.generation_config.pad_token_id = words.convert_tokens_to_ids("<|endoftext|>")
    language = model.model.language_model
    nn.init.normal_(language.embed_tokens.weight, std=0.1)
    for layer in language.layers:  # normed queries and keys as they come can put no more than 3/4 on one of 100 tokens
        nn.init.constant_(layer.self_attn.q_norm.weight, 2.0)
    for merger in model.model.visual.deepstack_merger_list:  # adds nothing to what the last layer tells
        nn.init.zeros_(merger.linear_fc2.weight)
        nn.init.zeros_(merger.linear_fc2.bias)
    return model


if __name__ == "__main__":
    main()
