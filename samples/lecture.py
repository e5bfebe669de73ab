"""Draws the lecture of the samples: slides that build up line by line, a pointer, and what is said beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from samples.drawings import draw
from samples.encoding import Image
from samples.fonts import write
from samples.lesson import QUESTIONS, SCRIPT, SLIDES, Said
from samples.truth import Asked, Happened, Seconds

WIDTH, HEIGHT = 1280, 720
FPS = 30
WORDS_A_SECOND = 2.3
PAUSE = 0.9
BETWEEN_SLIDES = 1.4


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence and when it is heard, in seconds. What it shows stands from ``shown_from`` on."""

    said: Said
    span: Seconds
    shown_from: float


def spoken() -> tuple[Spoken, ...]:
    """The whole lecture in the order of time, at the pace of somebody who explains."""
    sentences: list[Spoken] = []
    now = 0.0
    slide = ""
    for said in SCRIPT:
        shown_from = now
        start = now + (BETWEEN_SLIDES if said.slide != slide else 0.3)
        end = start + len(said.english.split()) / WORDS_A_SECOND
        sentences.append(Spoken(said, (start, end), shown_from))
        now, slide = end + PAUSE, said.slide
    return tuple(sentences)


def length() -> float:
    """Seconds, a whole number of them."""
    return float(math.ceil(spoken()[-1].span[1] + 1))


def images(part: int = 1) -> Iterator[Image]:
    """Every frame of the lecture at ``FPS``; ``part`` is the number printed at the foot of each slide."""
    sentences = spoken()
    for index, sentence in enumerate(sentences):
        until = sentences[index + 1].shown_from if index + 1 < len(sentences) else length()
        slide = _slide(sentence.said.slide, sentence.said.shown, part)
        for number in range(round(sentence.shown_from * FPS), round(until * FPS)):
            yield _with_pointer(slide, sentence, number / FPS)


def questions() -> tuple[Asked, ...]:
    """What may be asked, with the spans of the passages that answer it; neighbouring sentences are one span."""
    return tuple(Asked(question.text, _spans(question.about)) for question in QUESTIONS)


def happenings() -> tuple[Happened, ...]:
    """When each slide stands on the screen."""
    sentences = spoken()
    runs = [list(run) for _, run in groupby(sentences, key=lambda sentence: sentence.said.slide)]
    starts = [run[0].shown_from for run in runs] + [length()]
    return tuple(
        Happened(SLIDES[run[0].said.slide].heading.split("  ")[0], (starts[index], starts[index + 1]))
        for index, run in enumerate(runs)
    )


def subtitles(language: str, offset: float = 0.0, first: int = 1) -> str:
    """The lecture's words as SubRip, in ``en`` or ``zh``, beginning ``offset`` seconds late with cue ``first``."""
    blocks = []
    for number, sentence in enumerate(spoken(), first):
        text = sentence.said.english if language == "en" else sentence.said.chinese
        start, end = (_stamp(second + offset) for second in sentence.span)
        blocks.append(f"{number}\n{start} --> {end}\n{text}\n")
    return "\n".join(blocks) + "\n"


@lru_cache(maxsize=4)
def _slide(name: str, shown: int, part: int) -> Image:
    slide = SLIDES[name]
    page = Pillow.new("RGB", (WIDTH, HEIGHT), "#fbfaf5")
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, WIDTH, 96), fill="#1f3a5f")
    write(pen, (48, 24), slide.heading, 44, "white", bold=True)
    for row, line in enumerate(slide.lines[:shown]):
        write(pen, (64, 150 + 84 * row), line, 36, "#222222")
    if slide.drawing:
        draw(slide.drawing, pen, shown)
    write(pen, (64, 676), f"Part {part}", 20, "#777777")
    return np.ascontiguousarray(np.asarray(page)[:, :, ::-1])


def _with_pointer(slide: Image, sentence: Spoken, now: float) -> Image:
    """A laser pointer runs under the newest line for the second half of the first sentence that shows it."""
    start, end = sentence.span
    middle = (start + end) / 2
    if sentence.said.shown < 2 or not middle <= now < end:
        return slide
    image = slide.copy()
    along = (now - middle) / (end - middle)
    x, y = round(70 + 420 * along), 200 + 84 * (sentence.said.shown - 1)
    cv2.circle(image, (x, y + round(4 * math.sin(now * 9))), 7, (40, 40, 230), -1, cv2.LINE_AA)
    return image


def _spans(about: tuple[str, ...]) -> tuple[Seconds, ...]:
    runs = groupby(spoken(), key=lambda sentence: sentence.said.about in about)
    spans = []
    for wanted, run in runs:
        if wanted:
            sentences = list(run)
            spans.append((sentences[0].span[0], sentences[-1].span[1]))
    return tuple(spans)


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02},{rest % 1000:03}"
