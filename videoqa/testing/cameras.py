"""Cameras in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from videoqa.cameras import Camera, CameraStatus, Gap, Limits
from videoqa.errors import CameraTaken, UnknownCamera


class MemoryCameras:
    """Implements ``Cameras``. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """Shared with an alert log in memory: what both write is one transaction."""
        self._cameras: dict[str, Camera] = {}
        self._removed: dict[str, Limits] = {}
        self._status: dict[str, CameraStatus] = {}
        self._gaps: dict[tuple[str, datetime], Gap] = {}
        self.tell_removal: Callable[[str, CameraStatus | None, tuple[str, ...]], object] = lambda *_: None
        """For an alert log in memory, which is to tell of a camera that was removed, how it was last, and its tags."""

    def add(self, camera: Camera) -> None:
        with self.lock:
            self._put(camera)
            self._removed.pop(camera.id, None)

    def cameras(self) -> tuple[Camera, ...]:
        with self.lock:
            return tuple(sorted(self._cameras.values(), key=lambda camera: (camera.name, camera.id)))

    def camera(self, name_or_id: str) -> Camera | None:
        with self.lock:
            named = (camera for camera in self._cameras.values() if camera.name == name_or_id)
            return self._cameras.get(name_or_id) or next(named, None)

    def with_id(self, camera_id: str) -> Camera | None:
        with self.lock:
            return self._cameras.get(camera_id)

    def change(self, camera: Camera) -> None:
        with self.lock:
            if camera.id not in self._cameras:
                raise UnknownCamera(name=camera.name)
            self._put(camera)

    def remove(self, camera_id: str) -> None:
        with self.lock:
            removed = self._cameras.pop(camera_id, None)
            if removed is not None and removed.limits.bounded:
                self._removed[camera_id] = removed.limits
            status = self._status.pop(camera_id, None)
            self._gaps = {key: gap for key, gap in self._gaps.items() if gap.camera != camera_id}
            if removed is not None:
                self.tell_removal(camera_id, status, removed.tags)

    def limits(self) -> tuple[Limits, ...]:
        with self.lock:
            there = {camera.id: camera.limits for camera in self._cameras.values()}
            return tuple(limits for each in (there, self._removed) for _, limits in sorted(each.items()))

    def status(self, camera_id: str) -> CameraStatus | None:
        return self._status.get(camera_id)

    def touch(self, status: CameraStatus) -> None:
        with self.lock:
            if status.camera in self._cameras and status.camera in self._status:
                self._status[status.camera] = status

    def gaps(self, camera_id: str, since: datetime, until: datetime, latest: int | None = None) -> tuple[Gap, ...]:
        with self.lock:
            reaching = (
                gap
                for gap in self._gaps.values()
                if gap.camera == camera_id and gap.start < until and (gap.end is None or gap.end > since)
            )
            youngest_first = sorted(reaching, key=lambda gap: gap.start, reverse=True)
            return tuple(reversed(youngest_first[:latest]))

    def is_there(self, camera_id: str) -> bool:
        """For an alert log in memory, which writes nothing down of a camera that is not."""
        return camera_id in self._cameras

    def put_status(self, status: CameraStatus) -> bool:
        """For an alert log in memory; False where it is the same already."""
        with self.lock:
            before = self._status.get(status.camera)
            self._status[status.camera] = status
            return status != before

    def put_gap(self, gap: Gap) -> bool:
        """For an alert log in memory; False where it is the same already."""
        with self.lock:
            before = self._gaps.get((gap.camera, gap.start))
            self._gaps[gap.camera, gap.start] = gap
            return gap != before

    def _put(self, camera: Camera) -> None:
        others = (other for other in self._cameras.values() if other.id != camera.id)
        if any(camera.name in (other.name, other.id) or camera.id == other.name for other in others):
            raise CameraTaken(name=camera.name)
        self._cameras[camera.id] = replace(camera, tags=tuple(sorted(set(camera.tags))))
