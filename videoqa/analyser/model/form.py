"""How an ask is written as a request of the OpenAI protocol. Pure: the same ask gives the same bytes.

Two forms. As one video of JPEG frames, each with its time, where the server lets a request say how its media is read
(vLLM's ``video/jpeg`` and ``--trust-request-mm-kwargs``). As images with their stamps between them where it does not:
to the model the same stamps and pixels at twice the vision tokens, since a single image is a pair of itself to it.

Fields stand in a fixed order and the clip before the question, because caches of prompt and media know only what is
byte for byte the same up to there.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta

from videoqa.analyser.model.exchange import Ask, Capabilities, Clip
from videoqa.analyser.model.picture import fitted

_MILLISECOND = timedelta(milliseconds=1)
_INDICES_A_SECOND = 1000
THINKING_TOKENS = 4096
"""Room for thinking above the reply's own tokens, as a thinking model spends them from the same limit."""


def stamps(clip: Clip) -> tuple[float, ...]:
    """The seconds shown over each pair: the mean of its times, in milliseconds, printed with one decimal.

    Computed in the very steps of vLLM's Qwen3-VL processor, so that rounding falls the same way.
    """
    seconds = [(first / _INDICES_A_SECOND, second / _INDICES_A_SECOND) for first, second in _indices(clip)]
    return tuple(float(f"{(first + second) / 2:.1f}") for first, second in seconds)


class Form:
    """Writes one ask as a request to a server of these capabilities."""

    def __init__(self, ask: Ask, can: Capabilities) -> None:
        self._ask = ask
        self._can = can
        self._frames: dict[timedelta, bytes] = {}
        self.media_id = ""
        """What the clip is known by to the server's media cache; empty where nothing is sent that has an id."""
        if ask.clip is not None:
            times = {pts: None for pair in ask.clip.pairs for pts in pair}
            self._frames = {pts: fitted(ask.clip.jpegs(pts), ask.clip.size) for pts in times}
            self.media_id = self._digest(ask.clip) if can.request_kwargs else ""

    def written(self, *, streamed: bool = False, with_frames: bool = True) -> bytes:
        """The body. Without frames the server is asked to take them from its media cache by ``media_id``."""
        # The pieces are joined once: two hours of frames are hundreds of megabytes.
        return b"".join(self._pieces(streamed, with_frames))

    def _pieces(self, streamed: bool, with_frames: bool) -> Iterator[bytes]:
        ask, can = self._ask, self._can
        yield b'{"model":' + _json(can.model)
        yield b',"messages":[' + _json({"role": "system", "content": ask.system})
        yield b',{"role":"user","content":['
        if ask.clip is not None:
            yield from self._media(ask.clip, with_frames)
        yield _json({"type": "text", "text": ask.text}) + b"]}"
        for reply, said in ask.history:
            yield b"," + _json({"role": "assistant", "content": reply})
            yield b"," + _json({"role": "user", "content": said})
        yield b"]"
        for name, value in self._fields(streamed).items():
            yield b"," + _json(name) + b":" + _json(value)
        yield b"}"

    def _fields(self, streamed: bool) -> dict[str, object]:
        """What stands behind the messages."""
        ask, can = self._ask, self._can
        fields: dict[str, object] = {}
        if ask.clip is not None and can.request_kwargs:
            fields["media_io_kwargs"] = self._reading(ask.clip)
            fields["mm_processor_kwargs"] = {"videos_kwargs": {"do_resize": False}}
        fields["max_tokens"] = ask.max_tokens + THINKING_TOKENS * can.thinking
        fields["temperature"] = ask.temperature
        if ask.schema is not None:
            schema = {"name": ask.schema_name, "schema": ask.schema}
            fields["response_format"] = {"type": "json_schema", "json_schema": schema}
        if can.priority:
            fields["priority"] = int(ask.priority)
        if streamed:
            fields |= {"stream": True, "stream_options": {"include_usage": True}}
        return fields

    def _media(self, clip: Clip, with_frames: bool) -> Iterator[bytes]:
        """The parts before the question, a comma behind each."""
        if not self._can.request_kwargs:
            yield from self._images(clip)
        elif with_frames:
            yield b'{"type":"video_url","video_url":{"url":"data:video/jpeg;base64'
            for first, second in clip.pairs:
                encoded = b"," + b64encode(self._frames[first])
                yield encoded
                yield encoded if second == first else b"," + b64encode(self._frames[second])
            yield b'"},"uuid":' + _json(self.media_id) + b"},"
        else:
            yield _json({"type": "video_url", "video_url": None, "uuid": self.media_id}) + b","

    def _images(self, clip: Clip) -> Iterator[bytes]:
        for stamp, pair in zip(stamps(clip), clip.pairs, strict=True):
            yield _json({"type": "text", "text": f"<{stamp:.1f} seconds>"}) + b","
            for pts in dict.fromkeys(pair):
                yield b'{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,'
                yield b64encode(self._frames[pts])
                yield b'"}},'

    def _reading(self, clip: Clip) -> dict[str, object]:
        indices = [index for pair in _indices(clip) for index in pair]
        return {
            "video": {
                "num_frames": -1,
                "fps": _INDICES_A_SECOND,
                "frames_indices": indices,
                "total_num_frames": max(indices[-1] + 1, len(indices)),
            }
        }

    def _digest(self, clip: Clip) -> str:
        digest = hashlib.blake2b(_json(self._reading(clip)), digest_size=16)
        for pts, jpeg in self._frames.items():
            digest.update(b"%d:%d:" % (round(pts / _MILLISECOND), len(jpeg)))
            digest.update(jpeg)
        return digest.hexdigest()


def _indices(clip: Clip) -> list[tuple[int, int]]:
    return [(round(first / _MILLISECOND), round(second / _MILLISECOND)) for first, second in clip.pairs]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
