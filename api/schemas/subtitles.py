"""What the routes about subtitle files answer."""

from __future__ import annotations

from typing import Self

from api.schemas.recordings import Page
from api.schemas.wire import WireModel
from videoqa.ports import SubtitleFile


class SubtitleBody(WireModel):
    """A subtitle file that was brought: ``size`` in bytes, ``language`` null where its name has none."""

    name: str
    language: str | None
    size: int

    @classmethod
    def from_domain(cls, file: SubtitleFile) -> Self:
        return cls(name=file.name, language=file.language, size=file.size)


class SubtitlePage(Page[SubtitleBody]):
    """Subtitle files by their names."""
