"""What the recorder of a camera writes comes out while the camera goes on."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.camera.feed import CannotOpen
from ingest.camera.wire import Order
from ingest.pyav.live import open_live
from ingest.pyav.recorder import Recorder

_RATE, _SECONDS, _HEARD = 10, 8, 1
_ROLL = 4_000_000


def falling_silent(path: Path) -> Path:
    """Pictures for ``_SECONDS``, a keyframe each; sound for the first ``_HEARD`` of them."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=_RATE, options={"preset": "ultrafast", "threads": "1"})
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        video.codec_context.gop_size = _RATE
        audio = container.add_stream("aac", rate=16_000, layout="mono")
        for number in range(_RATE * _HEARD):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.float32), format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 16_000, 1600 * number
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
        for number in range(_RATE * _SECONDS):
            picture = np.full((64, 64, 3), 3 * number, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    return path


def last_picture(written: bytes) -> float:
    """Seconds; 0 where there is none yet."""
    if b"moof" not in written:
        return 0.0
    with av.open(BytesIO(written)) as container:
        packets = list(container.demux(video=0))
    return max(float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None)


def order(descriptor: int) -> Order:
    return Order("", "", descriptor, False, 500_000, True, 64, 32, 10**9, 10**7, None, 2**30, 10**6)


def heard(written: bytes) -> float:
    """Seconds of sound that decode."""
    with av.open(BytesIO(written)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@pytest.mark.parametrize("form", ["mp4", "ts"])
def test_sound_that_falls_silent_holds_no_picture_back(form: str, tmp_path: Path) -> None:
    path = falling_silent(tmp_path / f"silent.{form}")
    recorders, zero, behind = list[Recorder](), 0, list[float]()
    with path.open("rb") as file, suppress(CannotOpen), open_live(order(file.fileno())) as live:
        for sent in live.packets():
            rolls = sent.is_video and sent.packet.is_keyframe and sent.decoded - zero >= _ROLL
            if not recorders or rolls:
                zero = sent.decoded
                recorders.append(Recorder(live, zero))
            recorders[-1].put(sent.packet)
            if sent.is_video:
                behind.append((sent.shown - zero) / 1e6 - last_picture(bytes(recorders[-1].written)))
    assert len(recorders) > 1
    assert len(behind) >= _RATE * (_SECONDS - 1)
    assert max(behind) < 2.5
    assert heard(bytes(recorders[0].written)) == pytest.approx(_HEARD, abs=0.2)
