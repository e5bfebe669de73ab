from datetime import timedelta
from random import Random

import pytest

from videoqa.answering.moments import Scored, peaks
from videoqa.events import Passage, Source
from videoqa.media import Span


def passage(start: float, end: float, score: float, source: Source = Source.SUBTITLE, recording: str = "r") -> Scored:
    span = Span(timedelta(seconds=start), timedelta(seconds=end))
    return Scored(Passage(recording, span, f"{start}", source), "title", score)


def bounds(span: Span) -> tuple[float, float]:
    return span.start.total_seconds(), span.end.total_seconds()


def test_the_seconds_that_all_good_passages_share_are_the_moment() -> None:
    track = [passage(0, 40, -1), passage(20, 60, 3), passage(40, 80, 3), passage(60, 100, -1)]
    (first, *_) = peaks(track, 0, 5, whole=True)
    assert bounds(first.span) == (40, 60)
    assert first.score == 3


def test_two_moments_of_one_kind_lie_apart() -> None:
    track = [passage(start, start + 20, 5 if start in {0, 200} else -1) for start in range(0, 300, 20)]
    found = peaks(track, 0, 5, whole=True)
    assert [bounds(peak.span) for peak in found] == [(0, 20), (200, 220)]


def test_a_moment_is_no_longer_than_a_minute_and_a_half() -> None:
    track = [passage(start, start + 30, 2) for start in range(0, 600, 15)]
    assert all(peak.span.length <= timedelta(seconds=90) for peak in peaks(track, 0, 5, whole=True))


def test_what_is_said_and_shown_at_once_is_one_moment_with_both_sources() -> None:
    track = [passage(0, 30, 3), passage(100, 130, -1), passage(10, 60, 2, Source.SLIDE)]
    (both,) = peaks(track, 0, 5, whole=True)
    assert bounds(both.span) == (0, 30)
    assert both.sources == (Source.SUBTITLE, Source.SLIDE)


def test_the_same_time_of_two_recordings_is_two_moments() -> None:
    assert len(peaks([passage(0, 30, 3), passage(0, 30, 2, recording="s")], 0, 5, whole=True)) == 2


def test_a_passage_whose_neighbours_were_not_proposed_is_worth_less() -> None:
    (alone,) = peaks([passage(0, 30, 3)], 0, 5, whole=False)
    (whole,) = peaks([passage(0, 30, 3)], 0, 5, whole=True)
    assert alone.score < whole.score


def test_speech_is_weighed_as_subtitles_are() -> None:
    (heard,) = peaks([passage(0, 30, 3, Source.SPEECH)], 0, 5, whole=False)
    (written,) = peaks([passage(0, 30, 3)], 0, 5, whole=False)
    assert heard.score == written.score


def test_passages_that_are_no_better_than_ordinary_are_no_moments() -> None:
    assert peaks([passage(0, 30, 0), passage(30, 60, -1)], 0, 5, whole=True) == ()
    assert peaks([], 0, 5, whole=True) == ()


def test_at_most_as_many_as_wanted_are_given() -> None:
    track = [passage(start, start + 10, 1 + start / 1000) for start in range(0, 1000, 100)]
    found = peaks(track, 0, 3, whole=True)
    assert [peak.span.start.total_seconds() for peak in found] == [900, 800, 700]


@pytest.mark.parametrize("seed", range(20))
def test_the_few_that_are_wanted_are_the_highest_of_all(seed: int) -> None:
    chance = Random(seed)
    kinds = (Source.SUBTITLE, Source.SLIDE, Source.MODEL)
    places = [(chance.choice(kinds), f"r{chance.randrange(60)}", 10.0 * chance.randrange(9)) for _ in range(150)]
    track = [passage(start, start + 20, chance.gauss(0, 1), kind, name) for kind, name, start in places]
    few, every = (peaks(track, 0, limit, whole=True) for limit in (5, 1000))
    assert [(peak.recording_id, peak.span, peak.score) for peak in few] == [
        (peak.recording_id, peak.span, peak.score) for peak in every[:5]
    ]
    assert all({*peak.passages} <= {*whole.passages} for peak, whole in zip(few, every, strict=False))
    assert [peak.sources for peak in few] == [peak.sources for peak in every[:5]]


def test_what_a_model_saw_is_not_buried_by_what_it_saw_at_the_same_time() -> None:
    track = [passage(0, 300 + number, -1, Source.MODEL) for number in range(3)] + [passage(100, 110, 3, Source.MODEL)]
    (found,) = peaks(track, 0, 5, whole=True)
    assert bounds(found.span) == (100, 110)
    assert found.score == 3
