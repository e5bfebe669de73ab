"""When pictures become others is told by their first bytes."""

from __future__ import annotations

import pytest

from ingest.camera.parameters import Parameters

START = b"\0\0\0\1"
SPS, OTHER, PPS, SLICE = b"\x67large", b"\x67small", b"\x68pps", b"\x65picture"
HEVC_SPS, HEVC_SLICE = b"\x42\x01large", b"\x26\x01picture"


def annexb(*units: bytes) -> bytes:
    return b"".join(START + unit for unit in units)


def with_lengths(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def test_the_same_parameters_over_and_over_are_no_change() -> None:
    parameters = Parameters("h264", None)
    assert not any(parameters.changed(annexb(SPS, PPS, SLICE)) for _ in range(3))


def test_other_parameters_are_a_change() -> None:
    parameters = Parameters("h264", None)
    assert not parameters.changed(annexb(SPS, PPS, SLICE))
    assert not parameters.changed(annexb(SLICE)), "a keyframe need not repeat them"
    assert parameters.changed(annexb(OTHER, PPS, SLICE))


def test_units_with_lengths_are_read_as_such() -> None:
    parameters = Parameters("h264", b"\x01\x64\x00\x1f\xff\xe1\x00")
    assert not parameters.changed(with_lengths(SPS, PPS, SLICE))
    assert not parameters.changed(with_lengths(SPS, PPS, SLICE))
    assert parameters.changed(with_lengths(OTHER, PPS, SLICE))


def test_h265_has_its_own_kinds_of_units() -> None:
    parameters = Parameters("hevc", None)
    assert not parameters.changed(annexb(HEVC_SPS, HEVC_SLICE))
    assert parameters.changed(annexb(HEVC_SPS + b"!", HEVC_SLICE))


def test_a_jpeg_tells_its_size_in_its_frame_header() -> None:
    parameters = Parameters("mjpeg", None)
    frame = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\xb4\x01\x40\x03"
    assert not parameters.changed(frame + b"one")
    assert not parameters.changed(frame + b"two")
    assert parameters.changed(frame.replace(b"\x00\xb4", b"\x00\x60"))


@pytest.mark.parametrize("codec", ["h264", "hevc", "mjpeg"])
@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\1", b"\0\0\1\0\0\1", b"\xff" * 40, b"\0\0\0\xff\x67"])
@pytest.mark.parametrize("extradata", [None, b"", b"\1" * 30])
def test_rubbish_says_nothing(codec: str, data: bytes, extradata: bytes | None) -> None:
    parameters = Parameters(codec, extradata)
    parameters.changed(data)
    parameters.changed(data)
