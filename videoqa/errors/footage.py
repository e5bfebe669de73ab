"""A recording that cannot be read, or not in full; the next one may."""

from __future__ import annotations

from videoqa.errors.root import VideoqaError


class BadMedia(VideoqaError):
    """The recording cannot be read."""


class NotFootage(BadMedia):
    """This is no recording videoqa can open ({problem}); it reads {formats}."""


class NoSuchFile(BadMedia):
    """The file cannot be read ({problem}); check that it is there and that you may read it."""


class EmptyFootage(BadMedia):
    """There is neither a picture that decodes nor a line of text in it ({problem})."""


class FootageTooLarge(BadMedia):
    """It has {what} of {value}, more than the {limit} that are opened; re-encode it smaller, or raise {setting}."""


class SourceChanged(BadMedia):
    """The file changed while it was read; index it again when it is complete."""


class RecordingRemoved(BadMedia):
    """It was removed from the archive while it was indexed; index it again if it is still wanted."""


class DecoderCrashed(BadMedia):
    """The decoder crashed on it ({problem}); the file is damaged or made to do harm."""


class DecoderOverran(BadMedia):
    """The decoder took more than {limit} of {what} on it; the file is damaged or made to do harm."""


class DecoderUnfit(BadMedia):
    """{decoder} would show other pictures of it than are there ({problem}); set VIDEOQA_DECODER to pyav."""


class BadCues(BadMedia):
    """The subtitles cannot be read ({problem}); the footage is indexed without them."""


class CannotCut(BadMedia):
    """It cannot be cut there ({problem}); ask for another stretch, or for its whole content."""


class NoSound(BadMedia):
    """Its sound cannot be read ({problem})."""
