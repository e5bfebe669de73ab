"""What the taught model reads and says: its vocabulary, and the reply to a scene, piece by piece.

The vocabulary is made for this: a token for each fixed piece of a prompt and of a reply, for each label and for each
time stamp from 0.0 to 999.9, and for each byte, so that anything can be put to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

from tests.vllm.scenes import LABELS

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
SYSTEM = "You see."
ASKED = "What happens?"
TEMPLATE = """
{%- for message in messages -%}
<|im_start|>{{ message.role + "\\n" }}
{%- if message.content is string %}{{ message.content }}{% else %}
{%- for part in message.content -%}
{%- if part.type == "text" %}{{ part.text }}
{%- elif "image" in part.type %}<|vision_start|><|image_pad|><|vision_end|>
{%- else %}<|vision_start|><|video_pad|><|vision_end|>
{%- endif -%}
{%- endfor -%}
{%- endif %}<|im_end|>{{ "\\n" }}
{%- endfor -%}
{%- if add_generation_prompt %}<|im_start|>{{ "assistant\\n" }}{% endif -%}
"""
STAMPS = tuple(f"{tenths / 10:.1f}" for tenths in range(10_000))
BEGIN, OPEN, DESCRIBED, FIRST, LAST, CLOSE, NEXT, END, SEEN, DONE = (
    '{"events":[',
    '{"label":"',
    '","description":"',
    '","first":"',
    '","last":"',
    '","certainty":0.9}',
    ",",
    '],"summary":"',
    "seen",
    '"}',
)
VERDICT, YES, NO, NOWHERE, SENTENCE, NOTHING = (
    '{"verdict":"',
    "yes",
    "no",
    '","first":null,"last":null,"sentence":"',
    '","sentence":"',
    "nothing of the kind",
)
FENCE, UNFENCE = "<question>\n", "\n</question>\n\n"
FIND = "Find it."
QUESTIONS = (
    "When is a {} there?",
    "Was there a {}?",
    "When did the {} come?",
    "Is the {} seen, and when?",
    "{}",
    "when does the {} leave",
    "Did somebody see a {} and when was that?",
)
PIECES = (
    "system\n",
    "user\n",
    "assistant\n",
    " seconds>",
    SYSTEM,
    ASKED,
    *(BEGIN, OPEN, DESCRIBED, FIRST, LAST, CLOSE, END, SEEN, DONE),
    *(VERDICT, YES, NO, NOWHERE, SENTENCE, NOTHING, FENCE, UNFENCE, FIND),
    *LABELS,
)


def tokenizer() -> PreTrainedTokenizerFast:
    signs = byte_signs()
    words = ["".join(signs[byte] for byte in text.encode()) for text in (*PIECES, *STAMPS)]
    names = [*signs, *SPECIAL, *words]
    made = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, [], ignore_merges=True))
    longest_first = sorted(PIECES, key=len, reverse=True)
    pattern = "|".join((*map(_literal, longest_first), r"(?<![0-9.])[0-9]{1,3}\.[0-9](?![0-9])"))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(list(SPECIAL))
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL),
        model_max_length=32_768,
        clean_up_tokenization_spaces=False,
    )


def processor() -> Qwen3VLProcessor:
    half = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    sides = {"shortest_edge": 4_096, "longest_edge": 25_165_824}
    return Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=sides, patch_size=16, temporal_patch_size=2, merge_size=2, **half),
        tokenizer=tokenizer(),
        video_processor=Qwen3VLVideoProcessor(size=sides, **half),
        chat_template=TEMPLATE,
    )


def reply(events: Sequence[tuple[str, str, str]]) -> str:
    """The reply that tells of ``events``: label, first stamp, last stamp."""
    told = [f"{OPEN}{label}{DESCRIBED}{label}{FIRST}{first}{LAST}{last}{CLOSE}" for label, first, last in events]
    return f"{BEGIN}{NEXT.join(told)}{END}{SEEN}{DONE}"


def finding(label: str, span: tuple[str, str] | None) -> str:
    """The reply to a question for ``label``, which was there from one stamp to another or not at all."""
    if span is None:
        return f"{VERDICT}{NO}{NOWHERE}{NOTHING}{CLOSE}"
    return f"{VERDICT}{YES}{FIRST}{span[0]}{LAST}{span[1]}{SENTENCE}{label}{CLOSE}"


def question(text: str) -> str:
    """What is put to the model to find an answer to ``text``."""
    return f"{FENCE}{text}{UNFENCE}{FIND}"


def head() -> str:
    """The prompt up to the video."""
    return f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n<|vision_start|>"


def tail(asked: str) -> str:
    """The prompt behind the video's last pair."""
    return f"<|vision_end|>{asked}<|im_end|>\n<|im_start|>assistant\n"


def sign(text: str) -> str:
    """``text`` as it stands in the vocabulary."""
    return "".join(byte_signs()[byte] for byte in text.encode())


def byte_signs() -> list[str]:
    """The printable sign of each byte in a byte-level vocabulary: itself, or the next one from U+0100 on."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


def _literal(text: str) -> str:
    return "".join(char if char.isalnum() or char in " \n" else f"\\{char}" for char in text)
