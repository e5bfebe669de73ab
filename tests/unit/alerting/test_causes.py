"""Why nobody looked, with the rules that it is about."""

from __future__ import annotations

import pytest

from videoqa.alerting.causes import kept, named

NAMES = {"r1": "fence", "r2": "badge"}


@pytest.mark.parametrize(
    ("whys", "told"),
    [
        (
            [("no model; start one", ("r1", "r2")), ("no time", ("r1",))],
            "badge, fence: no model; start one; fence: no time",
        ),
        ([("no model", ("r1", "r3", "r4"))], "a rule, fence: no model"),
        ([("no model", ("r3",)), ("no model", ("r4",))], "a rule: no model"),
        ([("no time", ()), ("no model", ("r1",))], "fence: no model; no time"),
    ],
)
def test_rules_are_told_by_the_names_that_are_known(whys: list[tuple[str, tuple[str, ...]]], told: str) -> None:
    assert named(kept(whys), NAMES) == told


def test_what_is_about_no_rule_is_told_as_it_is() -> None:
    assert named("the decoder was out of time", NAMES) == "the decoder was out of time"
