"""What videoqa keeps, where it cannot be read or written."""

from __future__ import annotations

from videoqa.errors.root import VideoqaError


class StorageError(VideoqaError):
    """What videoqa keeps cannot be read or written."""


class DiskFull(StorageError):
    """No space is left in {path}; free some, or set VIDEOQA_DATA_DIR to a larger disk, and run the command again."""


class DataUnwritable(StorageError):
    """{path} cannot be written ({problem}); set VIDEOQA_DATA_DIR to a folder that can."""


class DatabaseBusy(StorageError):
    """{path} has been held by another process for {seconds} s; try again, and end that process if it does not let go
    (`fuser {path}` names it)."""


class NewerDatabase(StorageError):
    """{path} was written by a newer videoqa (schema {found}, this one knows {known}); update videoqa, or set
    VIDEOQA_DATA_DIR to another folder. It was left as it is."""


class DamagedDatabase(StorageError):
    """{path} cannot be read ({problem}); restore it from a backup, or move it away and index again."""
