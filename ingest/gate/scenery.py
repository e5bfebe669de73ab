"""What is new before a camera, for those who watch it live."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np

from ingest.gate.gating import Gate
from videoqa.media import Frame
from videoqa.ports import Change

FILE = "scene.npz"
KEPT_EVERY = timedelta(minutes=1)
"""Of frames: so often is written down what was learnt."""
FRESH_SECONDS = 3600.0
"""What was learnt longer ago says nothing of the scene any more."""
_log = logging.getLogger(__name__)


class LiveScenery:
    """Implements the port ``Scenery`` with the gate that decides what of recorded footage is looked at.

    Args:
        period: the time from one frame to the next.
        camera: whose scene it is.
        folder: where a folder for each camera is; what was learnt is kept there, so that whoever stands before the
            camera at a restart does not become part of the empty scene. None keeps nothing.
    """

    def __init__(self, period: timedelta, camera: str = "", folder: Path | None = None) -> None:
        self._path = folder / camera / FILE if folder is not None and camera else None
        self._gate = _restored(self._path, period)
        self._frames = 0
        self._often = max(1, round(KEPT_EVERY / period))

    def change(self, frame: Frame) -> Change:
        picture = frame.picture
        pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
        luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        admitted = self._gate.admits(luma, frame.pts)
        self._frames += 1
        if self._path is not None and self._frames % self._often == 0:
            self._keep(self._path)
        news, moving = self._gate.news, self._gate.moving
        rows, columns = news.shape
        return Change(rows, columns, news.tobytes(), moving.tobytes(), admitted)

    def _keep(self, path: Path) -> None:
        beside = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.touch(0o600)
            beside.write_bytes(self._gate.learnt())
            beside.replace(path)
        except OSError as error:
            # It is learnt anew within half a minute: no reason to look away.
            _log.warning("what a camera's scene looks like cannot be kept in %s: %s", path, error)


def _restored(path: Path | None, period: timedelta) -> Gate:
    if path is None or not path.is_file():
        return Gate(period)
    try:
        if time.time() - path.stat().st_mtime < FRESH_SECONDS:
            return Gate(period, path.read_bytes())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        _log.warning("what a camera's scene looked like cannot be read from %s: %s", path, error)
    return Gate(period)
