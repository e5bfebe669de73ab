"""Which files are still what they were when they were read whole, so that they need not be read again to tell."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ingest.identity import LocalFiles
from ingest.kept import drop_left_over, files, written
from videoqa.errors import NoSuchFile, SourceChanged
from videoqa.media import Recording, RecordingState
from videoqa.ports import FileIdentity

_MOST_FILES = 10_000
_log = logging.getLogger(__name__)


class KnownFiles(LocalFiles):
    """Implements ``Files``, and remembers in ``folder`` what it was asked. Whatever is lost of it is found out anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def identify(self, path: str) -> FileIdentity:
        identity = super().identify(path)
        self._remember(path, _Known(identity))
        return identity

    def known(self, recording: Recording) -> FileIdentity:
        """The recording's file as it is, which is as it was when it was indexed.

        It is read whole only where it was never seen, or was changed since. What is kept by the house is nobody
        else's to change, and taken at its word the first time.

        Raises:
            NoSuchFile: it is not there.
            SourceChanged: it is another one.
        """
        return self._known(recording).identity

    def opened(self, recording: Recording) -> BinaryIO:
        """The recording's file, open: the very one that ``known`` speaks of, whatever is put in its place meanwhile.

        Raises:
            NoSuchFile: it is not there.
            SourceChanged: it is another one.
        """
        identity = self.known(recording)
        try:
            file = open(_descriptor(recording), "rb", buffering=0)  # noqa: SIM115  a descriptor, the caller's
        except OSError as error:
            raise NoSuchFile(problem=error.strerror or str(error)) from error
        state = os.fstat(file.fileno())
        as_it_was = grows(recording) or (state.st_size, state.st_mtime_ns) == (identity.size, identity.modified_ns)
        if not stat.S_ISREG(state.st_mode) or not as_it_was:
            file.close()
            raise SourceChanged
        return file

    def note_leaps(self, path: str, *, leaps: bool) -> None:
        """Remembers whether the time stamps of the file at ``path``, just identified, leap."""
        known = _Known.read(self._place(path))
        if known is not None and self.unchanged(path, known.identity):
            self._remember(path, replace(known, leaps=leaps))

    def leaps(self, recording: Recording) -> bool | None:
        """Whether the time stamps of the recording's file leap; None where nobody has looked yet."""
        return self._known(recording).leaps

    def still(self, recording: Recording, identity: FileIdentity) -> bool:
        """True where the recording's file is what it was when ``known`` gave its identity; one that grows always is."""
        return grows(recording) or self.unchanged(recording.source, identity)

    def _known(self, recording: Recording) -> _Known:
        path = recording.source
        if grows(recording):
            # Ours, written from its beginning to its end, by the clock of one session.
            return _Known(_as_it_stands(recording), leaps=False)
        known = _Known.read(self._place(path))
        if known is None or not self.unchanged(path, known.identity):
            if known is None and recording.kept:
                known = _Known(_as_it_stands(recording))
                self._remember(path, known)
            else:
                known = _Known(self.identify(path))
        if known.identity.digest != recording.digest:
            raise SourceChanged
        return known

    def _place(self, path: str) -> Path:
        return self._folder / hashlib.sha256(os.fsencode(path)).hexdigest()[:32]

    def _remember(self, path: str, known: _Known) -> None:
        place, content = self._place(path), json.dumps(known.told()).encode()
        try:
            with written(place, len(content)) as file:
                if file is not None:
                    file.write(content)
        except OSError as error:
            _log.warning("what is known of a file cannot be kept in %s: %s", self._folder, error)
            return
        drop_left_over(self._folder)
        for _, old, _ in sorted(files(self._folder, "[!.]*"))[:-_MOST_FILES]:
            old.unlink(missing_ok=True)


def grows(recording: Recording) -> bool:
    """True where a camera still adds to the recording's file: what was read of it stays, and more comes."""
    return recording.state is RecordingState.RECORDING


def content_of(recording: Recording, identity: FileIdentity) -> str:
    """A word for what is in the recording's file."""
    return f"{recording.digest} {identity.size}" if grows(recording) else recording.digest


def forget(folder: Path, digest: str) -> None:
    """Removes what is known in ``folder`` of files with the content ``digest``."""
    for path in folder.glob("[!.]*"):
        if (known := _Known.read(path)) is not None and known.identity.digest == digest:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as it was when it was last read whole, and whether its time stamps leap."""

    identity: FileIdentity
    leaps: bool | None = None

    @classmethod
    def read(cls, path: Path) -> _Known | None:
        """None where nothing, or nothing sensible, is written in ``path``."""
        try:
            digest, size, modified_ns, leaps = json.loads(path.read_bytes())
        except (OSError, ValueError, TypeError):
            return None
        return cls(FileIdentity(str(digest), size, modified_ns), None if leaps is None else bool(leaps))

    def told(self) -> list[object]:
        return [self.identity.digest, self.identity.size, self.identity.modified_ns, self.leaps]


def _descriptor(recording: Recording) -> int:
    # What the house keeps is never a link; a user's own file may lie behind one.
    links = os.O_NOFOLLOW if recording.kept else 0
    return os.open(recording.source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | links)


def _as_it_stands(recording: Recording) -> FileIdentity:
    try:
        state = Path(recording.source).lstat()
    except (OSError, ValueError) as error:
        raise NoSuchFile(problem=getattr(error, "strerror", None) or str(error)) from error
    if not stat.S_ISREG(state.st_mode):
        raise NoSuchFile(problem="it is no regular file")
    return FileIdentity(recording.digest, state.st_size, state.st_mtime_ns)
