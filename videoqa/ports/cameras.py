"""The cameras that there are, and what they showed last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from videoqa.cameras import Camera, CameraStatus, Gap, Limits


class Cameras(Protocol):
    """The cameras that there are, how they are, and where their footage has holes."""

    def add(self, camera: Camera) -> None:
        """
        Raises:
            CameraTaken: one is called so already.
        """
        ...

    def cameras(self) -> tuple[Camera, ...]:
        """All of them, in the order of their names."""
        ...

    def camera(self, name_or_id: str) -> Camera | None:
        """The one with that id or name: for what somebody calls it."""
        ...

    def with_id(self, camera_id: str) -> Camera | None:
        """The one with that id: for what is kept of a camera, whose id may be the name of a later one."""
        ...

    def change(self, camera: Camera) -> None:
        """Puts ``camera`` in the place of the one with its id.

        Raises:
            UnknownCamera: there is none.
            CameraTaken: another one is called so.
        """
        ...

    def remove(self, camera_id: str) -> None:
        """Forgets the camera, its status and gaps, not what it recorded: for that its limits go on to hold.

        The alert log tells of it, in the same transaction: what alerts of it are open end, then the status of one that
        was there is ``REMOVED``. What whoever watches it still writes to that log is not kept.
        """
        ...

    def limits(self) -> tuple[Limits, ...]:
        """How long footage is kept: of each camera, and of those that had limits when they were removed."""
        ...

    def status(self, camera_id: str) -> CameraStatus | None:
        """How it is, or was when it was last watched."""
        ...

    def touch(self, status: CameraStatus) -> None:
        """Writes down how a camera is without telling anybody: times and counts that rise.

        Nothing where the camera is not there, or was never told of: it would put back what was removed.
        """
        ...

    def gaps(self, camera_id: str, since: datetime, until: datetime, latest: int | None = None) -> tuple[Gap, ...]:
        """Those that reach into the time from ``since`` to ``until``, in order; the log writes them.

        Of more than ``latest`` those that began last.
        """
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a camera showed last, as JPEG."""

    jpeg: bytes
    taken_at: datetime


class Snapshots(Protocol):
    """The latest picture of each camera."""

    def latest(self, camera_id: str) -> Snapshot | None:
        """None where none was taken yet."""
        ...

    def taken_at(self, camera_id: str) -> datetime | None:
        """When the latest one was taken; cheap enough to be asked several times a second."""
        ...
