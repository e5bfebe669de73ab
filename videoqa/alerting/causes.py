"""Why nobody looked for some rules: kept with their ids, and told with the names that whoever asks may know. Pure.

Whoever sees what a camera has recorded need not see all the rules that it was watched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

A_RULE = "a rule"
"""What a rule is called that is not there for whoever asks, or that was removed."""
_RULES = re.compile(r"<[^<>]*>(?:, <[^<>]*>)*")
_NEXT = re.compile(r"; (?=<)")


def kept(whys: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """Causes, each with the ids of the rules that it is one for, in one line."""
    marked = ((", ".join(f"<{rule}>" for rule in sorted(rules)), cause) for cause, rules in whys)
    return "; ".join(sorted(f"{rules}: {cause}" if rules else cause for rules, cause in marked))


def named(cause: str, names: Mapping[str, str]) -> str:
    """``cause``, as it is kept, with the names that rules have by their ids."""

    def called(rules: re.Match[str]) -> str:
        return ", ".join(sorted({names.get(rule[1:-1], A_RULE) for rule in rules[0].split(", ")}))

    return "; ".join(sorted({_RULES.sub(called, part, count=1) for part in _NEXT.split(cause)}))
