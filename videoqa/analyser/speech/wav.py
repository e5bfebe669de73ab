"""Sound as a WAV file, which every server reads."""

from __future__ import annotations

import io
import wave

from videoqa.ports import Sound


def wav(sound: Sound) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(Sound.RATE)
        writer.writeframes(sound.samples)
    return file.getvalue()
