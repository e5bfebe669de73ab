"""What the taught model learns to say: groups of pairs with stamps, what is asked of them, and the replies wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own custom
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from tests.vllm import wording
from tests.vllm.scenes import LABELS
from tests.vllm.wording import STAMPS

TOKENS = 4
"""Vision tokens of a pair of frames, two by two."""
LONGEST = 12
"""Pairs of the longest groups that are taught."""
_MATTERS = (*LABELS, wording.OPEN, wording.NEXT, wording.END, wording.YES, wording.NO)
"""What of a reply is not said for form's sake, beside the stamps."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A batch of groups of equally many pairs, with what is asked and the replies wanted.

    ``ids`` (groups, length) are prompt and reply, ``positions`` (3, length) theirs; ``vision`` and ``ends`` are where
    the vision tokens, and the ends of pairs and of the video, stand; ``asked`` is the prompt's length. ``stamps``
    (groups, pairs) are the groups' own: a grammar keeps all others out of the reply. ``wanted`` (groups, reply) counts
    through the vocabulary without stamps and then those of the group; -100 is behind the end. ``weight`` says how much
    each of it matters. ``cites`` are rows of (group, place from which a stamp is written next, 0 for a first and 1 for
    a last one, place where it is known).
    """

    ids: Tensor
    positions: Tensor
    vision: Tensor
    ends: Tensor
    asked: int
    stamps: Tensor
    wanted: Tensor
    weight: Tensor
    cites: Tensor

    @classmethod
    def of(
        cls, words: PreTrainedTokenizerFast, random: np.random.Generator, truth: Tensor, *, finding: bool = False
    ) -> Lesson:
        """What to say of ``truth`` (groups, pairs, labels): all of it, or of one label with ``finding``."""
        count, pairs = truth.shape[:2]
        code = words.get_vocab()
        stamp = len(code) - len(STAMPS)
        seen = [_happened(each) for each in truth.tolist()]
        times = np.stack([draw_times(random, pairs) for _ in range(count)])
        own = torch.from_numpy(times) + stamp

        head = words.encode(wording.head())
        pair = words.encode("<0.0 seconds><|vision_start|>" + "<|video_pad|>" * TOKENS + "<|vision_end|>")
        if finding:
            labels = [_label(random, each) for each in seen]
            template = str(random.choice(wording.QUESTIONS))
            tails = [words.encode(wording.tail(wording.question(template.format(label)))) for label in labels]
            told = [
                wording.finding(label, next(((row[a], row[b]) for one, a, b in each if one == label), None))
                for label, each, row in zip(labels, seen, _written(times), strict=True)
            ]
            cited = [
                [each for each in happened if each[0] == label] for label, happened in zip(labels, seen, strict=True)
            ]
        else:
            noise = "".join(map(chr, random.integers(97, 123, int(random.integers(1, 25))))) + "\n\n"
            tails = [words.encode(wording.tail((noise if random.random() < 0.3 else "") + wording.ASKED))] * count
            told = [
                wording.reply([(label, row[a], row[b]) for label, a, b in each])
                for each, row in zip(seen, _written(times), strict=True)
            ]
            cited = seen

        asked = torch.tensor([[*head, *pair * pairs, *tail] for tail in tails])
        begins = len(head) + torch.arange(pairs) * len(pair)
        asked[:, begins + 1] = own
        replies = [[*words.encode(each), code["<|im_end|>"]] for each in told]
        longest = max(map(len, replies))
        said = torch.tensor([each + [-100] * (longest - len(each)) for each in replies])
        wanted = torch.where(said >= stamp, (said[:, :, None] == own[:, None]).int().argmax(-1) + stamp, said)
        matters = torch.tensor([code[wording.sign(text)] for text in _MATTERS])
        weight = (said != -100).float() * torch.where((said >= stamp) | torch.isin(said, matters), 3.0, 0.3)

        places = begins[:, None] + 4 + torch.arange(TOKENS)
        ends = torch.cat([places[:, -1] + 1, places[-1:, -1] + 2])
        cites = [
            (group, asked.shape[1] - 1 + where, kind, int(ends[known]))
            for group, (each, row) in enumerate(zip(cited, said.tolist(), strict=True))
            for (kind, known), where in zip(
                ((kind, index + kind) for _, *both in each for kind, index in enumerate(both)),
                (place for place, token in enumerate(row) if token >= stamp),
                strict=True,
            )
        ]
        ids = torch.cat([asked, said[:, :-1].clamp(min=0)], dim=1)
        return cls(
            ids,
            positions_of(ids.shape[1], places),
            places.flatten(),
            ends,
            asked.shape[1],
            own,
            wanted,
            weight,
            torch.tensor(cites).view(-1, 4),
        )

    def logits(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        """Of each token of the reply, as ``wanted`` counts them."""
        said = hidden[:, self.asked - 1 :]
        plain = embedding[: len(embedding) - len(STAMPS)]
        return torch.cat([said @ plain.T, said @ embedding[self.stamps].transpose(1, 2)], dim=-1)

    def loss(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        logits, plain = self.logits(hidden, embedding), len(embedding) - len(STAMPS)
        # A grammar bars other stamps where one stands, and nothing bars them within a text.
        others = hidden[:, self.asked - 1 :] @ embedding[plain + torch.randint(len(STAMPS), (200,))].T
        others = others.masked_fill((self.wanted >= plain)[:, :, None], -1e4)
        losses = F.cross_entropy(
            torch.cat([logits, others], dim=-1).flatten(0, 1), self.wanted.flatten(), reduction="none"
        )
        return (losses * self.weight.flatten()).sum() / self.weight.sum()

    def gathered(self, mine: Tensor, before: Tensor, embedding: Tensor) -> Tensor:
        """The loss of telling, at the end of each pair, its own stamp and the one before."""
        own = 3 * embedding[self.stamps].transpose(1, 2)
        count, pairs, ends = len(own), own.shape[-1], torch.arange(len(self.ends))
        of_mine, of_before = ends.clamp(max=pairs - 1).repeat(count), (ends - 1).clamp(min=0).repeat(count)
        return F.cross_entropy((mine @ own).flatten(0, 1), of_mine) + F.cross_entropy(
            (before @ own).flatten(0, 1), of_before
        )


def positions_of(length: int, places: Tensor) -> Tensor:
    """Rope positions (3, length) of a prompt whose vision tokens stand at ``places`` (pairs, tokens)."""
    side = 2
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


def _happened(seen: Sequence[Sequence[bool]]) -> list[tuple[str, int, int]]:
    """What happens where ``seen`` (pairs, labels) is seen: labels in their order, each with its first and last pair."""
    there = np.array(seen)
    return [
        (label, int(there[:, n].argmax()), len(there) - 1 - int(there[::-1, n].argmax()))
        for n, label in enumerate(LABELS)
        if there[:, n].any()
    ]


def _label(random: np.random.Generator, seen: Sequence[tuple[str, int, int]]) -> str:
    """A label to ask for, more often than not one that is there."""
    labels = [label for label, *_ in seen] if random.random() < 0.6 else LABELS
    return str(random.choice(labels or LABELS))


def _written(times: NDArray[np.int64]) -> list[list[str]]:
    return [[STAMPS[tenths] for tenths in row] for row in times]
