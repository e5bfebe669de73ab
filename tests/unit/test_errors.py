"""An error is its docstring, filled in and safe to print."""

from __future__ import annotations

import re

from videoqa import errors
from videoqa.errors import BadSetting, NotFootage, VideoqaError


def test_every_error_fills_its_message_from_its_fields() -> None:
    leaves = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, VideoqaError)]
    assert len(leaves) > 15
    for leaf in leaves:
        fields = dict.fromkeys(re.findall(r"{(\w+)}", leaf.__doc__ or ""), "x")
        message = str(leaf(**fields))
        assert message
        assert "{" not in message
        assert "\n" not in message


def test_a_hostile_value_stays_on_its_line_and_short() -> None:
    message = str(NotFootage(problem="a\nb\x1b[31m" + "c" * 5000, formats="MP4"))
    assert "\n" not in message
    assert "\x1b" not in message
    assert len(message) < 700


def test_a_message_with_braces_in_a_value_is_left_alone() -> None:
    assert "{value}" in str(BadSetting(name="X", value="{value}", expected="y"))
