"""Speech written down on this machine by faster-whisper."""

from __future__ import annotations

import threading
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from videoqa.analyser.speech.heard import Heard, Said
from videoqa.analyser.speech.languages import tag_of
from videoqa.errors import NoSpeechModel
from videoqa.ports import Sound

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

USUAL = "small"
"""The smallest Whisper whose words can be relied on to be searched for."""


class LocalHearer:
    """Hears by a Whisper model in this process.

    Args:
        size: of the model ("tiny" to "large-v3", "turbo"), fetched from its hub where it is not on disk; or the folder
            of a model in CTranslate2's format. ``USUAL`` where empty.
        language: the BCP 47 tag of what is spoken; found out by the model where None.
    """

    at_once = 1
    """One piece takes all cores."""

    def __init__(self, size: str = "", language: str | None = None) -> None:
        self._size = size or USUAL
        self._language = language
        self._loading = threading.Lock()
        self.name = f"faster-whisper {self._size} {language or 'any language'}"

    def describe(self) -> str:
        """The model and where it is, for `doctor`; fetches nothing.

        Raises:
            NoSpeechModel: the extra is not installed, or the model is not on disk.
        """
        _need_extra()
        from faster_whisper import download_model  # noqa: PLC0415

        if Path(self._size).is_dir():
            return f"faster-whisper, {self._size}"
        try:
            return f"faster-whisper, {self._size} in {download_model(self._size, local_files_only=True)}"
        except (OSError, ValueError) as error:
            raise self._absent("it is not on this disk yet") from error

    def hear(self, sound: Sound) -> Heard:
        samples = np.frombuffer(sound.samples, "<i2").astype(np.float32) / 32768
        with self._loading:
            model = self._model
        try:
            said, info = model.transcribe(
                samples,
                language=self._language and self._language.split("-")[0],
                # What was said half a minute ago makes a model repeat itself more often than it helps.
                condition_on_previous_text=False,
            )
            lines = tuple(Said(line.text, line.start, line.end, line.no_speech_prob, line.avg_logprob) for line in said)
        except (RuntimeError, ValueError) as error:
            # No memory left, a GPU without its libraries, a language it does not know.
            raise NoSpeechModel(
                problem=f"{self._size}: {error}", remedy="choose a smaller VIDEOQA_SPEECH_MODEL"
            ) from error
        return Heard(lines, tag_of(info.language))

    @cached_property
    def _model(self) -> WhisperModel:
        _need_extra()
        from faster_whisper import WhisperModel  # noqa: PLC0415

        try:
            return WhisperModel(self._size, compute_type="auto")
        except (OSError, ValueError, RuntimeError) as error:
            raise self._absent(str(error) or type(error).__name__) from error

    def _absent(self, problem: str) -> NoSpeechModel:
        return NoSpeechModel(
            problem=f"{self._size}: {problem}",
            remedy="let this machine fetch it once, or set VIDEOQA_SPEECH_MODEL to a folder that holds one",
        )


def _need_extra() -> None:
    if find_spec("faster_whisper") is None:
        raise NoSpeechModel(
            problem="faster-whisper is not installed",
            remedy='run `pip install "videoqa[speech]"`, or set VIDEOQA_SPEECH_URL',
        )
