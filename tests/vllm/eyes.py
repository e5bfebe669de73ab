"""Teaches a tiny Qwen3-VL's vision tower which labels are in a pair of frames.

Its vision tokens learn to tell that in a fixed code: a vector for each label, added where the label is there and taken
away where it is not. So the tongue can be taught on what is merely told in that code, while the eyes still learn.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

from tests.vllm.lesson import LONGEST, TOKENS
from tests.vllm.scenes import LABELS, SIDE, Actor, Scene, draw_actor, draw_ground, draw_scene

PATCH = 16
GRID = SIDE // PATCH
CODE = torch.randn(len(LABELS), 128, generator=torch.Generator().manual_seed(77)) * 0.25
"""How a vision token tells what is there: shape (labels, width)."""


def teach_eyes(tower: nn.Module, steps: int, rate: float, keep: Callable[[], None]) -> None:
    parts = [part for name, part in tower.named_parameters() if "deepstack" not in name]
    optimiser = torch.optim.AdamW(parts, lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    random = np.random.default_rng(steps)
    back, begun = torch.linalg.pinv(CODE), time.time()
    for step in range(1, steps + 1):
        pairs, truth, sure = draw_pairs(random, 192, plain=0.4)
        with torch.autocast("cpu", torch.bfloat16):
            looks = see(tower, patches_of(pairs))
        looks = looks.float()
        told = looks @ back
        wrong = (told - (2 * truth - 1)[:, None]) ** 2 * sure[:, None]
        loss = wrong.sum() / sure.sum() / TOKENS + 0.1 * ((looks - told @ CODE) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parts, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            right = (((told.mean(1) > 0) == (truth > 0)) | (sure == 0)).all(1).float().mean()
            print(f"eyes {step} loss {loss.item():.4f} right {right:.3f} {time.time() - begun:.0f} s", flush=True)
            keep()


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
        query, key = (part * cos + half_turned(part) * sin for part in (query, key))
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


def half_turned(part: Tensor) -> Tensor:
    """As rotary positions turn a vector: its halves changed, the first one's sign too."""
    first, second = part.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)


@torch.no_grad()
def watch(tower: nn.Module, random: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
    """``count`` drawn scenes of ``LONGEST`` pairs.

    As the tower sees them (scenes, pairs, tokens, width), and what is in each pair (scenes, pairs, labels).
    """
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
    return torch.stack(looks), torch.tensor(truths)
