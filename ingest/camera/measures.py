"""What holds the child of a camera back on this machine."""

from __future__ import annotations

from ingest.camera.process import ChildLost, Process
from ingest.camera.session import LiveSettings
from ingest.camera.wire import Held, Order
from videoqa.errors import DecoderCrashed


def confinement() -> tuple[str, ...]:
    """The measures in force where a camera is read over RTSP, by name, for `doctor`.

    Raises:
        DecoderCrashed: the child cannot be run.
    """
    settings = LiveSettings()
    nothing = Order(
        demuxer="rtsp",
        url="",
        descriptor=None,
        paced=False,
        period=0,
        keyframes_only=False,
        long_side=settings.long_side,
        multiple=settings.multiple,
        roll=0,
        stall=0,
        port=554,
        memory=settings.memory,
        max_pixels=settings.max_pixels,
    )
    with Process(nothing) as process:
        try:
            for message in process.messages(settings.stall.total_seconds()):
                if isinstance(message, Held):
                    return message.measures
        except ChildLost as error:
            raise DecoderCrashed(problem=error.problem) from error
    raise DecoderCrashed(problem="it ended before it said anything")
