"""From decoded pictures to pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from videoqa.media import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Scaler:
    """Makes RGB of the pictures of one stream; keeps what that needs from one to the next."""

    def __init__(self) -> None:
        self._to_small, self._to_rgb = VideoReformatter(), VideoReformatter()

    def picture(self, frame: VideoFrame, size: tuple[int, int]) -> Picture:
        """``frame`` as shown, scaled to ``size`` (width, height)."""
        width, height = size if not frame.rotation % 180 else size[::-1]
        # In two steps: half the time of one, and nearer to the truth.
        small = self._to_small.reformat(frame, width, height, "yuv420p", interpolation="AREA", threads=1)
        rgb = self._to_rgb.reformat(small, format="rgb24", threads=1)
        if turns := round(frame.rotation / 90) % 4:
            return Picture(*size, _turned(rgb, turns))
        plane = rgb.planes[0]
        pixels, line, row = memoryview(plane), plane.line_size, width * 3
        if line != row:
            pixels = memoryview(b"".join(pixels[y * line : y * line + row] for y in range(height)))
        return Picture(width, height, pixels[: row * height])


class Luma:
    """Gives the brightness of the pictures of one stream, their longer side at most ``long_side``."""

    def __init__(self, long_side: int) -> None:
        self._long_side = long_side
        self._to_gray = VideoReformatter()

    def of(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Shape (height, width), not rotated."""
        scale = min(1.0, self._long_side / max(frame.width, frame.height))
        width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        gray = self._to_gray.reformat(frame, width, height, "gray", interpolation="AREA", threads=1)
        return gray.to_ndarray()  # type: ignore[return-value]


def frame_of(pixels: NDArray[np.uint8]) -> VideoFrame:
    """The picture whose RGB is in the first three of the channels of ``pixels``: shape (height, width, channels)."""
    import numpy as np  # noqa: PLC0415

    return VideoFrame.from_ndarray(np.ascontiguousarray(pixels[..., :3]), format="rgb24")


def _turned(rgb: VideoFrame, turns: int) -> memoryview:
    """The pixels of ``rgb`` after so many quarter turns to the left."""
    import numpy as np  # noqa: PLC0415 - a tenth of a second that most footage need not spend

    return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), turns)).data.cast("B")
