"""What was typed, set or written into a file, and cannot be meant."""

from __future__ import annotations

from videoqa.errors.root import Misuse


class BadTime(Misuse):
    """{text} is no time; write [H:]MM:SS of footage, seconds, or ISO 8601 for the wall clock."""


class BadDuration(Misuse):
    """{text} is no length of time; write 90s, 5m, 24h or 7d."""


class EmptyStretch(Misuse):
    """{end} is not after {start}; give the earlier time first."""


class OutsideRecording(Misuse):
    """{title} ends at {length}; ask for a stretch before that."""


class ClipTooLong(Misuse):
    """A clip of {length} is longer than the {limit} cut at once; ask for less, or raise VIDEOQA_CLIP_SECONDS."""


class OneFileOnly(Misuse):
    """--title and --started-at describe one file, and {count} were given; index that one by itself."""


class NothingToIndex(Misuse):
    """{path} holds no recording; videoqa reads {formats}."""


class BadQuestion(Misuse):
    """{problem}; ask in a few plain words."""


class BadPrompt(Misuse):
    """The prompt {name} cannot be used ({problem})."""


class BadSetting(Misuse):
    """{name} is set to {value}, which is not {expected}."""


class BadTruth(Misuse):
    """{path}, line {line}: {problem}."""
