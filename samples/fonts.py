"""Writes text in Latin letters, mathematics and Chinese with the fonts of Debian."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

LATIN = Path("/usr/share/fonts/truetype/dejavu")
CHINESE = Path("/usr/share/fonts/opentype/noto")


class FontsMissing(Exception):
    """The samples are drawn with fonts that are not installed."""


def require_fonts() -> None:
    """Raises ``FontsMissing``, saying which packages to install, where a font is absent."""
    wanted = {
        "fonts-dejavu-core": LATIN / "DejaVuSans.ttf",
        "fonts-noto-cjk": CHINESE / "NotoSansCJK-Regular.ttc",
    }
    missing = [package for package, file in wanted.items() if not file.exists()]
    if missing:
        raise FontsMissing(f"fonts are missing; on Debian: apt install {' '.join(missing)}")


def write(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, colour: str, *, bold: bool = False
) -> None:
    """Writes one line with its top left corner at ``at``, each character in a font that has it."""
    x, y = at
    for chinese, run in groupby(text, key=lambda char: ord(char) >= 0x2E80):
        piece = "".join(run)
        font = _font(size, chinese, bold)
        pen.text((x, y + (-0.25 * size if chinese else 0)), piece, font=font, fill=colour)
        x += font.getlength(piece)


@lru_cache(maxsize=32)
def _font(size: int, chinese: bool, bold: bool) -> ImageFont.FreeTypeFont:
    if chinese:
        return ImageFont.truetype(CHINESE / f"NotoSansCJK-{'Bold' if bold else 'Regular'}.ttc", size, index=2)
    return ImageFont.truetype(LATIN / f"DejaVuSans{'-Bold' if bold else ''}.ttf", size)
