"""What a camera says of the stream that it sends (SDP: RFC 4566, and the formats of payload.py)."""

from __future__ import annotations

from base64 import b64encode

from tests.rtsp.film import CLOCK, Film

PAYLOAD_TYPE = {"h264": 96, "hevc": 97, "mjpeg": 26}
_NAMES = {"h264": "H264", "hevc": "H265", "mjpeg": "JPEG"}


def described(film: Film) -> bytes:
    number = PAYLOAD_TYPE[film.codec]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=a camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {number}",
        f"a=rtpmap:{number} {_NAMES[film.codec]}/{CLOCK}",
        *_format(film, number),
        f"a=framerate:{float(film.rate):g}",
        "a=control:trackID=0",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _format(film: Film, number: int) -> list[str]:
    sets = [b64encode(part).decode() for part in film.headers]
    if film.codec == "h264":
        profile = film.headers[0][1:4].hex().upper()
        told = f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(sets)}"
    elif film.codec == "hevc":
        told = ";".join(f"sprop-{name}={value}" for name, value in zip(("vps", "sps", "pps"), sets, strict=True))
    else:
        return []
    return [f"a=fmtp:{number} {told}"]
