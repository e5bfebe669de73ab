"""Files on their way in: sent in pieces, brought as subtitles, or fetched from an address."""

from __future__ import annotations

from videoqa.errors.root import Misuse, VideoqaError


class UnknownUpload(Misuse):
    """There is no upload {name}; it was never begun, has ended, or was given up. Begin another one."""


class WrongOffset(Misuse):
    """The upload is at byte {offset}, not at {given}; ask for its offset and go on from there."""


class ArrivalBusy(Misuse):
    """Another request is writing to this upload; wait until it ends."""


class EmptyUpload(Misuse):
    """The file is empty; send one that has footage in it."""


class WrongChecksum(Misuse):
    """What arrived does not have the checksum that was told; send it again."""


class UploadTooLarge(Misuse):
    """It has {size} bytes, more than the {limit} that are taken; raise {setting}."""


class MoreThanDeclared(Misuse):
    """The upload was said to have {declared} bytes and more came; begin another one with its true length."""


class BadUploadHeader(Misuse):
    """The header {name} is {value}; send {expected}."""


class UnsupportedProtocol(Misuse):
    """Uploads speak tus 1.0.0; send the header Tus-Resumable: 1.0.0."""


class TooManyUploads(Misuse):
    """{limit} uploads are under way already; wait until one has ended, or raise VIDEOQA_UPLOADS_AT_ONCE."""


class TooManyBegun(Misuse):
    """{limit} uploads were begun and have not ended; go on with these, or give them up with DELETE."""


class BadSubtitles(Misuse):
    """{name} cannot be taken as subtitles ({problem}); send SubRip (.srt) or WebVTT (.vtt)."""


class SubtitlesTooLarge(Misuse):
    """{name} has more than the {limit} bytes that a subtitle file may have; send what is said, and nothing else."""


class TooManyFetches(Misuse):
    """{limit} fetches are under way already; wait until one has ended."""


class BadAddress(Misuse):
    """{url} is not fetched ({problem})."""


class FetchFailed(VideoqaError):
    """{url} could not be fetched ({problem}); check the address, or upload the file."""
