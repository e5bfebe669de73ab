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
from tests.vllm.wording import ASKED, END, NEXT, OPEN, STAMPS, SYSTEM, byte_signs, reply, tokenizer

PATCH = 16
GRID = SIDE // PATCH
TOKENS = (GRID // 2) ** 2
"""Vision tokens of a pair of frames."""
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


def teach_eyes(model: Qwen3VLForConditionalGeneration, steps: int, out: Path) -> None:
    tower = model.model.visual
    width = model.config.text_config.hidden_size
    reading = nn.Linear(width, len(LABELS))
    parts = [p for n, p in tower.named_parameters() if "deepstack" not in n] + list(reading.parameters())
    optimiser = torch.optim.AdamW(parts, lr=1.5e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1.5e-3, total_steps=steps, pct_start=0.1)
    random = np.random.default_rng(11)
    begun = time.time()
    for step in range(steps):
        pairs, truth, sure = draw_pairs(random, 192, plain=max(0.4, 1 - step / 600))
        logits = reading(see(tower, patches_of(pairs)))
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
        if step % 250 == 249:
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


def teach_tongue(model: Qwen3VLForConditionalGeneration, steps: int, scenes: Scenes, trial: Scenes, out: Path) -> None:
    language, width = model.model.language_model, model.config.text_config.hidden_size
    words = tokenizer()
    reading, gathering = nn.Linear(width, 3 * len(LABELS)), nn.Linear(width, 2 * width, bias=False)
    parts = [*language.parameters(), *reading.parameters(), *gathering.parameters()]
    decayed = [part for part in parts if part.ndim > 1 and part is not language.embed_tokens.weight]
    others = [part for part in parts if part.ndim == 1] + [language.embed_tokens.weight]
    rate = 2e-3
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}], lr=rate, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.08)
    random = np.random.default_rng(23)
    begun = time.time()
    for step in range(steps):
        longest = min(LONGEST, 5 + step // 50)
        picked = scenes.pick(random, 40, int(random.integers(3, longest + 1)))
        lesson = Lesson.of(words, random, picked)
        hidden, early = speak(language, lesson, picked.looks)
        logits = lesson.logits(hidden, language.embed_tokens.weight)
        loss_reply = (
            F.cross_entropy(logits.flatten(0, 1), lesson.wanted.flatten(), reduction="none") * lesson.weight.flatten()
        ).sum() / lesson.weight.sum()
        loss_read = F.binary_cross_entropy_with_logits(reading(early), _changes(picked.truth))
        loss_gather = lesson.gathered(gathering(early), language.embed_tokens.weight)
        loss = loss_reply + loss_read + loss_gather / 2
        optimiser.zero_grad()
        loss.backward()
        language.embed_tokens.weight.grad[-len(STAMPS) :] = 0  # a stamp is copied, whatever it stands for
        nn.utils.clip_grad_norm_(parts, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 49:
            print(
                f"tongue {step + 1} pairs<={longest} reply {loss_reply.item():.4f} read {loss_read.item():.4f} gather {loss_gather.item():.4f} {marks(model, words, trial)} {time.time() - begun:.0f}s",
                flush=True,
            )
        if step % 200 == 199:
            torch.save(model.state_dict(), out)
    torch.save(model.state_dict(), out)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A batch of groups of equally many pairs with the replies wanted: prompt and reply in ``ids`` (groups, length).

    ``positions`` are (3, length); ``vision`` and ``ends`` where the vision tokens and the ends of pairs stand;
    ``asked`` is the prompt's length; ``stamps`` (groups, pairs) are the groups' own: a grammar keeps all others out of the
    reply. ``wanted`` (groups, reply) counts through the vocabulary without stamps and then those of the group; -100 is
    behind the end. ``weight`` says how much each of it matters.
    """

    ids: Tensor
    positions: Tensor
    vision: Tensor
    ends: Tensor
    asked: int
    wanted: Tensor
    weight: Tensor
    stamps: Tensor

    @classmethod
    def of(cls, words: PreTrainedTokenizerFast, random: np.random.Generator, scenes: Scenes) -> Lesson:
        count, pairs = scenes.truth.shape[:2]
        code = words.get_vocab()
        stamp = len(code) - len(STAMPS)
        head = words.encode(f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n<|vision_start|>")
        noise = list(map(int, random.integers(32, 127, int(random.integers(1, 25))))) if random.random() < 0.3 else []
        tail = words.encode(f"<|vision_end|>{ASKED}") + noise + words.encode("<|im_end|>\n<|im_start|>assistant\n")
        pair = words.encode("<0.0 seconds><|vision_start|>" + "<|video_pad|>" * TOKENS + "<|vision_end|>")
        asked = torch.tensor([*head, *pair * pairs, *tail]).repeat(count, 1)
        begins = len(head) + torch.arange(pairs) * len(pair)
        times = np.stack([draw_times(random, pairs) for _ in range(count)])
        asked[:, begins + 1] = torch.from_numpy(times) + stamp
        replies = [
            words.encode(
                reply([(label, STAMPS[row[first]], STAMPS[row[last]]) for label, first, last in happened(told)])
            )
            + [code["<|im_end|>"]]
            for told, row in zip(scenes.truth.tolist(), times, strict=True)
        ]
        longest = max(map(len, replies))
        told = torch.tensor([told + [-100] * (longest - len(told)) for told in replies])
        own = torch.from_numpy(times) + stamp
        which = (told[:, :, None] == own[:, None]).int().argmax(-1) + stamp
        wanted = torch.where(told >= stamp, which, told)
        matters = (wanted >= stamp) | torch.isin(
            wanted, torch.tensor([code[_sign(label)] for label in (*LABELS, END, OPEN, NEXT)])
        )
        weight = (wanted != -100).float() * torch.where(matters, 3.0, 0.3)
        ids = torch.cat([asked, told[:, :-1].clamp(min=0)], dim=1)
        places = begins[:, None] + 4 + torch.arange(TOKENS)
        return cls(
            ids,
            positions_of(ids.shape[1], places),
            places.flatten(),
            places[:, -1] + 1,
            asked.shape[1],
            wanted,
            weight,
            own,
        )

    def logits(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        said = hidden[:, self.asked - 1 :]
        plain = embedding[: len(embedding) - len(STAMPS)]
        return torch.cat([said @ plain.T, said @ embedding[self.stamps].transpose(1, 2)], dim=-1)


    def gathered(self, told: Tensor, embedding: Tensor) -> Tensor:
        """The loss of telling, at the end of each pair, its own stamp and the one before: (groups, pairs, 2 * width)."""
        own = embedding[self.stamps].transpose(1, 2)
        pairs = torch.arange(own.shape[-1])
        mine, before = (torch.matmul(part, own).flatten(0, 1) for part in told.chunk(2, dim=-1))
        count = len(told)
        return F.cross_entropy(mine, pairs.repeat(count)) + F.cross_entropy(before, (pairs - 1).clamp(min=0).repeat(count))


def speak(language: nn.Module, lesson: Lesson, looks: Tensor) -> tuple[Tensor, Tensor]:
    """The last hidden states (groups, length, width), and those at the ends of pairs half way up."""
    hidden = language.embed_tokens(lesson.ids)
    hidden = hidden.index_copy(1, lesson.vision, looks.flatten(1, 2))
    turns = language.rotary_emb(hidden, lesson.positions[:, None])
    for number, layer in enumerate(language.layers):
        hidden = layer(hidden, position_embeddings=turns, attention_mask=None)
        if number == len(language.layers) // 2 - 1:
            early = hidden[:, lesson.ends]
    return language.norm(hidden), early


@torch.no_grad()
def marks(model: Qwen3VLForConditionalGeneration, words: PreTrainedTokenizerFast, trial: Scenes) -> str:
    """How many labels and stamps are right where the reply so far is given, on scenes kept from teaching."""
    language, random = model.model.language_model, np.random.default_rng(1)
    stamp = len(words) - len(STAMPS)
    labels = torch.tensor([words.get_vocab()[_sign(label)] for label in LABELS])
    right = {"labels": [0, 0], "stamps": [0, 0], "all": [0, 0]}
    for pairs in (4, 8, LONGEST):
        picked = trial.pick(random, 64, pairs)
        lesson = Lesson.of(words, random, picked)
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


def positions_of(length: int, places: Tensor) -> Tensor:
    """Rope positions (3, length) of a prompt whose vision tokens stand at ``places`` (pairs, tokens)."""
    side = GRID // 2
    step = torch.ones(length, dtype=torch.long)
    step[places[:, 0] + 1] = 0
    for token in range(1, TOKENS):
        step[places[:, token]] = 0
    step[places[:, -1] + 1] = side
    step[0] = 0
    positions = step.cumsum(0).repeat(3, 1)
    token = torch.arange(TOKENS)
    positions[1, places] += token // side
    positions[2, places] += token % side
    return positions


def draw_times(random: np.random.Generator, pairs: int) -> NDArray[np.int64]:
    """The tenths of seconds of the stamps of ``pairs`` pairs, rising: evenly or unevenly spaced, from anywhere on."""
    space = random.choice((5, 10, 20, 40))
    steps = (
        np.full(pairs, space) if random.random() < 0.4 else random.integers(3, 1 + random.choice((12, 40, 300)), pairs)
    )
    most = 9_999 - int(steps.sum())
    begin = random.integers(0, 40) if random.random() < 0.3 else random.integers(0, random.choice((600, most)))
    return np.minimum(int(begin) + np.cumsum(steps), 9_999)


def happened(seen: Sequence[Sequence[bool]]) -> list[tuple[str, int, int]]:
    """What happens where ``seen`` (pairs, labels) is seen: labels in their order, each with its first and last pair."""
    there = np.array(seen)
    return [
        (label, int(there[:, n].argmax()), len(there) - 1 - int(there[::-1, n].argmax()))
        for n, label in enumerate(LABELS)
        if there[:, n].any()
    ]


def _changes(truth: Tensor) -> Tensor:
    """What is there at each pair, what came with it, what left before it: (scenes, pairs, 3 * labels)."""
    before = F.pad(truth, (0, 0, 1, 0))[:, :-1]
    return torch.cat([truth, truth & ~before, before & ~truth], dim=-1).float()


def _sign(text: str) -> str:
    return "".join(byte_signs()[byte] for byte in text.encode())


def configuration(vocabulary: int, width: int = 128) -> Qwen3VLConfig:
    return Qwen3VLConfig(
        text_config={
            "vocab_size": vocabulary,
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
        tie_word_embeddings=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("eyes", "tongue"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--eyes", type=Path, help="what the part eyes has written")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--scenes", type=int, default=12_000)
    arguments = parser.parse_args()
    torch.manual_seed(3)
    torch.set_num_threads(1)
    model = untaught()
    if arguments.part == "eyes":
        teach_eyes(model, arguments.steps, arguments.out)
        return
    model.model.visual.load_state_dict(torch.load(arguments.eyes)["tower"])
    random = np.random.default_rng(31)
    tower = model.model.visual
    scenes, trial = watch(tower, random, arguments.scenes), watch(tower, np.random.default_rng(32), 500)
    teach_tongue(model, arguments.steps, scenes, trial, arguments.out)


def untaught() -> Qwen3VLForConditionalGeneration:
    model = Qwen3VLForConditionalGeneration(configuration(len(tokenizer())))
    nn.init.normal_(model.model.language_model.embed_tokens.weight, std=0.1)
    for merger in model.model.visual.deepstack_merger_list:  # adds nothing to what the last layer tells
        nn.init.zeros_(merger.linear_fc2.weight)
        nn.init.zeros_(merger.linear_fc2.bias)
    return model


if __name__ == "__main__":
    main()
