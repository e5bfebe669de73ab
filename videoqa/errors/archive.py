"""What is asked of the archive and of its jobs and is not there, or not in that state."""

from __future__ import annotations

from videoqa.errors.root import Misuse, VideoqaError


class UnknownRecording(Misuse):
    """No recording is called {name}; `videoqa list` shows those there are."""


class NearlyKnown(UnknownRecording):
    """No recording is called {name}; did you mean {titles}?"""


class AmbiguousRecording(Misuse):
    """{name} could be any of {ids}; give one of these ids."""


class CameraMeant(Misuse):
    """{name} is a camera, not a recording; give one that it recorded: {titles}."""


class NotIndexed(Misuse):
    """{title} is not indexed yet; run `videoqa index` on its file first."""


class UnknownJob(Misuse):
    """There is no job {name}; GET /v1/jobs shows those there are."""


class JobUnderWay(Misuse):
    """The job {name} has not ended; cancel it first."""


class CalledOff(VideoqaError):
    """Its indexing was cancelled; retry the job, or index it again."""


class UnknownSubtitles(Misuse):
    """The recording was brought no subtitle file {name}; GET /v1/recordings/ID/subtitles shows those it has."""


class UnknownPin(Misuse):
    """There is no pin {name}; the recording's pins are at GET /v1/recordings/ID/pins."""


class UnknownAnswer(Misuse):
    """There is no answer {name}."""
