from __future__ import annotations

import numpy as np
import pytest

from indexer.search.packing import BadBlock, pack, unpack

ARRAYS = {
    "none": np.empty(0, np.uint32),
    "odd": np.arange(3, dtype=np.uint8),
    "large": np.arange(1000, dtype=">i8"),
    "grid": np.arange(6, dtype=np.float32).reshape(2, 3),
}


def test_arrays_and_notes_come_back_as_they_were() -> None:
    arrays, notes = unpack(b"".join(pack(ARRAYS, sources=["a", "é"])))
    assert notes == {"sources": ["a", "é"]}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype.kind == array.dtype.kind


def test_an_array_begins_where_it_can_be_mapped() -> None:
    block = np.frombuffer(b"".join(pack(ARRAYS)), np.uint8)
    arrays, _ = unpack(block)
    assert (arrays["large"].ctypes.data - block.ctypes.data) % 64 == 0


@pytest.mark.parametrize("size", [0, 5, 100, 1000])
def test_a_block_cut_short_is_told_from_a_whole_one(size: int) -> None:
    with pytest.raises(BadBlock):
        unpack(b"".join(pack(ARRAYS))[:size])


def test_other_bytes_are_no_block() -> None:
    with pytest.raises(BadBlock):
        unpack(bytes(1000))


@pytest.mark.parametrize("at", [8, 9, 60])
def test_a_damaged_header_is_no_block(at: int) -> None:
    block = bytearray(b"".join(pack(ARRAYS)))
    block[at] = 0xFF
    with pytest.raises(BadBlock):
        unpack(bytes(block))
