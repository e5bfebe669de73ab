from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from videoqa.events import Chapter, Event, Source
from videoqa.media import Cue, Span
from videoqa.timeline.chapters import chapters
from videoqa.timeline.topics import salient, turns

TOPICS = {
    "volcano": ("the volcano spills lava", "magma rises below the volcano", "lava cools into basalt rock"),
    "violin": ("a violin has four strings", "the bow makes the strings sing", "rosin helps the bow on a violin"),
    "compiler": ("the compiler parses tokens", "a parser builds syntax trees", "the compiler emits machine code"),
}


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def slide(start: float, end: float, title: str) -> Event:
    span = Span(minutes(start), minutes(end))
    return Event(f"{title}{start}", "recording", span, title, title, Source.SLIDE, (span.start,))


def talk(*topics: str, each: float = 5, track: str = "talk.srt") -> list[Cue]:
    """Cues of four seconds, ``each`` minutes on every topic."""
    cues = []
    for number, topic in enumerate(topics):
        for place in range(int(each * 15)):
            start = minutes(number * each) + timedelta(seconds=4 * place)
            text = TOPICS[topic][place % 3]
            cues.append(Cue(Span(start, start + timedelta(seconds=4)), text, track=track))
    return cues


def contiguous(made: tuple[Chapter, ...], length: timedelta) -> bool:
    ends = [chapter.span for chapter in made]
    return ends[0].start == timedelta(0) and ends[-1].end == length and all(a.end == b.start for a, b in pairwise(ends))


def test_slides_give_the_chapters_their_titles() -> None:
    events = [slide(0.5, 4, "Stacks"), slide(4, 9, "Queues"), slide(9, 12, "Trees")]
    made = chapters(minutes(12), events, [])
    assert [chapter.title for chapter in made] == ["Stacks", "Queues", "Trees"]
    assert contiguous(made, minutes(12))


def test_lines_added_to_a_slide_begin_no_chapter() -> None:
    made = chapters(minutes(9), [slide(0, 4, "Stacks"), slide(1, 4, "Stacks"), slide(4, 9, "Queues")], [])
    assert [chapter.title for chapter in made] == ["Stacks", "Queues"]


def test_a_card_of_three_seconds_is_no_chapter() -> None:
    made = chapters(minutes(9), [slide(0, 4, "Stacks"), slide(4, 4.05, "Card"), slide(4.05, 9, "Queues")], [])
    assert [chapter.title for chapter in made] == ["Stacks", "Queues"]
    assert contiguous(made, minutes(9))


def test_talk_without_slides_is_divided_where_its_topic_turns() -> None:
    made = chapters(minutes(15), [], talk("volcano", "violin", "compiler"))
    assert contiguous(made, minutes(15))
    assert len(made) == 3
    for chapter, expected in zip(made[1:], (5, 10), strict=True):
        assert abs(chapter.span.start - minutes(expected)) <= timedelta(seconds=30)
    for chapter, word in zip(made, ("volcano", "strings", "compiler"), strict=True):
        assert word in chapter.title


def test_a_translation_beside_the_talk_changes_no_chapter() -> None:
    spoken = talk("volcano", "violin", "compiler")
    translated = talk("violin", "volcano", each=7, track="talk.de.srt")
    assert chapters(minutes(15), [], [*spoken, *translated]) == chapters(minutes(15), [], spoken)


def test_a_long_stretch_without_slides_is_divided_by_its_talk() -> None:
    made = chapters(minutes(15), [slide(0, 5, "Welcome")], talk("volcano", "violin", "compiler"))
    assert made[0].title == "Welcome"
    assert len(made) == 3
    assert contiguous(made, minutes(15))


def test_talk_of_one_topic_is_not_torn_apart() -> None:
    assert len(chapters(minutes(10), [], talk("volcano", each=10))) == 1


def test_footage_without_slides_or_talk_has_no_chapters() -> None:
    assert chapters(minutes(10), [], []) == ()


def test_too_little_talk_has_no_turns() -> None:
    assert turns(talk("volcano", each=0.5)) == ()


def test_the_words_of_a_topic_are_those_the_others_lack() -> None:
    stretches = [talk("volcano"), talk("violin")]
    assert "volcano" in salient(stretches[0], stretches[1:]).casefold()
    assert "the" not in salient(stretches[0], stretches[1:]).split(", ")


def test_words_without_spaces_between_them_make_a_title_too() -> None:
    said = [Cue(Span(timedelta(seconds=n), timedelta(seconds=n + 1)), "神经网络的权重") for n in range(5)]
    assert salient(said, []) == "神经网络, 权重"
