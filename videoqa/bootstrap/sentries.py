"""Those who look for what rules are about."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from videoqa.ports import Sentries

if TYPE_CHECKING:
    from videoqa.bootstrap.model import ModelRoom


def sentries(model: ModelRoom | None, folder: Path) -> Sentries:
    """They look with ``model`` where there is one, and by signals alone where there is none.

    ``folder`` has a folder for each camera.
    """
    from ingest.gate.scenery import LiveScenery
    from videoqa.analyser.sentry.sentries import CameraSentries

    return CameraSentries(partial(LiveScenery, folder=folder), None if model is None else model.eyes)
