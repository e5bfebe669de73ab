from __future__ import annotations

import pytest

from tests.unit.answering.yard import seconds
from videoqa.answering.stated import without_foreign

SPAN = seconds(64, 90)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A van leaves at 00:01:10.", "A van leaves at 00:01:10."),
        ("A van leaves at 1:31.", "A van leaves at 1:31."),
        ("A van leaves at 07:43:09.", "A van leaves."),
        ("At 07:43, a van leaves.", "A van leaves."),
        ("A van (00:05:00-00:06:00) leaves.", "A van leaves."),
        ("A van leaves, about 5 minutes in.", "A van leaves."),
        ("A van leaves about 80 seconds in.", "A van leaves about 80 seconds in."),
        ("The train of 10:45 leaves.", "The train of 10:45 leaves."),
        ("The clock reads 07:43:09.", "motion on the left"),
        ("He waits 5 minutes in the yard.", "He waits 5 minutes in the yard."),
    ],
)
def test_only_times_of_the_moment_or_of_what_was_read_there_stay(text: str, told: str) -> None:
    said = without_foreign(text, SPAN, "Platform 4, 10:45", "motion on the left")
    assert said.lower() == told.lower()


def test_what_cannot_be_freed_of_a_time_is_not_told() -> None:
    assert without_foreign("It is 07:43.", SPAN, "", "the clock of 07:43") == ""
