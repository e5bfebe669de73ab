from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.unit.analyser.drawn import scene, seen, slide
from videoqa.analyser.ocr import Line, TextReader
from videoqa.analyser.sight import Sight
from videoqa.analyser.slides import ON_SCREEN, observed, screens, slides, title_of
from videoqa.events import Observation, Region, Source

STACKS = ("Stacks and queues", "A stack gives back what came last", "A queue gives back what came first")
TREES = ("Balanced trees", "Rotations keep the height small", "Insertion takes logarithmic time")


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return TextReader()


def starts(sights: Sequence[Sight]) -> list[float]:
    return [shown.start.total_seconds() for shown in slides(sights)]


def told(reader: TextReader, pictures: Sequence[bytes]) -> list[tuple[float, float | None, str]]:
    """Where each text begins and ends, and its first line."""
    sights = seen(*pictures)
    frames = {sight.pts: picture for sight, picture in zip(sights, pictures, strict=True)}
    return [
        (
            seen_text.frames[0].total_seconds(),
            seen_text.lasts_until and seen_text.lasts_until.total_seconds(),
            seen_text.description,
        )
        for seen_text in observed(sights, lambda pts: reader.read(frames[pts]))
    ]


def test_a_slide_lasts_until_the_frame_that_shows_another() -> None:
    shown = slides(seen(slide(*STACKS), slide(*STACKS), slide(*TREES), slide(*TREES)))
    assert [(one.start.total_seconds(), one.until and one.until.total_seconds()) for one in shown] == [
        (0, 2),
        (2, None),
    ]


def test_dark_slides_are_slides_and_photographs_are_not() -> None:
    assert all(sight.like_slide for sight in seen(slide(*STACKS), slide(*STACKS, dark=True), slide("Just a title")))
    assert not any(sight.like_slide for sight in seen(scene(), scene((300, 100, 420, 300)), scene(noise=12)))


def test_ink_on_a_slide_makes_no_new_one() -> None:
    strokes = [(48, 140, 400, 142), (48, 196, 380, 198), (40, 90, 500, 88)]
    assert starts(seen(*(slide(*STACKS, ink=strokes[:number]) for number in range(4)))) == [0]


def test_a_speaker_who_moves_before_a_shelf_makes_no_new_slide() -> None:
    walking = [slide(*STACKS, speaker=x) for x in (0, 40, 80, 20, 60, 10, 90)]
    assert starts(seen(*walking)) == [0]
    assert starts(seen(*walking, *(slide(*TREES, speaker=x) for x in (30, 70)))) == [0, 7]


def test_one_line_in_the_place_of_another_makes_a_new_slide() -> None:
    other = (*STACKS[:2], "Both take constant time for each step")
    assert starts(seen(slide(*STACKS), slide(*STACKS), slide(*other), slide(*other))) == [0, 2]


def test_a_growing_slide_stays_one_slide() -> None:
    assert starts(seen(*(slide(*STACKS[:number]) for number in (1, 2, 3)))) == [0]


def test_a_frame_in_mid_transition_belongs_to_the_slide_that_comes() -> None:
    shown = slides(seen(slide(*STACKS), slide("Sta", "gives th ba"), slide(*TREES), slide(*TREES)))
    assert [one.start.total_seconds() for one in shown] == [0, 1]


def test_a_photograph_between_two_showings_parts_them() -> None:
    assert starts(seen(slide(*STACKS), scene(), slide(*STACKS))) == [0, 2]


def test_each_line_is_told_from_the_second_it_came_up(reader: TextReader) -> None:
    growing = [slide(*STACKS[:number]) for number in (1, 1, 2, 2, 2, 3)]
    assert told(reader, [*growing, slide(*TREES)])[:3] == [
        (0, 6, STACKS[0]),
        (2, 6, STACKS[1]),
        (5, 6, STACKS[2]),
    ]


def test_ink_adds_no_words(reader: TextReader) -> None:
    strokes = [(48, 146, 400, 148), (48, 202, 380, 204)]
    pictures = [slide(*STACKS, ink=strokes[:number]) for number in range(3)]
    assert told(reader, pictures) == [(0, None, "\n".join(STACKS))]


def test_the_same_slide_has_the_same_identity_wherever_it_is_shown(reader: TextReader) -> None:
    pictures = [slide(*STACKS), slide(*TREES), slide(*TREES), slide(*STACKS)]
    sights = seen(*pictures)
    frames = {sight.pts: picture for sight, picture in zip(sights, pictures, strict=True)}
    first, other, again = observed(sights, lambda pts: reader.read(frames[pts]))
    assert first.identity == again.identity != other.identity
    assert {first.source, other.source} == {Source.SLIDE}
    assert first.label == STACKS[0]


def test_a_slide_is_read_once_however_long_it_stays(reader: TextReader) -> None:
    pictures = [slide(*STACKS)] * 20 + [slide(*TREES)] * 20
    reads: list[timedelta] = []

    def read(pts: timedelta) -> Sequence[Line]:
        reads.append(pts)
        return ()

    observed(seen(*pictures), read)
    assert len(reads) == 2


def test_text_that_rushes_by_is_read_only_now_and_then() -> None:
    reads: list[timedelta] = []

    def read(pts: timedelta) -> Sequence[Line]:
        reads.append(pts)
        return ()

    words = ("Stacks", "Queues", "Trees", "Graphs", "Heaps")
    rushing = [
        slide(words[n % 5], f"{words[n % 5]} at the {n} of {words[(n + 1) % 5]}") for n in range(30) for _ in (0, 1)
    ]
    observed(seen(*rushing), read)
    assert 8 <= len(reads) <= 13


def test_scenes_are_never_read() -> None:
    def read(pts: timedelta) -> Sequence[Line]:
        raise AssertionError(f"the frame at {pts} was read")

    pictures = [scene((40 * number, 200, 40 * number + 60, 320), seed=number) for number in range(10)]
    assert observed(seen(*pictures), read) == ()


def test_text_in_a_scene_is_read_at_most_once_a_minute() -> None:
    def sight(second: int) -> Sight:
        (one,) = seen(slide(*(STACKS if second % 2 else TREES)))
        return Sight(timedelta(seconds=second), one.cells, one.edges, one.shape, one.lines, text=0.05, sharpness=0.2)

    shown = screens([sight(second) for second in range(150)])
    assert [one.start.total_seconds() for one in shown] == [0, 61, 122]


def test_the_title_is_the_line_that_stands_out() -> None:
    def line(text: str, top: float, height: float) -> Line:
        return Line(text, Region(0.1, top, 0.9, top + height), 0.99)

    assert title_of([line("12:30", 0.01, 0.03), line("Balanced trees", 0.1, 0.09), line("small print", 0.9, 0.03)]) == (
        "Balanced trees"
    )
    assert title_of([line("42", 0.1, 0.2)]) == "42"


def test_text_on_a_scene_is_not_called_a_slide_title(reader: TextReader) -> None:
    sights = seen(slide(*STACKS))
    scenic = [Sight(s.pts, s.cells, s.edges, s.shape, s.lines, text=0.05, sharpness=0.2) for s in sights]
    found: tuple[Observation, ...] = observed(scenic, lambda _: reader.read(slide(*STACKS)))
    assert [one.label for one in found] == [ON_SCREEN]
