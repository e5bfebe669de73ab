"""Encoded pictures cut into what fits in RTP packets.

Sources: RFC 6184 (H.264), RFC 7798 (H.265), RFC 2435 (JPEG), RFC 3550 (RTP).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.rtsp.film import Film, Picture

LARGEST = 1400
"""Bytes of the longest payload."""
_FRAGMENT = {"h264": 28, "hevc": 49}


def payloads(film: Film, picture: Picture) -> list[bytes]:
    """The payloads of the RTP packets that carry ``picture``; the last one ends it."""
    if film.codec == "mjpeg":
        return list(_jpeg(picture.parts[0]))
    return [piece for unit in picture.parts for piece in _pieces(film.codec, unit)]


def _pieces(codec: str, unit: bytes) -> Iterator[bytes]:
    if len(unit) <= LARGEST:
        yield unit
        return
    if codec == "h264":
        kind, front, head = unit[0] & 31, bytes([unit[0] & 0xE0 | _FRAGMENT[codec]]), 1
    else:
        kind, front, head = unit[0] >> 1 & 63, bytes([unit[0] & 0x81 | _FRAGMENT[codec] << 1, unit[1]]), 2
    body = unit[head:]
    for at in range(0, len(body), LARGEST):
        first, last = at == 0, at + LARGEST >= len(body)
        yield front + bytes([first << 7 | last << 6 | kind]) + body[at : at + LARGEST]


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Of a baseline JPEG with the usual Huffman tables, 4:2:0 or 4:2:2: its scan, and its quantisation in front."""
    tables, kind, width, height, at = b"", 1, 0, 0, 2
    while True:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + size]
        at += 2 + size
        if marker == 0xDB:
            tables += b"".join(body[start : start + 64] for start in range(1, len(body), 65))
        elif marker == 0xC0:
            height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            kind = {0x22: 1, 0x21: 0}[body[7]]
        elif marker == 0xDA:
            break
    scan = data[at:].removesuffix(b"\xff\xd9")
    for start, end in pairwise([*range(0, len(scan), LARGEST), len(scan)]):
        quantisation = b"\0\0" + len(tables).to_bytes(2, "big") + tables if start == 0 else b""
        yield bytes([0, *start.to_bytes(3, "big"), kind, 255, width // 8, height // 8]) + quantisation + scan[start:end]
