"""Teaches a tiny Qwen3-VL's language part to reply from what its eyes tell, with the loss on the reply alone.

Two readings help it where the gradient alone took hours. At the end of each pair, half way up, it must be known what
comes and goes there, and its own stamp and the one before. And the next layer's heads are shown where to look when a
stamp is to be written: even ones where a thing came, odd ones where it has gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from tests.vllm.eyes import CODE, half_turned
from tests.vllm.lesson import LONGEST, TOKENS, Lesson
from tests.vllm.scenes import LABELS
from tests.vllm.wording import STAMPS, sign, tokenizer


@dataclass(frozen=True, slots=True)
class Scenes:
    """Scenes of ``LONGEST`` pairs each.

    What the tower makes of them (scenes, pairs, tokens, width), and what is in each pair (scenes, pairs, labels).
    """

    looks: Tensor
    truth: Tensor

    def pick(self, random: np.random.Generator, count: int, pairs: int) -> Scenes:
        """Stretches of ``pairs`` pairs of some of them."""
        which, begin = random.integers(0, len(self.looks), count), random.integers(0, LONGEST - pairs + 1, count)
        rows, columns = torch.from_numpy(which)[:, None], torch.from_numpy(begin)[:, None] + torch.arange(pairs)
        return Scenes(self.looks[rows, columns].float(), self.truth[rows, columns])


def imagine(random: np.random.Generator, count: int) -> Scenes:
    """``count`` scenes that nobody drew, told in the code of the eyes and not more clearly than they tell it."""
    there = np.zeros((count, LONGEST, len(LABELS)), bool)
    for scene in there:
        for label in random.permutation(len(LABELS))[: random.choice(4, p=[0.06, 0.34, 0.4, 0.2])]:
            come = random.uniform(-0.3 * LONGEST, 0.85 * LONGEST)
            go = come + max(1, random.uniform(0.1, 0.8) * LONGEST)
            scene[max(0, int(come)) : max(1, int(np.ceil(go))), label] = True
    truth = torch.from_numpy(there)
    told = (truth.float() * 2 - 1) * (0.8 + 0.2 * torch.randn(truth.shape))
    looks = told[:, :, None].expand(-1, -1, TOKENS, -1) @ CODE
    return Scenes((looks + 0.1 * torch.randn(looks.shape)).half(), truth)


def teach_tongue(
    language: nn.Module, scenes: Scenes, trial: Scenes, *, steps: int, rate: float, keep: Callable[[], None]
) -> None:
    words, embedding = tokenizer(), language.embed_tokens.weight
    reading, half = nn.Linear(embedding.shape[1], 3 * len(LABELS)), len(language.layers) // 2
    parts = [*language.parameters(), *reading.parameters()]
    decayed = [part for part in parts if part.ndim > 1 and part is not embedding]
    others = [embedding, *(part for part in parts if part.ndim == 1)]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.06)
    random, begun = np.random.default_rng(23), time.time()
    for step in range(1, steps + 1):
        longest = min(LONGEST, 5 + step // 50)
        picked = scenes.pick(random, 32, int(random.integers(3, longest + 1)))
        lesson = Lesson.of(words, random, picked.truth, finding=step % 4 == 0)
        with torch.autocast("cpu", torch.bfloat16):
            hidden, early, unheeded = speak(language, lesson, picked.looks)
            mine, before = _carried(language.layers[half], early)
        loss_reply = lesson.loss(hidden.float(), embedding)
        loss_read = F.binary_cross_entropy_with_logits(reading(early.float()), _changes(picked.truth))
        loss_gather = lesson.gathered(mine.float(), before.float(), embedding)
        optimiser.zero_grad()
        (loss_reply + loss_read + loss_gather / 2 + unheeded / 2).backward()
        embedding.grad[-len(STAMPS) :] = 0  # a stamp is copied, whatever it stands for
        nn.utils.clip_grad_norm_(parts, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            losses = {"reply": loss_reply, "read": loss_read, "gather": loss_gather, "unheeded": unheeded}
            told = " ".join(f"{name} {loss.item():.3f}" for name, loss in losses.items())
            right = [marks(language, words, trial, finding=finding) for finding in (False, True)]
            print(f"tongue {step} {told} | {right[0]} | finding {right[1]} {time.time() - begun:.0f} s", flush=True)
            keep()


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
    query, key = (part * cos[:, :, None] + half_turned(part) * sin[:, :, None] for part in (query, key))
    group, place, head, target = cites.unbind(1)
    later = torch.arange(hidden.shape[1]) > place[:, None]
    scores = query.transpose(1, 2) @ key.permute(0, 2, 3, 1) * attention.scaling
    heeds = torch.cat([scores[group, head, place], scores[group, head + 2, place]]).float()
    return F.cross_entropy(heeds.masked_fill(later.repeat(2, 1), -torch.inf), target.repeat(2))


@torch.no_grad()
def marks(language: nn.Module, words: PreTrainedTokenizerFast, trial: Scenes, *, finding: bool = False) -> str:
    """How many labels and stamps are right where the reply so far is given, on scenes kept from teaching."""
    random = np.random.default_rng(1)
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
