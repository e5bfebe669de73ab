"""Teaches a tiny Qwen3-VL to see: ``python -m tests.vllm.teach eyes|tongue OUT``, see ``--help``.

First the eyes: the vision tower learns, with a linear reading of every vision token, which labels are in a pair of
frames. Then the tongue: with the eyes shut to learning, the language part learns to reply in the schema of an analysis,
its loss on the reply alone; it is helped by a linear reading at the end of each pair of what comes and goes there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

from tests.vllm.scenes import LABELS, SIDE, Actor, Scene, draw_actor, draw_ground, draw_scene
from tests.vllm.lesson import TOKENS, Lesson
from tests.vllm.wording import STAMPS, processor, sign, tokenizer

PATCH = 16
GRID = SIDE // PATCH
LONGEST = 12
"""Pairs of the longest groups that are taught."""


def see(tower: nn.Module, patches: Tensor) -> Tensor:
    """What the vision tower makes of pairs: (pairs, 16 patches, 1536) to (pairs, 4 tokens, width).

    The same arithmetic as the tower's own forward, which goes through the pairs one by one.
    """
    grid = torch.tensor([[1, GRID, GRID]])
    indices, weights = get_vision_interpolation_indices_and_weights(
        grid, num_grid_per_side=tower.num_grid_per_side, mode="bilinear", align_corners=True, spatial_merge_size=2
    )
    proj = tower.patch_embed.proj
    hidden = F.linear(patches, proj.weight.flatten(1), proj.bias)
    hidden = hidden + (tower.pos_embed(indices) * weights[:, :, None]).sum(1)
    cos, sin = tower.rotary_pos_emb(hidden, get_vision_position_ids(grid, 2))
    for block in tower.blocks:
        normed = block.norm1(hidden)
        attention = block.attn
        shape = (*normed.shape[:2], 3, attention.num_heads, -1)
        query, key, value = attention.qkv(normed).view(shape).permute(2, 0, 3, 1, 4).unbind(0)
        query, key = (part * cos + _half_turned(part) * sin for part in (query, key))
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        hidden = hidden + attention.proj(mixed)
        hidden = hidden + block.mlp(block.norm2(hidden))
    return tower.merger(hidden).view(len(patches), TOKENS, -1)


def patches_of(pairs: NDArray[np.uint8]) -> Tensor:
    """Pictures (pairs, 2, SIDE, SIDE, 3), blue first, as the processor hands them to the tower: (pairs, 16, 1536)."""
    pixels = torch.from_numpy(pairs[..., ::-1].copy()).float() / 127.5 - 1
    half = GRID // 2
    blocks = pixels.view(-1, 2, half, 2, PATCH, half, 2, PATCH, 3)
    return blocks.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(len(pairs), GRID * GRID, -1)


def draw_pairs(random: np.random.Generator, count: int, plain: float) -> tuple[NDArray[np.uint8], Tensor, Tensor]:
    """Pairs of frames, what is in each (count, labels), and where that is beyond doubt (count, labels)."""
    pairs = np.zeros((count, 2, SIDE, SIDE, 3), np.uint8)
    truth, sure = torch.zeros(count, len(LABELS)), torch.ones(count, len(LABELS))
    for number in range(count):
        actors: list[Actor] = []
        for label in random.permutation(len(LABELS))[: random.choice(4, p=[0.08, 0.37, 0.35, 0.2])]:
            centre, moved = random.uniform(2, SIDE - 2, 2), random.normal(0, 5, 2)
            stays = ((0.0, 1.0), (0.0, 0.5), (0.5, 1.0))[random.choice(3, p=[0.8, 0.1, 0.1])]
            path = [(when, *(centre + when * moved)) for when in stays]
            actor = draw_actor(random, LABELS[label], path)
            if not any(actor.hides(other, when) for other in actors for when in stays):
                actors.append(actor)
                shown = max(actor.shown(0.0), actor.shown(1.0))
                truth[number, label] = float(shown >= 0.5)
                sure[number, label] = float(not 0.15 < shown < 0.75)
        scene = Scene(
            draw_ground(random, plain=random.random() < plain),
            tuple(actors),
            float(random.uniform(0.8, 1.15)),
            float(random.uniform(0, 6)),
            number,
        )
        pairs[number] = as_jpeg(random, scene.paint(0.0)), as_jpeg(random, scene.paint(1.0))
    return pairs, truth, sure


def as_jpeg(random: np.random.Generator, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    quality = int(random.integers(80, 97))
    return cv2.imdecode(cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1], cv2.IMREAD_COLOR)


def _half_turned(part: Tensor) -> Tensor:
    first, second = part.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


def teach_eyes(model: Qwen3VLForConditionalGeneration, reading: nn.Linear, steps: int, rate: float, out: Path) -> None:
    tower = model.model.visual
    parts = [p for n, p in tower.named_parameters() if "deepstack" not in n] + list(reading.parameters())
    optimiser = torch.optim.AdamW(parts, lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    random = np.random.default_rng(steps)
    begun = time.time()
    for step in range(steps):
        pairs, truth, sure = draw_pairs(random, 192, plain=0.4)
        with torch.autocast("cpu", torch.bfloat16):
            looks = see(tower, patches_of(pairs))
        logits = reading(looks.float())
        losses = F.binary_cross_entropy_with_logits(logits, truth[:, None].expand_as(logits), reduction="none")
        loss = (losses * sure[:, None]).sum() / sure.sum() / TOKENS
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parts, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 49:
            right = (((logits.mean(1) > 0) == (truth > 0)) | (sure == 0)).all(1).float().mean()
            print(
                f"eyes {step + 1} loss {loss.item():.4f} pairs wholly right {right:.3f} {time.time() - begun:.0f}s",
                flush=True,
            )
        if step % 100 == 99:
            torch.save({"tower": tower.state_dict(), "reading": reading.state_dict()}, out)
    torch.save({"tower": tower.state_dict(), "reading": reading.state_dict()}, out)


@dataclass(frozen=True, slots=True)
class Scenes:
    """Scenes of ``LONGEST`` pairs each: what the tower makes of the pairs (scenes, pairs, tokens, width), and what is in
    each (scenes, pairs, labels)."""

    looks: Tensor
    truth: Tensor

    def pick(self, random: np.random.Generator, count: int, pairs: int) -> Scenes:
        """Stretches of ``pairs`` pairs of some of them."""
        which, begin = random.integers(0, len(self.looks), count), random.integers(0, LONGEST - pairs + 1, count)
        rows, columns = torch.from_numpy(which)[:, None], torch.from_numpy(begin)[:, None] + torch.arange(pairs)
        return Scenes(self.looks[rows, columns].float(), self.truth[rows, columns])


@torch.no_grad()
def watch(tower: nn.Module, random: np.random.Generator, count: int) -> Scenes:
    """``count`` drawn scenes as the tower sees them."""
    looks, truths = [], []
    for _ in range(count):
        moments = np.arange(2 * LONGEST, dtype=float)
        if random.random() < 0.4:  # frames that are their own partner, as beside a gap
            moments = np.repeat(np.arange(LONGEST, dtype=float), 2) if random.random() < 0.5 else moments
            alone = random.random(LONGEST) < 0.3
            moments.reshape(-1, 2)[alone, 1] = moments.reshape(-1, 2)[alone, 0]
        scene = draw_scene(random, moments[-1])
        frames = np.stack([as_jpeg(random, scene.paint(moment)) for moment in moments])
        looks.append(see(tower, patches_of(frames.reshape(LONGEST, 2, SIDE, SIDE, 3))).half())
        seen = [scene.seen(moment) for moment in moments]
        truths.append([[label in seen[2 * n] | seen[2 * n + 1] for label in LABELS] for n in range(LONGEST)])
    return Scenes(torch.stack(looks), torch.tensor(truths))


def teach_tongue(
    model: Qwen3VLForConditionalGeneration, steps: int, rate: float, scenes: Scenes, trial: Scenes, out: Path
) -> None:
    language, width = model.model.language_model, model.config.text_config.hidden_size
    words = tokenizer()
    reading = nn.Linear(width, 3 * len(LABELS))
    parts = [*language.parameters(), *reading.parameters()]
    decayed = [part for part in parts if part.ndim > 1 and part is not language.embed_tokens.weight]
    others = [part for part in parts if part.ndim == 1] + [language.embed_tokens.weight]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}], lr=rate, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.08)
    random = np.random.default_rng(23)
    begun = time.time()
    for step in range(steps):
        longest = min(LONGEST, 6 + step // 40)
        picked = scenes.pick(random, 32, int(random.integers(3, longest + 1)))
        lesson = Lesson.of(words, random, picked.truth, finding=step > 100 and step % 4 == 0)
        with torch.autocast("cpu", torch.bfloat16):
            hidden, early, unheeded = speak(language, lesson, picked.looks)
            carried = _carried(language.layers[len(language.layers) // 2], early)
        hidden, early, carried = hidden.float(), early.float(), tuple(part.float() for part in carried)
        loss_reply = lesson.loss(hidden, language.embed_tokens.weight)
        loss_read = F.binary_cross_entropy_with_logits(reading(early), _changes(picked.truth))
        loss_gather = lesson.gathered(*carried, language.embed_tokens.weight)
        loss = loss_reply + loss_read + loss_gather / 2 + unheeded / 2
        optimiser.zero_grad()
        loss.backward()
        language.embed_tokens.weight.grad[-len(STAMPS) :] = 0  # a stamp is copied, whatever it stands for
        nn.utils.clip_grad_norm_(parts, 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            print(
                f"tongue {step + 1} pairs<={longest} reply {loss_reply.item():.4f} read {loss_read.item():.4f} gather {loss_gather.item():.4f} unheeded {unheeded.item():.4f} {marks(model, words, trial)} | finding {marks(model, words, trial, finding=True)} {time.time() - begun:.0f}s",
                flush=True,
            )
        if step % 100 == 99:
            torch.save(model.state_dict(), out)
    torch.save(model.state_dict(), out)


def speak(language: nn.Module, lesson: Lesson, looks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The last hidden states (groups, length, width), those at the ends of pairs half way up, and how little the next
    layer's heads heed what is to be cited: even ones where something came, odd ones where it has gone.
    """
    hidden = language.embed_tokens(lesson.ids)
    hidden = hidden.index_copy(1, lesson.vision, looks.flatten(1, 2))
    turns = language.rotary_emb(hidden, lesson.positions[:, None])
    half = len(language.layers) // 2
    for number, layer in enumerate(language.layers):
        if number == half:
            early, unheeded = hidden[:, lesson.ends], _unheeded(layer, hidden, turns, lesson.cites)
        hidden = layer(hidden, position_embeddings=turns, attention_mask=None)
    return language.norm(hidden), early, unheeded


def _carried(layer: nn.Module, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """What the even and the odd heads of ``layer`` carry of ``hidden`` (groups, places, width) to whoever heeds it."""
    attention = layer.self_attn
    values = attention.v_proj(layer.input_layernorm(hidden)).view(*hidden.shape[:2], -1, attention.head_dim)
    out = attention.o_proj.weight.view(hidden.shape[-1], -1, attention.head_dim)
    even, odd = (torch.einsum("gphd,whd->gpw", values[:, :, n::2], out[:, n::2]) for n in (0, 1))
    return even, odd


def _unheeded(layer: nn.Module, hidden: Tensor, turns: tuple[Tensor, Tensor], cites: Tensor) -> Tensor:
    attention = layer.self_attn
    normed, (cos, sin) = layer.input_layernorm(hidden), turns
    shape = (*normed.shape[:2], -1, attention.head_dim)
    query, key = (
        attention.q_norm(attention.q_proj(normed).view(shape)),
        attention.k_norm(attention.k_proj(normed).view(shape)),
    )
    query, key = (part * cos[:, :, None] + _half_turned(part) * sin[:, :, None] for part in (query, key))
    group, place, head, target = cites.unbind(1)
    later = torch.arange(hidden.shape[1]) > place[:, None]
    scores = query.transpose(1, 2) @ key.permute(0, 2, 3, 1) * attention.scaling
    heeds = torch.cat([scores[group, head, place], scores[group, head + 2, place]]).float()
    return F.cross_entropy(heeds.masked_fill(later.repeat(2, 1), -torch.inf), target.repeat(2))


@torch.no_grad()
def marks(
    model: Qwen3VLForConditionalGeneration, words: PreTrainedTokenizerFast, trial: Scenes, *, finding: bool = False
) -> str:
    """How many labels and stamps are right where the reply so far is given, on scenes kept from teaching."""
    language, random = model.model.language_model, np.random.default_rng(1)
    stamp = len(words) - len(STAMPS)
    labels = torch.tensor([words.get_vocab()[sign(label)] for label in LABELS])
    right = {"labels": [0, 0], "stamps": [0, 0], "all": [0, 0]}
    for pairs in (4, 8, LONGEST):
        picked = trial.pick(random, 40, pairs)
        lesson = Lesson.of(words, random, picked.truth, finding=finding)
        said = lesson.logits(speak(language, lesson, picked.looks)[0], language.embed_tokens.weight).argmax(-1)
        for name, where in (
            ("labels", torch.isin(lesson.wanted, labels)),
            ("stamps", lesson.wanted >= stamp),
            ("all", lesson.wanted != -100),
        ):
            right[name][0] += int((said == lesson.wanted)[where].sum())
            right[name][1] += int(where.sum())
        whole = ((said == lesson.wanted) | (lesson.wanted == -100)).all(1).float().mean()
    return (
        " ".join(f"{name} {good / of:.3f}" for name, (good, of) in right.items()) + f" whole at {LONGEST} {whole:.2f}"
    )


def _changes(truth: Tensor) -> Tensor:
    """What is there at each pair and behind the last, what came with it, what left before it: (scenes, pairs + 1, 3 *
    labels)."""
    truth = F.pad(truth, (0, 0, 0, 1))
    before = F.pad(truth, (0, 0, 1, 0))[:, :-1]
    return torch.cat([truth, truth & ~before, before & ~truth], dim=-1).float()


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
    nn.init.normal_(model.model.language_model.embed_tokens.weight, std=0.1)
    for merger in model.model.visual.deepstack_merger_list:  # adds nothing to what the last layer tells
        nn.init.zeros_(merger.linear_fc2.weight)
        nn.init.zeros_(merger.linear_fc2.bias)
    return model


def save(model: Qwen3VLForConditionalGeneration, out: Path) -> None:
    model.to(torch.bfloat16).save_pretrained(out)
    processor().save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("eyes", "tongue", "save"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--eyes", type=Path, help="what the part eyes has written")
    parser.add_argument("--tongue", type=Path, help="what the part tongue has written")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--scenes", type=int, default=4_000)
    arguments = parser.parse_args()
    torch.manual_seed(3)
    torch.set_num_threads(1)
    model = untaught()
    if arguments.tongue is not None:
        model.load_state_dict(torch.load(arguments.tongue))
    tower, reading = model.model.visual, nn.Linear(model.config.text_config.hidden_size, len(LABELS))
    if arguments.eyes is not None:
        kept = torch.load(arguments.eyes)
        tower.load_state_dict(kept["tower"])
        reading.load_state_dict(kept["reading"])
    if arguments.part == "eyes":
        teach_eyes(model, reading, arguments.steps, arguments.rate, arguments.out)
    elif arguments.part == "tongue":
        scenes = watch(tower, np.random.default_rng(31), arguments.scenes)
        trial = watch(tower, np.random.default_rng(32), 300)
        teach_tongue(model, arguments.steps, arguments.rate, scenes, trial, arguments.out)
    else:
        save(model, arguments.out)


if __name__ == "__main__":
    main()
