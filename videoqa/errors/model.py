"""The model, its server, or its reply; those for speech and for embeddings too."""

from __future__ import annotations

from videoqa.errors.root import Misuse, VideoqaError


class ModelError(VideoqaError):
    """The model did not do what it was asked."""


class ModelUnreachable(ModelError):
    """The model at {url} does not answer ({problem}); start it with `videoqa model serve`, or set VIDEOQA_MODEL_URL."""


class ModelRefused(ModelError):
    """The model server refused the request ({problem})."""


class TooLongForModel(ModelRefused):
    """The request is longer than the model's context ({problem}); set VIDEOQA_CONTEXT to what the server allows."""


class UnfitModel(ModelError):
    """{model} at {url} cannot be used ({problem}); set VIDEOQA_MODEL to a vision model that it serves."""


class BadReply(ModelError):
    """The model's reply cannot be used ({problem})."""


class Undecided(ModelError):
    """The frames do not let one tell ({problem})."""


class ModelNotStarted(ModelError):
    """The model server did not start ({problem}); {remedy}."""


class SpeechUnreachable(ModelUnreachable):
    """The speech server at {url} does not answer ({problem}); start it, or set VIDEOQA_SPEECH_URL to one that runs."""


class EmbedderUnreachable(ModelError):
    """The embedding server at {url} does not answer ({problem}); start it, or set VIDEOQA_EMBEDDER to one that runs."""


class NoSpeechModel(ModelError):
    """No speech model can be used ({problem}); {remedy}."""


class NoModel(Misuse):
    """That needs a model and none is set; run `videoqa model serve`, or set VIDEOQA_MODEL_URL."""
