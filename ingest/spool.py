"""Frames on disk, between the survey that keeps them and the analysis that reads them.

One folder an analysis: ``frames`` holds JPEG after JPEG, ``log`` one JSON line for every instant and checkpoint,
``gate-N`` what the gate had learnt at the checkpoint of N microseconds, ``look-N`` what was seen in group N while one
before it was not seen yet.
A checkpoint is written only after both files are synced up to it; whatever lies behind the last one is cut off when the
survey goes on, so a kill at any moment leaves neither a doubled nor a half frame.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from pydantic import TypeAdapter, ValidationError

from videoqa.errors import DataUnwritable, DiskFull
from videoqa.media import Picture, Span
from videoqa.ports import Checkpoint, Pictures, RecordedLook, Sampled, Surveyed, Unread

JPEG_QUALITY = 90
RESERVE = 24 * 2**20
"""Bytes of the disk that frames leave free: what was found, and that the disk is full, has to be written down there."""
_MICROSECOND = timedelta(microseconds=1)
_CHECKPOINT, _KEPT, _STATIC, _DROPPED, _UNREAD, _FINISHED = (
    "checkpoint",
    "kept",
    "static",
    "dropped",
    "unread",
    "finished",
)

_LOOK = "look-"
_LOOKS = TypeAdapter(RecordedLook)
_Line = list[object]


class DiskSpool:
    """The spool of one data directory.

    Args:
        folder: where the folders of the analyses lie.
        room: bytes of frames that one analysis may keep; frames beyond are dropped, and said to be.
    """

    def __init__(self, folder: Path, room: int) -> None:
        self._folder = folder
        self._room = room
        self._open: dict[str, _Writing] = {}

    def is_finished(self, analysis_id: str) -> bool:
        """True where the survey has come to its end."""
        self._close(analysis_id)
        return any(kind == _FINISHED for kind, *_ in self._lines(analysis_id))

    def resume_at(self, analysis_id: str) -> Checkpoint | None:
        """The last checkpoint of a survey that was stopped; None where it is to begin at the beginning."""
        self._close(analysis_id)
        places = [_time(values[0]) for kind, *values in self._lines(analysis_id) if kind == _CHECKPOINT]
        if not places:
            return None
        return Checkpoint(places[-1], _gate_file(self._folder / analysis_id, places[-1]).read_bytes())

    def add(self, analysis_id: str, item: Sampled | Unread) -> None:
        """Keeps ``item``; see the module for what survives a kill."""
        with self._told(analysis_id):
            writing = self._writing(analysis_id)
            if shutil.disk_usage(self._folder).free < RESERVE:
                raise OSError(errno.ENOSPC, "no space but the reserve")
            if isinstance(item, Unread):
                writing.say(_UNREAD, _number(item.span.start), _number(item.span.end), item.reason, item.failed)
                return
            if item.checkpoint is not None:
                writing.checkpoint(item.checkpoint)
            if item.frame is None:
                writing.say(_STATIC, _number(item.pts))
            elif writing.size >= self._room:
                writing.say(_DROPPED, _number(item.pts))
            else:
                picture = item.frame.picture
                writing.keep(item.pts, encode(picture), picture.width, picture.height)

    def finish(self, analysis_id: str) -> None:
        with self._told(analysis_id):
            writing = self._writing(analysis_id)
            writing.say(_FINISHED)
            writing.sync()
            self._close(analysis_id)

    def surveyed(self, analysis_id: str) -> Surveyed:
        if (writing := self._open.get(analysis_id)) is not None:
            with self._told(analysis_id):
                writing.sync()
        times: dict[str, list[timedelta]] = {_KEPT: [], _STATIC: [], _DROPPED: []}
        unread: list[Unread] = []
        size: tuple[int, int] | None = None
        for kind, *values in self._lines(analysis_id):
            if kind in times:
                times[str(kind)].append(_time(values[0]))
            if kind == _KEPT:
                size = size or (int(str(values[3])), int(str(values[4])))
            if kind == _UNREAD:
                unread.append(Unread(Span(_time(values[0]), _time(values[1])), str(values[2]), bool(values[3])))
        return Surveyed(tuple(times[_KEPT]), tuple(times[_STATIC]), tuple(times[_DROPPED]), tuple(unread), size)

    def pictures(self, analysis_id: str) -> Pictures:
        places: dict[timedelta, tuple[int, int]] = {}
        for kind, *values in self._lines(analysis_id):
            if kind == _KEPT:
                places[_time(values[0])] = (int(str(values[1])), int(str(values[2])))
        return _StoredPictures(self._folder / analysis_id / "frames", places)

    def put_by(self, analysis_id: str, number: int, recorded: RecordedLook) -> None:
        """Keeps the look at group ``number`` until those before it are there; a kill loses none, a power cut may."""
        with self._told(analysis_id):
            path = self._folder / analysis_id / f"{_LOOK}{number}"
            begun = path.with_name(f"new-{path.name}")
            begun.write_bytes(_LOOKS.dump_json(recorded))
            begun.replace(path)

    def put_by_already(self, analysis_id: str) -> Mapping[int, RecordedLook]:
        """The looks that are kept so, by the number of the group."""
        found: dict[int, RecordedLook] = {}
        for path in (self._folder / analysis_id).glob(f"{_LOOK}*"):
            # One that was cut short is asked for again.
            with suppress(ValidationError):
                found[int(path.name.removeprefix(_LOOK))] = _LOOKS.validate_json(path.read_bytes())
        return found

    def discard(self, analysis_id: str) -> None:
        self._close(analysis_id)
        shutil.rmtree(self._folder / analysis_id, ignore_errors=True)

    def analyses(self) -> tuple[str, ...]:
        """The ids of the analyses of which something is kept."""
        return tuple(sorted(place.name for place in self._folder.iterdir())) if self._folder.is_dir() else ()

    def _lines(self, analysis_id: str) -> Iterator[_Line]:
        path = self._folder / analysis_id / "log"
        if not path.exists():
            return
        with path.open("rb") as log:
            for line in log:
                if not line.endswith(b"\n"):
                    return
                yield json.loads(line)

    def _writing(self, analysis_id: str) -> _Writing:
        if analysis_id not in self._open:
            folder = self._folder / analysis_id
            folder.mkdir(parents=True, exist_ok=True)
            self._open[analysis_id] = _Writing.resume(folder)
        return self._open[analysis_id]

    def _close(self, analysis_id: str) -> None:
        if (writing := self._open.pop(analysis_id, None)) is not None:
            writing.close()

    @contextmanager
    def _told(self, analysis_id: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._open.pop(analysis_id, None)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(path=self._folder) from error
            raise DataUnwritable(path=self._folder, problem=error.strerror or error) from error


def encode(picture: Picture) -> bytes:
    """``picture`` as JPEG."""
    pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"a picture of {picture.width}x{picture.height} cannot be written as JPEG")
    return jpeg.tobytes()


@dataclass(slots=True)
class _Writing:
    """The two files of one analysis while its survey runs."""

    folder: Path
    frames: BinaryIO
    log: BinaryIO
    size: int

    @classmethod
    def resume(cls, folder: Path) -> _Writing:
        """Opens both files and cuts off what lies behind the last checkpoint."""
        frames, log = (folder / "frames").open("a+b"), (folder / "log").open("a+b")
        log.seek(0)
        kept_log = kept_frames = place = end = 0
        for line in log:
            if not line.endswith(b"\n"):
                break
            kind, *values = json.loads(line)
            if kind == _CHECKPOINT:
                kept_log, kept_frames = place + len(line), end
            if kind == _KEPT:
                end = values[1] + values[2]
            place += len(line)
        log.truncate(kept_log)
        frames.truncate(kept_frames)
        return cls(folder, frames, log, kept_frames)

    def say(self, *line: object) -> None:
        self.log.write(json.dumps(line).encode() + b"\n")

    def keep(self, pts: timedelta, jpeg: bytes, width: int, height: int) -> None:
        self.frames.write(jpeg)
        self.say(_KEPT, _number(pts), self.size, len(jpeg), width, height)
        self.size += len(jpeg)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        gate = _gate_file(self.folder, checkpoint.pts)
        with gate.open("wb") as file:
            file.write(checkpoint.gate)
            file.flush()
            os.fsync(file.fileno())
        self.sync()
        self.say(_CHECKPOINT, _number(checkpoint.pts))
        self.sync()
        for older in self.folder.glob("gate-*"):
            if older != gate:
                older.unlink()

    def sync(self) -> None:
        for file in (self.frames, self.log):
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        self.frames.close()
        self.log.close()


@dataclass(frozen=True, slots=True)
class _StoredPictures:
    path: Path
    places: dict[timedelta, tuple[int, int]]

    def jpeg(self, pts: timedelta) -> bytes:
        offset, length = self.places[pts]
        with self.path.open("rb") as frames:
            frames.seek(offset)
            return frames.read(length)


def _gate_file(folder: Path, pts: timedelta) -> Path:
    return folder / f"gate-{_number(pts)}"


def _number(time: timedelta) -> int:
    return time // _MICROSECOND


def _time(number: object) -> timedelta:
    return timedelta(microseconds=int(str(number)))
