"""Containers are opened here: which formats, which video stream, and what a decoder is kept from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from ingest.formats import DEMUXERS, FORMATS
from ingest.limits import Limits
from ingest.pyav.decoder import out_of_memory
from videoqa.errors import FootageTooLarge, NotFootage

_OPTIONS = {
    "format_whitelist": DEMUXERS,
    "protocol_whitelist": "file",
}
_EPOCHS, _CALENDAR_ENDS = 1970, 9000


def opened(url: str) -> InputContainer:
    """The container at ``url``.

    Raises:
        NotFootage: it is in none of the formats that are opened.
    """
    try:
        return av.open(url, options=dict(_OPTIONS), metadata_errors="replace")
    except FFmpegError as error:
        raise out_of_memory(error) or NotFootage(problem=_why_not(url), formats=FORMATS) from error


def restrain(video: VideoStream, limits: Limits) -> None:
    """Holds the decoder of ``video`` to ``limits``.

    Raises:
        FootageTooLarge: its pictures are larger.
    """
    context = video.codec_context
    if context.width * context.height > limits.max_pixels:
        raise FootageTooLarge(
            what="pictures",
            value=f"{context.width}x{context.height} pixels",
            limit=f"{limits.max_pixels} pixels",
            setting="VIDEOQA_MAX_PIXELS",
        )
    # It does not get here through the options of av.open.
    context.options = {"max_pixels": str(limits.max_pixels)}
    # Threads in the decoder cost up to a third more processor time, and mostly find no slices to share.
    context.thread_count = 1


def best(container: InputContainer) -> VideoStream | None:
    """The largest video stream that is no cover art."""
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
    ]
    return max(moving, key=lambda stream: stream.codec_context.width * stream.codec_context.height, default=None)


def created_at(container: InputContainer) -> datetime | None:
    """The creation time that ``container`` states, in UTC."""
    metadata = dict(container.metadata)
    for stream in container.streams:
        metadata = dict(stream.metadata) | metadata
    text = metadata.get("creation_time") or metadata.get("DATE_UTC") or ""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    # A camera whose clock was never set says one of the epochs; nothing is filmed at the end of the calendar.
    if not _EPOCHS < time.year < _CALENDAR_ENDS:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _why_not(url: str) -> str:
    with Path(url.removeprefix("file:")).open("rb") as file:
        head = file.read(12)
    if not head:
        return "it is empty"
    if head[4:8] == b"ftyp":
        return "its index is missing or damaged: it was cut off, or never finished"
    return "its content is none of these, whatever its name says"
