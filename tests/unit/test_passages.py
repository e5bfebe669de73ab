from dataclasses import replace
from datetime import timedelta

from videoqa.events import Event, Source
from videoqa.media import Cue, Recording, RecordingState, Span
from videoqa.passages import LENGTH, LONGEST_TEXT, STEP, passages


def seconds(start: float, end: float) -> Span:
    return Span(timedelta(seconds=start), timedelta(seconds=end))


def speech(length: float, text: str = "and so on", every: float = 4, language: str | None = "en") -> list[Cue]:
    return [Cue(seconds(at * every, (at + 1) * every), text, language, "t") for at in range(int(length / every))]


TALK = Recording("r", "talk.mp4", "/talk.mp4", "d", timedelta(hours=1), RecordingState.INDEXED)


def test_every_second_of_speech_is_covered_four_times_but_at_its_ends() -> None:
    spans = [passage.span for passage in passages(TALK, (), speech(600), ())]
    for at in range(60, 540, 7):
        assert sum(span.start <= timedelta(seconds=at) < span.end for span in spans) in {4, 5}
    assert spans[0].start == timedelta(0)
    assert max(span.end for span in spans) == timedelta(seconds=600)


def test_there_are_at_most_six_passages_a_minute() -> None:
    assert len(passages(TALK, (), speech(3600, every=1), ())) <= 6 * 60


def test_windows_begin_and_end_where_a_sentence_does() -> None:
    cues = [
        Cue(cue.span, "the end." if number % 3 == 2 else "words", "en", "t") for number, cue in enumerate(speech(600))
    ]
    ends = {cue.span.end for cue in cues if cue.text == "the end."}
    found = passages(TALK, (), cues, ())
    assert all(passage.span.start in ends | {timedelta(0)} for passage in found)
    assert all(passage.text.endswith("the end.") for passage in found)


def test_each_language_has_passages_of_its_own() -> None:
    found = passages(TALK, (), [*speech(60), *speech(60, "你好", language="zh")], ())
    assert {passage.language for passage in found} == {"en", "zh"}
    assert not any("你好" in passage.text and "so on" in passage.text for passage in found)


def test_a_track_that_says_what_another_says_is_left_out() -> None:
    once = speech(60)
    twice = [Cue(cue.span, cue.text, cue.language, "embedded") for cue in once]
    assert len(passages(TALK, (), [*once, *twice], ())) == len(passages(TALK, (), once, ()))


def test_an_hour_of_silence_between_two_lines_makes_no_passages() -> None:
    cues = [Cue(seconds(0, 2), "hello", "en"), Cue(seconds(3590, 3595), "goodbye", "en")]
    assert [passage.text for passage in passages(TALK, (), cues, ())] == ["hello", "goodbye"]


def test_no_passage_ends_after_its_recording() -> None:
    cues = [Cue(seconds(10, 99_999), "a line with a nonsense end", "en"), Cue(seconds(9000, 9001), "too late", "en")]
    (passage,) = passages(TALK, (), cues, ())
    assert passage.span.end == TALK.length


def test_a_line_of_a_megabyte_is_cut() -> None:
    (passage,) = passages(TALK, (), [Cue(seconds(0, 5), "word " * 200_000, "en")], ())
    assert len(passage.text) == LONGEST_TEXT


def test_a_slide_is_found_by_its_title_and_its_text() -> None:
    span = seconds(30, 60)
    slide = Event("e", "r", span, "Chain rule", "dz/dx = dz/dy dy/dx", Source.SLIDE, (span.start,))
    (passage,) = passages(TALK, (slide,), (), ())
    assert (passage.text, passage.span, passage.source) == ("Chain rule\ndz/dx = dz/dy dy/dx", span, Source.SLIDE)


def test_what_a_model_heard_is_windowed_like_subtitles_and_said_to_be_speech() -> None:
    written = speech(600)
    heard = [Cue(cue.span, cue.text, cue.language, "speech whisper-1.5") for cue in written]
    found = passages(TALK, (), heard, ())
    assert {passage.source for passage in found} == {Source.SPEECH}
    assert [(each.span, each.text) for each in found] == [
        (each.span, each.text) for each in passages(TALK, (), written, ())
    ]


def test_a_recording_called_speech_has_subtitles_all_the_same() -> None:
    cues = [Cue(seconds(0, 5), "written by somebody", "en", "speech.en.srt")]
    assert [passage.source for passage in passages(TALK, (), cues, ())] == [Source.SUBTITLE]


def test_what_was_written_goes_before_the_same_words_heard() -> None:
    heard = [Cue(seconds(0, 5), "the same words", "en", "speech")]
    written = [Cue(seconds(1, 5), "the same words", "en", "talk.srt")]
    (passage,) = passages(TALK, (), [*heard, *written], ())
    assert passage.source is Source.SUBTITLE


def test_what_a_model_saw_is_found_by_its_label_and_its_description() -> None:
    span = seconds(30, 60)
    seen = Event("e", "r", span, "red car", "It waits at the gate.", Source.MODEL, (span.start,), seen_by="m")
    (passage,) = passages(TALK, (seen,), (), ())
    assert (passage.text, passage.span, passage.source) == ("red car\nIt waits at the gate.", span, Source.MODEL)
    (bare,) = passages(TALK, (replace(seen, description=""),), (), ())
    assert bare.text == "red car"


def test_nothing_seen_and_nothing_said_makes_no_passages() -> None:
    assert passages(TALK, (), (), ()) == ()
    assert passages(TALK, (), [Cue(seconds(0, 5), "   ", "en")], ()) == ()


def test_the_windows_are_long_against_their_step() -> None:
    assert LENGTH / STEP >= 4
