"""The root of every error, and what goes for all rooms alike."""

from __future__ import annotations

from textwrap import dedent


class VideoqaError(Exception):
    """Something went wrong."""

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        template = " ".join(dedent(type(self).__doc__ or "").split())
        super().__init__(template.format_map(_Shown(fields)))


class Misuse(VideoqaError):
    """The request cannot be carried out as it stands."""


class MissingPart(VideoqaError):
    """{part} is needed for that and is not installed; {remedy}."""


class Unexpected(VideoqaError):
    """videoqa failed on it ({kind}: {problem}); please report this."""


def escaped(text: str) -> str:
    """``text`` with its control characters, line breaks and undecodable bytes written out."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class _Shown(dict[str, object]):
    """Values as they may be printed on one line: control characters escaped, long ones cut; of a tuple all parts."""

    def __getitem__(self, key: str) -> str:
        value = super().__getitem__(key)
        return ", ".join(map(_shown, value)) if isinstance(value, tuple) else _shown(value)


def _shown(value: object) -> str:
    text = escaped(str(value))
    return text if len(text) <= 300 else text[:140] + "…" + text[-140:]
