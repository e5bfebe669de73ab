"""Speech written down by a server: vLLM with Whisper or Qwen3-ASR, or any other with /audio/transcriptions."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import httpx2

from videoqa.analyser.model.breaker import Breaker
from videoqa.analyser.model.dealings import WIRE_ERRORS, Dealings, Retries
from videoqa.analyser.model.exchange import Priority
from videoqa.analyser.model.probe import listed_models
from videoqa.analyser.model.wire import Refusal, Timeouts, Wire
from videoqa.analyser.speech.heard import Heard
from videoqa.analyser.speech.reply import Unreadable, heard_in
from videoqa.analyser.speech.wav import wav
from videoqa.errors import BadReply, ModelError, ModelUnreachable, NoSpeechModel, SpeechUnreachable, UnfitModel
from videoqa.ports import Sound

_TIMED, _PLAIN = "verbose_json", "json"
_NOT_OFFERED = frozenset({400, 422})
_REMEDY = (
    "set VIDEOQA_SPEECH_URL to a server with /audio/transcriptions, VIDEOQA_SPEECH_MODEL to a speech model it serves"
)


class ServerHearer:
    """Hears by the server at ``url``, up to its /v1.

    Args:
        model: its name there; the first one served where empty.
        language: the BCP 47 tag of what is spoken; found out by the model where None.
    """

    at_once = 4
    """Pieces on their way to the server together: what keeps a small speech model busy."""

    def __init__(
        self,
        url: str,
        model: str = "",
        key: str = "",
        *,
        language: str | None = None,
        timeouts: Timeouts = Timeouts(read=300.0, total=300.0),  # noqa: B008  frozen
        retries: Retries = Retries(),  # noqa: B008  frozen
    ) -> None:
        self._wire = Wire(url, key, timeouts)
        self._breaker = Breaker()
        self._dealings = Dealings(self._wire, self._breaker, retries, lambda: None, "VIDEOQA_SPEECH_KEY")
        self._model = model
        self._first: str | None = None
        self._language = language
        self._form = _TIMED
        self.name = f"server {model or self._wire.url} {language or 'any language'}"

    def describe(self) -> str:
        """The model and the server, for `doctor`.

        Raises:
            ModelError: the server does not answer, or serves no such model.
        """
        try:
            served = [str(model["id"]) for model in listed_models(self._wire)]
        except WIRE_ERRORS as error:
            raise self._told(self._dealings.failure(error, self._model)) from error
        if self._model and served and self._model not in served:
            raise NoSpeechModel(problem=f"{self._wire.url} does not serve {self._model}", remedy=_REMEDY)
        return f"{self._model or next(iter(served), 'its only model')} at {self._wire.url}"

    def hear(self, sound: Sound) -> Heard:
        try:
            if self._breaker.is_open:
                self._try_again()
            answer = self._answer(sound, self._form)
            if self._form == _TIMED and not answer.get("segments") and not str(answer.get("text") or "").strip():
                # vLLM leaves out of the timed form what the model says without a stamp behind it.
                answer = {"language": answer.get("language")} | self._answer(sound, _PLAIN)
            return heard_in(answer, self._language)
        except (ModelUnreachable, UnfitModel) as error:
            raise self._told(error) from error
        except Unreadable as error:
            raise BadReply(problem=str(error)) from error

    def _try_again(self) -> None:
        """After an outage the server is asked for something small first."""
        if not self._breaker.admits():
            raise self._dealings.unreachable()
        try:
            listed_models(self._wire)
        except WIRE_ERRORS as error:
            raise self._dealings.failure(error, self._model) from error
        self._dealings.answered()

    def _answer(self, sound: Sound, form: str) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            try:
                return self._posted(sound, form)
            except Refusal as refusal:
                if form == _PLAIN or refusal.status not in _NOT_OFFERED:
                    raise
            # A model without times refuses the timed form as it does a bad request: the plain one tells which it was.
            answer = self._posted(sound, _PLAIN)
            self._form = _PLAIN
            return answer

        return self._dealings.carry_out(send, self._model, Priority.BATCH, lambda: sha256(sound.samples).hexdigest())

    def _posted(self, sound: Sound, form: str) -> dict[str, Any]:
        fields = {"model": self._named(), "response_format": form, "temperature": "0"}
        if form == _TIMED:
            fields["timestamp_granularities[]"] = "segment"
        if self._language:
            fields["language"] = self._language
        url = self._wire.url + "/audio/transcriptions"
        files = {"file": ("sound.wav", wav(sound), "audio/wav")}
        request = httpx2.Request("POST", url, data={name: text for name, text in fields.items() if text}, files=files)
        return self._wire.post(url, request.read(), kind=request.headers["content-type"])

    def _named(self) -> str:
        """The model's name; where none was given the first one served, and none where the server does not tell."""
        if self._model or self._first is not None:
            return self._model or self._first or ""
        self._first = next((str(model["id"]) for model in listed_models(self._wire)), "")
        return self._first

    def _told(self, error: ModelError) -> ModelError:
        match error:
            case ModelUnreachable():
                return SpeechUnreachable(**error.fields)
            case UnfitModel():
                return NoSpeechModel(problem=f"{self._wire.url}: {error.fields['problem']}", remedy=_REMEDY)
        return error
