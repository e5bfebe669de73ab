"""One frame a second at a height of 448 through another library; run in an environment of that library's own.

``python peer_samplers.py LIBRARY FILE`` prints how many frames it got.
"""

import sys


def decord(path: str) -> int:
    import decord  # noqa: PLC0415

    reader = decord.VideoReader(path, width=_width(path), height=448)
    rate = reader.get_avg_fps()
    return len(reader.get_batch([round(n * rate) for n in range(int(len(reader) / rate))]).asnumpy())


decord2 = decord


def torchcodec(path: str) -> int:
    from torchcodec.decoders import VideoDecoder  # noqa: PLC0415
    from torchcodec.transforms import Resize  # noqa: PLC0415

    decoder = VideoDecoder(path, seek_mode="approximate", transforms=[Resize((448, _width(path)))])
    seconds = int(decoder.metadata.duration_seconds or 0)
    return len(decoder.get_frames_played_at([float(n) for n in range(seconds)]).data)


def opencv(path: str) -> int:
    import cv2  # noqa: PLC0415

    capture = cv2.VideoCapture(path)
    rate, width = capture.get(cv2.CAP_PROP_FPS), _width(path)
    seen = taken = 0
    while capture.grab():
        if seen >= taken * rate:
            good, picture = capture.retrieve()
            if good:
                cv2.cvtColor(cv2.resize(picture, (width, 448), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
                taken += 1
        seen += 1
    return taken


def _width(path: str) -> int:
    # Every reference clip is 16:9.
    del path
    return 796


if __name__ == "__main__":
    print({"decord": decord, "decord2": decord2, "torchcodec": torchcodec, "opencv": opencv}[sys.argv[1]](sys.argv[2]))
