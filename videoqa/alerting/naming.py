"""What the id of a camera tells of its name. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from videoqa.alerts import AlertRule
from videoqa.cameras import Camera

_NOT_IN_IDS = re.compile(r"[^\w.]+")
_ADDED_LATER = "(-[0-9a-f]{8})?"


def plain(name: str) -> str:
    """``name`` as files can be called, and keys be limited to."""
    return _NOT_IN_IDS.sub("-", unicodedata.normalize("NFC", name)).strip("-.") or "camera"


def left_behind(
    added: Camera, cameras: Collection[Camera], rules: Collection[AlertRule]
) -> tuple[tuple[AlertRule, tuple[str, ...]], ...]:
    """Those of ``rules`` that are about an earlier camera which was called as ``added`` is when it was added itself.

    With each goes what is to be called its cameras to have it about ``added`` in the place of that one.
    """
    names = {camera.id: camera.name for camera in cameras}
    earlier = re.compile(re.escape(plain(added.name)) + _ADDED_LATER)
    gone = {each for rule in rules for each in rule.cameras if each not in names and earlier.fullmatch(each)}
    names |= dict.fromkeys(gone, added.name)
    return tuple(
        (rule, tuple(sorted({names.get(each, each) for each in rule.cameras}))) for rule in rules if rule.cameras & gone
    )
