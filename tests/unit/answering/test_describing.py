from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.answering.yard import LENGTH, MOTIONS, TRUTH, YARD, Place, place, recording, seconds, seen
from videoqa.answering.describing import Describing
from videoqa.answering.outline import LONGEST_LINE, outline
from videoqa.errors import EmptyFootage, NoSuchFile, NotIndexed, OutsideRecording
from videoqa.events import Chapter
from videoqa.media import Coverage, Cue, Recording, Sampling, Span
from videoqa.ports import AnalysisKind, Closeup
from videoqa.testing.grounder import TruthfulGrounder


def describing(there: Place, grounder: TruthfulGrounder | None = None) -> Describing:
    return Describing(there.archive, there.closeups, grounder or TruthfulGrounder(TRUTH))


def test_a_short_stretch_is_described_at_once_without_a_heading() -> None:
    there = place()
    text = "".join(describing(there).describe(YARD, seconds(150, 160)))
    assert text == "00:02:31-00:02:36 a van. "
    assert [span for _, span, _ in there.closeups.taken] == [seconds(150, 160)]


def test_a_long_stretch_is_described_window_by_window_under_its_times() -> None:
    text = "".join(describing(place()).describe(YARD))
    headings = [line for line in text.splitlines() if "-" in line and " a " not in line]
    assert headings == [
        "00:00:00-00:01:00", "00:01:00-00:02:00", "00:02:00-00:03:00", "00:03:00-00:04:00", "00:04:00-00:05:00",
    ]  # fmt: skip
    assert text.index("00:02:00-00:03:00") < text.index("a van") < text.index("00:03:00-00:04:00")


def test_footage_is_read_window_by_window_as_it_is_described() -> None:
    there = place()
    words = describing(there).describe(YARD)
    assert not there.closeups.taken
    next(words)
    assert len(there.closeups.taken) == 1


def test_windows_hold_no_more_frames_than_the_model_takes() -> None:
    there = place()
    list(describing(there, TruthfulGrounder(TRUTH, most_frames=16)).describe(YARD, seconds(0, 60)))
    assert len(there.closeups.taken) == 8


def test_a_stretch_beyond_the_end_is_misuse() -> None:
    with pytest.raises(OutsideRecording, match=r"yard\.mp4 ends at 00:05:00"):
        describing(place()).describe(YARD, seconds(400, 500))


def test_a_stretch_over_the_end_ends_there() -> None:
    there = place()
    list(describing(there).describe(YARD, seconds(290, 500)))
    assert [span.end for _, span, _ in there.closeups.taken] == [LENGTH]


def test_what_is_not_indexed_is_neither_described_nor_summed_up() -> None:
    there = place()
    other = there.archive.add(replace(recording("other"), id="other"))
    with pytest.raises(NotIndexed):
        describing(there).describe(other)
    with pytest.raises(NotIndexed):
        describing(there).summary(other)


def test_what_only_rules_have_looked_at_is_not_summed_up() -> None:
    there = place()
    other = there.archive.add(replace(recording("other"), id="other"))
    analysis = there.archive.begin("other", "rules", Sampling(), LENGTH, (), kind=AnalysisKind.RULES)
    there.archive.finish(analysis, Coverage(LENGTH), (), ())
    with pytest.raises(NotIndexed):
        describing(there).summary(other)


def test_a_file_that_is_gone_is_told_as_what_it_is() -> None:
    words = describing(place(gone=frozenset({"yard"}))).describe(YARD, seconds(0, 10))
    with pytest.raises(NoSuchFile):
        next(words)


def test_a_summary_is_made_of_what_is_known() -> None:
    text = "".join(describing(place()).summary(YARD))
    assert text.startswith("yard.mp4: 3 lines, from '00:01:02 motion: motion in the lower left")


def test_a_recording_without_anything_in_it_has_a_summary_too() -> None:
    assert "".join(describing(place(events=())).summary(YARD)) == "Nothing was found in it."


def test_lines_stand_in_order_of_time_and_mere_motion_gives_way_to_a_model() -> None:
    said = [Cue(seconds(40, 45), "Good morning.", "en"), Cue(seconds(46, 50), "Is the van there?", "en")]
    chapters = [Chapter(Span(timedelta(0), LENGTH), "Yard")]
    assert outline(chapters, [*MOTIONS, seen("yard", 30, 40, "a child")], said) == [
        "00:00:00 Chapter: Yard",
        "00:00:30 model: a child",
        "00:00:40 said: Good morning. Is the van there?",
    ]


def test_of_two_languages_the_fuller_one_is_summed_up() -> None:
    said = [Cue(seconds(0, 5), "Good morning.", "en"), Cue(seconds(0, 5), "早", "zh")]
    assert outline([], [], said) == ["00:00:00 said: Good morning."]


def test_a_line_holds_half_a_minute_of_speech_and_no_more_than_fits() -> None:
    said = [Cue(seconds(at, at + 5), "word " * 30, "en") for at in range(0, 60, 5)]
    lines = outline([], [], said)
    assert len(lines) == 2
    assert all(len(line) <= LONGEST_LINE + len("00:00:00 ") for line in lines)


def test_a_window_without_a_picture_is_told_in_its_place_and_the_next_one_follows() -> None:
    there = place()
    take = there.closeups.take

    def holed(recording: Recording, span: Span, sampling: Sampling) -> Closeup:
        if span.start == timedelta(minutes=1):
            raise EmptyFootage(problem="no frame decodes")
        return take(recording, span, sampling)

    there.closeups.take = holed  # type: ignore[method-assign]
    text = "".join(describing(there).describe(YARD))
    assert "00:01:00-00:02:00\nThere is neither a picture" in text
    assert text.index("no frame decodes") < text.index("a van")
