"""The parts that need a model: of footage, where one is set, and of speech."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from videoqa.media import Sampling
from videoqa.settings import Settings

if TYPE_CHECKING:
    from ingest.closeups import FootageCloseups
    from ingest.sandbox import SandboxedReader
    from videoqa.analyser.budget import Budget
    from videoqa.analyser.model.analyser import ModelAnalyser
    from videoqa.analyser.model.exchange import Model
    from videoqa.analyser.model.grounder import ModelGrounder
    from videoqa.analyser.model.prompting import Prompts
    from videoqa.analyser.sentry.sentries import Eyes
    from videoqa.ports import Transcriber

GROUPS_AT_ONCE = 32
"""Groups of a recording on their way to a model at once; how many of them it works on, its own queue says."""
TRANSCRIPTS = "transcripts"
"""The folder of the data directory in which they are kept."""
_CLOSEUPS_BYTES = 512 * 2**20
_EDGE_OF_A_TOKEN = 2 * 32 * 32
_CLOSE_PERIOD = timedelta(milliseconds=500)


class ModelRoom:
    """What looks through the model at ``url``; made when it is first used.

    Args:
        settings: the user's.
        folder: where frames that were taken anew are kept.
        reader: opens footage.
        url: the server of the model, up to its /v1.
    """

    def __init__(self, settings: Settings, folder: Path, reader: SandboxedReader, url: str) -> None:
        self._settings = settings
        self._folder = folder
        self._reader = reader
        self.url = url

    @cached_property
    def server(self) -> Model:
        """The server, and the fallback behind it where one is set."""
        from videoqa.analyser.model.exchange import Prices
        from videoqa.analyser.model.fallback import FallbackServer
        from videoqa.analyser.model.server import ModelServer

        settings = self._settings
        prices = Prices(settings.price_in, settings.price_out)
        first = ModelServer(self.url, settings.model, settings.model_key, prices)
        if not settings.model_fallback_url:
            return first
        second = ModelServer(settings.model_fallback_url, settings.model_fallback, settings.model_fallback_key, prices)
        return FallbackServer(first, second)

    @cached_property
    def analyser(self) -> ModelAnalyser:
        from videoqa.analyser.model.analyser import ModelAnalyser
        from videoqa.analyser.model.fitting import Detail

        settings = self._settings
        sampling = Sampling(timedelta(milliseconds=settings.model_period_ms), settings.model_long_side)
        return ModelAnalyser(
            self.server,
            self._prompts,
            sampling,
            budget=self._budget,
            group_seconds=settings.group_seconds,
            detail=Detail(settings.model_detail) if settings.model_detail else None,
        )

    @cached_property
    def grounder(self) -> ModelGrounder:
        from videoqa.analyser.model.grounder import ModelGrounder

        sampling = Sampling(_CLOSE_PERIOD, self._settings.long_side)
        return ModelGrounder(self.server, self._prompts, sampling, budget=self._budget)

    @cached_property
    def eyes(self) -> Eyes:
        """What looks at cameras: its questions come before all others."""
        from videoqa.analyser.model.exchange import Priority
        from videoqa.analyser.model.grounder import ModelGrounder
        from videoqa.analyser.sentry.glance import Glances
        from videoqa.analyser.sentry.sentries import Eyes

        sampling = Sampling(_CLOSE_PERIOD, self._settings.long_side)
        grounder = ModelGrounder(self.server, self._prompts, sampling, budget=self._budget, priority=Priority.LIVE)
        return Eyes(Glances(self.server, self._prompts), grounder)

    @cached_property
    def closeups(self) -> FootageCloseups:
        from ingest.closeups import FOLDER, FootageCloseups

        return FootageCloseups(self._reader, self._folder / FOLDER, _CLOSEUPS_BYTES)

    @cached_property
    def _prompts(self) -> Prompts:
        from videoqa.analyser.model.prompting import Prompts

        return Prompts.load(self._settings.language, self._settings.prompts)

    @property
    def _budget(self) -> Budget:
        from videoqa.analyser.budget import Budget

        return Budget(context=self._settings.context, longest_edge=self._settings.video_tokens * _EDGE_OF_A_TOKEN)


def transcriber(settings: Settings, folder: Path, reader: SandboxedReader) -> Transcriber | None:
    """What writes down what is said, by ``settings``; None where they name nothing for it."""
    from videoqa.analyser.speech.transcribing import SpeechTranscriber

    transcripts = folder / TRANSCRIPTS
    if settings.speech_url:
        from videoqa.analyser.speech.server import ServerHearer

        hearer = ServerHearer(settings.speech_url, settings.speech_model, settings.speech_key)
        return SpeechTranscriber(reader, transcripts, hearer)
    if settings.speech_model:
        from videoqa.analyser.speech.local import LocalHearer

        return SpeechTranscriber(reader, transcripts, LocalHearer(settings.speech_model))
    return None
